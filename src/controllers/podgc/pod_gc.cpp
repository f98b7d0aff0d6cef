#include "controllers/podgc/pod_gc.h"

namespace fairlead::controllers {

PodGc::PodGc(rt::Loop& loop, client::Api& api, client::SharedInformers& informers, const Clock& clock,
             std::chrono::milliseconds quarantine)
    : loop_(loop),
      api_(api),
      pods_(informers.get<api::Pod>()),
      nodes_(informers.get<api::Node>()),
      by_node_(pods_.base(),
               [](const api::Object& o) { return std::vector<std::string>{o.as<api::Pod>().spec.node_name}; }),
      quarantine_(quarantine),
      queue_(loop, clock) {
  nodes_.on_delete([this](const api::Node& node) { queue_.add_after(node.metadata.name, quarantine_); });
  pods_.on_change([this](const api::Pod* old, const api::Pod* now) {
    if (now == nullptr || now->spec.node_name.empty() || (old != nullptr && old->spec.node_name == now->spec.node_name))
      return;
    if (nodes_.has_synced() && !nodes_.get(now->spec.node_name)) queue_.add_after(now->spec.node_name, quarantine_);
  });
}

rt::Task<> PodGc::run() {
  co_await nodes_.wait_synced();
  co_await pods_.wait_synced();
  pods_.each([this](const api::Pod& pod) {
    if (!pod.spec.node_name.empty() && !nodes_.get(pod.spec.node_name))
      queue_.add_after(pod.spec.node_name, quarantine_);
  });
  co_await client::run_workers(loop_, queue_, "podgc", 1,
                               [this](std::string node) { return reconcile(std::move(node)); });
}

rt::Task<Result<>> PodGc::reconcile(std::string node) {
  if (nodes_.get(node)) co_return Result<>{};
  const auto orphans = by_node_.find(node);
  for (const auto& [key, pod] : orphans) {
    client::DeleteOptions options;
    options.grace_period_seconds = 0;
    options.uid = pod->meta().uid;
    auto removed = co_await api_.remove(pod->kind(), pod->meta().namespace_, pod->meta().name, std::move(options));
    if (!removed && removed.error().code != Code::kNotFound && removed.error().code != Code::kConflict)
      co_return fail(std::move(removed).error());
  }
  co_return Result<>{};
}

}  // namespace fairlead::controllers
