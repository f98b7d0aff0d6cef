// A pod's volumes on the node's file system: emptyDir, hostPath, and those made of API objects (payload.h).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/payload.h"
#include "agent/pod_config.h"
#include "api/kinds/pod.h"
#include "base/clock.h"
#include "base/result.h"

namespace fairlead::agent {

// "configMap", "persistentVolumeClaim", ...: the field of the volume's source that is set.
std::string volume_type(const api::Volume& volume);

// What the pod's API volumes hold, by volume. Pure. The error names the volume, for the event FailedMount.
using Payloads = std::map<std::string, Payload>;
Result<Payloads> volume_payloads(const api::Pod& pod, const DownwardFacts& facts, const PodSources& sources);

// Makes what is missing; idempotent. The error names the volume and what is wrong with it, for the event FailedMount.
// This and all below are system calls that may take long on a sick file system: call them on a BlockingPool.
Result<VolumePaths> prepare_volumes(const api::Pod& pod, const NodeFacts& node, const Payloads& payloads, WallTime now);

// Brings the files of volumes that are prepared already up to date.
Result<> update_volumes(const api::Pod& pod, const NodeFacts& node, const Payloads& payloads, WallTime now);

// Binds the subPaths that the container mounts to paths of ours, and lets `spec` mount those.
Result<> prepare_sub_paths(const api::Pod& pod, const NodeFacts& node, ContainerSpec& spec);

// Writes <directory>/etc-hosts unless it has this content already: containers have the file itself mounted, so it keeps
// its inode.
Result<> write_hosts_file(const std::string& directory, const std::string& content);

// What the files below a directory take on disk, in bytes.
int64_t disk_usage(const std::string& directory);

// The uids of pods that have files here.
std::vector<std::string> pods_with_files(const std::string& pods_dir);

// Unmounts and removes everything of the pod: volumes, logs, hosts file. hostPaths stay.
Result<> remove_pod_files(const NodeFacts& node, const std::string& uid);

}  // namespace fairlead::agent
