#include "agent/volumes.h"

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "api/quantity.h"
#include "base/text.h"

namespace fairlead::agent {
namespace {

namespace fs = std::filesystem;

Result<> make_directories(const std::string& path, fs::perms mode) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail(Code::kInternal, fmt::format("create directory {}: {}", path, error.message()));
  fs::permissions(path, mode, error);
  if (error) return fail(Code::kInternal, fmt::format("set mode of {}: {}", path, error.message()));
  return {};
}

bool is_mount_point(const std::string& path) {
  struct stat own{};
  struct stat parent{};
  return stat(path.c_str(), &own) == 0 && stat((path + "/..").c_str(), &parent) == 0 && own.st_dev != parent.st_dev;
}

Result<std::string> empty_dir(const api::EmptyDirVolumeSource& source, const std::string& path) {
  FL_CHECK(make_directories(path, fs::perms::all));
  if (source.medium == "Memory" && !is_mount_point(path)) {
    std::string options = "mode=0777";
    if (source.size_limit) options += fmt::format(",size={}", api::value_of(*source.size_limit).value());
    if (mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
      return fail(last_system_error("mount tmpfs at " + path));
    }
  } else if (!source.medium.empty() && source.medium != "Memory") {
    return fail(Code::kInvalid,
                fmt::format("emptyDir.medium {}: supported are \"\" and \"Memory\"", quote(source.medium)));
  }
  return path;
}

Result<std::string> host_path(const api::HostPathVolumeSource& source) {
  const std::string type = source.type.value_or("");
  std::error_code error;
  if (type == "DirectoryOrCreate" && !fs::exists(source.path, error)) {
    FL_CHECK(make_directories(source.path, static_cast<fs::perms>(0755)));
  }
  if (type == "FileOrCreate" && !fs::exists(source.path, error)) {
    FL_CHECK(write_file_atomically(source.path, "", 0644));
  }
  const fs::file_status status = fs::status(source.path, error);
  const auto wrong = [&](std::string_view what) {
    return fail(Code::kInvalid, fmt::format("hostPath type check failed: {} is not a {}", source.path, what));
  };
  if ((type == "Directory" || type == "DirectoryOrCreate") && !fs::is_directory(status)) return wrong("directory");
  if ((type == "File" || type == "FileOrCreate") && !fs::is_regular_file(status)) return wrong("file");
  if (type == "Socket" && !fs::is_socket(status)) return wrong("socket file");
  if (type == "CharDevice" && !fs::is_character_file(status)) return wrong("character device");
  if (type == "BlockDevice" && !fs::is_block_file(status)) return wrong("block device");
  // An untyped path that is absent becomes a directory, as runtimes make it.
  if (type.empty() && !fs::exists(status)) FL_CHECK(make_directories(source.path, static_cast<fs::perms>(0755)));
  return source.path;
}

}  // namespace

std::string volume_type(const api::Volume& volume) {
  const api::TypeInfo& type = api::type_info<api::VolumeSource>();
  for (const api::FieldInfo& field : type.json_fields()) {
    if (field.value->get != nullptr && field.value->get(field.in(&volume.volume_source)) != nullptr)
      return std::string(field.json);
  }
  return "";
}

Result<VolumePaths> prepare_volumes(const api::Pod& pod, const NodeFacts& node) {
  VolumePaths out;
  const std::string base = pod_directory(node, pod.metadata.uid);
  for (const api::Volume& volume : pod.spec.volumes) {
    const api::VolumeSource& source = volume.volume_source;
    Result<std::string> path =
        fail(Code::kInvalid,
             fmt::format("volumes of type {} are not supported by this node agent; emptyDir and hostPath are",
                         volume_type(volume)));
    if (source.host_path) path = host_path(*source.host_path);
    if (source.empty_dir)
      path = empty_dir(*source.empty_dir, fmt::format("{}/volumes/kubernetes.io~empty-dir/{}", base, volume.name));
    if (!path)
      return fail(
          std::move(path).error().in(fmt::format("MountVolume.SetUp failed for volume {}", quote(volume.name))));
    out[volume.name] = *std::move(path);
  }
  return out;
}

Result<> prepare_sub_paths(const ContainerSpec& spec, const VolumePaths& volumes) {
  for (const CriMount& mount : spec.mounts) {
    for (const auto& [name, path] : volumes) {
      std::error_code error;
      if (mount.host_path.starts_with(path + "/") && !fs::exists(mount.host_path, error)) {
        FL_CHECK(make_directories(mount.host_path, static_cast<fs::perms>(0755)));
      }
    }
  }
  return {};
}

Result<> write_hosts_file(const std::string& directory, const std::string& content) {
  const std::string path = directory + "/etc-hosts";
  if (const auto present = read_file(path); present && *present == content) return {};
  FL_CHECK(make_directories(directory, static_cast<fs::perms>(0755)));
  std::ofstream file(path, std::ios::trunc);
  file << content;
  file.close();
  if (!file) return fail(last_system_error("write " + path));
  return {};
}

Result<> remove_pod_files(const NodeFacts& node, const std::string& uid) {
  if (uid.empty() || uid.find('/') != std::string::npos) return fail(Code::kInvalid, "not a pod's uid: " + quote(uid));
  const std::string base = pod_directory(node, uid);
  std::error_code error;
  for (const auto& volume : fs::directory_iterator(base + "/volumes/kubernetes.io~empty-dir", error)) {
    const std::string path = volume.path().string();
    if (is_mount_point(path) && umount2(path.c_str(), MNT_DETACH) != 0)
      return fail(last_system_error("unmount " + path));
  }
  fs::remove_all(base, error);
  if (error) return fail(Code::kInternal, fmt::format("remove {}: {}", base, error.message()));
  return {};
}

}  // namespace fairlead::agent
