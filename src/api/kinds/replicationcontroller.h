// The kind ReplicationController.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"
#include "api/types/pod_template.h"

namespace fairlead::api {

struct ReplicationControllerSpec {
  std::optional<int32_t> replicas;
  StringMap selector;
  Box<PodTemplateSpec> template_;
  int32_t min_ready_seconds = 0;
  bool operator==(const ReplicationControllerSpec&) const = default;
};
template <>
const TypeInfo& type_info<ReplicationControllerSpec>();

struct ReplicationControllerCondition {
  std::string type;
  std::string status;
  Time last_transition_time;
  std::string reason;
  std::string message;
  bool operator==(const ReplicationControllerCondition&) const = default;
};
template <>
const TypeInfo& type_info<ReplicationControllerCondition>();

struct ReplicationControllerStatus {
  int32_t replicas = 0;
  int32_t fully_labeled_replicas = 0;
  int64_t observed_generation = 0;
  int32_t ready_replicas = 0;
  int32_t available_replicas = 0;
  std::vector<ReplicationControllerCondition> conditions;
  bool operator==(const ReplicationControllerStatus&) const = default;
};
template <>
const TypeInfo& type_info<ReplicationControllerStatus>();

struct ReplicationController {
  ObjectMeta metadata;
  ReplicationControllerSpec spec;
  ReplicationControllerStatus status;
  bool operator==(const ReplicationController&) const = default;
};
template <>
const TypeInfo& type_info<ReplicationController>();
template <>
const KindInfo& kind_of<ReplicationController>();

}  // namespace fairlead::api
