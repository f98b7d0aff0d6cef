// What a Deployment and its ReplicaSets call for next. Pure: one step of a rollout; the changes it causes lead to the
// next.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controllers/deployment/util.h"

namespace fairlead::controllers {

struct PlannedEvent {
  std::string reason;
  std::string message;
};

struct DeploymentPlan {
  std::optional<api::ReplicaSet> create;
  std::vector<api::ReplicaSet> update;                   // sizes or annotations that change
  std::vector<ReplicaSetPtr> remove;                     // beyond revisionHistoryLimit
  std::optional<int64_t> revision;                       // for the Deployment's annotation, when it changes
  std::vector<PlannedEvent> events;                      // for when the updates have succeeded
  api::DeploymentStatus status;                          // as the ReplicaSets are before this plan
  std::optional<std::chrono::microseconds> check_again;  // when progressDeadlineSeconds may have run out
};

// `sets` are those that the Deployment controls; `old_pods_exist` tells whether pods of other sets than the new one are
// there and not terminal (only Recreate asks).
DeploymentPlan plan_deployment(const api::Deployment& deployment, const std::vector<ReplicaSetPtr>& sets,
                               bool old_pods_exist, WallTime now);

}  // namespace fairlead::controllers
