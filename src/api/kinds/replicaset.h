// The kind ReplicaSet.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/label_selector.h"
#include "api/types/object_meta.h"
#include "api/types/pod_template.h"

namespace fairlead::api {

struct ReplicaSetSpec {
  std::optional<int32_t> replicas;
  int32_t min_ready_seconds = 0;
  Box<LabelSelector> selector;
  PodTemplateSpec template_;
  bool operator==(const ReplicaSetSpec&) const = default;
};
template <>
const TypeInfo& type_info<ReplicaSetSpec>();

struct ReplicaSetCondition {
  std::string type;
  std::string status;
  Time last_transition_time;
  std::string reason;
  std::string message;
  bool operator==(const ReplicaSetCondition&) const = default;
};
template <>
const TypeInfo& type_info<ReplicaSetCondition>();

struct ReplicaSetStatus {
  int32_t replicas = 0;
  int32_t fully_labeled_replicas = 0;
  int32_t ready_replicas = 0;
  int32_t available_replicas = 0;
  std::optional<int32_t> terminating_replicas;
  int64_t observed_generation = 0;
  std::vector<ReplicaSetCondition> conditions;
  bool operator==(const ReplicaSetStatus&) const = default;
};
template <>
const TypeInfo& type_info<ReplicaSetStatus>();

struct ReplicaSet {
  ObjectMeta metadata;
  ReplicaSetSpec spec;
  ReplicaSetStatus status;
  bool operator==(const ReplicaSet&) const = default;
};
template <>
const TypeInfo& type_info<ReplicaSet>();
template <>
const KindInfo& kind_of<ReplicaSet>();

}  // namespace fairlead::api
