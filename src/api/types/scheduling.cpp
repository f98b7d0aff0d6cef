#include "api/types/scheduling.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<NodeSelectorRequirement>() {
  using T = NodeSelectorRequirement;
  static const TypeInfo info("io.k8s.api.core.v1.NodeSelectorRequirement",
                             {
                                 field(&T::key, "key", 1, kRequired),
                                 field(&T::operator_, "operator", 2, kRequired),
                                 field(&T::values, "values", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NodeSelectorTerm>() {
  using T = NodeSelectorTerm;
  static const TypeInfo info("io.k8s.api.core.v1.NodeSelectorTerm",
                             {
                                 field(&T::match_expressions, "matchExpressions", 1, kOmitEmpty),
                                 field(&T::match_fields, "matchFields", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NodeSelector>() {
  using T = NodeSelector;
  static const TypeInfo info("io.k8s.api.core.v1.NodeSelector",
                             {
                                 field(&T::node_selector_terms, "nodeSelectorTerms", 1, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PreferredSchedulingTerm>() {
  using T = PreferredSchedulingTerm;
  static const TypeInfo info("io.k8s.api.core.v1.PreferredSchedulingTerm",
                             {
                                 field(&T::weight, "weight", 1, kRequired),
                                 field(&T::preference, "preference", 2, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NodeAffinity>() {
  using T = NodeAffinity;
  static const TypeInfo info("io.k8s.api.core.v1.NodeAffinity",
                             {
                                 field(&T::required_during_scheduling_ignored_during_execution,
                                       "requiredDuringSchedulingIgnoredDuringExecution", 1, kOmitEmpty),
                                 field(&T::preferred_during_scheduling_ignored_during_execution,
                                       "preferredDuringSchedulingIgnoredDuringExecution", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PodAffinityTerm>() {
  using T = PodAffinityTerm;
  static const TypeInfo info("io.k8s.api.core.v1.PodAffinityTerm",
                             {
                                 field(&T::label_selector, "labelSelector", 1, kOmitEmpty),
                                 field(&T::namespaces, "namespaces", 2, kOmitEmpty),
                                 field(&T::topology_key, "topologyKey", 3, kRequired),
                                 field(&T::namespace_selector, "namespaceSelector", 4, kOmitEmpty),
                                 field(&T::match_label_keys, "matchLabelKeys", 5, kOmitEmpty),
                                 field(&T::mismatch_label_keys, "mismatchLabelKeys", 6, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<WeightedPodAffinityTerm>() {
  using T = WeightedPodAffinityTerm;
  static const TypeInfo info("io.k8s.api.core.v1.WeightedPodAffinityTerm",
                             {
                                 field(&T::weight, "weight", 1, kRequired),
                                 field(&T::pod_affinity_term, "podAffinityTerm", 2, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PodAffinity>() {
  using T = PodAffinity;
  static const TypeInfo info("io.k8s.api.core.v1.PodAffinity",
                             {
                                 field(&T::required_during_scheduling_ignored_during_execution,
                                       "requiredDuringSchedulingIgnoredDuringExecution", 1, kOmitEmpty),
                                 field(&T::preferred_during_scheduling_ignored_during_execution,
                                       "preferredDuringSchedulingIgnoredDuringExecution", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PodAntiAffinity>() {
  using T = PodAntiAffinity;
  static const TypeInfo info("io.k8s.api.core.v1.PodAntiAffinity",
                             {
                                 field(&T::required_during_scheduling_ignored_during_execution,
                                       "requiredDuringSchedulingIgnoredDuringExecution", 1, kOmitEmpty),
                                 field(&T::preferred_during_scheduling_ignored_during_execution,
                                       "preferredDuringSchedulingIgnoredDuringExecution", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<Affinity>() {
  using T = Affinity;
  static const TypeInfo info("io.k8s.api.core.v1.Affinity",
                             {
                                 field(&T::node_affinity, "nodeAffinity", 1, kOmitEmpty),
                                 field(&T::pod_affinity, "podAffinity", 2, kOmitEmpty),
                                 field(&T::pod_anti_affinity, "podAntiAffinity", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<Toleration>() {
  using T = Toleration;
  static const TypeInfo info("io.k8s.api.core.v1.Toleration",
                             {
                                 field(&T::key, "key", 1, kOmitEmpty),
                                 field(&T::operator_, "operator", 2, kOmitEmpty),
                                 field(&T::value, "value", 3, kOmitEmpty),
                                 field(&T::effect, "effect", 4, kOmitEmpty),
                                 field(&T::toleration_seconds, "tolerationSeconds", 5, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<TopologySpreadConstraint>() {
  using T = TopologySpreadConstraint;
  static const TypeInfo info("io.k8s.api.core.v1.TopologySpreadConstraint",
                             {
                                 field(&T::max_skew, "maxSkew", 1, kRequired),
                                 field(&T::topology_key, "topologyKey", 2, kRequired),
                                 field(&T::when_unsatisfiable, "whenUnsatisfiable", 3, kRequired),
                                 field(&T::label_selector, "labelSelector", 4, kOmitEmpty),
                                 field(&T::min_domains, "minDomains", 5, kOmitEmpty),
                                 field(&T::node_affinity_policy, "nodeAffinityPolicy", 6, kOmitEmpty),
                                 field(&T::node_taints_policy, "nodeTaintsPolicy", 7, kOmitEmpty),
                                 field(&T::match_label_keys, "matchLabelKeys", 8, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PodSchedulingGate>() {
  using T = PodSchedulingGate;
  static const TypeInfo info("io.k8s.api.core.v1.PodSchedulingGate", {
                                                                         field(&T::name, "name", 1, kRequired),
                                                                     });
  return info;
}

template <>
const TypeInfo& type_info<PodResourceClaim>() {
  using T = PodResourceClaim;
  static const TypeInfo info("io.k8s.api.core.v1.PodResourceClaim",
                             {
                                 field(&T::name, "name", 1, kRequired),
                                 field(&T::resource_claim_name, "resourceClaimName", 3, kOmitEmpty),
                                 field(&T::resource_claim_template_name, "resourceClaimTemplateName", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<WorkloadReference>() {
  using T = WorkloadReference;
  static const TypeInfo info("io.k8s.api.core.v1.WorkloadReference",
                             {
                                 field(&T::name, "name", 1, kRequired),
                                 field(&T::pod_group, "podGroup", 2, kRequired),
                                 field(&T::pod_group_replica_key, "podGroupReplicaKey", 3, kOmitEmpty),
                             });
  return info;
}

}  // namespace fairlead::api
