// The status of a Deployment from its ReplicaSets (pkg/controller/deployment/progress.go). Pure.
#pragma once

#include <optional>
#include <vector>

#include "controllers/deployment/util.h"

namespace fairlead::controllers {

// Counts and the Available condition. `newest` may be null.
api::DeploymentStatus count_status(const api::Deployment& deployment, const std::vector<ReplicaSetPtr>& sets,
                                   const ReplicaSetPtr& newest, WallTime now);
// Adds Progressing and ReplicaFailure as a rollout has them.
void add_progress(api::DeploymentStatus& status, const api::Deployment& deployment,
                  const std::vector<ReplicaSetPtr>& sets, const ReplicaSetPtr& newest, WallTime now);
// Everything is updated, available and observed.
bool is_complete(const api::Deployment& deployment, const api::DeploymentStatus& status);
// Until progressDeadlineSeconds may have run out.
std::optional<std::chrono::microseconds> until_deadline(const api::Deployment& deployment,
                                                        const api::DeploymentStatus& status, WallTime now);

}  // namespace fairlead::controllers
