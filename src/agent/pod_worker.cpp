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
    context_.sources.want(*pod_, [this] {
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
  judge();
  const Plan plan = plan_pod(*pod_, state_, context_.clock.now());
  announce_back_off();
  bool acted = false;
  for (const Action& action : plan.actions) {
    if (ending()) co_return;
    const bool done = co_await apply(action);
    acted = acted || done;
  }
  if (acted) co_return;
  publish();
  std::optional<WallTime> again = plan.again_at;
  if (const auto until = deadline(); until && !state_.verdict && (!again || *until < *again)) again = until;
  // What has just failed has a time to be tried again.
  for (const auto& [name, trouble] : state_.troubles) {
    if (trouble.retry_at > context_.clock.now() && (!again || trouble.retry_at < *again)) again = trouble.retry_at;
  }
  co_await wait(again);
}

void PodWorker::event(const std::string& container, std::string_view type, std::string_view reason,
                      std::string_view message) {
  api::ObjectReference about = client::reference_to(*pod_);
  const bool init =
      std::ranges::any_of(pod_->spec.init_containers, [&](const api::Container& c) { return c.name == container; });
  about.field_path = fmt::format("spec.{}{{{}}}", init ? "initContainers" : "containers", container);
  context_.events.record(std::move(about), type, reason, message);
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
    if (full->state == ContainerState::kExited) co_await read_last_words(*full);
    if (ran_long(*full)) {
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
    event(stop->container, "Normal", "Killing", stop->why);
    const seconds limit(stop->grace.value_or(pod_->spec.termination_grace_period_seconds.value_or(30)));
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

}  // namespace fairlead::agent
