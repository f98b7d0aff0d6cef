#include "controllers/scheduler/cluster.h"

#include <limits>
#include <tuple>

#include "api/quantity.h"
#include "api/selector.h"
#include "base/text.h"

namespace fairlead::controllers {
namespace {

int64_t amount(std::string_view resource, const api::Quantity& q) {
  const auto v = api::value_of(q);
  return resource == "cpu" ? v.milli_value() : v.value();
}

void add_requests(ResourceSums& sums, const api::Container& container) {
  for (const auto& [resource, q] : container.resources.requests) sums[resource] += amount(resource, q);
}

std::vector<std::string> host_ports(const api::PodSpec& spec) {
  std::vector<std::string> out;
  for (const auto& container : spec.containers) {
    for (const auto& p : container.ports) {
      if (p.host_port > 0) out.push_back(fmt::format("{}/{}", p.protocol.empty() ? "TCP" : p.protocol, p.host_port));
    }
  }
  return out;
}

std::string owner_of(const api::Pod& pod) {
  for (const auto& o : pod.metadata.owner_references) {
    if (o.controller.value_or(false)) return o.uid;
  }
  return "";
}

bool requirement_holds(const api::NodeSelectorRequirement& r, const std::string* value) {
  const bool in = value != nullptr && std::find(r.values.begin(), r.values.end(), *value) != r.values.end();
  if (r.operator_ == "In") return in;
  if (r.operator_ == "NotIn") return !in;
  if (r.operator_ == "Exists") return value != nullptr;
  if (r.operator_ == "DoesNotExist") return value == nullptr;
  if ((r.operator_ == "Gt" || r.operator_ == "Lt") && value != nullptr && r.values.size() == 1) {
    const auto left = parse_int(*value);
    const auto right = parse_int(r.values[0]);
    if (left && right) return r.operator_ == "Gt" ? *left > *right : *left < *right;
  }
  return false;
}

bool term_holds(const api::NodeSelectorTerm& term, const api::Node& node) {
  if (term.match_expressions.empty() && term.match_fields.empty()) return false;  // an empty term selects nothing
  for (const auto& r : term.match_expressions) {
    const auto it = node.metadata.labels.find(r.key);
    if (!requirement_holds(r, it == node.metadata.labels.end() ? nullptr : &it->second)) return false;
  }
  for (const auto& r : term.match_fields) {
    if (!requirement_holds(r, r.key == "metadata.name" ? &node.metadata.name : nullptr)) return false;
  }
  return true;
}

bool wants_node(const api::PodSpec& spec, const api::Node& node) {
  for (const auto& [key, value] : spec.node_selector) {
    const auto it = node.metadata.labels.find(key);
    if (it == node.metadata.labels.end() || it->second != value) return false;
  }
  if (!spec.affinity || !spec.affinity->node_affinity) return true;
  const auto& required = spec.affinity->node_affinity->required_during_scheduling_ignored_during_execution;
  if (!required) return true;
  return std::any_of(required->node_selector_terms.begin(), required->node_selector_terms.end(),
                     [&](const auto& term) { return term_holds(term, node); });
}

int64_t preference(const api::PodSpec& spec, const api::Node& node) {
  int64_t score = 0;
  if (!spec.affinity || !spec.affinity->node_affinity) return 0;
  for (const auto& p : spec.affinity->node_affinity->preferred_during_scheduling_ignored_during_execution) {
    if (term_holds(p.preference, node)) score += p.weight;
  }
  return score;
}

bool selects(const api::Box<api::LabelSelector>& selector, const api::StringMap& labels) {
  if (!selector) return false;
  const auto matcher = api::Selector::from(*selector);
  return matcher && matcher->matches(labels);
}

bool in_scope(const api::PodAffinityTerm& term, const std::string& own_namespace, const std::string& other_namespace) {
  if (term.namespaces.empty()) return own_namespace == other_namespace || (term.namespace_selector.has_value());
  return std::find(term.namespaces.begin(), term.namespaces.end(), other_namespace) != term.namespaces.end();
}

std::string label_of(const api::Node& node, const std::string& key) {
  const auto it = node.metadata.labels.find(key);
  return it == node.metadata.labels.end() ? std::string() : it->second;
}

const std::vector<api::PodAffinityTerm>& affinity_terms(const api::PodSpec& spec, bool anti) {
  static const std::vector<api::PodAffinityTerm> kNone;
  if (!spec.affinity) return kNone;
  if (anti) {
    return spec.affinity->pod_anti_affinity
               ? spec.affinity->pod_anti_affinity->required_during_scheduling_ignored_during_execution
               : kNone;
  }
  return spec.affinity->pod_affinity ? spec.affinity->pod_affinity->required_during_scheduling_ignored_during_execution
                                     : kNone;
}

}  // namespace

ResourceSums pod_requests(const api::PodSpec& spec) {
  ResourceSums running;
  for (const auto& c : spec.containers) add_requests(running, c);
  ResourceSums sidecars;
  ResourceSums starting;
  for (const auto& c : spec.init_containers) {
    ResourceSums one = sidecars;
    add_requests(one, c);
    if (c.restart_policy.value_or("") == "Always") {
      sidecars = one;
      add_requests(running, c);
    }
    for (const auto& [resource, n] : one) starting[resource] = std::max(starting[resource], n);
  }
  for (const auto& [resource, n] : starting) running[resource] = std::max(running[resource], n);
  for (const auto& [resource, q] : spec.overhead) running[resource] += amount(resource, q);
  return running;
}

bool tolerates(const std::vector<api::Toleration>& tolerations, const api::Taint& taint) {
  return std::any_of(tolerations.begin(), tolerations.end(), [&](const api::Toleration& t) {
    if (!t.effect.empty() && t.effect != taint.effect) return false;
    if (t.operator_ == "Exists") return t.key.empty() || t.key == taint.key;
    return t.key == taint.key && t.value == taint.value;
  });
}

std::string Choice::message(size_t nodes) const {
  if (nodes == 0) return "no nodes available to schedule pods";
  std::vector<std::string> parts;
  for (const auto& [reason, count] : rejected) parts.push_back(fmt::format("{} {}", count, reason));
  std::sort(parts.begin(), parts.end());
  return fmt::format("0/{} nodes are available: {}.", nodes, join(parts, ", "));
}

void SchedulerCluster::add_to(OnNode& n, const std::string& key, const PodPtr& pod, int sign) {
  for (const auto& [resource, amount] : pod_requests(pod->spec)) n.used[resource] += sign * amount;
  const auto owner = owner_of(*pod);
  if (sign > 0) {
    n.pods[key] = pod;
    for (auto& port : host_ports(pod->spec)) n.ports.insert(std::move(port));
    if (!owner.empty()) ++n.owners[owner];
  } else {
    n.pods.erase(key);
    for (const auto& port : host_ports(pod->spec)) {
      if (const auto it = n.ports.find(port); it != n.ports.end()) n.ports.erase(it);
    }
    if (const auto it = n.owners.find(owner); it != n.owners.end() && --it->second == 0) n.owners.erase(it);
  }
}

void SchedulerCluster::set_node(NodePtr node) {
  auto& n = by_name_[node->metadata.name];
  if (!n.node) ++node_count_;
  n.node = std::move(node);
}

void SchedulerCluster::remove_node(const std::string& name) {
  const auto it = by_name_.find(name);
  if (it == by_name_.end() || !it->second.node) return;
  --node_count_;
  it->second.node.reset();
  if (it->second.pods.empty()) by_name_.erase(it);
}

void SchedulerCluster::set_pod(const std::string& key, const PodPtr& pod, const std::string& node) {
  remove_pod(key);
  add_to(by_name_[node], key, pod, 1);
  node_of_[key] = node;
}

void SchedulerCluster::remove_pod(const std::string& key) {
  const auto where = node_of_.find(key);
  if (where == node_of_.end()) return;
  const auto it = by_name_.find(where->second);
  const auto pod = it->second.pods.at(key);
  add_to(it->second, key, pod, -1);
  if (it->second.pods.empty() && !it->second.node) by_name_.erase(it);
  node_of_.erase(where);
}

// Counted once a choice, for the constraints that look across nodes.
struct SchedulerCluster::Domains {
  std::vector<std::set<std::string>> with;         // per affinity term: domains that hold a matching pod
  std::vector<std::set<std::string>> against;      // per anti-affinity term
  std::vector<std::map<std::string, int>> spread;  // per DoNotSchedule constraint: domain -> matching pods
  std::vector<int> fewest;                         // per constraint
  std::vector<std::pair<std::string, std::string>>
      forbidden;  // (topology key, domain) that other pods' anti-affinity forbids
};

SchedulerCluster::Domains SchedulerCluster::domains_for(const api::Pod& pod) const {
  Domains d;
  const auto& with = affinity_terms(pod.spec, false);
  const auto& against = affinity_terms(pod.spec, true);
  d.with.resize(with.size());
  d.against.resize(against.size());
  std::vector<const api::TopologySpreadConstraint*> constraints;
  for (const auto& c : pod.spec.topology_spread_constraints) {
    if (c.when_unsatisfiable == "DoNotSchedule") constraints.push_back(&c);
  }
  d.spread.resize(constraints.size());
  for (const auto& [name, n] : by_name_) {
    if (!n.node) continue;
    for (size_t i = 0; i < constraints.size(); ++i) {
      const auto domain = label_of(*n.node, constraints[i]->topology_key);
      if (domain.empty() || !wants_node(pod.spec, *n.node)) continue;
      auto& count = d.spread[i][domain];
      for (const auto& [key, other] : n.pods) {
        count += other->metadata.namespace_ == pod.metadata.namespace_ &&
                         selects(constraints[i]->label_selector, other->metadata.labels)
                     ? 1
                     : 0;
      }
    }
    for (const auto& [key, other] : n.pods) {
      for (size_t i = 0; i < with.size(); ++i) {
        if (in_scope(with[i], pod.metadata.namespace_, other->metadata.namespace_) &&
            selects(with[i].label_selector, other->metadata.labels)) {
          d.with[i].insert(label_of(*n.node, with[i].topology_key));
        }
      }
      for (size_t i = 0; i < against.size(); ++i) {
        if (in_scope(against[i], pod.metadata.namespace_, other->metadata.namespace_) &&
            selects(against[i].label_selector, other->metadata.labels)) {
          d.against[i].insert(label_of(*n.node, against[i].topology_key));
        }
      }
      for (const auto& term : affinity_terms(other->spec, true)) {
        if (in_scope(term, other->metadata.namespace_, pod.metadata.namespace_) &&
            selects(term.label_selector, pod.metadata.labels)) {
          d.forbidden.emplace_back(term.topology_key, label_of(*n.node, term.topology_key));
        }
      }
    }
  }
  for (size_t i = 0; i < d.spread.size(); ++i) {
    // With fewer domains than minDomains, one that is still to come counts as empty.
    const bool too_few = std::cmp_less(d.spread[i].size(), constraints[i]->min_domains.value_or(1));
    int fewest = too_few ? 0 : std::numeric_limits<int>::max();
    for (const auto& [domain, count] : d.spread[i]) fewest = std::min(fewest, count);
    d.fewest.push_back(fewest);
  }
  return d;
}

std::string SchedulerCluster::first_obstacle(const api::Pod& pod, const ResourceSums& wants, const OnNode& n,
                                             const Domains& domains) const {
  const auto& node = *n.node;
  const api::Taint unschedulable{"node.kubernetes.io/unschedulable", "", "NoSchedule", {}};
  if (node.spec.unschedulable && !tolerates(pod.spec.tolerations, unschedulable)) return "node(s) were unschedulable";
  for (const auto& taint : node.spec.taints) {
    if ((taint.effect == "NoSchedule" || taint.effect == "NoExecute") && !tolerates(pod.spec.tolerations, taint)) {
      return fmt::format("node(s) had untolerated taint {{{}: {}}}", taint.key, taint.value);
    }
  }
  const bool ready = std::any_of(node.status.conditions.begin(), node.status.conditions.end(),
                                 [](const auto& c) { return c.type == "Ready" && c.status == "True"; });
  const api::Taint not_ready{"node.kubernetes.io/not-ready", "", "NoSchedule", {}};
  if (!ready && !tolerates(pod.spec.tolerations, not_ready))
    return "node(s) had untolerated taint {node.kubernetes.io/not-ready: }";
  if (!wants_node(pod.spec, node)) return "node(s) didn't match Pod's node affinity/selector";
  for (const auto& port : host_ports(pod.spec)) {
    if (n.ports.contains(port)) return "node(s) didn't have free ports for the requested pod ports";
  }
  const auto limit = [&](const std::string& resource) -> int64_t {
    const auto it = node.status.allocatable.find(resource);
    return it == node.status.allocatable.end() ? 0 : amount(resource, it->second);
  };
  if (static_cast<int64_t>(n.pods.size()) >= limit("pods")) return "Too many pods";
  for (const auto& [resource, wanted] : wants) {
    const auto it = n.used.find(resource);
    if (wanted > 0 && (it == n.used.end() ? 0 : it->second) + wanted > limit(resource))
      return "Insufficient " + resource;
  }
  for (const auto& [key, domain] : domains.forbidden) {
    if (!domain.empty() && label_of(node, key) == domain)
      return "node(s) didn't satisfy existing pods anti-affinity rules";
  }
  const auto& with = affinity_terms(pod.spec, false);
  for (size_t i = 0; i < with.size(); ++i) {
    // The first pod of a group that wants to be together may go anywhere.
    const bool first = domains.with[i].empty() && selects(with[i].label_selector, pod.metadata.labels);
    if (!first && !domains.with[i].contains(label_of(node, with[i].topology_key)))
      return "node(s) didn't match pod affinity rules";
  }
  const auto& against = affinity_terms(pod.spec, true);
  for (size_t i = 0; i < against.size(); ++i) {
    const auto domain = label_of(node, against[i].topology_key);
    if (!domain.empty() && domains.against[i].contains(domain)) return "node(s) didn't match pod anti-affinity rules";
  }
  size_t i = 0;
  for (const auto& c : pod.spec.topology_spread_constraints) {
    if (c.when_unsatisfiable != "DoNotSchedule") continue;
    const auto domain = label_of(node, c.topology_key);
    if (domain.empty()) return "node(s) didn't match pod topology spread constraints (missing required label)";
    const auto it = domains.spread[i].find(domain);
    const int here = it == domains.spread[i].end() ? 0 : it->second;
    const int self = selects(c.label_selector, pod.metadata.labels) ? 1 : 0;
    if (here + self - domains.fewest[i] > c.max_skew) return "node(s) didn't match pod topology spread constraints";
    ++i;
  }
  return "";
}

Choice SchedulerCluster::choose(const api::Pod& pod) const {
  Choice choice;
  const auto wants = pod_requests(pod.spec);
  const auto owner = owner_of(pod);
  const auto domains = domains_for(pod);
  // Smaller is better: (pods of the same owner, -preference, used share in 1/1000, pods).
  std::tuple<int, int64_t, int64_t, size_t> best;
  for (const auto& [name, n] : by_name_) {
    if (!n.node) continue;
    if (auto reason = first_obstacle(pod, wants, n, domains); !reason.empty()) {
      ++choice.rejected[std::move(reason)];
      continue;
    }
    int64_t share = 0;
    for (const char* resource : {"cpu", "memory"}) {
      const auto it = n.node->status.allocatable.find(resource);
      const int64_t limit = it == n.node->status.allocatable.end() ? 0 : amount(resource, it->second);
      const auto used = n.used.find(resource);
      if (limit > 0 && used != n.used.end())
        share += static_cast<int64_t>(1000.0 * static_cast<double>(used->second) / static_cast<double>(limit));
    }
    const auto same = n.owners.find(owner);
    const std::tuple<int, int64_t, int64_t, size_t> score{same == n.owners.end() ? 0 : same->second,
                                                          -preference(pod.spec, *n.node), share, n.pods.size()};
    if (choice.node.empty() || score < best) {
      choice.node = name;
      best = score;
    }
  }
  return choice;
}

}  // namespace fairlead::controllers
