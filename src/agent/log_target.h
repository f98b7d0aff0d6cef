// Which instance of a container a client means when it asks for its log. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/cri.h"
#include "api/kinds/pod.h"
#include "base/result.h"

namespace fairlead::agent {

// The container's id, from what the runtime has of it (newest first). Without one, kBadRequest says in the kubelet's
// words what the container waits for.
Result<std::string> choose_log_instance(const api::Pod& pod, std::string_view container,
                                        const std::vector<CriContainer>& instances, bool previous);

}  // namespace fairlead::agent
