// Rules for where a pod may run: affinity, tolerations, spreading.
#include <algorithm>

#include "api/podspec/podspec.h"
#include "base/text.h"

namespace fairlead::api {
namespace {

void check_requirement(Problems& out, const FieldPath& path, const NodeSelectorRequirement& r) {
  const auto& op = r.operator_;
  if (op == "In" || op == "NotIn") {
    if (r.values.empty()) out.required(path / "values", "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (!r.values.empty())
      out.forbidden(path / "values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (op == "Gt" || op == "Lt") {
    if (r.values.size() != 1)
      out.required(path / "values", "must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else {
    out.invalid(path / "operator", op, "not a valid selector operator");
  }
  out.invalid(path / "key", r.key, qualified_name(r.key));
  for (size_t i = 0; i < r.values.size(); ++i) out.invalid((path / "values")[i], r.values[i], label_value(r.values[i]));
}

void check_term(Problems& out, const FieldPath& path, const NodeSelectorTerm& term) {
  for (size_t i = 0; i < term.match_expressions.size(); ++i)
    check_requirement(out, (path / "matchExpressions")[i], term.match_expressions[i]);
  for (size_t i = 0; i < term.match_fields.size(); ++i) {
    const auto& f = term.match_fields[i];
    const auto at = (path / "matchFields")[i];
    if (f.operator_ != "In" && f.operator_ != "NotIn")
      out.invalid(at / "operator", f.operator_, "not a valid selector operator");
    else if (f.values.size() != 1)
      out.required(at / "values", "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
    if (f.key != "metadata.name") out.invalid(at / "key", f.key, "not a valid field selector key");
  }
}

void check_weight(Problems& out, const FieldPath& path, int32_t weight) {
  if (weight < 1 || weight > 100) out.invalid(path / "weight", weight, "must be in the range 1-100");
}

void check_pod_term(Problems& out, const FieldPath& path, const PodAffinityTerm& t) {
  if (t.label_selector) check_label_selector(out, path / "labelSelector", *t.label_selector);
  if (t.namespace_selector) check_label_selector(out, path / "namespaceSelector", *t.namespace_selector);
  for (const auto& ns : t.namespaces) out.invalid(path / "namespace", ns, dns1123_label(ns));
  if (t.topology_key.empty())
    out.required(path / "topologyKey", "can not be empty");
  else
    out.invalid(path / "topologyKey", t.topology_key, qualified_name(t.topology_key));
}

template <class A>
void check_pod_affinity(Problems& out, const FieldPath& path, const A& a) {
  const auto required = path / "requiredDuringSchedulingIgnoredDuringExecution";
  for (size_t i = 0; i < a.required_during_scheduling_ignored_during_execution.size(); ++i)
    check_pod_term(out, required[i], a.required_during_scheduling_ignored_during_execution[i]);
  const auto preferred = path / "preferredDuringSchedulingIgnoredDuringExecution";
  for (size_t i = 0; i < a.preferred_during_scheduling_ignored_during_execution.size(); ++i) {
    const auto& w = a.preferred_during_scheduling_ignored_during_execution[i];
    check_weight(out, preferred[i], w.weight);
    check_pod_term(out, preferred[i] / "podAffinityTerm", w.pod_affinity_term);
  }
}

}  // namespace

void check_affinity(Problems& out, const FieldPath& path, const Affinity& affinity) {
  if (affinity.node_affinity) {
    const auto at = path / "nodeAffinity";
    const auto& n = *affinity.node_affinity;
    if (const auto& required = n.required_during_scheduling_ignored_during_execution) {
      const auto terms = at / "requiredDuringSchedulingIgnoredDuringExecution" / "nodeSelectorTerms";
      if (required->node_selector_terms.empty()) out.required(terms, "must have at least one node selector term");
      for (size_t i = 0; i < required->node_selector_terms.size(); ++i)
        check_term(out, terms[i], required->node_selector_terms[i]);
    }
    const auto preferred = at / "preferredDuringSchedulingIgnoredDuringExecution";
    for (size_t i = 0; i < n.preferred_during_scheduling_ignored_during_execution.size(); ++i) {
      const auto& p = n.preferred_during_scheduling_ignored_during_execution[i];
      check_weight(out, preferred[i], p.weight);
      check_term(out, preferred[i] / "preference", p.preference);
    }
  }
  if (affinity.pod_affinity) check_pod_affinity(out, path / "podAffinity", *affinity.pod_affinity);
  if (affinity.pod_anti_affinity) check_pod_affinity(out, path / "podAntiAffinity", *affinity.pod_anti_affinity);
}

void check_tolerations(Problems& out, const FieldPath& path, const std::vector<Toleration>& tolerations) {
  for (size_t i = 0; i < tolerations.size(); ++i) {
    const auto& t = tolerations[i];
    const auto at = path[i];
    if (!t.key.empty()) out.invalid(at / "key", t.key, qualified_name(t.key));
    if (t.key.empty() && t.operator_ != "Exists")
      out.invalid(at / "operator", t.operator_,
                  "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
    if (t.toleration_seconds && t.effect != "NoExecute")
      out.invalid(at / "effect", t.effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    if (t.operator_.empty() || t.operator_ == "Equal") {
      const auto wrong = label_value(t.value);
      if (!wrong.empty()) out.invalid(at / "operator", t.value, std::string_view(join(wrong, ";")));
    } else if (t.operator_ == "Exists") {
      if (!t.value.empty()) out.invalid(at / "operator", t.value, "value must be empty when `operator` is 'Exists'");
    } else {
      out.not_supported(at / "operator", t.operator_, {"Equal", "Exists"});
    }
    if (!t.effect.empty() && t.effect != "NoSchedule" && t.effect != "PreferNoSchedule" && t.effect != "NoExecute")
      out.not_supported(at / "effect", t.effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"});
  }
}

void check_spread(Problems& out, const FieldPath& path, const std::vector<TopologySpreadConstraint>& constraints) {
  for (size_t i = 0; i < constraints.size(); ++i) {
    const auto& c = constraints[i];
    const auto at = path[i];
    if (c.max_skew <= 0) out.invalid(at / "maxSkew", c.max_skew, "must be greater than zero");
    if (c.topology_key.empty())
      out.required(at / "topologyKey", "can not be empty");
    else
      out.invalid(at / "topologyKey", c.topology_key, qualified_name(c.topology_key));
    if (c.when_unsatisfiable != "DoNotSchedule" && c.when_unsatisfiable != "ScheduleAnyway")
      out.not_supported(at / "whenUnsatisfiable", c.when_unsatisfiable, {"DoNotSchedule", "ScheduleAnyway"});
    if (c.min_domains && *c.min_domains <= 0)
      out.invalid(at / "minDomains", *c.min_domains, "must be greater than zero");
    if (c.label_selector) check_label_selector(out, at / "labelSelector", *c.label_selector);
  }
}

}  // namespace fairlead::api
