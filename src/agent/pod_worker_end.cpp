// PodWorker's end of things: hooks, grace periods, and nothing left behind.
#include <fmt/format.h>

#include <algorithm>

#include "agent/pod_worker.h"
#include "base/log.h"
#include "base/text.h"
#include "rt/time.h"

namespace fairlead::agent {

using namespace std::chrono_literals;
using std::chrono::seconds;

seconds PodWorker::grace() const {
  // Nobody waits any more for what the API has forgotten.
  if (gone_) return 1s;
  if (!pod_) return 2s;
  const auto& asked = pod_->metadata.deletion_grace_period_seconds;
  return seconds(std::max<int64_t>(asked ? *asked : pod_->spec.termination_grace_period_seconds.value_or(30), 0));
}

// preStop first, within the same grace period, then the runtime's SIGTERM and SIGKILL.
rt::Task<> PodWorker::stop_one(CriContainer instance, api::Container container, seconds limit) {
  const MonoTime begin = context_.clock.mono();
  if (container.lifecycle && container.lifecycle->pre_stop && limit.count() > 0) {
    auto hook =
        handle(context_.loop, context_.cri, *container.lifecycle->pre_stop, target_of(container, instance.id), limit);
    auto done = co_await rt::with_timeout(std::move(hook), limit);
    if (done && !*done) {
      log::warn("preStop failed", {{"pod", uid_}, {"container", instance.name}, {"error", done->error().message}});
      if (pod_) event(instance.name, "Warning", "FailedPreStopHook", "PreStopHook failed");
    }
  }
  const auto used = std::chrono::floor<seconds>(context_.clock.mono() - begin);
  // What is left of the grace, but 2 s as the kubelet gives when the hook took everything.
  const seconds left = limit.count() == 0 ? 0s : std::max(limit - used, std::min(limit, seconds{2}));
  auto stopped = co_await context_.cri.stop_container(instance.id, left);
  if (!stopped)
    log::warn("container not stopped",
              {{"pod", uid_}, {"container", instance.name}, {"error", stopped.error().message}});
  wake();
}

rt::Task<> PodWorker::hurry(std::string id, seconds limit) {
  (void)co_await context_.cri.stop_container(std::move(id), limit);
  wake();
}

// Those of all names, or of one. `since` is when the pod began to end.
rt::Task<> PodWorker::stop_containers(std::vector<std::string> names, MonoTime since) {
  rt::TaskGroup stops(context_.loop);
  std::vector<std::string> ids;
  const seconds whole = grace();
  const auto used = std::chrono::floor<seconds>(context_.clock.mono() - since);
  const seconds at_first = std::max(whole - used, std::min(whole, seconds{2}));
  for (const CriContainer& instance : state_.containers) {
    if (instance.state != ContainerState::kRunning && instance.state != ContainerState::kUnknown) continue;
    if (std::ranges::find(names, instance.name) == names.end()) continue;
    const api::Container* container = find_container(instance.name);
    if (pod_) event(instance.name, "Normal", "Killing", "Stopping container " + instance.name);
    ids.push_back(instance.id);
    stops.spawn("stop " + instance.name, stop_one(instance, container ? *container : api::Container{}, at_first));
  }
  seconds last = whole;
  bool cancelled = false;
  try {
    while (stops.size() > 0) {
      co_await wait(std::nullopt);
      if (grace() < last && stops.size() > 0) {
        last = grace();
        for (const std::string& id : ids) stops.spawn("hurry " + id, hurry(id, last));
      }
      // The status goes on being true while the pod drains.
      const auto seen = co_await observe();
      if (seen && stops.size() > 0) publish();
    }
  } catch (const boost::system::system_error&) {
    cancelled = true;
  }
  if (cancelled) {
    co_await rt::shield();
    co_await stops.shutdown();
    throw boost::system::system_error(boost::asio::error::operation_aborted);
  }
  co_await stops.join();
}

// All but sidecars together, then these one by one, the last that was started first.
std::vector<std::vector<std::string>> PodWorker::stop_order() const {
  std::vector<std::vector<std::string>> out(1);
  std::vector<std::string> sidecars;
  if (pod_) {
    for (const api::Container& c : pod_->spec.init_containers) {
      if (is_sidecar(c)) sidecars.push_back(c.name);
    }
  }
  for (const CriContainer& c : state_.containers) {
    if (std::ranges::find(sidecars, c.name) == sidecars.end()) out.front().push_back(c.name);
  }
  for (auto name = sidecars.rbegin(); name != sidecars.rend(); ++name) out.push_back({*name});
  return out;
}

rt::Task<> PodWorker::end() {
  const MonoTime since = context_.clock.mono();
  for (;;) {
    auto seen = co_await observe();
    if (!seen) {
      co_await rt::sleep(500ms);
      continue;
    }
    for (auto& names : stop_order()) co_await stop_containers(std::move(names), since);
    Result<> done;
    const std::vector<Sandbox> sandboxes = state_.sandboxes;
    for (const Sandbox& sandbox : sandboxes) {
      auto stopped = co_await context_.cri.stop_sandbox(sandbox.id);
      if (!stopped) done = std::move(stopped);
    }
    if (done) seen = co_await observe();
    // The last words: with which codes its containers ended.
    if (done && seen && pod_ && !gone_) {
      publish();
      for (int i = 0; i < 100 && (pending_ || sent_) && !gone_; ++i) co_await rt::sleep(5ms);
    }
    for (const Sandbox& sandbox : sandboxes) {
      if (!done) break;
      done = co_await context_.cri.remove_sandbox(sandbox.id);
    }
    if (done) {
      const auto remove = [this] { return remove_pod_files(context_.node, uid_); };
      done = co_await rt::blocking(context_.pool, remove);
    }
    if (done && context_.cgroups != nullptr) done = co_await context_.cgroups->destroy(pod_cgroup(context_.node, uid_));
    if (done) break;
    log::warn("pod not removed yet", {{"pod", uid_}, {"error", done.error().message}});
    co_await rt::sleep(1s);
  }
  co_await remove_from_api();
}

rt::Task<> PodWorker::remove_from_api() {
  while (pod_ && !gone_) {
    client::DeleteOptions options;
    options.grace_period_seconds = 0;
    options.uid = uid_;
    auto removed =
        co_await context_.api.remove(api::kind_of<api::Pod>(), pod_->metadata.namespace_, pod_->metadata.name, options);
    if (removed || removed.error().code == Code::kNotFound || removed.error().code == Code::kConflict) break;
    log::warn("pod not removed from the API yet",
              {{"pod", api::key_of(pod_->metadata)}, {"error", removed.error().message}});
    co_await rt::sleep(1s);
  }
}

}  // namespace fairlead::agent
