#include "controllers/endpoints/endpoints.h"

#include <set>

#include "controllers/endpoints/endpoints_plan.h"

namespace fairlead::controllers {

EndpointsController::EndpointsController(Context context)
    : c_(context),
      services_(c_.informers.get<api::Service>()),
      pods_(c_.informers.get<api::Pod>()),
      endpoints_(c_.informers.get<api::Endpoints>()),
      index_(c_.informers),
      queue_(c_.loop, c_.clock) {
  services_.on_change([this](const api::Service* old, const api::Service* now) {
    queue_.add(api::key_of((now ? now : old)->metadata));
  });
  pods_.on_change([this](const api::Pod* old, const api::Pod* now) {
    std::set<std::string> keys;
    for (const auto* pod : {old, now}) {
      if (pod == nullptr) continue;
      for (auto& key : index_.services_for(pod->metadata)) keys.insert(std::move(key));
    }
    for (const auto& key : keys) queue_.add(key);
  });
  endpoints_.on_change([this](const api::Endpoints* old, const api::Endpoints* now) {
    queue_.add(api::key_of((now ? now : old)->metadata));
  });
}

Task<> EndpointsController::run() {
  co_await services_.wait_synced();
  co_await pods_.wait_synced();
  co_await endpoints_.wait_synced();
  co_await client::run_workers(c_.loop, queue_, "endpoints", 8,
                               [this](std::string key) { return reconcile(std::move(key)); });
}

Task<Result<>> EndpointsController::reconcile(std::string key) {
  const auto service = services_.get(key);
  const auto existing = endpoints_.get(key);
  if (!service) {
    // Only what this controller made: hand-made Endpoints may exist without a Service.
    if (!existing || !existing->metadata.labels.contains("endpoints.kubernetes.io/managed-by")) co_return Result<>{};
    client::DeleteOptions exactly;
    exactly.uid = existing->metadata.uid;
    auto removed = co_await c_.api.remove(api::kind_of<api::Endpoints>(), existing->metadata.namespace_,
                                          existing->metadata.name, std::move(exactly));
    if (!removed && removed.error().code != Code::kNotFound) co_return fail(std::move(removed).error());
    co_return Result<>{};
  }
  if (service->spec.selector.empty() || service->spec.type == "ExternalName") co_return Result<>{};
  auto next = plan_endpoints(*service, index_.pods_for(*service), existing.get());
  if (existing && next == *existing) co_return Result<>{};
  const bool exists = existing != nullptr;
  auto object = api::make_object(std::move(next));
  if (exists) {
    auto updated = co_await c_.api.update(std::move(object), "");
    if (!updated && updated.error().code != Code::kNotFound) co_return fail(std::move(updated).error());
    co_return Result<>{};
  }
  auto created = co_await c_.api.create(std::move(object));
  // Created already, with the cache behind: its event brings us back. Forbidden: the namespace is on its way out.
  if (!created && created.error().code != Code::kAlreadyExists && created.error().code != Code::kForbidden &&
      created.error().code != Code::kNotFound) {
    co_return fail(std::move(created).error());
  }
  co_return Result<>{};
}

}  // namespace fairlead::controllers
