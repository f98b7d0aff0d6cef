// The kind Node.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct Taint {
  std::string key;
  std::string value;
  std::string effect;
  Time time_added;
  bool operator==(const Taint&) const = default;
};
template <>
const TypeInfo& type_info<Taint>();

struct ConfigMapNodeConfigSource {
  std::string namespace_;
  std::string name;
  std::string uid;
  std::string resource_version;
  std::string kubelet_config_key;
  bool operator==(const ConfigMapNodeConfigSource&) const = default;
};
template <>
const TypeInfo& type_info<ConfigMapNodeConfigSource>();

struct NodeConfigSource {
  Box<ConfigMapNodeConfigSource> config_map;
  bool operator==(const NodeConfigSource&) const = default;
};
template <>
const TypeInfo& type_info<NodeConfigSource>();

struct NodeSpec {
  std::string pod_cidr;
  std::vector<std::string> pod_cidrs;
  std::string provider_id;
  bool unschedulable = false;
  std::vector<Taint> taints;
  Box<NodeConfigSource> config_source;
  std::string external_id;
  bool operator==(const NodeSpec&) const = default;
};
template <>
const TypeInfo& type_info<NodeSpec>();

struct NodeCondition {
  std::string type;
  std::string status;
  Time last_heartbeat_time;
  Time last_transition_time;
  std::string reason;
  std::string message;
  bool operator==(const NodeCondition&) const = default;
};
template <>
const TypeInfo& type_info<NodeCondition>();

struct NodeAddress {
  std::string type;
  std::string address;
  bool operator==(const NodeAddress&) const = default;
};
template <>
const TypeInfo& type_info<NodeAddress>();

struct DaemonEndpoint {
  int32_t port = 0;
  bool operator==(const DaemonEndpoint&) const = default;
};
template <>
const TypeInfo& type_info<DaemonEndpoint>();

struct NodeDaemonEndpoints {
  DaemonEndpoint kubelet_endpoint;
  bool operator==(const NodeDaemonEndpoints&) const = default;
};
template <>
const TypeInfo& type_info<NodeDaemonEndpoints>();

struct NodeSwapStatus {
  std::optional<int64_t> capacity;
  bool operator==(const NodeSwapStatus&) const = default;
};
template <>
const TypeInfo& type_info<NodeSwapStatus>();

struct NodeSystemInfo {
  std::string machine_id;
  std::string system_uuid;
  std::string boot_id;
  std::string kernel_version;
  std::string os_image;
  std::string container_runtime_version;
  std::string kubelet_version;
  std::string kube_proxy_version;
  std::string operating_system;
  std::string architecture;
  Box<NodeSwapStatus> swap;
  bool operator==(const NodeSystemInfo&) const = default;
};
template <>
const TypeInfo& type_info<NodeSystemInfo>();

struct ContainerImage {
  std::vector<std::string> names;
  int64_t size_bytes = 0;
  bool operator==(const ContainerImage&) const = default;
};
template <>
const TypeInfo& type_info<ContainerImage>();

struct AttachedVolume {
  std::string name;
  std::string device_path;
  bool operator==(const AttachedVolume&) const = default;
};
template <>
const TypeInfo& type_info<AttachedVolume>();

struct NodeConfigStatus {
  Box<NodeConfigSource> assigned;
  Box<NodeConfigSource> active;
  Box<NodeConfigSource> last_known_good;
  std::string error;
  bool operator==(const NodeConfigStatus&) const = default;
};
template <>
const TypeInfo& type_info<NodeConfigStatus>();

struct NodeRuntimeHandlerFeatures {
  std::optional<bool> recursive_read_only_mounts;
  std::optional<bool> user_namespaces;
  bool operator==(const NodeRuntimeHandlerFeatures&) const = default;
};
template <>
const TypeInfo& type_info<NodeRuntimeHandlerFeatures>();

struct NodeRuntimeHandler {
  std::string name;
  Box<NodeRuntimeHandlerFeatures> features;
  bool operator==(const NodeRuntimeHandler&) const = default;
};
template <>
const TypeInfo& type_info<NodeRuntimeHandler>();

struct NodeFeatures {
  std::optional<bool> supplemental_groups_policy;
  bool operator==(const NodeFeatures&) const = default;
};
template <>
const TypeInfo& type_info<NodeFeatures>();

struct NodeStatus {
  std::map<std::string, Quantity> capacity;
  std::map<std::string, Quantity> allocatable;
  std::string phase;
  std::vector<NodeCondition> conditions;
  std::vector<NodeAddress> addresses;
  NodeDaemonEndpoints daemon_endpoints;
  NodeSystemInfo node_info;
  std::vector<ContainerImage> images;
  std::vector<std::string> volumes_in_use;
  std::vector<AttachedVolume> volumes_attached;
  Box<NodeConfigStatus> config;
  std::vector<NodeRuntimeHandler> runtime_handlers;
  Box<NodeFeatures> features;
  std::vector<std::string> declared_features;
  bool operator==(const NodeStatus&) const = default;
};
template <>
const TypeInfo& type_info<NodeStatus>();

struct Node {
  ObjectMeta metadata;
  NodeSpec spec;
  NodeStatus status;
  bool operator==(const Node&) const = default;
};
template <>
const TypeInfo& type_info<Node>();
template <>
const KindInfo& kind_of<Node>();

}  // namespace fairlead::api
