#include "agent/pod_state.h"

#include <algorithm>

#include "agent/pod_plan.h"

namespace fairlead::agent {
namespace {

bool newer(const CriContainer& a, const CriContainer& b) {
  return std::pair(a.attempt, a.created_at) > std::pair(b.attempt, b.created_at);
}

bool matches(const api::ContainerRestartRule& rule, int32_t exit_code) {
  if (!rule.exit_codes) return false;
  const bool listed = std::ranges::find(rule.exit_codes->values, exit_code) != rule.exit_codes->values.end();
  return rule.exit_codes->operator_ == "NotIn" ? !listed : rule.exit_codes->operator_ == "In" && listed;
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

bool is_sidecar(const api::Container& init_container) { return init_container.restart_policy == "Always"; }

bool restarts(const api::Pod& pod, const api::Container& container, int32_t exit_code) {
  std::string policy = pod.spec.restart_policy.empty() ? "Always" : pod.spec.restart_policy;
  if (container.restart_policy && !container.restart_policy->empty()) {
    const bool rule = std::ranges::any_of(
        container.restart_policy_rules,
        [exit_code](const api::ContainerRestartRule& r) { return r.action == "Restart" && matches(r, exit_code); });
    if (rule) return true;
    policy = *container.restart_policy;
  }
  return policy == "Always" || (policy == "OnFailure" && exit_code != 0);
}

std::chrono::seconds crash_delay(uint32_t attempt, uint32_t base) {
  constexpr std::chrono::seconds kFirst{10};
  constexpr std::chrono::seconds kLongest{300};
  if (attempt <= base) return std::chrono::seconds{0};
  const uint32_t doublings = std::min<uint32_t>(attempt - base - 1, 10);
  return std::min(kFirst * (1 << doublings), kLongest);
}

bool ran_long(const CriContainer& instance) {
  return instance.state == ContainerState::kExited && instance.started_at != WallTime{} &&
         instance.finished_at - instance.started_at >= kBackoffReset;
}

bool backs_off(const api::Pod& pod, const api::Container& container, const CriContainer& last, const PodState& state,
               WallTime now) {
  if (last.state != ContainerState::kExited || has_ended(pod, state)) return false;
  const bool init = std::ranges::any_of(
      pod.spec.init_containers, [&](const api::Container& c) { return c.name == container.name && !is_sidecar(c); });
  if ((init && last.exit_code == 0) || !restarts(pod, container, last.exit_code)) return false;
  const auto base = state.backoff_base.find(container.name);
  return last.finished_at + crash_delay(last.attempt, base == state.backoff_base.end() ? 0 : base->second) > now;
}

bool is_started(const api::Container& container, const CriContainer& instance, const PodState& state) {
  if (instance.state != ContainerState::kRunning) return false;
  const auto probes = state.probes.find(instance.id);
  const bool known = probes != state.probes.end();
  if (known && probes->second.hook_running) return false;
  return !container.startup_probe || (known && probes->second.started);
}

bool is_ready(const api::Container& container, const CriContainer& instance, const PodState& state) {
  if (!is_started(container, instance, state)) return false;
  if (!container.readiness_probe) return true;
  const auto probes = state.probes.find(instance.id);
  return probes != state.probes.end() && probes->second.ready;
}

}  // namespace fairlead::agent
