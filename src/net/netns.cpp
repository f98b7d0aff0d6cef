#include "net/netns.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/text.h"

namespace fairlead::net {
namespace {

// Namespaces belong to threads: leave the caller's alone by doing the work on another one.
Result<> on_thread(const std::function<Result<>()>& fn) {
  Result<> result;
  std::thread thread([&] { result = fn(); });
  thread.join();
  return result;
}

}  // namespace

Result<> create_netns(const std::string& name, const std::string& dir) {
  std::error_code ec;
  std::filesystem::create_directories(dir, ec);
  if (ec) return fail(system_error(fmt::format("create {}", dir), ec.value()));
  const auto path = fmt::format("{}/{}", dir, name);
  Fd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (!file) {
    if (errno == EEXIST) return fail(Code::kAlreadyExists, fmt::format("network namespace {} exists", name));
    return fail(last_system_error(fmt::format("create {}", path)));
  }
  auto made = on_thread([&]() -> Result<> {
    if (::unshare(CLONE_NEWNET) != 0) return fail(last_system_error("create network namespace"));
    if (::mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) != 0) {
      return fail(last_system_error(fmt::format("mount network namespace at {}", path)));
    }
    return {};
  });
  if (!made) ::unlink(path.c_str());
  return made;
}

Result<> delete_netns(const std::string& name, const std::string& dir) {
  const auto path = fmt::format("{}/{}", dir, name);
  // More than one mount can be stacked on the name when two creations raced through a crash.
  while (::umount2(path.c_str(), MNT_DETACH) == 0) {
  }
  if (errno != EINVAL && errno != ENOENT) return fail(last_system_error(fmt::format("unmount {}", path)));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail(last_system_error(fmt::format("remove {}", path)));
  return {};
}

Result<Fd> open_netns_path(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    const int error = errno;
    auto e = system_error(fmt::format("open network namespace {}", path), error);
    if (error == ENOENT) e.code = Code::kNotFound;
    return fail(std::move(e));
  }
  struct statfs fs{};
  if (::fstatfs(fd.get(), &fs) != 0 || fs.f_type != NSFS_MAGIC) {
    return fail(Code::kInternal, fmt::format("{} is a plain file, not a network namespace", path));
  }
  return fd;
}

Result<Fd> open_netns(const std::string& name, const std::string& dir) {
  return open_netns_path(fmt::format("{}/{}", dir, name));
}

Result<Fd> open_own_netns() { return open_netns_path("/proc/thread-self/ns/net"); }

Result<std::vector<std::string>> list_netns(const std::string& dir) {
  std::vector<std::string> names;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ec))
    names.push_back(entry.path().filename().string());
  if (ec && ec.value() != ENOENT) return fail(system_error(fmt::format("list {}", dir), ec.value()));
  std::sort(names.begin(), names.end());
  return names;
}

Result<Fd> create_anonymous_netns() {
  Fd fd;
  FL_CHECK(on_thread([&]() -> Result<> {
    if (::unshare(CLONE_NEWNET) != 0) return fail(last_system_error("create network namespace"));
    FL_TRY(fd, open_own_netns());
    return {};
  }));
  return fd;
}

Result<> in_netns(int netns_fd, const std::function<Result<>()>& fn) {
  return on_thread([&]() -> Result<> {
    if (::setns(netns_fd, CLONE_NEWNET) != 0) return fail(last_system_error("join network namespace"));
    return fn();
  });
}

Result<> set_netns_sysctl(int netns_fd, const std::string& name, const std::string& value) {
  return in_netns(netns_fd, [&]() -> Result<> {
    const auto path = fmt::format("/proc/sys/{}", name);
    Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return fail(last_system_error(fmt::format("open {}", path)));
    if (::write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
      return fail(last_system_error(fmt::format("set {} to {}", name, value)));
    }
    return {};
  });
}

Result<std::string> get_netns_sysctl(int netns_fd, const std::string& name) {
  std::string value;
  FL_CHECK(in_netns(netns_fd, [&]() -> Result<> {
    FL_TRY(auto text, read_file(fmt::format("/proc/sys/{}", name)));
    value = trim(text);
    return {};
  }));
  return value;
}

}  // namespace fairlead::net
