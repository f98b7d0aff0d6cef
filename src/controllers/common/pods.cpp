#include "controllers/common/pods.h"

#include <algorithm>

namespace fairlead::controllers {

bool is_terminal(const api::Pod& pod) { return pod.status.phase == "Succeeded" || pod.status.phase == "Failed"; }
bool is_terminating(const api::Pod& pod) { return pod.metadata.deletion_timestamp.at.has_value(); }
bool is_active(const api::Pod& pod) { return !is_terminal(pod) && !is_terminating(pod); }

const api::PodCondition* find_condition(const api::Pod& pod, std::string_view type) {
  for (const auto& c : pod.status.conditions) {
    if (c.type == type) return &c;
  }
  return nullptr;
}

bool is_ready(const api::Pod& pod) {
  const auto* ready = find_condition(pod, "Ready");
  return ready && ready->status == "True";
}

std::optional<WallTime> ready_since(const api::Pod& pod) {
  const auto* ready = find_condition(pod, "Ready");
  if (!ready || ready->status != "True") return std::nullopt;
  return ready->last_transition_time.at;
}

bool is_available(const api::Pod& pod, std::chrono::seconds min_ready, WallTime now) {
  if (!is_ready(pod)) return false;
  if (min_ready.count() == 0) return true;
  const auto since = ready_since(pod);
  return since && *since + min_ready <= now;
}

bool set_condition(api::Pod& pod, api::PodCondition condition, WallTime now) {
  auto& all = pod.status.conditions;
  const auto it = std::ranges::find(all, condition.type, &api::PodCondition::type);
  if (it == all.end()) {
    condition.last_transition_time.at = now;
    all.push_back(std::move(condition));
    return true;
  }
  condition.last_transition_time = it->last_transition_time;
  if (it->status != condition.status) condition.last_transition_time.at = now;
  condition.last_probe_time = it->last_probe_time;
  condition.observed_generation = it->observed_generation;
  if (*it == condition) return false;
  *it = std::move(condition);
  return true;
}

}  // namespace fairlead::controllers
