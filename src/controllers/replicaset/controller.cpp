#include "controllers/replicaset/controller.h"

#include "base/log.h"
#include "controllers/common/owners.h"
#include "controllers/common/parallel.h"
#include "controllers/common/pods.h"

namespace fairlead::controllers {

namespace {
// The first round of creations is small, the next twice as large: a template that cannot work fails a few times only.
constexpr int kFirstBatch = 4;
}  // namespace

ReplicaSetController::ReplicaSetController(const Context& context, const ReplicaKind& kind)
    : context_(context),
      kind_(kind),
      sets_(context.informers.get(kind.kind)),
      pods_(context.informers.get<api::Pod>()),
      pods_by_owner_(pods_.base(), &owner_index_values),
      sets_by_owner_(sets_, &owner_index_values),
      expectations_(context.clock),
      queue_(context.loop, context.clock) {
  sets_.on_change([this](const ObjectPtr& old, const ObjectPtr& now) {
    const std::string key = api::key_of((now ? now : old)->meta());
    if (!now) expectations_.forget(key);
    queue_.add(key);
  });
  pods_.on_change([this](const api::Pod* old, const api::Pod* now) { pod_changed(old, now); });
}

ReplicaSetController::SetPtr ReplicaSetController::find(const std::string& key) const {
  const ObjectPtr object = sets_.get(key);
  return object ? kind_.as_set(object) : nullptr;
}

bool ReplicaSetController::is_ours(const api::OwnerReference* owner) const {
  return owner != nullptr && owner->kind == kind_.kind.kind;
}

void ReplicaSetController::normal(const api::ReplicaSet& set, std::string_view reason, std::string_view message) {
  context_.events.record(client::reference_to(kind_.kind, set.metadata), "Normal", reason, message,
                         std::string(kind_.component));
}

void ReplicaSetController::warning(const api::ReplicaSet& set, std::string_view reason, std::string_view message) {
  context_.events.record(client::reference_to(kind_.kind, set.metadata), "Warning", reason, message,
                         std::string(kind_.component));
}

void ReplicaSetController::queue_owner(const api::Pod& pod) {
  const auto* owner = controller_of(pod.metadata);
  if (is_ours(owner)) {
    const std::string key = api::key_of(pod.metadata.namespace_, owner->name);
    const ObjectPtr set = sets_.get(key);
    if (set && set->meta().uid == owner->uid) queue_.add(key);
    return;
  }
  if (owner || pod.metadata.labels.empty()) return;
  // An orphan: whoever selects it may want it.
  for (const auto& object : sets_.in_namespace(pod.metadata.namespace_)) {
    const SetPtr set = kind_.as_set(object);
    if (!set->spec.selector) continue;
    const auto selector = api::Selector::from(*set->spec.selector);
    if (selector && !selector->empty() && selector->matches(pod.metadata.labels)) {
      queue_.add(api::key_of(set->metadata));
    }
  }
}

void ReplicaSetController::pod_changed(const api::Pod* old, const api::Pod* now) {
  const api::Pod& pod = now ? *now : *old;
  const auto* owner = controller_of(pod.metadata);
  if (is_ours(owner)) {
    const std::string key = api::key_of(pod.metadata.namespace_, owner->name);
    if (!old) expectations_.creation_seen(key);
    if (!now || is_terminating(*now)) expectations_.deletion_seen(key, pod.metadata.uid);
  }
  queue_owner(pod);
  if (old && now) {
    const auto* before = controller_of(old->metadata);
    if (before && (!owner || before->uid != owner->uid)) queue_owner(*old);
  }
}

Task<> ReplicaSetController::run(int workers) {
  co_await sets_.wait_synced();
  co_await pods_.wait_synced();
  co_await client::run_workers(context_.loop, queue_, "replicaset", workers,
                               [this](std::string key) { return reconcile(std::move(key)); });
}

Task<Result<>> ReplicaSetController::reconcile(std::string key) {
  const SetPtr set = find(key);
  if (!set) {
    expectations_.forget(key);
    co_return Result<>{};
  }
  if (!set->spec.selector) co_return Result<>{};
  auto selector = api::Selector::from(*set->spec.selector);
  if (!selector) {
    warning(*set, "InvalidSelector", selector.error().message);
    co_return Result<>{};
  }
  const bool decide = expectations_.satisfied(key) && !set->metadata.deletion_timestamp;
  auto claimed = co_await claim_pods(set, *std::move(selector));
  if (!claimed) co_return fail(std::move(claimed).error());
  const std::vector<PodPtr> pods = *std::move(claimed);

  const WallTime now = context_.clock.now();
  std::optional<ReplicaFailure> failure;
  if (decide) {
    ReplicaSetPlan plan = plan_replicas(*set, pods, pods_on_nodes(*set), now);
    failure = co_await apply(set, std::move(plan));
  }
  api::ReplicaSetStatus status = compute_status(*set, pods, failure, now);
  if (!decide) status.conditions = set->status.conditions;
  auto written = co_await write_status(key, set, std::move(status));
  if (!written) co_return fail(std::move(written).error());
  if (const auto wait = next_available(*set, pods, now)) queue_.add_after(key, *wait + std::chrono::milliseconds(1));
  if (failure) co_return fail(Code::kUnavailable, failure->message);
  co_return Result<>{};
}

// `seen` is what the status was computed from; a kind that cannot say all of it says what it can.
Task<Result<>> ReplicaSetController::write_status(std::string key, SetPtr seen, api::ReplicaSetStatus status) {
  const ObjectPtr object = sets_.get(key);
  if (!object) co_return Result<>{};
  client::MutableObject next = kind_.with_status(*object, status);
  const SetPtr now = kind_.as_set(ObjectPtr(next->clone()));
  if (now->status == seen->status) co_return Result<>{};
  next->meta().resource_version = seen->metadata.resource_version;
  auto updated = co_await context_.api.update(std::move(next), "status");
  if (!updated && updated.error().code != Code::kNotFound) co_return fail(std::move(updated).error());
  co_return Result<>{};
}

Task<Result<std::vector<PodPtr>>> ReplicaSetController::claim_pods(std::shared_ptr<const api::ReplicaSet> set,
                                                                   api::Selector selector) {
  Claim claimed = claim(set->metadata, selector, pods_by_owner_);
  std::erase_if(claimed.adopt, [](const ObjectPtr& o) { return !is_active(o->as<api::Pod>()); });
  std::vector<PodPtr> out;
  for (const auto& o : claimed.owned) out.emplace_back(o, &o->as<api::Pod>());
  for (const auto& o : claimed.release) {
    auto done = co_await context_.api.update(released(*o, set->metadata.uid));
    if (!done && done.error().code != Code::kNotFound) co_return fail(std::move(done).error());
  }
  if (!claimed.adopt.empty()) {
    auto done = co_await adopt(set, claimed.adopt);
    if (!done) co_return fail(std::move(done).error());
    for (const auto& o : claimed.adopt) out.emplace_back(o, &o->as<api::Pod>());
  }
  co_return out;
}

Task<Result<>> ReplicaSetController::adopt(std::shared_ptr<const api::ReplicaSet> set, std::vector<ObjectPtr> pods) {
  // The cache may not know yet that the set is gone; its pods would be adopted by a dead owner and then collected.
  auto fresh = co_await context_.api.get(kind_.kind, set->metadata.namespace_, set->metadata.name);
  if (!fresh) co_return fail(std::move(fresh).error());
  if ((*fresh)->meta().uid != set->metadata.uid || (*fresh)->meta().deletion_timestamp) {
    co_return fail(Code::kConflict, fmt::format("the {} is gone or being deleted", kind_.kind.kind));
  }
  for (const auto& pod : pods) {
    auto done = co_await context_.api.update(adopted(*pod, controller_reference(kind_.kind, set->metadata)));
    if (!done && done.error().code != Code::kNotFound) co_return fail(std::move(done).error());
  }
  co_return Result<>{};
}

std::unordered_map<std::string, int> ReplicaSetController::pods_on_nodes(const api::ReplicaSet& set) const {
  std::unordered_map<std::string, int> out;
  const auto count = [&](const api::ObjectMeta& owner) {
    for (const auto& [key, o] : pods_by_owner_.find(owned_by(owner))) {
      const auto& pod = o->as<api::Pod>();
      if (is_active(pod)) ++out[pod.spec.node_name];
    }
  };
  const auto* owner = controller_of(set.metadata);
  if (!owner) {
    count(set.metadata);
    return out;
  }
  for (const auto& [key, o] : sets_by_owner_.find("u:" + owner->uid)) count(o->meta());
  return out;
}

Task<std::optional<ReplicaFailure>> ReplicaSetController::apply(std::shared_ptr<const api::ReplicaSet> set,
                                                                ReplicaSetPlan plan) {
  if (plan.create > 0) co_return co_await create_pods(set, plan.create);
  if (!plan.remove.empty()) co_return co_await delete_pods(set, std::move(plan.remove));
  co_return std::nullopt;
}

Task<std::optional<ReplicaFailure>> ReplicaSetController::create_pods(std::shared_ptr<const api::ReplicaSet> set,
                                                                      int count) {
  const std::string key = api::key_of(set->metadata);
  expectations_.expect_creations(key, count);
  int batch = kFirstBatch;
  for (int left = count; left > 0;) {
    const int now = std::min(batch, left);
    std::vector<Task<Result<>>> tasks;
    for (int i = 0; i < now; ++i) tasks.push_back(create_pod(set));
    const std::vector<Result<>> results = co_await run_all(context_.loop, std::move(tasks));
    left -= now;
    batch *= 2;
    std::optional<ReplicaFailure> failure;
    for (const auto& result : results) {
      if (result) continue;
      expectations_.creation_seen(key);
      failure = ReplicaFailure{"FailedCreate", result.error().message};
    }
    if (failure) {
      for (int i = 0; i < left; ++i) expectations_.creation_seen(key);
      co_return failure;
    }
  }
  co_return std::nullopt;
}

Task<Result<>> ReplicaSetController::create_pod(std::shared_ptr<const api::ReplicaSet> set) {
  auto created = co_await client::create(context_.api, pod_from_template(*set, kind_.kind));
  if (created) {
    normal(*set, "SuccessfulCreate", "Created pod: " + (*created)->meta().name);
    co_return Result<>{};
  }
  warning(*set, "FailedCreate", "Error creating: " + created.error().message);
  co_return fail(std::move(created).error());
}

Task<std::optional<ReplicaFailure>> ReplicaSetController::delete_pods(std::shared_ptr<const api::ReplicaSet> set,
                                                                      std::vector<PodPtr> pods) {
  const std::string key = api::key_of(set->metadata);
  std::vector<Task<Result<>>> tasks;
  for (const auto& pod : pods) {
    expectations_.expect_deletion(key, pod->metadata.uid);
    tasks.push_back(delete_pod(set, pod));
  }
  const std::vector<Result<>> results = co_await run_all(context_.loop, std::move(tasks));
  std::optional<ReplicaFailure> failure;
  for (size_t i = 0; i < pods.size(); ++i) {
    if (results[i]) continue;
    expectations_.deletion_seen(key, pods[i]->metadata.uid);
    if (results[i].error().code != Code::kNotFound) {
      failure = ReplicaFailure{"FailedDelete", results[i].error().message};
    }
  }
  co_return failure;
}

Task<Result<>> ReplicaSetController::delete_pod(std::shared_ptr<const api::ReplicaSet> set, PodPtr pod) {
  client::DeleteOptions exactly;
  exactly.uid = pod->metadata.uid;
  auto done = co_await context_.api.remove(api::kind_of<api::Pod>(), pod->metadata.namespace_, pod->metadata.name,
                                           std::move(exactly));
  if (done) {
    normal(*set, "SuccessfulDelete", "Deleted pod: " + pod->metadata.name);
  } else if (done.error().code != Code::kNotFound) {
    warning(*set, "FailedDelete", "Error deleting: " + done.error().message);
  }
  co_return done;
}

}  // namespace fairlead::controllers
