// The kind Pod.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/container.h"
#include "api/types/object_meta.h"
#include "api/types/pod_spec.h"

namespace fairlead::api {

struct PodCondition {
  std::string type;
  int64_t observed_generation = 0;
  std::string status;
  Time last_probe_time;
  Time last_transition_time;
  std::string reason;
  std::string message;
  bool operator==(const PodCondition&) const = default;
};
template <>
const TypeInfo& type_info<PodCondition>();

struct HostIP {
  std::string ip;
  bool operator==(const HostIP&) const = default;
};
template <>
const TypeInfo& type_info<HostIP>();

struct PodIP {
  std::string ip;
  bool operator==(const PodIP&) const = default;
};
template <>
const TypeInfo& type_info<PodIP>();

struct ContainerStateWaiting {
  std::string reason;
  std::string message;
  bool operator==(const ContainerStateWaiting&) const = default;
};
template <>
const TypeInfo& type_info<ContainerStateWaiting>();

struct ContainerStateRunning {
  Time started_at;
  bool operator==(const ContainerStateRunning&) const = default;
};
template <>
const TypeInfo& type_info<ContainerStateRunning>();

struct ContainerStateTerminated {
  int32_t exit_code = 0;
  int32_t signal = 0;
  std::string reason;
  std::string message;
  Time started_at;
  Time finished_at;
  std::string container_id;
  bool operator==(const ContainerStateTerminated&) const = default;
};
template <>
const TypeInfo& type_info<ContainerStateTerminated>();

struct ContainerState {
  Box<ContainerStateWaiting> waiting;
  Box<ContainerStateRunning> running;
  Box<ContainerStateTerminated> terminated;
  bool operator==(const ContainerState&) const = default;
};
template <>
const TypeInfo& type_info<ContainerState>();

struct VolumeMountStatus {
  std::string name;
  std::string mount_path;
  bool read_only = false;
  std::optional<std::string> recursive_read_only;
  bool operator==(const VolumeMountStatus&) const = default;
};
template <>
const TypeInfo& type_info<VolumeMountStatus>();

struct LinuxContainerUser {
  int64_t uid = 0;
  int64_t gid = 0;
  std::vector<int64_t> supplemental_groups;
  bool operator==(const LinuxContainerUser&) const = default;
};
template <>
const TypeInfo& type_info<LinuxContainerUser>();

struct ContainerUser {
  Box<LinuxContainerUser> linux;
  bool operator==(const ContainerUser&) const = default;
};
template <>
const TypeInfo& type_info<ContainerUser>();

struct ResourceHealth {
  std::string resource_id;
  std::string health;
  bool operator==(const ResourceHealth&) const = default;
};
template <>
const TypeInfo& type_info<ResourceHealth>();

struct ResourceStatus {
  std::string name;
  std::vector<ResourceHealth> resources;
  bool operator==(const ResourceStatus&) const = default;
};
template <>
const TypeInfo& type_info<ResourceStatus>();

struct ContainerStatus {
  std::string name;
  ContainerState state;
  ContainerState last_state;
  bool ready = false;
  int32_t restart_count = 0;
  std::string image;
  std::string image_id;
  std::string container_id;
  std::optional<bool> started;
  std::map<std::string, Quantity> allocated_resources;
  Box<ResourceRequirements> resources;
  std::vector<VolumeMountStatus> volume_mounts;
  Box<ContainerUser> user;
  std::vector<ResourceStatus> allocated_resources_status;
  std::optional<std::string> stop_signal;
  bool operator==(const ContainerStatus&) const = default;
};
template <>
const TypeInfo& type_info<ContainerStatus>();

struct PodResourceClaimStatus {
  std::string name;
  std::optional<std::string> resource_claim_name;
  bool operator==(const PodResourceClaimStatus&) const = default;
};
template <>
const TypeInfo& type_info<PodResourceClaimStatus>();

struct ContainerExtendedResourceRequest {
  std::string container_name;
  std::string resource_name;
  std::string request_name;
  bool operator==(const ContainerExtendedResourceRequest&) const = default;
};
template <>
const TypeInfo& type_info<ContainerExtendedResourceRequest>();

struct PodExtendedResourceClaimStatus {
  std::vector<ContainerExtendedResourceRequest> request_mappings;
  std::string resource_claim_name;
  bool operator==(const PodExtendedResourceClaimStatus&) const = default;
};
template <>
const TypeInfo& type_info<PodExtendedResourceClaimStatus>();

struct PodStatus {
  int64_t observed_generation = 0;
  std::string phase;
  std::vector<PodCondition> conditions;
  std::string message;
  std::string reason;
  std::string nominated_node_name;
  std::string host_ip;
  std::vector<HostIP> host_ips;
  std::string pod_ip;
  std::vector<PodIP> pod_ips;
  Time start_time;
  std::vector<ContainerStatus> init_container_statuses;
  std::vector<ContainerStatus> container_statuses;
  std::string qos_class;
  std::vector<ContainerStatus> ephemeral_container_statuses;
  std::string resize;
  std::vector<PodResourceClaimStatus> resource_claim_statuses;
  Box<PodExtendedResourceClaimStatus> extended_resource_claim_status;
  std::map<std::string, Quantity> allocated_resources;
  Box<ResourceRequirements> resources;
  bool operator==(const PodStatus&) const = default;
};
template <>
const TypeInfo& type_info<PodStatus>();

struct Pod {
  ObjectMeta metadata;
  PodSpec spec;
  PodStatus status;
  bool operator==(const Pod&) const = default;
};
template <>
const TypeInfo& type_info<Pod>();
template <>
const KindInfo& kind_of<Pod>();

}  // namespace fairlead::api
