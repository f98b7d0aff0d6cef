#include "controllers/deployment/status.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace fairlead::controllers {

namespace {

bool has_deadline(const api::Deployment& d) {
  return d.spec.progress_deadline_seconds && *d.spec.progress_deadline_seconds != std::numeric_limits<int32_t>::max();
}

bool made_progress(const api::DeploymentStatus& old, const api::DeploymentStatus& now) {
  return now.updated_replicas > old.updated_replicas ||
         now.replicas - now.updated_replicas < old.replicas - old.updated_replicas ||
         now.ready_replicas > old.ready_replicas || now.available_replicas > old.available_replicas;
}

std::chrono::seconds deadline(const api::Deployment& d) {
  return std::chrono::seconds(d.spec.progress_deadline_seconds.value_or(600));
}

bool timed_out(const api::Deployment& d, const api::DeploymentStatus& status, WallTime now) {
  const auto* progressing = find_condition(status, "Progressing");
  if (!progressing || progressing->reason == "NewReplicaSetAvailable") return false;
  if (progressing->reason == "ProgressDeadlineExceeded") return true;
  return progressing->last_update_time.at && *progressing->last_update_time.at + deadline(d) < now;
}

}  // namespace

api::DeploymentStatus count_status(const api::Deployment& d, const std::vector<ReplicaSetPtr>& sets,
                                   const ReplicaSetPtr& newest, WallTime now) {
  api::DeploymentStatus status;
  status.observed_generation = d.metadata.generation;
  status.collision_count = d.status.collision_count;
  status.conditions = d.status.conditions;
  int wanted = 0;
  int terminating = 0;
  for (const auto& set : sets) {
    wanted += replicas_of(*set);
    status.replicas += set->status.replicas;
    status.ready_replicas += set->status.ready_replicas;
    status.available_replicas += set->status.available_replicas;
    terminating += set->status.terminating_replicas.value_or(0);
  }
  status.terminating_replicas = terminating;
  if (newest) status.updated_replicas = newest->status.replicas;
  status.unavailable_replicas = std::max(0, wanted - status.available_replicas);
  if (status.available_replicas >= replicas_of(d) - max_unavailable(d)) {
    set_condition(status, "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now);
  } else {
    set_condition(status, "Available", "False", "MinimumReplicasUnavailable",
                  "Deployment does not have minimum availability.", now);
  }
  return status;
}

bool is_complete(const api::Deployment& d, const api::DeploymentStatus& status) {
  const int wanted = replicas_of(d);
  return status.updated_replicas == wanted && status.replicas == wanted && status.available_replicas == wanted &&
         status.observed_generation >= d.metadata.generation;
}

void add_progress(api::DeploymentStatus& status, const api::Deployment& d, const std::vector<ReplicaSetPtr>& sets,
                  const ReplicaSetPtr& newest, WallTime now) {
  if (!has_deadline(d)) remove_condition(status, "Progressing");
  const auto* current = find_condition(d.status, "Progressing");
  const bool was_complete =
      status.replicas == status.updated_replicas && current != nullptr && current->reason == "NewReplicaSetAvailable";
  const std::string who =
      newest ? "ReplicaSet " + quote(newest->metadata.name) : "Deployment " + quote(d.metadata.name);
  if (has_deadline(d) && !was_complete) {
    if (is_complete(d, status)) {
      set_condition(status, "Progressing", "True", "NewReplicaSetAvailable", who + " has successfully progressed.",
                    now);
    } else if (made_progress(d.status, status)) {
      // Written anew each time, since its update time is what the deadline counts from.
      api::Time since;
      if (current && current->status == "True") since = current->last_transition_time;
      remove_condition(status, "Progressing");
      set_condition(status, "Progressing", "True", "ReplicaSetUpdated", who + " is progressing.", now);
      if (since) status.conditions.back().last_transition_time = since;
    } else if (timed_out(d, status, now)) {
      set_condition(status, "Progressing", "False", "ProgressDeadlineExceeded", who + " has timed out progressing.",
                    now);
    }
  }
  const api::ReplicaSetCondition* failure = nullptr;
  const auto look = [&](const ReplicaSetPtr& set) {
    for (const auto& c : set->status.conditions) {
      if (c.type == "ReplicaFailure" && !failure) failure = &c;
    }
  };
  if (newest) look(newest);
  for (const auto& set : sets) look(set);
  if (failure) {
    set_condition(status, "ReplicaFailure", failure->status, failure->reason, failure->message, now);
  } else {
    remove_condition(status, "ReplicaFailure");
  }
}

std::optional<std::chrono::microseconds> until_deadline(const api::Deployment& d, const api::DeploymentStatus& status,
                                                        WallTime now) {
  const auto* progressing = find_condition(status, "Progressing");
  if (!has_deadline(d) || !progressing || !progressing->last_update_time.at || is_complete(d, status)) {
    return std::nullopt;
  }
  if (progressing->reason == "NewReplicaSetAvailable" || progressing->reason == "ProgressDeadlineExceeded") {
    return std::nullopt;
  }
  const auto left = *progressing->last_update_time.at + deadline(d) - now;
  return std::max(std::chrono::microseconds(left), std::chrono::microseconds(0)) + std::chrono::seconds(1);
}

}  // namespace fairlead::controllers
