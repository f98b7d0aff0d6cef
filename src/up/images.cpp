#include "up/images.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/log.h"
#include "base/text.h"
#include "rt/time.h"
#include "up/runtime.h"
#include "up/state.h"

namespace fairlead::up {
namespace {

namespace fs = std::filesystem;

int rank(const fs::path& path) {
  const auto name = path.stem().string();
  return name == "pause" ? 0 : name == "fairlead" ? 1 : 2;
}

std::string record_line(const ImageFile& image) { return fmt::format("{}\t{}\n", image.path, image.stamp); }

std::string stamp_of(const std::string& path) {
  struct stat s{};
  if (::stat(path.c_str(), &s) != 0) return {};
  return fmt::format("{} {}.{:09}", s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
}

// Without CRI, which imports do not need and which takes most of the start.
std::string preparing_config(const std::string& root, const std::string& work) {
  return fmt::format(
      "version = 2\n"
      "root = {}\n"
      "state = {}\n"
      "disabled_plugins = [\"io.containerd.grpc.v1.cri\", \"io.containerd.internal.v1.opt\", "
      "\"io.containerd.snapshotter.v1.aufs\",\n"
      "  \"io.containerd.snapshotter.v1.btrfs\", \"io.containerd.snapshotter.v1.zfs\", "
      "\"io.containerd.snapshotter.v1.devmapper\", \"io.containerd.snapshotter.v1.native\"]\n"
      "[debug]\n"
      "  level = \"warn\"\n"
      "[grpc]\n"
      "  address = {}\n"
      "[ttrpc]\n"
      "  address = {}\n",
      quote(root), quote(work + "/state"), quote(work + "/c.sock"), quote(work + "/c.sock.ttrpc"));
}

rt::Task<Result<>> import_into(rt::Loop& loop, std::string root, std::vector<ImageFile> images, std::string work,
                               ImageTools tools, std::vector<std::string> procs) {
  FL_CO_CHECK(make_directory(work));
  FL_CO_CHECK(write_file_atomically(work + "/config.toml", preparing_config(root, work)));
  net::SpawnOptions o;
  o.argv = {tools.containerd, "--config", work + "/config.toml"};
  o.stdout_file = o.stderr_file = work + "/log";
  o.cgroup_procs = std::move(procs);
  FL_CO_TRY(auto containerd, net::Process::spawn(o));
  std::exception_ptr cancelled;
  Result<size_t> imported;
  try {
    const bool listening = co_await rt::with_timeout(wait_for_socket(work + "/c.sock"), std::chrono::seconds{30});
    if (listening)
      imported = co_await import_images(loop, work + "/c.sock", work + "/imported", images, tools.ctr);
    else
      imported =
          fail(Code::kTimeout, fmt::format("containerd does not listen: {}", read_file(work + "/log").value_or("")));
  } catch (...) {
    cancelled = std::current_exception();
  }
  co_await rt::shield();
  auto ended = co_await containerd.stop(loop, std::chrono::seconds{10});
  if (cancelled) std::rethrow_exception(cancelled);
  if (!imported) co_return fail(std::move(imported).error());
  if (!ended) co_return fail(std::move(ended).error());
  co_return Result<>{};
}

}  // namespace

std::vector<ImageFile> find_images(const std::string& directory) {
  std::vector<ImageFile> out;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(directory, ec)) {
    if (entry.path().extension() != ".tar" || !entry.is_regular_file(ec)) continue;
    const auto path = fs::weakly_canonical(entry.path(), ec).string();
    out.push_back({path, stamp_of(path)});
  }
  std::sort(out.begin(), out.end(), [](const ImageFile& a, const ImageFile& b) {
    return std::pair(rank(a.path), a.path) < std::pair(rank(b.path), b.path);
  });
  return out;
}

std::vector<ImageFile> images_to_import(const std::vector<ImageFile>& images, std::string_view record) {
  std::set<std::string, std::less<>> known;
  for (const auto line : split(record, '\n')) known.insert(std::string(line) + "\n");
  std::vector<ImageFile> out;
  for (const auto& image : images) {
    if (!known.contains(record_line(image))) out.push_back(image);
  }
  return out;
}

std::string import_record_of(const std::vector<ImageFile>& images) {
  std::string out;
  for (const auto& image : images) out += record_line(image);
  return out;
}

rt::Task<Result<size_t>> import_images(rt::Loop& loop, std::string socket, std::string record_file,
                                       std::vector<ImageFile> images, std::string ctr) {
  const auto old = read_file(record_file);
  std::string record = old ? *old : std::string();
  const auto missing = images_to_import(images, record);
  for (const auto& image : missing) {
    net::SpawnOptions o;
    o.argv = {ctr, "--address", socket, "--namespace", "k8s.io", "image", "import", image.path};
    net::RunLimits limits;
    limits.time = std::chrono::minutes{5};
    auto done = co_await net::run_ok(loop, std::move(o), {}, limits);
    if (!done) co_return fail(std::move(done).error().in(fmt::format("import image {}", image.path)));
    record += record_line(image);
    FL_CO_CHECK(write_file_atomically(record_file, record));
  }
  co_return missing.size();
}

rt::Task<Result<PreparedImages>> prepare_images(rt::Loop& loop, std::vector<ImageFile> images, std::string cache,
                                                std::string work, ImageTools tools, std::vector<std::string> procs) {
  PreparedImages prepared;
  if (images.empty()) co_return prepared;
  FL_CO_CHECK(make_directory(cache));
  const auto key = fmt::format("{:016x}", stable_hash(import_record_of(images)));
  prepared.root = fmt::format("{}/{}", cache, key);
  prepared.images = images;
  // Polled rather than waited for: this loop has other things to do.
  for (;;) {
    if (fs::exists(prepared.root)) co_return prepared;
    auto lock = FileLock::acquire(cache + "/lock", false);
    if (!lock && lock.error().code != Code::kAlreadyExists) co_return fail(std::move(lock).error());
    if (!lock) {
      co_await rt::sleep(std::chrono::milliseconds{20});
      continue;
    }
    if (fs::exists(prepared.root)) co_return prepared;
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(cache, ec)) {
      if (entry.path().filename() != "lock") fs::remove_all(entry.path(), ec);
    }
    fs::remove_all(work, ec);
    const auto unfinished = prepared.root + ".new";
    auto done = co_await import_into(loop, unfinished, images, work, tools, procs);
    fs::remove_all(work, ec);
    if (!done) co_return fail(std::move(done).error().in("prepare images"));
    if (::rename(unfinished.c_str(), prepared.root.c_str()) != 0)
      co_return fail(last_system_error(fmt::format("rename {}", unfinished)));
    co_return prepared;
  }
}

rt::Task<Result<>> clone_root(rt::Loop& loop, std::string prepared, std::string root) {
  const auto unfinished = root + ".new";
  std::error_code ec;
  fs::remove_all(unfinished, ec);
  FL_CO_CHECK(make_directory(unfinished, 0711));
  // Databases are written to: they are copied. Everything else is linked, or copied where that cannot be, on another
  // file system.
  net::SpawnOptions o;
  o.argv = {"sh", "-c",
            // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one script
            "cp -al \"$1/.\" \"$2\" 2>/dev/null || { rm -rf \"$2\" && cp -a --reflink=auto \"$1/.\" \"$2\"; }\n"
            "cd \"$1\" && find . -name '*.db' -exec cp --parents --remove-destination {} \"$2\" \\;",
            "clone", prepared, unfinished};
  net::RunLimits limits;
  limits.time = std::chrono::minutes{5};
  auto done = co_await net::run_ok(loop, std::move(o), {}, limits);
  if (!done) co_return fail(std::move(done).error().in(fmt::format("copy {} to {}", prepared, root)));
  if (::rename(unfinished.c_str(), root.c_str()) != 0)
    co_return fail(last_system_error(fmt::format("rename {}", unfinished)));
  co_return Result<>{};
}

}  // namespace fairlead::up
