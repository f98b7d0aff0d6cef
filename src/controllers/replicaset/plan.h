// What a ReplicaSet and its pods call for: how many to create, which to delete, what to report. Pure.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "api/kinds/pod.h"
#include "api/kinds/replicaset.h"
#include "base/clock.h"

namespace fairlead::controllers {

using PodPtr = std::shared_ptr<const api::Pod>;

// More than this many pods at once are created or deleted in several rounds.
inline constexpr int kReplicaSetBurst = 500;

struct ReplicaSetPlan {
  int create = 0;
  std::vector<PodPtr> remove;
};

// `pods` are those it owns. `pods_on_node` counts the active pods of its siblings (ReplicaSets of the same Deployment)
// and its own by node: of two equal pods the one on the fuller node goes first.
ReplicaSetPlan plan_replicas(const api::ReplicaSet& set, const std::vector<PodPtr>& pods,
                             const std::unordered_map<std::string, int>& pods_on_node, WallTime now);

// The order in which pods are deleted, first to go first (pkg/controller, ActivePodsWithRanks): not assigned, pending,
// not ready, cheaper by controller.kubernetes.io/pod-deletion-cost, on a fuller node, ready for less time, restarted
// more, younger.
bool goes_first(const api::Pod& a, const api::Pod& b, const std::unordered_map<std::string, int>& pods_on_node,
                WallTime now);

// `failure` is what creating or deleting ended in; null: nothing failed.
struct ReplicaFailure {
  std::string reason;  // FailedCreate, FailedDelete
  std::string message;
};
api::ReplicaSetStatus compute_status(const api::ReplicaSet& set, const std::vector<PodPtr>& pods,
                                     const std::optional<ReplicaFailure>& failure, WallTime now);

// A pod of the set's template, without a name yet. `kind` is what the set really is.
api::Pod pod_from_template(const api::ReplicaSet& set, const api::KindInfo& kind = api::kind_of<api::ReplicaSet>());

// When the next of the ready pods becomes available by minReadySeconds.
std::optional<std::chrono::microseconds> next_available(const api::ReplicaSet& set, const std::vector<PodPtr>& pods,
                                                        WallTime now);

}  // namespace fairlead::controllers
