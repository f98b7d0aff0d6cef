#include "agent/volumes.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "agent/atomic_dir.h"
#include "agent/mounts.h"
#include "api/quantity.h"
#include "base/log.h"
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

Result<> give_to_group(const std::string& path, const std::optional<int64_t>& group, mode_t mode) {
  if (!group) return {};
  if (chown(path.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(*group)) != 0)
    return fail(last_system_error("chown " + path));
  if (chmod(path.c_str(), mode) != 0) return fail(last_system_error("chmod " + path));
  return {};
}

std::optional<int64_t> fs_group(const api::Pod& pod) {
  return pod.spec.security_context ? pod.spec.security_context->fs_group : std::nullopt;
}

// At most the node's memory, the pod's own limit if all its containers have one, and the volume's sizeLimit.
int64_t memory_size(const api::Pod& pod, const api::EmptyDirVolumeSource& source, const NodeFacts& node) {
  int64_t size = node.memory;
  const auto lower = [&size](int64_t to) { size = to > 0 && (size == 0 || to < size) ? to : size; };
  int64_t sum = 0;
  bool all = true;
  for (const api::Container& c : pod.spec.containers) {
    const auto limit = c.resources.limits.find("memory");
    all = all && limit != c.resources.limits.end();
    if (all) sum += api::value_of(limit->second).value();
  }
  if (all) lower(sum);
  if (source.size_limit) lower(api::value_of(*source.size_limit).value());
  return size;
}

Result<std::string> empty_dir(const api::Pod& pod, const api::EmptyDirVolumeSource& source, const NodeFacts& node,
                              const std::string& path) {
  const bool memory = source.medium == "Memory";
  if (!source.medium.empty() && !memory) {
    return fail(Code::kInvalid,
                fmt::format("emptyDir.medium {} is not supported by this node agent; \"\" and \"Memory\" are",
                            quote(source.medium)));
  }
  // What is there is the containers' own, its mode too.
  std::error_code error;
  if (memory ? is_mount_point(path) : fs::exists(path, error)) return path;
  FL_CHECK(make_directories(path, fs::perms::all));
  if (memory) FL_CHECK(mount_tmpfs(path, memory_size(pod, source, node)));
  FL_CHECK(give_to_group(path, fs_group(pod), memory ? 03777 : 02777));
  return path;
}

// What is mounted below a volume that is read-only in the container has its mount point made here.
Result<> make_nested_mount_points(const api::Pod& pod, const std::string& volume, const std::string& path) {
  for (const auto* list : {&pod.spec.init_containers, &pod.spec.containers}) {
    for (const api::Container& c : *list) {
      for (const api::VolumeMount& outer : c.volume_mounts) {
        if (outer.name != volume || !outer.sub_path.empty() || !outer.sub_path_expr.empty()) continue;
        const std::string prefix = (fs::path(outer.mount_path).lexically_normal() / "").string();
        for (const api::VolumeMount& inner : c.volume_mounts) {
          const std::string point = fs::path(inner.mount_path).lexically_normal().string();
          if (point.starts_with(prefix))
            FL_CHECK(make_directories(path + "/" + point.substr(prefix.size()), static_cast<fs::perms>(0755)));
        }
      }
    }
  }
  return {};
}

std::string payload_path(const api::Pod& pod, const api::Volume& volume, const NodeFacts& node) {
  const api::VolumeSource& s = volume.volume_source;
  const char* plugin = s.config_map ? "configmap" : s.secret ? "secret" : s.downward_api ? "downward-api" : "projected";
  return fmt::format("{}/volumes/kubernetes.io~{}/{}", pod_directory(node, pod.metadata.uid), plugin, volume.name);
}

Result<std::string> payload_dir(const api::Pod& pod, const api::Volume& volume, const NodeFacts& node,
                                const Payload& payload, WallTime now) {
  std::string path = payload_path(pod, volume, node);
  std::error_code error;
  if (!fs::exists(path, error)) FL_CHECK(make_directories(path, fs::perms::all));
  if (is_memory_payload(volume.volume_source) && !is_mount_point(path)) FL_CHECK(mount_tmpfs(path, 0));
  FL_CHECK(make_nested_mount_points(pod, volume.name, path));
  FL_CHECK(write_payload(path, payload, fs_group(pod), now));
  return path;
}

std::string set_up_failed(const std::string& volume) {
  // With the kubelet's space before the colon.
  return fmt::format("MountVolume.SetUp failed for volume {} ", quote(volume));
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

Result<Payloads> volume_payloads(const api::Pod& pod, const DownwardFacts& facts, const PodSources& sources) {
  Payloads out;
  for (const api::Volume& volume : pod.spec.volumes) {
    if (!is_payload_volume(volume.volume_source)) continue;
    auto payload = volume_payload(pod, volume.volume_source, facts, sources);
    if (!payload) return fail(std::move(payload).error().in(set_up_failed(volume.name)));
    out[volume.name] = *std::move(payload);
  }
  return out;
}

Result<VolumePaths> prepare_volumes(const api::Pod& pod, const NodeFacts& node, const Payloads& payloads,
                                    WallTime now) {
  VolumePaths out;
  const std::string base = pod_directory(node, pod.metadata.uid);
  for (const api::Volume& volume : pod.spec.volumes) {
    const api::VolumeSource& source = volume.volume_source;
    Result<std::string> path =
        fail(Code::kInvalid, fmt::format("volumes of type {} are not supported by this node agent; emptyDir, hostPath, "
                                         "configMap, secret, downwardAPI and projected are",
                                         volume_type(volume)));
    const auto payload = payloads.find(volume.name);
    if (source.host_path) path = host_path(*source.host_path);
    if (source.empty_dir)
      path = empty_dir(pod, *source.empty_dir, node,
                       fmt::format("{}/volumes/kubernetes.io~empty-dir/{}", base, volume.name));
    if (payload != payloads.end()) path = payload_dir(pod, volume, node, payload->second, now);
    if (!path) return fail(std::move(path).error().in(set_up_failed(volume.name)));
    out[volume.name] = {*std::move(path), payload != payloads.end()};
  }
  return out;
}

Result<> update_volumes(const api::Pod& pod, const NodeFacts& node, const Payloads& payloads, WallTime now) {
  for (const api::Volume& volume : pod.spec.volumes) {
    const auto payload = payloads.find(volume.name);
    if (payload == payloads.end()) continue;
    auto done = payload_dir(pod, volume, node, payload->second, now);
    if (!done) return fail(std::move(done).error().in(set_up_failed(volume.name)));
  }
  return {};
}

Result<> prepare_sub_paths(const api::Pod& pod, const NodeFacts& node, ContainerSpec& spec) {
  size_t index = 0;
  for (CriMount& mount : spec.mounts) {
    const size_t own = index++;
    if (mount.sub_path.empty()) continue;
    const std::string target =
        fmt::format("{}/volume-subpaths/{}/{}", pod_directory(node, pod.metadata.uid), spec.name, own);
    if (auto bound = bind_sub_path(mount.host_path, mount.sub_path, target); !bound) {
      // Without the reason, which would tell the pod's owner about the node's files; it goes to the log.
      log::warn("subPath not prepared", {{"pod", api::key_of(pod.metadata)}, {"error", bound.error().message}});
      return fail(Code::kInvalid, fmt::format("failed to prepare subPath for volumeMount {} of container {}",
                                              quote(mount.volume), quote(spec.name)));
    }
    mount.host_path = target;
    mount.sub_path.clear();
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

int64_t disk_usage(const std::string& directory) {
  int64_t bytes = 0;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  for (auto it = fs::recursive_directory_iterator(directory, options, error); it != fs::recursive_directory_iterator();
       it.increment(error)) {
    struct stat info{};
    if (error) break;
    if (lstat(it->path().c_str(), &info) == 0) bytes += int64_t{info.st_blocks} * 512;
  }
  return bytes;
}

std::vector<std::string> pods_with_files(const std::string& pods_dir) {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(pods_dir, error)) out.push_back(entry.path().filename().string());
  return out;
}

Result<> remove_pod_files(const NodeFacts& node, const std::string& uid) {
  if (uid.empty() || uid.find('/') != std::string::npos) return fail(Code::kInvalid, "not a pod's uid: " + quote(uid));
  return remove_tree(pod_directory(node, uid));
}

}  // namespace fairlead::agent
