#include "agent/pod_plan.h"

#include <fmt/format.h>

#include "agent/pod_config.h"

namespace fairlead::agent {
namespace {

bool ended(const CriContainer& c) { return c.state == ContainerState::kExited || c.state == ContainerState::kUnknown; }

class Planner {
 public:
  Planner(const api::Pod& pod, const PodState& state, WallTime now) : pod_(pod), state_(state), now_(now) {}

  Plan plan() {
    if (has_ended(pod_, state_)) {
      stop_all();
      return std::move(plan_);
    }
    forget_old();
    if (!state_.sandbox_ready()) {
      renew_sandbox();
      return std::move(plan_);
    }
    sandbox_ = state_.sandbox()->id;
    if (!init_containers()) return std::move(plan_);
    for (const api::Container& c : pod_.spec.containers) {
      // The next is not started before this one's postStart has ended.
      if (!keep_running(c) || !hook_running(c)) continue;
      break;
    }
    return std::move(plan_);
  }

 private:
  template <class A>
  void add(A action) {
    plan_.actions.emplace_back(std::move(action));
  }
  void later(WallTime at) {
    if (!plan_.again_at || at < *plan_.again_at) plan_.again_at = at;
  }
  // Whether what failed under this name may be tried again now.
  bool may_try(const std::string& name) {
    const auto trouble = state_.troubles.find(name);
    if (trouble == state_.troubles.end() || trouble->second.retry_at <= now_) return true;
    later(trouble->second.retry_at);
    return false;
  }

  bool hook_running(const api::Container& c) const {
    const CriContainer* instance = state_.latest(c.name, sandbox_);
    const auto probes = instance == nullptr ? state_.probes.end() : state_.probes.find(instance->id);
    return probes != state_.probes.end() && probes->second.hook_running;
  }

  // Sidecars last, and in the opposite order of their start.
  void stop_all() {
    for (const CriContainer& c : state_.containers) {
      if (c.state == ContainerState::kRunning && !sidecar(c.name)) stop(c);
    }
    for (auto init = pod_.spec.init_containers.rbegin(); init != pod_.spec.init_containers.rend(); ++init) {
      for (const CriContainer& c : state_.containers) {
        if (c.state == ContainerState::kRunning && c.name == init->name && is_sidecar(*init)) stop(c);
      }
    }
    if (state_.sandbox_ready()) add(StopSandbox{state_.sandbox()->id});
  }

  bool sidecar(const std::string& name) const {
    return std::ranges::any_of(pod_.spec.init_containers,
                               [&](const api::Container& c) { return c.name == name && is_sidecar(c); });
  }
  void stop(const CriContainer& c) { add(StopContainer{c.id, c.name, "Stopping container " + c.name, {}}); }
  // As the kubelet says it; `what` is after the container's name.
  void kill(const CriContainer& c, std::string_view what) {
    const char* then = pod_.spec.restart_policy == "Never" ? "" : ", will be restarted";
    add(StopContainer{c.id, c.name, fmt::format("Container {} {}{}", c.name, what, then), {}});
  }

  void renew_sandbox() {
    if (!may_try("")) return;
    uint32_t attempt = 0;
    for (const Sandbox& s : state_.sandboxes) attempt = std::max(attempt, s.attempt + 1);
    // Also ends what still runs in a sandbox that is half gone, and gives its addresses back.
    if (const Sandbox* dead = state_.sandbox()) add(StopSandbox{dead->id});
    add(RunSandbox{attempt});
  }

  // Keeps one dead sandbox and, of each container, one dead instance, whose states are shown as lastState.
  void forget_old() {
    for (size_t i = 2; i < state_.sandboxes.size(); ++i) add(RemoveSandbox{state_.sandboxes[i].id});
    std::map<std::string, int> dead;
    for (const CriContainer& c : state_.containers) {
      if (ended(c) && ++dead[c.name] > 2) add(RemoveContainer{c.id});
    }
  }

  void start(const api::Container& c, uint32_t attempt) {
    if (may_try(c.name)) add(StartContainer{c.name, attempt});
  }

  void restart(const api::Container& c, const CriContainer& last) {
    const auto base = state_.backoff_base.find(c.name);
    const uint32_t from = base == state_.backoff_base.end() ? 0 : base->second;
    const WallTime at = last.finished_at + crash_delay(last.attempt, from);
    if (at > now_) return later(at);
    start(c, last.attempt + 1);
  }

  // True when the instance runs as it should.
  bool keep_running(const api::Container& c) {
    const CriContainer* instance = state_.latest(c.name, sandbox_);
    if (instance == nullptr) {
      const CriContainer* former = state_.latest(c.name);
      if (former == nullptr) {
        start(c, 0);
      } else if (restarts(pod_, c, former->exit_code)) {
        start(c, former->attempt + 1);
      }
      return false;
    }
    switch (instance->state) {
      case ContainerState::kCreated:
        if (may_try(c.name)) add(StartCreated{instance->id, c.name});
        return false;
      case ContainerState::kRunning: {
        const auto hash = instance->annotations.find(kHashAnnotation);
        if (hash != instance->annotations.end() && hash->second != container_hash(c)) {
          kill(*instance, "definition changed");
          return false;
        }
        const auto probes = state_.probes.find(instance->id);
        if (probes != state_.probes.end() && probes->second.doomed) {
          const Doom& doom = *probes->second.doomed;
          add(StopContainer{instance->id, c.name, doom.message, doom.grace});
          return false;
        }
        return true;
      }
      case ContainerState::kUnknown:
        kill(*instance, "is in unknown state");
        return false;
      case ContainerState::kExited:
        if (restarts(pod_, c, instance->exit_code)) restart(c, *instance);
        return false;
    }
    return false;
  }

  // One after the other; true when the others may start.
  bool init_containers() {
    const bool past = std::ranges::any_of(
        pod_.spec.containers, [this](const api::Container& c) { return state_.latest(c.name, sandbox_) != nullptr; });
    for (const api::Container& c : pod_.spec.init_containers) {
      if (is_sidecar(c)) {
        const bool runs = keep_running(c);
        const CriContainer* instance = state_.latest(c.name, sandbox_);
        if (!past && (!runs || !is_started(c, *instance, state_))) return false;
        continue;
      }
      if (past) continue;
      const CriContainer* instance = state_.latest(c.name, sandbox_);
      if (instance == nullptr) {
        const CriContainer* former = state_.latest(c.name);
        start(c, former == nullptr ? 0 : former->attempt + 1);
        return false;
      }
      if (instance->state == ContainerState::kExited && instance->exit_code == 0) continue;
      if (instance->state == ContainerState::kExited) {
        if (restarts(pod_, c, instance->exit_code)) restart(c, *instance);
      } else {
        keep_running(c);
      }
      return false;
    }
    return true;
  }

  const api::Pod& pod_;
  const PodState& state_;
  const WallTime now_;
  std::string sandbox_;
  Plan plan_;
};

}  // namespace

bool has_ended(const api::Pod& pod, const PodState& state) {
  if (state.verdict || pod.status.phase == "Failed" || pod.status.phase == "Succeeded") return true;
  for (const api::Container& c : pod.spec.init_containers) {
    const CriContainer* last = state.latest(c.name);
    if (!is_sidecar(c) && last != nullptr && ended(*last) && last->exit_code != 0 && !restarts(pod, c, last->exit_code))
      return true;
  }
  return !pod.spec.containers.empty() && std::ranges::all_of(pod.spec.containers, [&](const api::Container& c) {
    const CriContainer* last = state.latest(c.name);
    return last != nullptr && ended(*last) && !restarts(pod, c, last->exit_code);
  });
}

Plan plan_pod(const api::Pod& pod, const PodState& state, WallTime now) { return Planner(pod, state, now).plan(); }

}  // namespace fairlead::agent
