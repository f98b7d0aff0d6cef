#include "net/cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "base/fd.h"
#include "base/text.h"
#include "rt/time.h"

namespace fairlead::net {
namespace {

namespace fs = std::filesystem;

// mountinfo writes space, tab, newline and backslash as octal escapes.
std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string directory(const CgroupHierarchy& h, std::string_view path) {
  return fmt::format("{}{}", h.mount_point, path);
}

// Control files take one write() each and must not be created or replaced, unlike ordinary files.
bool write_control(const std::string& path, std::string_view value) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

// `top` and everything below it, parents first.
std::vector<std::string> tree(const std::string& top) {
  std::vector<std::string> out;
  std::error_code ec;
  if (!fs::is_directory(top, ec)) return out;
  out.push_back(top);
  for (size_t i = 0; i < out.size(); ++i) {
    const std::string parent = out[i];
    for (const auto& entry : fs::directory_iterator(parent, ec)) {
      if (entry.is_directory(ec) && !entry.is_symlink(ec)) out.push_back(entry.path().string());
    }
  }
  return out;
}

// A new v1 cpuset allows no CPU and no memory node, and then nothing can enter it: take its parent's.
void inherit_cpuset(const std::string& dir) {
  const auto parent = fs::path(dir).parent_path().string();
  for (const auto* file : {"cpuset.cpus", "cpuset.mems"}) {
    const auto own = read_file(fmt::format("{}/{}", dir, file));
    if (!own || !trim(*own).empty()) continue;
    const auto value = read_file(fmt::format("{}/{}", parent, file));
    if (value) (void)write_control(fmt::format("{}/{}", dir, file), trim(*value));
  }
}

}  // namespace

std::vector<CgroupHierarchy> parse_cgroup_mounts(std::string_view mountinfo) {
  std::vector<CgroupHierarchy> out;
  std::set<std::string, std::less<>> devices;
  for (const auto line : split(mountinfo, '\n')) {
    // 33 31 0:30 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu
    const auto dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto before = split(line.substr(0, dash), ' ');
    const auto after = split(line.substr(dash + 3), ' ');
    if (before.size() < 6 || after.size() < 3) continue;
    if (after[0] != "cgroup" && after[0] != "cgroup2") continue;
    if (!devices.emplace(before[2]).second) continue;
    CgroupHierarchy h{unescape(before[4]), after[0] == "cgroup2", {}};
    if (!h.v2) {
      for (const auto option : split(after[2], ',')) {
        if (option != "rw" && option != "ro" && option != "xattr" && option != "clone_children")
          h.controllers.emplace_back(option);
      }
    }
    out.push_back(std::move(h));
  }
  return out;
}

Result<Cgroups> Cgroups::open() {
  FL_TRY(auto mountinfo, read_file("/proc/self/mountinfo"));
  auto hierarchies = parse_cgroup_mounts(mountinfo);
  if (hierarchies.empty()) {
    return fail(
        Code::kInternal,
        "no cgroup hierarchy is mounted; expected one at /sys/fs/cgroup (mount -t cgroup2 none /sys/fs/cgroup)");
  }
  return Cgroups(std::move(hierarchies));
}

bool Cgroups::has_v2() const {
  return std::any_of(hierarchies_.begin(), hierarchies_.end(), [](const auto& h) { return h.v2; });
}

std::string Cgroups::v2_directory(std::string_view path) const {
  for (const auto& h : hierarchies_) {
    if (h.v2) return directory(h, path);
  }
  return {};
}

Result<> Cgroups::create(const std::string& path) const {
  for (const auto& h : hierarchies_) {
    std::string at = h.mount_point;
    for (const auto part : split(path, '/')) {
      if (part.empty()) continue;
      at += fmt::format("/{}", part);
      if (::mkdir(at.c_str(), 0755) != 0 && errno != EEXIST)
        return fail(last_system_error(fmt::format("create cgroup {}", at)));
      if (std::find(h.controllers.begin(), h.controllers.end(), "cpuset") != h.controllers.end()) inherit_cpuset(at);
    }
  }
  return {};
}

std::vector<std::string> Cgroups::procs_files(std::string_view path) const {
  std::vector<std::string> out;
  out.reserve(hierarchies_.size());
  for (const auto& h : hierarchies_) out.push_back(directory(h, path) + "/cgroup.procs");
  return out;
}

std::vector<pid_t> Cgroups::processes(std::string_view path) const {
  std::set<pid_t> pids;
  for (const auto& h : hierarchies_) {
    for (const auto& dir : tree(directory(h, path))) {
      const auto text = read_file(dir + "/cgroup.procs");
      if (!text) continue;
      for (const auto line : split(*text, '\n')) {
        const auto pid = parse_int(line);
        if (pid && *pid > 0) pids.insert(static_cast<pid_t>(*pid));
      }
    }
  }
  return {pids.begin(), pids.end()};
}

bool Cgroups::exists(std::string_view path) const {
  std::error_code ec;
  return std::any_of(hierarchies_.begin(), hierarchies_.end(),
                     [&](const auto& h) { return fs::exists(directory(h, path), ec); });
}

size_t Cgroups::kill(std::string_view path) const {
  for (const auto& h : hierarchies_) {
    // v2: one write kills the whole tree, also what forks meanwhile (Linux 5.14).
    if (h.v2) (void)write_control(directory(h, path) + "/cgroup.kill", "1");
  }
  const auto pids = processes(path);
  for (const pid_t pid : pids) {
    if (pid != ::getpid()) ::kill(pid, SIGKILL);
  }
  // v1: a frozen process dies only when thawed.
  for (const auto& h : hierarchies_) {
    if (std::find(h.controllers.begin(), h.controllers.end(), "freezer") == h.controllers.end()) continue;
    for (const auto& dir : tree(directory(h, path))) (void)write_control(dir + "/freezer.state", "THAWED");
  }
  return pids.size();
}

rt::Task<Result<>> Cgroups::destroy(std::string path, std::chrono::steady_clock::duration limit) const {
  check(path.size() > 1 && path.front() == '/', "destroy of a cgroup needs an absolute path below the root");
  const auto deadline = std::chrono::steady_clock::now() + limit;
  auto pause = std::chrono::milliseconds{2};
  for (;;) {
    const size_t found = kill(path);
    std::string busy;
    for (const auto& h : hierarchies_) {
      auto dirs = tree(directory(h, path));
      for (auto it = dirs.rbegin(); it != dirs.rend(); ++it) {
        if (::rmdir(it->c_str()) != 0 && errno != ENOENT)
          busy = fmt::format("remove cgroup {}: {}", *it, strerror(errno));
      }
    }
    if (busy.empty() && found == 0) co_return Result<>{};
    if (busy.empty() && !exists(path)) co_return Result<>{};
    if (std::chrono::steady_clock::now() > deadline) {
      co_return fail(Code::kTimeout, fmt::format("{}; processes left: {}", busy, fmt::join(processes(path), ", ")));
    }
    co_await rt::sleep(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds{100});
  }
}

}  // namespace fairlead::net
