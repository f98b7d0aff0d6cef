#include "controllers/scheduler/scheduler.h"

#include <algorithm>

namespace fairlead::controllers {
namespace {

constexpr int kConcurrentBindings = 16;

PodPtr as_pod(const api::ObjectPtr& object) { return PodPtr(object, &object->as<api::Pod>()); }

bool finished(const api::Pod& pod) { return pod.status.phase == "Succeeded" || pod.status.phase == "Failed"; }

bool ours(const api::Pod& pod) {
  return pod.spec.node_name.empty() && !pod.metadata.deletion_timestamp && !finished(pod) &&
         pod.spec.scheduling_gates.empty() &&
         (pod.spec.scheduler_name.empty() || pod.spec.scheduler_name == "default-scheduler");
}

}  // namespace

Scheduler::Scheduler(rt::Loop& loop, client::Api& api, client::SharedInformers& informers, const Clock& clock,
                     Report report)
    : loop_(loop),
      api_(api),
      pods_(informers.get<api::Pod>()),
      nodes_(informers.get<api::Node>()),
      clock_(clock),
      report_(std::move(report)),
      queue_(loop, clock) {
  pods_.base().on_change([this](const api::ObjectPtr& old, const api::ObjectPtr& now) { pod_changed(old, now); });
  nodes_.base().on_change([this](const api::ObjectPtr& old, const api::ObjectPtr& now) {
    if (now) {
      cluster_.set_node(NodePtr(now, &now->as<api::Node>()));
    } else {
      cluster_.remove_node(old->meta().name);
    }
    retry_waiting();
  });
}

void Scheduler::pod_changed(const api::ObjectPtr& old, const api::ObjectPtr& now) {
  const auto key = api::key_of((now ? now : old)->meta());
  if (!now || finished(now->as<api::Pod>())) {
    cluster_.remove_pod(key);
    assumed_.erase(key);
    waiting_.erase(key);
    retry_waiting();
    return;
  }
  const auto pod = as_pod(now);
  if (!pod->spec.node_name.empty()) {
    cluster_.set_pod(key, pod, pod->spec.node_name);
    assumed_.erase(key);
    waiting_.erase(key);
  } else if (ours(*pod) && !assumed_.contains(key)) {
    // Our own status patch brings an update too; only a change of what was asked for makes trying again worth while.
    const bool only_status = old && waiting_.contains(key) && old->as<api::Pod>().spec == pod->spec;
    if (!only_status) queue_.add(key);
  }
}

void Scheduler::retry_waiting() {
  for (const auto& [key, why] : waiting_) queue_.add(key);
}

rt::Task<> Scheduler::run() {
  co_await pods_.wait_synced();
  co_await nodes_.wait_synced();
  co_await client::run_workers(loop_, queue_, "scheduler", kConcurrentBindings,
                               [this](std::string key) { return schedule(std::move(key)); });
}

rt::Task<Result<>> Scheduler::schedule(std::string key) {
  const auto pod = pods_.get(key);
  if (!pod || !ours(*pod) || assumed_.contains(key)) {
    waiting_.erase(key);
    co_return Result<>{};
  }
  const auto choice = cluster_.choose(*pod);
  if (choice.node.empty()) {
    auto r = co_await mark_unschedulable(key, pod, choice.message(cluster_.nodes()));
    co_return r;
  }
  cluster_.set_pod(key, pod, choice.node);
  assumed_.insert(key);
  waiting_.erase(key);
  auto bound = co_await api_.bind(pod->metadata.namespace_, pod->metadata.name, choice.node);
  if (bound) {
    report_(*pod, "Normal", "Scheduled", fmt::format("Successfully assigned {} to {}", key, choice.node));
    co_return Result<>{};
  }
  if (assumed_.erase(key) > 0) cluster_.remove_pod(key);
  // Deleted or bound by somebody else meanwhile: the informer will tell.
  if (bound.error().code == Code::kNotFound || bound.error().code == Code::kConflict) co_return Result<>{};
  co_return fail(std::move(bound).error());
}

rt::Task<Result<>> Scheduler::mark_unschedulable(std::string key, PodPtr pod, std::string message) {
  auto& said = waiting_[key];
  if (said == message) co_return Result<>{};
  said = message;
  report_(*pod, "Warning", "FailedScheduling", message);
  auto next = *pod;
  auto& conditions = next.status.conditions;
  auto it = std::find_if(conditions.begin(), conditions.end(), [](const auto& c) { return c.type == "PodScheduled"; });
  if (it == conditions.end()) it = conditions.insert(it, api::PodCondition{.type = "PodScheduled"});
  if (it->status != "False") it->last_transition_time.at = clock_.now();
  it->status = "False";
  it->reason = "Unschedulable";
  it->message = message;
  auto updated = co_await api_.update(api::make_object(std::move(next)), "status");
  if (!updated && updated.error().code != Code::kNotFound) {
    waiting_[key].clear();
    co_return fail(std::move(updated).error());
  }
  co_return Result<>{};
}

}  // namespace fairlead::controllers
