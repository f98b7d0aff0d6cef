// What this node agent refuses to run, and what it does not have. Pure.
#pragma once

#include <optional>

#include "agent/pod_state.h"
#include "api/kinds/pod.h"
#include "base/result.h"

namespace fairlead::agent {

// Why the pod fails here for good, as the kubelet says it: a sysctl that is not of the safe ones, another system's pod.
std::optional<Verdict> refusal(const api::Pod& pod);

// kInvalid names what the pod asks for that this agent does not have. The pod waits and says so.
Result<> check_supported(const api::Pod& pod);
Result<> check_host_name(const std::string& name);
Result<> check_supported(const api::Pod& pod, const api::Container& container);

}  // namespace fairlead::agent
