#include "agent/mounts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/fd.h"
#include "base/text.h"

namespace fairlead::agent {
namespace {

namespace fs = std::filesystem;

// Opens below `base` without following any link: what was found to be inside cannot have moved out since.
Fd open_inside(int base, const std::string& relative, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return Fd(static_cast<int>(syscall(SYS_openat2, base, relative.empty() ? "." : relative.c_str(), &how, sizeof how)));
}

// The path below `volume` that volume/sub is after all links, as far as it exists; kForbidden when it is elsewhere.
Result<fs::path> inside(const fs::path& volume, const std::string& sub) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(volume / sub, error);
  if (error) return fail(Code::kInternal, fmt::format("{}: {}", sub, error.message()));
  fs::path relative = real.lexically_relative(volume);
  if (relative.empty() || *relative.begin() == "..")
    return fail(Code::kForbidden, fmt::format("subPath {} leads out of its volume", quote(sub)));
  return relative;
}

// Makes what is missing of `relative`, one directory after the other.
Result<> make_inside(int base, const fs::path& relative, mode_t mode) {
  fs::path made;
  for (const fs::path& part : relative) {
    if (part == ".") continue;
    const Fd parent = open_inside(base, made.string(), O_PATH | O_DIRECTORY);
    if (!parent) return fail(last_system_error("open " + made.string()));
    made /= part;
    if (mkdirat(parent.get(), part.c_str(), mode) == 0) {
      // mkdir applies the umask.
      if (fchmodat(parent.get(), part.c_str(), mode, 0) != 0) return fail(last_system_error("chmod " + made.string()));
    } else if (errno != EEXIST) {
      return fail(last_system_error("mkdir " + made.string()));
    }
  }
  return {};
}

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

// proc(5), mountinfo: the fifth field is the mount point. The latest first, as they may cover each other.
Result<std::vector<std::string>> mounts_below(const std::string& directory) {
  FL_TRY(const std::string text, read_file("/proc/thread-self/mountinfo"));
  std::vector<std::string> out;
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() < 5) continue;
    std::string point = unescape(fields[4]);
    if (point == directory || point.starts_with(directory + "/")) out.push_back(std::move(point));
  }
  std::ranges::reverse(out);
  return out;
}

}  // namespace

bool is_mount_point(const std::string& path) {
  // STATX_ATTR_MOUNT_ROOT also knows binds within one file system.
  struct statx info{};
  return statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE, &info) == 0 &&
         (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

Result<> mount_tmpfs(const std::string& path, int64_t size) {
  const std::string options = size > 0 ? fmt::format("size={}", size) : "";
  if (mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
    return fail(last_system_error("mount tmpfs at " + path));
  return {};
}

Result<> bind_sub_path(const std::string& volume, const std::string& sub, const std::string& target) {
  std::error_code error;
  const fs::path root = fs::canonical(volume, error);
  if (error) return fail(Code::kInternal, fmt::format("{}: {}", volume, error.message()));
  struct stat info{};
  if (stat(root.c_str(), &info) != 0) return fail(last_system_error("stat " + volume));
  if (!S_ISDIR(info.st_mode)) return fail(Code::kInvalid, volume + " is not a directory, it has no subPath");
  const Fd base(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!base) return fail(last_system_error("open " + volume));
  FL_TRY(const fs::path relative, inside(root, sub));
  Fd source = open_inside(base.get(), relative.string(), O_PATH);
  if (!source && errno == ENOENT) {
    FL_CHECK(make_inside(base.get(), relative, info.st_mode & 07777));
    source = open_inside(base.get(), relative.string(), O_PATH);
  }
  if (!source) return fail(last_system_error("open subPath " + sub));
  if (fstat(source.get(), &info) != 0) return fail(last_system_error("stat subPath " + sub));

  while (is_mount_point(target)) {
    if (umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) return fail(last_system_error("unmount " + target));
  }
  fs::remove(target, error);
  fs::create_directories(fs::path(target).parent_path(), error);
  if (S_ISDIR(info.st_mode)) {
    if (mkdir(target.c_str(), 0750) != 0) return fail(last_system_error("mkdir " + target));
  } else {
    const Fd made(open(target.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0640));
    if (!made) return fail(last_system_error("create " + target));
  }
  const std::string from = fmt::format("/proc/self/fd/{}", source.get());
  if (mount(from.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return fail(last_system_error("bind " + target));
  return {};
}

Result<> remove_tree(const std::string& directory) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(directory, error))) return {};
  const std::string real = fs::weakly_canonical(directory, error).string();
  FL_TRY(const auto mounts, mounts_below(real));
  for (const std::string& path : mounts) {
    if (umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL && errno != ENOENT)
      return fail(last_system_error("unmount " + path));
  }
  FL_TRY(const auto still, mounts_below(real));
  if (!still.empty())
    return fail(Code::kInternal, fmt::format("remove {}: {} is still mounted", directory, still.front()));
  fs::remove_all(directory, error);
  if (error) return fail(Code::kInternal, fmt::format("remove {}: {}", directory, error.message()));
  return {};
}

}  // namespace fairlead::agent
