// As kubernetes pkg/printers/internalversion/printers.go decides: the pod's phase, overruled by its init containers
// while they run, then by its containers, last to first, then by deletion.
#include "api/kinds/pod_columns.h"

#include <algorithm>

#include "api/duration.h"

namespace fairlead::api {
namespace {

bool condition_true(const Pod& pod, std::string_view type) {
  return std::ranges::any_of(pod.status.conditions,
                             [&](const auto& c) { return c.type == type && c.status == "True"; });
}

std::string reason_of(const ContainerStateTerminated& t) {
  if (!t.reason.empty()) return t.reason;
  return t.signal != 0 ? fmt::format("Signal:{}", t.signal) : fmt::format("ExitCode:{}", t.exit_code);
}

struct Restarts {
  int count = 0;
  Time last;
  void add(const ContainerStatus& c) {
    count += c.restart_count;
    if (!c.last_state.terminated) return;
    const auto& finished = c.last_state.terminated->finished_at;
    if (finished && (!last || *last.at < *finished.at)) last = finished;
  }
};

bool restartable(const Pod& pod, std::string_view name) {
  const auto it = std::ranges::find(pod.spec.init_containers, name, &Container::name);
  return it != pod.spec.init_containers.end() && it->restart_policy == "Always";
}

// What the init containers say; true while the pod is still initialising.
bool init_state(const Pod& pod, PodSummary& out, Restarts& all, Restarts& sidecars) {
  const auto& statuses = pod.status.init_container_statuses;
  for (size_t i = 0; i < statuses.size(); ++i) {
    const auto& c = statuses[i];
    const bool sidecar = restartable(pod, c.name);
    all.add(c);
    if (sidecar) sidecars.add(c);
    const auto& state = c.state;
    if (state.terminated && state.terminated->exit_code == 0) continue;
    if (sidecar && c.started.value_or(false)) {
      if (c.ready) ++out.ready;
      continue;
    }
    if (state.terminated)
      out.reason = "Init:" + reason_of(*state.terminated);
    else if (state.waiting && !state.waiting->reason.empty() && state.waiting->reason != "PodInitializing")
      out.reason = "Init:" + state.waiting->reason;
    else
      out.reason = fmt::format("Init:{}/{}", i, pod.spec.init_containers.size());
    return true;
  }
  return false;
}

void main_state(const Pod& pod, PodSummary& out, Restarts& restarts) {
  bool running = false;
  std::string error;
  const auto& statuses = pod.status.container_statuses;
  for (auto it = statuses.rbegin(); it != statuses.rend(); ++it) {
    restarts.add(*it);
    const auto& state = it->state;
    if (state.waiting && !state.waiting->reason.empty()) {
      out.reason = state.waiting->reason;
    } else if (state.terminated) {
      out.reason = reason_of(*state.terminated);
      if (state.terminated->exit_code != 0) error = out.reason;
    } else if (it->ready && state.running) {
      running = true;
      ++out.ready;
    }
  }
  if (out.reason != "Completed") return;
  if (running && condition_true(pod, "Ready"))
    out.reason = "Running";
  else if (!error.empty())
    out.reason = error;
  else if (running)
    out.reason = "NotReady";
}

std::string readiness_gates(const Pod& pod) {
  if (pod.spec.readiness_gates.empty()) return "<none>";
  const auto met = std::ranges::count_if(pod.spec.readiness_gates,
                                         [&](const auto& g) { return condition_true(pod, g.condition_type); });
  return fmt::format("{}/{}", met, pod.spec.readiness_gates.size());
}

}  // namespace

PodSummary summarize(const Pod& pod) {
  PodSummary out;
  out.reason = pod.status.reason.empty() ? pod.status.phase : pod.status.reason;
  for (const auto& c : pod.status.conditions) {
    if (c.type == "PodScheduled" && c.reason == "SchedulingGated") out.reason = c.reason;
  }
  out.total = static_cast<int>(pod.spec.containers.size() +
                               static_cast<size_t>(std::ranges::count_if(pod.spec.init_containers, [](const auto& c) {
                                 return c.restart_policy == "Always";
                               })));
  Restarts restarts;
  Restarts sidecars;
  const bool initializing = init_state(pod, out, restarts, sidecars);
  if (!initializing || condition_true(pod, "Initialized")) {
    restarts = sidecars;
    main_state(pod, out, restarts);
  }
  out.restarts = restarts.count;
  out.last_restart = restarts.last;
  if (pod.metadata.deletion_timestamp) {
    if (pod.status.reason == "NodeLost")
      out.reason = "Unknown";
    else if (pod.status.phase != "Succeeded" && pod.status.phase != "Failed")
      out.reason = "Terminating";
  }
  return out;
}

std::vector<Cell> pod_row(const Object& object, WallTime now) {
  const auto& pod = object.as<Pod>();
  const auto s = summarize(pod);
  const auto known = [](const std::string& text) { return text.empty() ? std::string("<none>") : text; };
  auto restarts = std::to_string(s.restarts);
  if (s.restarts != 0 && s.last_restart) restarts += fmt::format(" ({} ago)", age(s.last_restart, now));
  return {fmt::format("{}/{}", s.ready, s.total),
          s.reason,
          restarts,
          age(pod.metadata.creation_timestamp, now),
          known(pod.status.pod_ips.empty() ? pod.status.pod_ip : pod.status.pod_ips[0].ip),
          known(pod.spec.node_name),
          known(pod.status.nominated_node_name),
          readiness_gates(pod)};
}

}  // namespace fairlead::api
