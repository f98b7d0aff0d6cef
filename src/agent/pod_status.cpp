#include "agent/pod_status.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/pod_plan.h"
#include "base/text.h"

namespace fairlead::agent {
namespace {

constexpr const char* kIdPrefix = "containerd://";

// metav1.Time has whole seconds; kept so here too, so that what comes back from the API compares equal.
api::Time api_time(WallTime at) {
  if (at.time_since_epoch().count() == 0) return {};
  return {std::chrono::floor<std::chrono::seconds>(at)};
}

bool has_ended_instance(const CriContainer& c) {
  return c.state == ContainerState::kExited || c.state == ContainerState::kUnknown;
}

api::ContainerStateTerminated terminated(const CriContainer& c) {
  api::ContainerStateTerminated out;
  out.exit_code = c.state == ContainerState::kUnknown ? 137 : c.exit_code;
  out.reason = !c.reason.empty()                     ? c.reason
               : c.state == ContainerState::kUnknown ? "ContainerStatusUnknown"
               : out.exit_code == 0                  ? "Completed"
                                                     : "Error";
  out.message = c.message;
  out.started_at = api_time(c.started_at);
  out.finished_at = api_time(c.finished_at);
  out.container_id = kIdPrefix + c.id;
  return out;
}

api::ContainerStateWaiting waiting(std::string reason, std::string message = "") {
  api::ContainerStateWaiting out;
  out.reason = std::move(reason);
  out.message = std::move(message);
  return out;
}

class StatusBuilder {
 public:
  StatusBuilder(const api::Pod& pod, const PodState& state, const NodeFacts& node, bool terminating, WallTime now)
      : pod_(pod), state_(state), node_(node), terminating_(terminating), now_(now) {}

  api::PodStatus build() {
    api::PodStatus out = pod_.status;
    out.observed_generation = pod_.metadata.generation;
    out.host_ip = node_.ip;
    out.host_ips = {{node_.ip}};
    std::vector<std::string> ips = state_.ips;
    if (pod_.spec.host_network && !state_.sandboxes.empty()) ips = {node_.ip};
    // While the pod ends its address stays on show; the runtime gives it back in the end.
    if (!ips.empty()) {
      out.pod_ip = ips.front();
      out.pod_ips.clear();
      for (const std::string& ip : ips) out.pod_ips.push_back({ip});
    } else if (!terminating_ && !has_ended(pod_, state_)) {
      out.pod_ip.clear();
      out.pod_ips.clear();
    }
    if (!out.start_time) out.start_time = api_time(now_);
    if (out.qos_class.empty()) out.qos_class = qos_class(pod_);
    initialized_ = init_done();
    out.init_container_statuses.clear();
    for (const api::Container& c : pod_.spec.init_containers) out.init_container_statuses.push_back(status_of(c, true));
    out.container_statuses.clear();
    for (const api::Container& c : pod_.spec.containers) out.container_statuses.push_back(status_of(c, false));
    out.phase = phase(out);
    if (state_.verdict) {
      out.reason = state_.verdict->reason;
      out.message = state_.verdict->message;
    }
    conditions(out);
    return out;
  }

 private:
  bool init_done() const {
    if (std::ranges::any_of(pod_.spec.containers,
                            [this](const api::Container& c) { return state_.latest(c.name) != nullptr; })) {
      return true;
    }
    return std::ranges::all_of(pod_.spec.init_containers, [this](const api::Container& c) {
      const CriContainer* last = state_.latest(c.name);
      if (last == nullptr) return false;
      return is_sidecar(c) ? is_started(c, *last, state_)
                           : last->state == ContainerState::kExited && last->exit_code == 0;
    });
  }

  api::ContainerStatus status_of(const api::Container& c, bool init) const {
    api::ContainerStatus out;
    out.name = c.name;
    out.image = c.image;
    const CriContainer* last = state_.latest(c.name);
    if (last == nullptr) {
      out.state.waiting = waiting_before_first(c, init);
      out.started = false;
      return out;
    }
    out.restart_count = static_cast<int32_t>(last->attempt);
    out.container_id = kIdPrefix + last->id;
    out.image_id = last->image_ref;
    if (!last->image.empty() && !last->image.starts_with("sha256:")) out.image = last->image;
    if (const CriContainer* former = state_.before(*last); former != nullptr && has_ended_instance(*former)) {
      out.last_state.terminated = terminated(*former);
    }
    if (has_ended_instance(*last)) {
      out.ready = init && !is_sidecar(c) && last->exit_code == 0;
      out.started = false;
      set_ended_state(c, init, *last, out);
      return out;
    }
    const auto probes = state_.probes.find(last->id);
    if (last->state == ContainerState::kCreated || (probes != state_.probes.end() && probes->second.hook_running)) {
      out.state.waiting = waiting_before_first(c, init);
      out.started = false;
      return out;
    }
    api::ContainerStateRunning running;
    running.started_at = api_time(last->started_at);
    out.state.running = running;
    out.started = is_started(c, *last, state_);
    out.ready = init && !is_sidecar(c) ? false : is_ready(c, *last, state_);
    return out;
  }

  api::ContainerStateWaiting waiting_before_first(const api::Container& c, bool init) const {
    for (const std::string& name : {c.name, std::string()}) {
      const auto trouble = state_.troubles.find(name);
      // What holds up the sandbox holds up every container; the reason stays the ordinary one.
      if (trouble != state_.troubles.end()) {
        return waiting(name.empty() ? (pod_.spec.init_containers.empty() ? "ContainerCreating" : "PodInitializing")
                                    : trouble->second.reason,
                       trouble->second.message);
      }
    }
    return waiting(!init && !initialized_                       ? "PodInitializing"
                   : init && !pod_.spec.init_containers.empty() ? "PodInitializing"
                                                                : "ContainerCreating");
  }

  void set_ended_state(const api::Container& c, bool init, const CriContainer& last, api::ContainerStatus& out) const {
    const auto ended = terminated(last);
    const bool done = init && !is_sidecar(c) && last.exit_code == 0;
    if (terminating_ || done || !restarts(pod_, c, last.exit_code)) {
      out.state.terminated = ended;
      return;
    }
    const auto trouble = state_.troubles.find(c.name);
    const bool shown = trouble != state_.troubles.end() &&
                       (trouble->second.reason != "RunContainerError" || trouble->second.retry_at > now_);
    if (shown) {
      out.state.waiting = waiting(trouble->second.reason, trouble->second.message);
      out.last_state.terminated = ended;
      return;
    }
    if (backs_off(pod_, c, last, state_, now_)) {
      const auto base = state_.backoff_base.find(c.name);
      const auto delay = crash_delay(last.attempt, base == state_.backoff_base.end() ? 0 : base->second);
      std::string text = delay.count() >= 60 ? fmt::format("{}m{}s", delay.count() / 60, delay.count() % 60)
                                             : fmt::format("{}s", delay.count());
      out.state.waiting = waiting("CrashLoopBackOff",
                                  fmt::format("back-off {} restarting failed container={} pod={}_{}({})", text, c.name,
                                              pod_.metadata.name, pod_.metadata.namespace_, pod_.metadata.uid));
      out.last_state.terminated = ended;
      return;
    }
    out.state.terminated = ended;
  }

  // The rules of the kubelet's getPhase.
  std::string phase(const api::PodStatus& out) const {
    if (out.phase == "Failed" || out.phase == "Succeeded") return out.phase;
    if (state_.verdict) return "Failed";
    for (size_t i = 0; i < pod_.spec.init_containers.size(); ++i) {
      const api::ContainerStatus& s = out.init_container_statuses[i];
      if (!is_sidecar(pod_.spec.init_containers[i]) && s.state.terminated && s.state.terminated->exit_code != 0 &&
          !restarts(pod_, pod_.spec.init_containers[i], s.state.terminated->exit_code))
        return "Failed";
    }
    if (!initialized_) return "Pending";
    size_t running = 0;
    size_t unborn = 0;
    size_t stopped = 0;
    size_t succeeded = 0;
    for (const api::ContainerStatus& s : out.container_statuses) {
      if (s.state.running) {
        ++running;
      } else if (s.state.terminated) {
        ++stopped;
        if (s.state.terminated->exit_code == 0) ++succeeded;
      } else if (s.last_state.terminated) {
        ++stopped;
      } else {
        ++unborn;
      }
    }
    if (unborn > 0) return "Pending";
    if (running > 0) return "Running";
    if (terminating_ || has_ended(pod_, state_)) return succeeded == stopped ? "Succeeded" : "Failed";
    return "Running";
  }

  static std::string names(const std::vector<std::string>& of) { return "[" + join(of, " ") + "]"; }

  void conditions(api::PodStatus& out) {
    const bool ended = out.phase == "Succeeded" || out.phase == "Failed";
    const bool network =
        pod_.spec.host_network ? state_.sandbox_ready() : state_.sandbox_ready() && !state_.ips.empty();
    set(out, "PodReadyToStartContainers", network, "", "");
    if (state_.verdict && state_.verdict->reason == "Evicted")
      set(out, "DisruptionTarget", true, "TerminationByKubelet", state_.verdict->message);

    std::vector<std::string> incomplete;
    for (size_t i = 0; i < out.init_container_statuses.size(); ++i) {
      const api::ContainerStatus& s = out.init_container_statuses[i];
      const bool done = is_sidecar(pod_.spec.init_containers[i]) ? s.started.value_or(false) : s.ready;
      if (!done) incomplete.push_back(s.name);
    }
    if (out.phase == "Succeeded") {
      set(out, "Initialized", true, "PodCompleted", "");
    } else if (initialized_ || incomplete.empty()) {
      set(out, "Initialized", true, "", "");
    } else {
      set(out, "Initialized", false, "ContainersNotInitialized",
          "containers with incomplete status: " + names(incomplete));
    }

    std::vector<std::string> unready;
    for (const api::ContainerStatus& s : out.container_statuses) {
      if (!s.ready) unready.push_back(s.name);
    }
    const bool containers = unready.empty() && !ended;
    std::string reason;
    std::string message;
    if (out.phase == "Succeeded") {
      reason = "PodCompleted";
    } else if (out.phase == "Failed") {
      reason = "PodFailed";
    } else if (!containers) {
      reason = "ContainersNotReady";
      message = "containers with unready status: " + names(unready);
    }
    bool gates = true;
    std::string gate_message;
    for (const api::PodReadinessGate& gate : pod_.spec.readiness_gates) {
      const bool open = std::ranges::any_of(out.conditions, [&](const api::PodCondition& c) {
        return c.type == gate.condition_type && c.status == "True";
      });
      if (!open)
        gate_message = fmt::format("corresponding condition of pod readiness gate {} does not exist or is not True",
                                   quote(gate.condition_type));
      gates = gates && open;
    }
    if (containers && !gates) {
      set(out, "Ready", false, "ReadinessGatesNotReady", gate_message);
    } else {
      set(out, "Ready", containers, reason, message);
    }
    set(out, "ContainersReady", containers, reason, message);
    set(out, "PodScheduled", true, "", "");
  }

  void set(api::PodStatus& out, std::string_view type, bool value, std::string reason, std::string message) {
    auto it = std::ranges::find(out.conditions, type, &api::PodCondition::type);
    if (it == out.conditions.end()) {
      out.conditions.emplace_back().type = type;
      it = out.conditions.end() - 1;
    }
    const char* status = value ? "True" : "False";
    if (it->status != status) it->last_transition_time = api_time(now_);
    it->status = status;
    it->reason = std::move(reason);
    it->message = std::move(message);
    it->observed_generation = pod_.metadata.generation;
  }

  const api::Pod& pod_;
  const PodState& state_;
  const NodeFacts& node_;
  const bool terminating_;
  const WallTime now_;
  bool initialized_ = false;
};

}  // namespace

api::PodStatus pod_status(const api::Pod& pod, const PodState& state, const NodeFacts& node, bool terminating,
                          WallTime now) {
  return StatusBuilder(pod, state, node, terminating, now).build();
}

}  // namespace fairlead::agent
