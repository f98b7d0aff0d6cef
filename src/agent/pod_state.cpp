#include "agent/pod_state.h"

#include <algorithm>

namespace fairlead::agent {
namespace {

bool newer(const CriContainer& a, const CriContainer& b) {
  return std::pair(a.attempt, a.created_at) > std::pair(b.attempt, b.created_at);
}

}  // namespace

const CriContainer* PodState::latest(std::string_view name, std::string_view sandbox_id) const {
  const CriContainer* best = nullptr;
  for (const CriContainer& c : containers) {
    if (c.name != name || (!sandbox_id.empty() && c.sandbox_id != sandbox_id)) continue;
    if (best == nullptr || newer(c, *best)) best = &c;
  }
  return best;
}

const CriContainer* PodState::before(const CriContainer& instance) const {
  const CriContainer* best = nullptr;
  for (const CriContainer& c : containers) {
    if (c.name != instance.name || !newer(instance, c)) continue;
    if (best == nullptr || newer(c, *best)) best = &c;
  }
  return best;
}

std::string restart_policy(const api::Pod& pod, const api::Container& container) {
  if (container.restart_policy && !container.restart_policy->empty()) return *container.restart_policy;
  return pod.spec.restart_policy.empty() ? "Always" : pod.spec.restart_policy;
}

bool is_sidecar(const api::Container& init_container) { return init_container.restart_policy == "Always"; }

bool restarts(const api::Pod& pod, const api::Container& container, int32_t exit_code) {
  const std::string policy = restart_policy(pod, container);
  return policy == "Always" || (policy == "OnFailure" && exit_code != 0);
}

std::chrono::seconds crash_delay(uint32_t attempt, uint32_t base) {
  constexpr std::chrono::seconds kFirst{10};
  constexpr std::chrono::seconds kLongest{300};
  if (attempt <= base) return std::chrono::seconds{0};
  const uint32_t doublings = std::min<uint32_t>(attempt - base - 1, 10);
  return std::min(kFirst * (1 << doublings), kLongest);
}

bool is_started(const api::Container& container, const CriContainer& instance, const PodState& state) {
  if (instance.state != ContainerState::kRunning) return false;
  if (!container.startup_probe) return true;
  const auto probes = state.probes.find(instance.id);
  return probes != state.probes.end() && probes->second.started;
}

bool is_ready(const api::Container& container, const CriContainer& instance, const PodState& state) {
  if (!is_started(container, instance, state)) return false;
  if (!container.readiness_probe) return true;
  const auto probes = state.probes.find(instance.id);
  return probes != state.probes.end() && probes->second.ready;
}

}  // namespace fairlead::agent
