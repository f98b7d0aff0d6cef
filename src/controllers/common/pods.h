// What several controllers ask about a pod. Meaning as in k8s.io/kubernetes/pkg/api/v1/pod and pkg/controller.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "api/kinds/pod.h"
#include "base/clock.h"

namespace fairlead::controllers {

// Succeeded or Failed: no container runs or will run again.
bool is_terminal(const api::Pod& pod);
// Neither terminal nor being deleted.
bool is_active(const api::Pod& pod);
bool is_terminating(const api::Pod& pod);
bool is_ready(const api::Pod& pod);
// Since when it has been ready; nothing when it is not.
std::optional<WallTime> ready_since(const api::Pod& pod);
// Ready for at least `min_ready`.
bool is_available(const api::Pod& pod, std::chrono::seconds min_ready, WallTime now);
const api::PodCondition* find_condition(const api::Pod& pod, std::string_view type);
// Adds or replaces a condition; the transition time moves only when the status does. True when something changed.
bool set_condition(api::Pod& pod, api::PodCondition condition, WallTime now);

}  // namespace fairlead::controllers
