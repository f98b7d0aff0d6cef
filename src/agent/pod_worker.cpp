#include "agent/pod_worker.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/pod_status.h"
#include "base/log.h"
#include "base/text.h"
#include "rt/time.h"

namespace fairlead::agent {

using namespace std::chrono_literals;
using std::chrono::seconds;

PodWorker::PodWorker(WorkerContext& context, std::string uid)
    : context_(context),
      uid_(std::move(uid)),
      changed_(context.loop),
      tasks_(context.loop),
      writer_(context.loop),
      writer_event_(context.loop) {}

void PodWorker::set_pod(PodPtr pod) {
  if (pod == nullptr) {
    gone_ = true;
  } else {
    // An informer may be behind what our own write returned.
    const auto version = [](const api::Pod& p) { return parse_int(p.metadata.resource_version).value_or(0); };
    if (pod_ && version(*pod) < version(*pod_)) return;
    gone_ = false;
    pod_ = std::move(pod);
    if (const SourceNames names = sources_of(*pod_); !names.empty())
      context_.sources.want(uid_, pod_->metadata.namespace_, names, [this] {
        sources_changed_ = true;
        wake();
      });
    if (sent_ && pod_->status == *sent_) sent_.reset();
  }
  wake();
}

void PodWorker::wake() {
  woken_ = true;
  changed_.notify();
}

const api::Container* PodWorker::find_container(std::string_view name) const {
  if (!pod_) return nullptr;
  for (const api::Container& c : pod_->spec.containers) {
    if (c.name == name) return &c;
  }
  for (const api::Container& c : pod_->spec.init_containers) {
    if (c.name == name) return &c;
  }
  return nullptr;
}

rt::Task<> PodWorker::wait(std::optional<WallTime> until) {
  while (!woken_) {
    if (!until) {
      co_await changed_.wait();
      continue;
    }
    const auto left = std::min<std::chrono::microseconds>(*until - context_.clock.now(), 1h);
    if (left.count() <= 0) break;
    co_await changed_.wait_for(left);
  }
  woken_ = false;
}

rt::Task<> PodWorker::run() {
  bool cancelled = false;
  try {
    co_await live();
  } catch (const boost::system::system_error&) {
    cancelled = true;
  }
  co_await rt::shield();
  context_.sources.forget(uid_);
  context_.images.forget(uid_ + "/");
  co_await tasks_.shutdown();
  co_await writer_.shutdown();
  if (cancelled) throw boost::system::system_error(boost::asio::error::operation_aborted);
}

rt::Task<> PodWorker::live() {
  if (pod_) writer_.spawn("status of " + uid_, write_status());
  while (!ending() && pod_) co_await keep_running();
  co_await end();
}

// One round: look, act or wait. Returns early when the pod is to end.
rt::Task<> PodWorker::keep_running() {
  woken_ = false;
  const auto seen = co_await observe();
  if (!seen) {
    log::debug("runtime not reached", {{"pod", uid_}, {"error", seen.error().message}});
    co_await wait(context_.clock.now() + 500ms);
    co_return;
  }
  if (ending()) co_return;
  if (std::exchange(sources_changed_, false)) retry_configuration();
  keep_probes();
  publish();
  co_await refresh_volumes();
  const Plan plan = plan_pod(*pod_, state_, context_.clock.now());
  bool acted = false;
  for (const Action& action : plan.actions) {
    if (ending()) co_return;
    const bool done = co_await apply(action);
    acted = acted || done;
  }
  if (acted) co_return;
  publish();
  std::optional<WallTime> again = plan.again_at;
  // What has just failed has a time to be tried again.
  for (const auto& [name, trouble] : state_.troubles) {
    if (trouble.retry_at > context_.clock.now() && (!again || trouble.retry_at < *again)) again = trouble.retry_at;
  }
  co_await wait(again);
}

rt::Task<Result<>> PodWorker::observe() {
  FL_CO_TRY(auto sandboxes, co_await context_.cri.list_sandboxes(uid_));
  FL_CO_TRY(auto listed, co_await context_.cri.list_containers(uid_));
  std::vector<CriContainer> containers;
  for (CriContainer& item : listed) {
    const auto known = std::ranges::find(state_.containers, item.id, &CriContainer::id);
    if (known != state_.containers.end() && known->state == item.state) {
      containers.push_back(*known);
      continue;
    }
    auto full = co_await context_.cri.container_status(item.id);
    if (!full && full.error().code == Code::kNotFound) continue;
    if (!full) co_return fail(std::move(full).error());
    full->sandbox_id = item.sandbox_id;
    if (full->state == ContainerState::kExited && full->finished_at - full->started_at >= kBackoffReset) {
      state_.backoff_base[full->name] = full->attempt;
    }
    containers.push_back(*std::move(full));
  }
  if (sandboxes.empty() || !sandboxes.front().ready) {
    state_.ips.clear();
    ips_of_.clear();
  } else if (ips_of_ != sandboxes.front().id) {
    const auto status = co_await context_.cri.sandbox_status(sandboxes.front().id);
    if (!status && status.error().code != Code::kNotFound) co_return fail(status.error());
    if (status) {
      state_.ips = status->ips;
      ips_of_ = sandboxes.front().id;
    }
  }
  state_.sandboxes = std::move(sandboxes);
  state_.containers = std::move(containers);
  forget_probes();
  co_return Result<>{};
}

// What failed for a ConfigMap or Secret is tried again when one has changed.
void PodWorker::retry_configuration() {
  for (auto& [name, trouble] : state_.troubles) {
    if (trouble.reason == "ContainerCreating" || trouble.reason == "CreateContainerConfigError")
      trouble.retry_at = context_.clock.now();
  }
}

void PodWorker::trouble(const std::string& container, std::string reason, std::string message, seconds retry) {
  state_.troubles[container] = {std::move(reason), std::move(message), context_.clock.now() + retry};
}

// True when something changed, so that it is worth to look again at once.
rt::Task<bool> PodWorker::apply(Action action) {
  if (const auto* run = std::get_if<RunSandbox>(&action)) co_return co_await run_sandbox(*run);
  if (const auto* start = std::get_if<StartContainer>(&action)) co_return co_await start_container(*start);
  if (const auto* created = std::get_if<StartCreated>(&action)) {
    const api::Container* container = find_container(created->container);
    if (container == nullptr) co_return false;
    co_return co_await start_instance(created->id, *container);
  }
  Result<> done;
  if (const auto* stop = std::get_if<StopContainer>(&action)) {
    const api::Container* container = find_container(stop->container);
    context_.events.normal(*pod_, "Killing", fmt::format("Stopping container {}: {}", stop->container, stop->why));
    const seconds limit(pod_->spec.termination_grace_period_seconds.value_or(30));
    const auto instance = std::ranges::find(state_.containers, stop->id, &CriContainer::id);
    if (container != nullptr && instance != state_.containers.end()) {
      co_await stop_one(*instance, *container, limit);
    } else {
      done = co_await context_.cri.stop_container(stop->id, limit);
    }
  } else if (const auto* sandbox = std::get_if<StopSandbox>(&action)) {
    done = co_await context_.cri.stop_sandbox(sandbox->id);
  } else if (const auto* old_sandbox = std::get_if<RemoveSandbox>(&action)) {
    done = co_await context_.cri.remove_sandbox(old_sandbox->id);
  } else if (const auto* old_container = std::get_if<RemoveContainer>(&action)) {
    done = co_await context_.cri.remove_container(old_container->id);
  }
  if (!done) {
    log::warn("runtime refused", {{"pod", api::key_of(pod_->metadata)}, {"error", done.error().message}});
    co_await rt::sleep(500ms);
  }
  co_return true;
}

rt::Task<bool> PodWorker::run_sandbox(RunSandbox action) {
  const SandboxSpec spec = sandbox_spec(*pod_, context_.node, action.attempt);
  auto id = co_await context_.cri.run_sandbox(spec);
  if (id) {
    state_.troubles.erase("");
    co_return true;
  }
  if (!ending()) {
    context_.events.warning(*pod_, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + id.error().message);
    trouble("", "ContainerCreating", "Failed to create pod sandbox: " + id.error().message,
            id.error().code == Code::kUnavailable ? 1s : 5s);
  }
  co_return false;
}

Result<ContainerSpec> PodWorker::make_spec(const api::Container& container, uint32_t attempt, const CriImage& image) {
  ContainerContext context;
  context.env.downward = downward();
  context.env.sources = context_.sources.get(uid_).value_or(PodSources{});
  context.env.services =
      service_env(context_.services.all(), pod_->metadata.namespace_, pod_->spec.enable_service_links.value_or(true));
  context.volumes = volumes_.value_or(VolumePaths{});
  context.image = image;
  return container_spec(*pod_, container, attempt, context_.node, context);
}

rt::Task<bool> PodWorker::start_container(StartContainer action) {
  const api::Container* found = find_container(action.container);
  if (found == nullptr) co_return false;
  const api::Container container = *found;
  const PodPtr pod = pod_;

  // Volumes first: a pod that waits for one does not pull images meanwhile, but says why it waits.
  const auto volumes = co_await set_up_volumes();
  if (!volumes) {
    volume_trouble(volumes.error());
    trouble(container.name, "ContainerCreating", volumes.error().message,
            volumes.error().code == Code::kUnavailable ? 1s : 20s);
    co_return false;
  }

  const std::function<void()> pulled = [this, name = container.name] {
    state_.troubles.erase(name);
    wake();
  };
  auto answer =
      co_await context_.images.get(container.image, pull_policy(container), uid_ + "/" + container.name, pulled);
  if (!answer) {
    trouble(container.name, "ContainerCreating", answer.error().message, 1s);
    co_return false;
  }
  if (answer->pulling()) {
    context_.events.normal(*pod, "Pulling", fmt::format("Pulling image {}", quote(container.image)));
    state_.troubles[container.name] = {"ContainerCreating", "", WallTime::max()};
    co_return false;
  }
  if (answer->trouble) {
    const bool back_off = answer->trouble->reason == "ImagePullBackOff";
    if (back_off) {
      context_.events.normal(*pod, "BackOff", fmt::format("Back-off pulling image {}", quote(container.image)));
    } else {
      context_.events.warning(*pod, "Failed", answer->trouble->message);
      context_.events.warning(*pod, "Failed", "Error: " + answer->trouble->reason);
    }
    state_.troubles[container.name] = *answer->trouble;
    co_return false;
  }
  context_.events.normal(*pod, "Pulled",
                         answer->pulled
                             ? fmt::format("Successfully pulled image {}", quote(container.image))
                             : fmt::format("Container image {} already present on machine", quote(container.image)));

  // A pod that starts before the Services are known would never learn of them.
  if (!context_.services.has_synced()) co_await context_.services.wait_synced();
  auto spec = make_spec(container, action.attempt, *answer->image);
  if (!spec) {
    context_.events.warning(*pod, "Failed", "Error: " + spec.error().message);
    trouble(container.name, "CreateContainerConfigError", spec.error().message);
    co_return false;
  }
  const std::string directory = pod_directory(context_.node, uid_);
  const std::string hosts = hosts_file(*pod, context_.node, state_.ips);
  const auto write_files = [&]() -> Result<> {
    FL_CHECK(prepare_sub_paths(*pod, context_.node, *spec));
    return pod->spec.host_network ? Result<>{} : write_hosts_file(directory, hosts);
  };
  auto prepared = co_await rt::blocking(context_.pool, write_files);
  if (!prepared) {
    trouble(container.name, "CreateContainerConfigError", prepared.error().message);
    co_return false;
  }
  if (!state_.sandbox_ready() || ending()) co_return true;
  auto id = co_await context_.cri.create_container(state_.sandbox()->id, *std::move(spec),
                                                   sandbox_spec(*pod, context_.node, state_.sandbox()->attempt));
  if (!id) {
    context_.events.warning(*pod, "Failed", "Error: " + id.error().message);
    trouble(container.name, "CreateContainerError", id.error().message);
    co_return false;
  }
  context_.events.normal(*pod, "Created", "Created container: " + container.name);
  co_return co_await start_instance(*id, container);
}

rt::Task<bool> PodWorker::start_instance(std::string id, api::Container container) {
  auto started = co_await context_.cri.start_container(id);
  if (!started) {
    // The instance stays behind, exited, with the runtime's reason; the back-off counts it.
    context_.events.warning(*pod_, "Failed", "Error: " + started.error().message);
    trouble(container.name, "RunContainerError", started.error().message);
    co_return true;
  }
  state_.troubles.erase(container.name);
  context_.events.normal(*pod_, "Started", "Started container " + container.name);
  if (container.lifecycle && container.lifecycle->post_start) {
    tasks_.spawn("postStart " + container.name, post_start(*container.lifecycle->post_start, target_of(container, id)));
  }
  co_return true;
}

rt::Task<> PodWorker::post_start(api::LifecycleHandler handler, ProbeTarget target) {
  const std::string id = target.container_id;
  auto done = co_await handle(context_.loop, context_.cri, std::move(handler), std::move(target), 600s);
  if (done) co_return;
  context_.events.warning(*pod_, "FailedPostStartHook", "PostStartHook failed: " + done.error().message);
  state_.probes[id].doomed = "FailedPostStartHook";
  wake();
}

// ---- the end

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
    if (!done || !*done) {
      if (pod_)
        context_.events.warning(
            *pod_, "FailedPreStopHook",
            "PreStopHook failed: " + (done ? done->error().message : std::string("it took too long")));
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

rt::Task<> PodWorker::stop_containers(bool sidecars) {
  rt::TaskGroup stops(context_.loop);
  std::vector<std::string> ids;
  const seconds at_first = grace();
  for (const CriContainer& instance : state_.containers) {
    if (instance.state != ContainerState::kRunning && instance.state != ContainerState::kUnknown) continue;
    const api::Container* container = find_container(instance.name);
    const bool is_side = pod_ && std::ranges::any_of(pod_->spec.init_containers, [&](const api::Container& c) {
                           return c.name == instance.name && is_sidecar(c);
                         });
    if (is_side != sidecars) continue;
    if (pod_) context_.events.normal(*pod_, "Killing", "Stopping container " + instance.name);
    ids.push_back(instance.id);
    stops.spawn("stop " + instance.name, stop_one(instance, container ? *container : api::Container{}, at_first));
  }
  seconds last = at_first;
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

rt::Task<> PodWorker::end() {
  for (;;) {
    auto seen = co_await observe();
    if (!seen) {
      co_await rt::sleep(500ms);
      continue;
    }
    co_await stop_containers(false);
    co_await stop_containers(true);
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
