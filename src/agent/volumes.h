// The volumes that this agent can provide, on the node's file system: emptyDir and hostPath.
#pragma once

#include <string>

#include "agent/pod_config.h"
#include "api/kinds/pod.h"
#include "base/result.h"

namespace fairlead::agent {

// "configMap", "persistentVolumeClaim", ...: the field of the volume's source that is set.
std::string volume_type(const api::Volume& volume);

// Makes what is missing; idempotent. kInvalid names the volume and what is wrong with it, for the event FailedMount.
// System calls that may take long on a sick file system: call it on a BlockingPool.
Result<VolumePaths> prepare_volumes(const api::Pod& pod, const NodeFacts& node);

// Makes the directories that subPaths point to, below their volumes.
Result<> prepare_sub_paths(const ContainerSpec& spec, const VolumePaths& volumes);

// Writes <directory>/etc-hosts unless it has this content already: containers have the file itself mounted, so it keeps
// its inode.
Result<> write_hosts_file(const std::string& directory, const std::string& content);

// Unmounts and removes everything of the pod: volumes, logs, hosts file. hostPaths stay.
Result<> remove_pod_files(const NodeFacts& node, const std::string& uid);

}  // namespace fairlead::agent
