// The kind Deployment.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/label_selector.h"
#include "api/types/object_meta.h"
#include "api/types/pod_template.h"

namespace fairlead::api {

struct RollingUpdateDeployment {
  std::optional<IntOrString> max_unavailable;
  std::optional<IntOrString> max_surge;
  bool operator==(const RollingUpdateDeployment&) const = default;
};
template <>
const TypeInfo& type_info<RollingUpdateDeployment>();

struct DeploymentStrategy {
  std::string type;
  Box<RollingUpdateDeployment> rolling_update;
  bool operator==(const DeploymentStrategy&) const = default;
};
template <>
const TypeInfo& type_info<DeploymentStrategy>();

struct DeploymentSpec {
  std::optional<int32_t> replicas;
  Box<LabelSelector> selector;
  PodTemplateSpec template_;
  DeploymentStrategy strategy;
  int32_t min_ready_seconds = 0;
  std::optional<int32_t> revision_history_limit;
  bool paused = false;
  std::optional<int32_t> progress_deadline_seconds;
  bool operator==(const DeploymentSpec&) const = default;
};
template <>
const TypeInfo& type_info<DeploymentSpec>();

struct DeploymentCondition {
  std::string type;
  std::string status;
  Time last_update_time;
  Time last_transition_time;
  std::string reason;
  std::string message;
  bool operator==(const DeploymentCondition&) const = default;
};
template <>
const TypeInfo& type_info<DeploymentCondition>();

struct DeploymentStatus {
  int64_t observed_generation = 0;
  int32_t replicas = 0;
  int32_t updated_replicas = 0;
  int32_t ready_replicas = 0;
  int32_t available_replicas = 0;
  int32_t unavailable_replicas = 0;
  std::optional<int32_t> terminating_replicas;
  std::vector<DeploymentCondition> conditions;
  std::optional<int32_t> collision_count;
  bool operator==(const DeploymentStatus&) const = default;
};
template <>
const TypeInfo& type_info<DeploymentStatus>();

struct Deployment {
  ObjectMeta metadata;
  DeploymentSpec spec;
  DeploymentStatus status;
  bool operator==(const Deployment&) const = default;
};
template <>
const TypeInfo& type_info<Deployment>();
template <>
const KindInfo& kind_of<Deployment>();

}  // namespace fairlead::api
