// The status of a pod as the API shows it: a pure function of the pod, what is observed, and the status before (for
// transition times).
#pragma once

#include "agent/pod_config.h"
#include "agent/pod_state.h"
#include "api/kinds/pod.h"
#include "base/clock.h"

namespace fairlead::agent {

// `terminating`: the pod is being ended, nothing will be started again.
api::PodStatus pod_status(const api::Pod& pod, const PodState& state, const NodeFacts& node, bool terminating,
                          WallTime now);

}  // namespace fairlead::agent
