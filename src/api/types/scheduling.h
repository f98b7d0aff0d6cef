// PodSchedulingGate, PodResourceClaim, WorkloadReference and what they consist of.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"
#include "api/types/label_selector.h"

namespace fairlead::api {

struct NodeSelectorRequirement {
  std::string key;
  std::string operator_;
  std::vector<std::string> values;
  bool operator==(const NodeSelectorRequirement&) const = default;
};
template <>
const TypeInfo& type_info<NodeSelectorRequirement>();

struct NodeSelectorTerm {
  std::vector<NodeSelectorRequirement> match_expressions;
  std::vector<NodeSelectorRequirement> match_fields;
  bool operator==(const NodeSelectorTerm&) const = default;
};
template <>
const TypeInfo& type_info<NodeSelectorTerm>();

struct NodeSelector {
  std::vector<NodeSelectorTerm> node_selector_terms;
  bool operator==(const NodeSelector&) const = default;
};
template <>
const TypeInfo& type_info<NodeSelector>();

struct PreferredSchedulingTerm {
  int32_t weight = 0;
  NodeSelectorTerm preference;
  bool operator==(const PreferredSchedulingTerm&) const = default;
};
template <>
const TypeInfo& type_info<PreferredSchedulingTerm>();

struct NodeAffinity {
  Box<NodeSelector> required_during_scheduling_ignored_during_execution;
  std::vector<PreferredSchedulingTerm> preferred_during_scheduling_ignored_during_execution;
  bool operator==(const NodeAffinity&) const = default;
};
template <>
const TypeInfo& type_info<NodeAffinity>();

struct PodAffinityTerm {
  Box<LabelSelector> label_selector;
  std::vector<std::string> namespaces;
  std::string topology_key;
  Box<LabelSelector> namespace_selector;
  std::vector<std::string> match_label_keys;
  std::vector<std::string> mismatch_label_keys;
  bool operator==(const PodAffinityTerm&) const = default;
};
template <>
const TypeInfo& type_info<PodAffinityTerm>();

struct WeightedPodAffinityTerm {
  int32_t weight = 0;
  PodAffinityTerm pod_affinity_term;
  bool operator==(const WeightedPodAffinityTerm&) const = default;
};
template <>
const TypeInfo& type_info<WeightedPodAffinityTerm>();

struct PodAffinity {
  std::vector<PodAffinityTerm> required_during_scheduling_ignored_during_execution;
  std::vector<WeightedPodAffinityTerm> preferred_during_scheduling_ignored_during_execution;
  bool operator==(const PodAffinity&) const = default;
};
template <>
const TypeInfo& type_info<PodAffinity>();

struct PodAntiAffinity {
  std::vector<PodAffinityTerm> required_during_scheduling_ignored_during_execution;
  std::vector<WeightedPodAffinityTerm> preferred_during_scheduling_ignored_during_execution;
  bool operator==(const PodAntiAffinity&) const = default;
};
template <>
const TypeInfo& type_info<PodAntiAffinity>();

struct Affinity {
  Box<NodeAffinity> node_affinity;
  Box<PodAffinity> pod_affinity;
  Box<PodAntiAffinity> pod_anti_affinity;
  bool operator==(const Affinity&) const = default;
};
template <>
const TypeInfo& type_info<Affinity>();

struct Toleration {
  std::string key;
  std::string operator_;
  std::string value;
  std::string effect;
  std::optional<int64_t> toleration_seconds;
  bool operator==(const Toleration&) const = default;
};
template <>
const TypeInfo& type_info<Toleration>();

struct TopologySpreadConstraint {
  int32_t max_skew = 0;
  std::string topology_key;
  std::string when_unsatisfiable;
  Box<LabelSelector> label_selector;
  std::optional<int32_t> min_domains;
  std::optional<std::string> node_affinity_policy;
  std::optional<std::string> node_taints_policy;
  std::vector<std::string> match_label_keys;
  bool operator==(const TopologySpreadConstraint&) const = default;
};
template <>
const TypeInfo& type_info<TopologySpreadConstraint>();

struct PodSchedulingGate {
  std::string name;
  bool operator==(const PodSchedulingGate&) const = default;
};
template <>
const TypeInfo& type_info<PodSchedulingGate>();

struct PodResourceClaim {
  std::string name;
  std::optional<std::string> resource_claim_name;
  std::optional<std::string> resource_claim_template_name;
  bool operator==(const PodResourceClaim&) const = default;
};
template <>
const TypeInfo& type_info<PodResourceClaim>();

struct WorkloadReference {
  std::string name;
  std::string pod_group;
  std::string pod_group_replica_key;
  bool operator==(const WorkloadReference&) const = default;
};
template <>
const TypeInfo& type_info<WorkloadReference>();

}  // namespace fairlead::api
