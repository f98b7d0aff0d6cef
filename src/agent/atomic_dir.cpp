#include "agent/atomic_dir.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "base/fd.h"
#include "base/text.h"

namespace fairlead::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kData = "..data";
constexpr const char* kNewData = "..data_tmp";

// What an fsGroup adds to modes: reading, and for directories also entering and that new files are the group's.
constexpr mode_t kGroupFile = 0440;
constexpr mode_t kGroupDirectory = S_ISGID | 0550;

Result<> check_path(const std::string& path) {
  const bool bad = path.empty() || path.starts_with('/') || path.starts_with("..") ||
                   ("/" + path + "/").find("/../") != std::string::npos;
  if (bad) return fail(Code::kInvalid, fmt::format("invalid path {}: it must stay below the volume", quote(path)));
  return {};
}

Result<> give(const std::string& path, std::optional<int64_t> user, std::optional<int64_t> group) {
  if (!user && !group) return {};
  const auto uid = user ? static_cast<uid_t>(*user) : static_cast<uid_t>(-1);
  const auto gid = group ? static_cast<gid_t>(*group) : static_cast<gid_t>(-1);
  if (lchown(path.c_str(), uid, gid) != 0) return fail(last_system_error("chown " + path));
  return {};
}

Result<> write_file(const std::string& path, const PayloadFile& file, std::optional<int64_t> group) {
  const Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail(last_system_error("create " + path));
  std::string_view rest = file.bytes;
  while (!rest.empty()) {
    const ssize_t wrote = write(fd.get(), rest.data(), rest.size());
    if (wrote < 0) return fail(last_system_error("write " + path));
    rest.remove_prefix(static_cast<size_t>(wrote));
  }
  FL_CHECK(give(path, file.user, group));
  const mode_t mode = static_cast<mode_t>(file.mode) | (group ? kGroupFile : 0);
  // After chown, which clears set-id bits.
  if (fchmod(fd.get(), mode) != 0) return fail(last_system_error("chmod " + path));
  return {};
}

Result<> make_directory(const std::string& path, std::optional<int64_t> group) {
  if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return fail(last_system_error("mkdir " + path));
  FL_CHECK(give(path, std::nullopt, group));
  if (chmod(path.c_str(), 0755 | (group ? kGroupDirectory : 0)) != 0) return fail(last_system_error("chmod " + path));
  return {};
}

Result<> write_all(const std::string& directory, const Payload& payload, std::optional<int64_t> group) {
  FL_CHECK(make_directory(directory, group));
  for (const auto& [path, file] : payload) {
    for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      FL_CHECK(make_directory(directory + "/" + path.substr(0, slash), group));
    FL_CHECK(write_file(directory + "/" + path, file, group));
  }
  return {};
}

// Whether these files, and no others, stand below `directory`.
bool holds(const std::string& directory, const Payload& payload, std::optional<int64_t> group) {
  size_t files = 0;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(directory, error)) {
    if (entry.is_directory(error)) continue;
    const auto wanted = payload.find(fs::path(entry.path()).lexically_relative(directory).string());
    if (wanted == payload.end()) return false;
    struct stat stat{};
    if (lstat(entry.path().c_str(), &stat) != 0) return false;
    const mode_t mode = static_cast<mode_t>(wanted->second.mode) | (group ? kGroupFile : 0);
    const auto bytes = read_file(entry.path().string());
    if ((stat.st_mode & 07777) != mode || !bytes || *bytes != wanted->second.bytes) return false;
    ++files;
  }
  return !error && files == payload.size();
}

std::string top_level(const std::string& path) { return path.substr(0, path.find('/')); }

Result<> link_names(const std::string& directory, const Payload& payload, std::optional<int64_t> group) {
  for (const auto& [path, file] : payload) {
    const std::string name = top_level(path);
    const std::string link = directory + "/" + name;
    std::error_code error;
    if (fs::is_symlink(fs::symlink_status(link, error))) continue;
    // Only what stands in for another volume's mount can be here, and it gives way to the file.
    fs::remove(link, error);
    if (symlink((std::string(kData) + "/" + name).c_str(), link.c_str()) != 0)
      return fail(last_system_error("link " + link));
    FL_CHECK(give(link, std::nullopt, group));
  }
  return {};
}

// Links of names that are no more, and directories that an update left behind.
void remove_rest(const std::string& directory, const Payload& payload, const std::string& current) {
  std::set<std::string> names;
  for (const auto& [path, file] : payload) names.insert(top_level(path));
  std::error_code error;
  std::vector<std::string> stale;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (name == kData || name == current || names.contains(name)) continue;
    if (name.starts_with("..") || entry.is_symlink(error)) stale.push_back(entry.path().string());
  }
  for (const std::string& path : stale) fs::remove_all(path, error);
}

}  // namespace

Result<bool> write_payload(const std::string& directory, const Payload& payload, std::optional<int64_t> group,
                           WallTime now) {
  for (const auto& [path, file] : payload) FL_CHECK(check_path(path));
  std::error_code error;
  const std::string data = directory + "/" + kData;
  const std::string present = fs::read_symlink(data, error).string();
  if (!error && holds(directory + "/" + present, payload, group)) {
    FL_CHECK(link_names(directory, payload, group));
    remove_rest(directory, payload, present);
    return false;
  }
  const std::string fresh = fmt::format("..{:%Y_%m_%d_%H_%M_%S}.{}", std::chrono::floor<std::chrono::seconds>(now),
                                        random_u64() % 10'000'000'000);
  FL_CHECK(give(directory, std::nullopt, group));
  if (group) {
    struct stat stat{};
    if (::stat(directory.c_str(), &stat) == 0) (void)chmod(directory.c_str(), (stat.st_mode & 07777) | kGroupDirectory);
  }
  FL_CHECK(write_all(directory + "/" + fresh, payload, group));
  const std::string next = directory + "/" + kNewData;
  fs::remove(next, error);
  if (symlink(fresh.c_str(), next.c_str()) != 0) return fail(last_system_error("link " + next));
  FL_CHECK(give(next, std::nullopt, group));
  if (rename(next.c_str(), data.c_str()) != 0) return fail(last_system_error("rename " + next));
  FL_CHECK(link_names(directory, payload, group));
  remove_rest(directory, payload, fresh);
  return true;
}

}  // namespace fairlead::agent
