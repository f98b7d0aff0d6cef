#include "controllers/replicaset/plan.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "api/selector.h"
#include "base/text.h"
#include "controllers/common/owners.h"
#include "controllers/common/pods.h"

namespace fairlead::controllers {

namespace {

int phase_rank(const api::Pod& pod) {
  if (pod.status.phase == "Running") return 2;
  return pod.status.phase == "Unknown" ? 1 : 0;
}

int64_t deletion_cost(const api::Pod& pod) {
  const auto it = pod.metadata.annotations.find("controller.kubernetes.io/pod-deletion-cost");
  return it == pod.metadata.annotations.end() ? 0 : parse_int(it->second).value_or(0);
}

int restarts(const api::Pod& pod) {
  int most = 0;
  for (const auto& c : pod.status.container_statuses) most = std::max(most, c.restart_count);
  return most;
}

// Ages are compared by their order of magnitude (LogarithmicScaleDown), so that the youngest do not always go.
int log_age(WallTime since, WallTime now) {
  const auto age = std::chrono::duration_cast<std::chrono::nanoseconds>(now - since).count();
  return age <= 0 ? -1 : std::bit_width(static_cast<uint64_t>(age)) - 1;
}

int pods_on(const std::unordered_map<std::string, int>& pods_on_node, const std::string& node) {
  const auto it = pods_on_node.find(node);
  return it == pods_on_node.end() ? 0 : it->second;
}

constexpr WallTime kNever = WallTime::max();

}  // namespace

bool goes_first(const api::Pod& a, const api::Pod& b, const std::unordered_map<std::string, int>& pods_on_node,
                WallTime now) {
  if (a.spec.node_name.empty() != b.spec.node_name.empty()) return a.spec.node_name.empty();
  if (phase_rank(a) != phase_rank(b)) return phase_rank(a) < phase_rank(b);
  const bool ready = is_ready(a);
  if (ready != is_ready(b)) return !ready;
  if (deletion_cost(a) != deletion_cost(b)) return deletion_cost(a) < deletion_cost(b);
  const int on_a = pods_on(pods_on_node, a.spec.node_name);
  const int on_b = pods_on(pods_on_node, b.spec.node_name);
  if (on_a != on_b) return on_a > on_b;
  if (ready) {
    const WallTime since_a = ready_since(a).value_or(kNever);
    const WallTime since_b = ready_since(b).value_or(kNever);
    if (since_a != since_b) {
      const int age_a = log_age(since_a, now);
      const int age_b = log_age(since_b, now);
      return age_a != age_b ? age_a < age_b : a.metadata.uid < b.metadata.uid;
    }
  }
  if (restarts(a) != restarts(b)) return restarts(a) > restarts(b);
  const WallTime made_a = a.metadata.creation_timestamp.at.value_or(kNever);
  const WallTime made_b = b.metadata.creation_timestamp.at.value_or(kNever);
  if (made_a != made_b) {
    const int age_a = log_age(made_a, now);
    const int age_b = log_age(made_b, now);
    if (age_a != age_b) return age_a < age_b;
  }
  return a.metadata.uid < b.metadata.uid;
}

ReplicaSetPlan plan_replicas(const api::ReplicaSet& set, const std::vector<PodPtr>& pods,
                             const std::unordered_map<std::string, int>& pods_on_node, WallTime now) {
  ReplicaSetPlan plan;
  std::vector<PodPtr> active;
  std::ranges::copy_if(pods, std::back_inserter(active), [](const PodPtr& p) { return is_active(*p); });
  const int wanted = set.spec.replicas.value_or(1);
  const int surplus = static_cast<int>(active.size()) - wanted;
  if (surplus < 0) {
    plan.create = std::min(-surplus, kReplicaSetBurst);
  } else if (surplus > 0) {
    std::ranges::stable_sort(active,
                             [&](const PodPtr& a, const PodPtr& b) { return goes_first(*a, *b, pods_on_node, now); });
    plan.remove.assign(active.begin(), active.begin() + std::min(surplus, kReplicaSetBurst));
  }
  return plan;
}

api::ReplicaSetStatus compute_status(const api::ReplicaSet& set, const std::vector<PodPtr>& pods,
                                     const std::optional<ReplicaFailure>& failure, WallTime now) {
  api::ReplicaSetStatus status;
  status.conditions = set.status.conditions;
  status.observed_generation = set.metadata.generation;
  const auto template_labels = api::Selector::from(set.spec.template_.metadata.labels);
  const std::chrono::seconds min_ready(set.spec.min_ready_seconds);
  int terminating = 0;
  for (const auto& pod : pods) {
    if (is_terminating(*pod) && !is_terminal(*pod)) ++terminating;
    if (!is_active(*pod)) continue;
    ++status.replicas;
    if (template_labels.matches(pod->metadata.labels)) ++status.fully_labeled_replicas;
    if (is_ready(*pod)) ++status.ready_replicas;
    if (is_available(*pod, min_ready, now)) ++status.available_replicas;
  }
  status.terminating_replicas = terminating;
  const auto known = std::ranges::find(status.conditions, "ReplicaFailure", &api::ReplicaSetCondition::type);
  if (failure && known == status.conditions.end()) {
    api::ReplicaSetCondition condition;
    condition.type = "ReplicaFailure";
    condition.status = "True";
    condition.reason = failure->reason;
    condition.message = failure->message;
    condition.last_transition_time.at = now;
    status.conditions.push_back(std::move(condition));
  } else if (!failure && known != status.conditions.end()) {
    status.conditions.erase(known);
  }
  return status;
}

api::Pod pod_from_template(const api::ReplicaSet& set, const api::KindInfo& kind) {
  const auto& source = set.spec.template_;
  api::Pod pod;
  pod.metadata.generate_name = set.metadata.name + "-";
  pod.metadata.namespace_ = set.metadata.namespace_;
  pod.metadata.labels = source.metadata.labels;
  pod.metadata.annotations = source.metadata.annotations;
  pod.metadata.finalizers = source.metadata.finalizers;
  pod.metadata.owner_references.push_back(controller_reference(kind, set.metadata));
  pod.spec = source.spec;
  return pod;
}

std::optional<std::chrono::microseconds> next_available(const api::ReplicaSet& set, const std::vector<PodPtr>& pods,
                                                        WallTime now) {
  std::optional<std::chrono::microseconds> soonest;
  const std::chrono::seconds min_ready(set.spec.min_ready_seconds);
  for (const auto& pod : pods) {
    const auto since = ready_since(*pod);
    if (!is_active(*pod) || !since || is_available(*pod, min_ready, now)) continue;
    const auto wait = *since + min_ready - now;
    if (!soonest || wait < *soonest) soonest = wait;
  }
  return soonest;
}

}  // namespace fairlead::controllers
