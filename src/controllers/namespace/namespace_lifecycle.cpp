#include "controllers/namespace/namespace_lifecycle.h"

namespace fairlead::controllers {

NamespaceLifecycle::NamespaceLifecycle(rt::Loop& loop, client::Api& api, client::SharedInformers& informers,
                                       const Clock& clock)
    : loop_(loop), api_(api), informers_(informers), namespaces_(informers.get<api::Namespace>()), queue_(loop, clock) {
  namespaces_.on_change([this](const api::Namespace*, const api::Namespace* now) {
    if (now != nullptr && now->metadata.deletion_timestamp) queue_.add(now->metadata.name);
  });
  for (const auto* kind : api::all_kinds()) {
    if (!kind->namespaced || !kind->stored()) continue;
    informers_.get(*kind).on_change([this](const api::ObjectPtr& old, const api::ObjectPtr& now) {
      if (now) return;
      const auto ns = namespaces_.get(old->meta().namespace_);
      if (ns && ns->metadata.deletion_timestamp) queue_.add(old->meta().namespace_);
    });
  }
}

rt::Task<> NamespaceLifecycle::run() {
  co_await namespaces_.wait_synced();
  co_await client::run_workers(loop_, queue_, "namespace", 4,
                               [this](std::string name) { return reconcile(std::move(name)); });
}

rt::Task<Result<>> NamespaceLifecycle::reconcile(std::string name) {
  const auto ns = namespaces_.get(name);
  if (!ns || !ns->metadata.deletion_timestamp) co_return Result<>{};
  size_t left = 0;
  for (const auto* kind : api::all_kinds()) {
    if (!kind->namespaced || !kind->stored()) continue;
    // Asked of the API, not of the cache: the last word on whether the namespace is empty.
    client::ListOptions here;
    here.ns = name;
    auto list = co_await api_.list(*kind, std::move(here));
    if (!list) co_return fail(std::move(list).error());
    for (const auto& object : list->items) {
      ++left;
      if (object->meta().deletion_timestamp) continue;
      client::DeleteOptions options;
      options.uid = object->meta().uid;
      options.propagation_policy = "Background";
      auto removed = co_await api_.remove(*kind, name, object->meta().name, std::move(options));
      if (!removed && removed.error().code != Code::kNotFound && removed.error().code != Code::kConflict) {
        co_return fail(std::move(removed).error());
      }
    }
  }
  if (left > 0) {
    // What went at once is reported by the informers; what takes its time is looked at again soon in any case.
    queue_.add_after(name, std::chrono::milliseconds(200));
    co_return Result<>{};
  }
  auto next = *ns;
  std::erase(next.spec.finalizers, "kubernetes");
  auto updated = co_await api_.update(api::make_object(std::move(next)), "finalize");
  if (!updated && updated.error().code != Code::kNotFound) co_return fail(std::move(updated).error());
  co_return Result<>{};
}

}  // namespace fairlead::controllers
