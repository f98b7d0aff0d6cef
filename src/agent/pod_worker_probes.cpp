// PodWorker's probes: one task for each running instance that has any.
#include <fmt/format.h>

#include <algorithm>

#include "agent/pod_worker.h"
#include "rt/time.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

seconds period_of(const api::Probe& probe) { return seconds(probe.period_seconds > 0 ? probe.period_seconds : 10); }
seconds timeout_of(const api::Probe& probe) { return seconds(std::max(probe.timeout_seconds, 1)); }

// A program that is about to listen is asked often at first, so that a pod is ready when it is and not a period later;
// failures in between do not count.
constexpr milliseconds kFirstRetry = 25ms;

}  // namespace

ProbeTarget PodWorker::target_of(const api::Container& container, const std::string& id) const {
  const bool host = pod_ && pod_->spec.host_network;
  return {.container_id = id,
          .pod_ip = host                 ? context_.node.ip
                    : state_.ips.empty() ? std::string()
                                         : state_.ips.front(),
          .container = container};
}

// An instance that an earlier agent started was ready when its status said so; it does not leave its Services for being
// looked at anew.
void PodWorker::adopt_probe_state(const CriContainer& instance) {
  ProbeState& probes = state_.probes[instance.id];
  for (const auto* list : {&pod_->status.container_statuses, &pod_->status.init_container_statuses}) {
    for (const api::ContainerStatus& status : *list) {
      if (status.container_id != "containerd://" + instance.id) continue;
      probes.started = status.started.value_or(false);
      probes.ready = status.ready;
    }
  }
}

void PodWorker::forget_probes() {
  const auto stale = [this](const auto& entry) {
    return std::ranges::none_of(state_.containers, [&](const CriContainer& c) {
      return c.id == entry.first && c.state == ContainerState::kRunning;
    });
  };
  std::erase_if(state_.probes, stale);
  std::erase_if(probed_, stale);
}

void PodWorker::keep_probes() {
  for (const CriContainer& instance : state_.containers) {
    if (instance.state != ContainerState::kRunning || probed_.contains(instance.id)) continue;
    const api::Container* container = find_container(instance.name);
    if (const auto probes = state_.probes.find(instance.id);
        probes != state_.probes.end() && probes->second.hook_running)
      continue;
    if (container == nullptr ||
        (!container->startup_probe && !container->liveness_probe && !container->readiness_probe))
      continue;
    probed_[instance.id] = true;
    adopt_probe_state(instance);
    tasks_.spawn("probes of " + instance.name, probe_instance(*container, instance));
  }
}

void PodWorker::unhealthy(const std::string& container, std::string_view kind, const Error& error) {
  if (pod_ && !gone_) event(container, "Warning", "Unhealthy", fmt::format("{} probe failed: {}", kind, error.message));
}

Doom PodWorker::doom(const std::string& container, std::string_view kind, const api::Probe& probe) const {
  const char* then = pod_->spec.restart_policy == "Never" ? "" : ", will be restarted";
  return {fmt::format("Container {} failed {} probe{}", container, kind, then), probe.termination_grace_period_seconds};
}

rt::Task<> PodWorker::probe_instance(api::Container container, CriContainer instance) {
  if (container.startup_probe && !state_.probes[instance.id].started) {
    const bool started = co_await probe_startup(container, instance);
    if (!started) co_return;
  }
  if (container.liveness_probe) tasks_.spawn("liveness of " + container.name, probe_liveness(container, instance));
  if (container.readiness_probe) co_await probe_readiness(container, instance);
}

rt::Task<bool> PodWorker::probe_startup(api::Container container, CriContainer instance) {
  const api::Probe probe = *container.startup_probe;
  ProbeCounter counter(probe, false);
  milliseconds pause = kFirstRetry;
  const milliseconds period = period_of(probe);
  milliseconds since_counted = 0ms;
  co_await rt::sleep(seconds(probe.initial_delay_seconds));
  while (probed_.contains(instance.id)) {
    auto result = co_await attempt(context_.loop, context_.cri, probe.handler, target_of(container, instance.id),
                                   timeout_of(probe));
    if (!probed_.contains(instance.id)) co_return false;
    since_counted += pause;
    const bool counts = result || since_counted >= period;
    if (counts) since_counted = 0ms;
    const bool turned = counts && counter.add(result.has_value());
    if (turned && counter.verdict()) {
      state_.probes[instance.id].started = true;
      wake();
      co_return true;
    }
    if (counts && !result) unhealthy(container.name, "Startup", result.error());
    if (turned && !counter.verdict()) {
      state_.probes[instance.id].doomed = doom(container.name, "startup", probe);
      wake();
      co_return false;
    }
    pause = std::min(pause * 2, period);
    co_await rt::sleep(pause);
  }
  co_return false;
}

rt::Task<> PodWorker::probe_liveness(api::Container container, CriContainer instance) {
  const api::Probe probe = *container.liveness_probe;
  ProbeCounter counter(probe, true);
  co_await rt::sleep(seconds(probe.initial_delay_seconds));
  while (probed_.contains(instance.id)) {
    auto result = co_await attempt(context_.loop, context_.cri, probe.handler, target_of(container, instance.id),
                                   timeout_of(probe));
    if (!probed_.contains(instance.id) || ending()) co_return;
    if (!result) unhealthy(container.name, "Liveness", result.error());
    if (counter.add(result.has_value()) && !counter.verdict()) {
      state_.probes[instance.id].doomed = doom(container.name, "liveness", probe);
      wake();
      co_return;
    }
    co_await rt::sleep(period_of(probe));
  }
}

rt::Task<> PodWorker::probe_readiness(api::Container container, CriContainer instance) {
  const api::Probe probe = *container.readiness_probe;
  ProbeCounter counter(probe, state_.probes[instance.id].ready);
  milliseconds pause = kFirstRetry;
  bool ever = counter.verdict();
  co_await rt::sleep(seconds(probe.initial_delay_seconds));
  while (probed_.contains(instance.id)) {
    auto result = co_await attempt(context_.loop, context_.cri, probe.handler, target_of(container, instance.id),
                                   timeout_of(probe));
    if (!probed_.contains(instance.id)) co_return;
    if (!result && (ever || pause >= period_of(probe))) unhealthy(container.name, "Readiness", result.error());
    if (counter.add(result.has_value()) && state_.probes[instance.id].ready != counter.verdict()) {
      state_.probes[instance.id].ready = counter.verdict();
      wake();
    }
    ever = ever || counter.verdict();
    pause = ever ? milliseconds(period_of(probe)) : std::min<milliseconds>(pause * 2, period_of(probe));
    co_await rt::sleep(pause);
  }
}

}  // namespace fairlead::agent
