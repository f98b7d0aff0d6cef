#include "controllers/deployment/controller.h"

#include "controllers/common/owners.h"
#include "controllers/common/pods.h"

namespace fairlead::controllers {

DeploymentController::DeploymentController(const Context& context)
    : context_(context),
      events_(context.events.as("deployment-controller")),
      deployments_(context.informers.get<api::Deployment>()),
      sets_(context.informers.get<api::ReplicaSet>()),
      pods_(context.informers.get<api::Pod>()),
      sets_by_owner_(sets_.base(), &owner_index_values),
      pods_by_owner_(pods_.base(), &owner_index_values),
      queue_(context.loop, context.clock) {
  deployments_.on_change([this](const api::Deployment* old, const api::Deployment* now) {
    queue_.add(api::key_of((now ? now : old)->metadata));
  });
  sets_.on_change([this](const api::ReplicaSet* old, const api::ReplicaSet* now) {
    queue_owner(now ? *now : *old);
    if (old && now && old->metadata.owner_references != now->metadata.owner_references) queue_owner(*old);
  });
  pods_.on_delete([this](const api::Pod& pod) { pod_gone(pod); });
}

void DeploymentController::queue_owner(const api::ReplicaSet& set) {
  const auto* owner = controller_of(set.metadata);
  if (owner) {
    if (owner->kind != "Deployment") return;
    const auto deployment = deployments_.get(set.metadata.namespace_, owner->name);
    if (deployment && deployment->metadata.uid == owner->uid) queue_.add(api::key_of(deployment->metadata));
    return;
  }
  for (const auto& deployment : deployments_.in_namespace(set.metadata.namespace_)) {
    if (!deployment->spec.selector) continue;
    const auto selector = api::Selector::from(*deployment->spec.selector);
    if (selector && !selector->empty() && selector->matches(set.metadata.labels)) {
      queue_.add(api::key_of(deployment->metadata));
    }
  }
}

// Recreate waits for the last old pod.
void DeploymentController::pod_gone(const api::Pod& pod) {
  const auto* owner = controller_of(pod.metadata);
  if (!owner || owner->kind != "ReplicaSet") return;
  const auto set = sets_.get(pod.metadata.namespace_, owner->name);
  if (!set) return;
  const auto* above = controller_of(set->metadata);
  const auto deployment = above ? deployments_.get(set->metadata.namespace_, above->name) : nullptr;
  if (deployment && !is_rolling(*deployment)) queue_.add(api::key_of(deployment->metadata));
}

Task<> DeploymentController::run(int workers) {
  co_await deployments_.wait_synced();
  co_await sets_.wait_synced();
  co_await pods_.wait_synced();
  co_await client::run_workers(context_.loop, queue_, "deployment", workers,
                               [this](std::string key) { return reconcile(std::move(key)); });
}

Task<Result<>> DeploymentController::reconcile(std::string key) {
  const DeploymentPtr deployment = deployments_.get(key);
  if (!deployment || !deployment->spec.selector) co_return Result<>{};
  auto claimed = co_await claim_sets(deployment);
  if (!claimed) co_return fail(std::move(claimed).error());
  const std::vector<ReplicaSetPtr> sets = *std::move(claimed);
  DeploymentPlan plan = plan_deployment(*deployment, sets, old_pods_exist(*deployment, sets), context_.clock.now());
  if (plan.check_again) queue_.add_after(key, *plan.check_again);
  co_return co_await apply(deployment, std::move(plan));
}

Task<Result<std::vector<ReplicaSetPtr>>> DeploymentController::claim_sets(DeploymentPtr deployment) {
  auto selector = api::Selector::from(*deployment->spec.selector);
  if (!selector) {
    events_.warning(*deployment, "InvalidSelector", selector.error().message);
    co_return std::vector<ReplicaSetPtr>{};
  }
  const Claim claimed = claim(deployment->metadata, *selector, sets_by_owner_);
  std::vector<ReplicaSetPtr> out;
  for (const auto& o : claimed.owned) out.emplace_back(o, &o->as<api::ReplicaSet>());
  for (const auto& o : claimed.release) {
    auto done = co_await context_.api.update(released(*o, deployment->metadata.uid));
    if (!done && done.error().code != Code::kNotFound) co_return fail(std::move(done).error());
  }
  if (claimed.adopt.empty()) co_return out;
  auto fresh =
      co_await client::get<api::Deployment>(context_.api, deployment->metadata.namespace_, deployment->metadata.name);
  if (!fresh) co_return fail(std::move(fresh).error());
  if (fresh->metadata.uid != deployment->metadata.uid || fresh->metadata.deletion_timestamp) {
    co_return fail(Code::kConflict, "the Deployment is gone or being deleted");
  }
  for (const auto& o : claimed.adopt) {
    auto done = co_await context_.api.update(adopted(*o, controller_reference(*deployment)));
    if (!done) co_return fail(std::move(done).error());
    out.emplace_back(*done, &(*done)->as<api::ReplicaSet>());
  }
  co_return out;
}

bool DeploymentController::old_pods_exist(const api::Deployment& deployment,
                                          const std::vector<ReplicaSetPtr>& sets) const {
  if (is_rolling(deployment)) return false;
  const ReplicaSetPtr newest = find_new_set(deployment, sets);
  for (const auto& set : sets) {
    if (set == newest) continue;
    for (const auto& [key, o] : pods_by_owner_.find(owned_by(set->metadata))) {
      if (!is_terminal(o->as<api::Pod>())) return true;
    }
  }
  return false;
}

Task<Result<bool>> DeploymentController::create_set(DeploymentPtr deployment, api::ReplicaSet set) {
  auto created = co_await client::create(context_.api, set);
  if (created) co_return true;
  if (created.error().code != Code::kAlreadyExists) {
    events_.warning(
        *deployment, "ReplicaSetCreateError",
        fmt::format("Failed to create new replica set \"{}\": {}", set.metadata.name, created.error().message));
    co_return fail(std::move(created).error());
  }
  // Either our own, which the cache does not show yet, or another template with the same hash.
  auto other = co_await client::get<api::ReplicaSet>(context_.api, set.metadata.namespace_, set.metadata.name);
  if (!other) co_return fail(std::move(other).error());
  const auto* owner = controller_of(other->metadata);
  if (owner && owner->uid == deployment->metadata.uid &&
      same_template(other->spec.template_, deployment->spec.template_)) {
    co_return fail(Code::kConflict, "the new ReplicaSet exists already");
  }
  co_return false;
}

Task<Result<>> DeploymentController::apply(DeploymentPtr deployment, DeploymentPlan plan) {
  if (plan.create) {
    auto created = co_await create_set(deployment, *plan.create);
    if (!created) co_return fail(std::move(created).error());
    if (!*created) {
      plan.status.collision_count = plan.status.collision_count.value_or(0) + 1;
      plan.revision.reset();
      plan.events.clear();
    }
  }
  for (auto& set : plan.update) {
    auto updated = co_await client::update(context_.api, std::move(set));
    if (!updated) co_return fail(std::move(updated).error());
  }
  for (const auto& event : plan.events) events_.normal(*deployment, event.reason, event.message);
  api::Deployment next = *deployment;
  if (plan.revision) {
    next.metadata.annotations[kRevision] = std::to_string(*plan.revision);
    auto updated = co_await client::update(context_.api, std::move(next));
    if (!updated) co_return fail(std::move(updated).error());
    next = (*updated)->as<api::Deployment>();
  }
  if (plan.status != next.status) {
    next.status = std::move(plan.status);
    auto updated = co_await client::update(context_.api, std::move(next), "status");
    if (!updated && updated.error().code != Code::kNotFound) co_return fail(std::move(updated).error());
  }
  for (const auto& set : plan.remove) {
    client::DeleteOptions exactly;
    exactly.uid = set->metadata.uid;
    auto removed = co_await context_.api.remove(api::kind_of<api::ReplicaSet>(), set->metadata.namespace_,
                                                set->metadata.name, std::move(exactly));
    if (!removed && removed.error().code != Code::kNotFound) co_return fail(std::move(removed).error());
  }
  co_return Result<>{};
}

}  // namespace fairlead::controllers
