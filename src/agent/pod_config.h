// What a Pod means to the runtime: the SandboxSpec and ContainerSpecs that it is run from. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/cri.h"
#include "agent/dns_config.h"
#include "agent/env.h"
#include "api/kinds/pod.h"
#include "base/result.h"

namespace fairlead::agent {

// What is the same for all pods of the node.
struct NodeFacts {
  std::string name;
  std::string ip;
  ClusterDns dns;
  DnsConfig resolv_conf;  // the node's own
  std::string hosts;      // the node's own, for pods of its network
  std::string cgroup_parent;
  std::string pods_dir;  // <pods_dir>/<uid>/{logs,volumes,etc-hosts}
  int64_t cpu_milli = 0;
  int64_t memory = 0;  // bytes
};

// Guaranteed, Burstable or BestEffort.
std::string qos_class(const api::Pod& pod);

std::string pod_directory(const NodeFacts& node, std::string_view uid);
std::string pod_cgroup(const NodeFacts& node, std::string_view uid);

SandboxSpec sandbox_spec(const api::Pod& pod, const NodeFacts& node, uint32_t attempt);

// What pods see as /etc/hosts.
std::string hosts_file(const api::Pod& pod, const NodeFacts& node, const std::vector<std::string>& pod_ips);

// Where each volume is on the node; made by prepare_volumes().
struct VolumeOnNode {
  std::string path;
  bool read_only = false;  // for containers, whatever they ask for
  bool operator==(const VolumeOnNode&) const = default;
};
using VolumePaths = std::map<std::string, VolumeOnNode>;

struct ContainerContext {
  EnvFacts env;
  VolumePaths volumes;
  CriImage image;
};
// kInvalid says what of the container's configuration cannot be met (CreateContainerConfigError).
Result<ContainerSpec> container_spec(const api::Pod& pod, const api::Container& container, uint32_t attempt,
                                     const NodeFacts& node, const ContainerContext& context);

// What of a container, when it changes, replaces the running one.
std::string container_hash(const api::Container& container);
inline constexpr const char* kHashAnnotation = "io.kubernetes.container.hash";

// The effective pull policy: Always for :latest and no tag, else IfNotPresent, when nothing is said.
std::string pull_policy(const api::Container& container);

// A probe's or handler's port: a number, or the name of one of the container's ports.
Result<uint16_t> resolve_port(const api::IntOrString& port, const api::Container& container);

}  // namespace fairlead::agent
