// What the agent of a node may do: read what every node needs, write what is its own, and read those Secrets and
// ConfigMaps, and ask for those tokens, that pods bound to it refer to (plugin/pkg/auth/authorizer/node).
#pragma once

#include <string>
#include <string_view>

#include "api/kinds/pod.h"
#include "apiserver/registry.h"
#include "apiserver/request_info.h"

namespace fairlead::apiserver {

bool node_may(std::string_view node, const RequestInfo& what, Registry& registry);

// Whether the pod's spec refers to the ConfigMap or Secret of this name.
bool refers_to_config_map(const api::PodSpec& spec, std::string_view name);
bool refers_to_secret(const api::PodSpec& spec, std::string_view name);

}  // namespace fairlead::apiserver
