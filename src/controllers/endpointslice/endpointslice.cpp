#include "controllers/endpointslice/endpointslice.h"

#include <set>

#include "api/selector.h"
#include "base/text.h"

namespace fairlead::controllers {
namespace {

constexpr int kWorkers = 8;

std::string label_key(std::string_view ns, const std::string& key, const std::string& value) {
  return fmt::format("{}/{}={}", ns, key, value);
}

std::vector<std::string> service_of(const api::Object& object) {
  const auto& meta = object.meta();
  const auto name = meta.labels.find(std::string(kServiceNameLabel));
  const auto by = meta.labels.find(std::string(kManagedByLabel));
  if (name == meta.labels.end() || by == meta.labels.end() || by->second != kManagedBy) return {};
  return {api::key_of(meta.namespace_, name->second)};
}

}  // namespace

SelectorIndex::SelectorIndex(client::SharedInformers& informers)
    : services_(informers.get(api::kind_of<api::Service>()),
                [](const api::Object& o) {
                  const auto& s = o.as<api::Service>();
                  if (s.spec.selector.empty()) return std::vector<std::string>{};
                  const auto& [key, value] = *s.spec.selector.begin();
                  return std::vector<std::string>{label_key(s.metadata.namespace_, key, value)};
                }),
      pods_(informers.get(api::kind_of<api::Pod>()), [](const api::Object& o) {
        std::vector<std::string> values;
        for (const auto& [key, value] : o.meta().labels) values.push_back(label_key(o.meta().namespace_, key, value));
        return values;
      }) {}

std::vector<std::string> SelectorIndex::services_for(const api::ObjectMeta& pod) const {
  std::vector<std::string> out;
  for (const auto& [key, value] : pod.labels) {
    for (const auto& [name, service] : services_.find(label_key(pod.namespace_, key, value))) {
      if (api::Selector::from(service->as<api::Service>().spec.selector).matches(pod.labels)) out.push_back(name);
    }
  }
  return out;
}

std::vector<std::shared_ptr<const api::Pod>> SelectorIndex::pods_for(const api::Service& service) const {
  std::vector<std::shared_ptr<const api::Pod>> out;
  if (service.spec.selector.empty()) return out;
  const auto matcher = api::Selector::from(service.spec.selector);
  const auto& [key, value] = *service.spec.selector.begin();
  for (const auto& [name, pod] : pods_.find(label_key(service.metadata.namespace_, key, value))) {
    if (matcher.matches(pod->meta().labels)) out.emplace_back(pod, &pod->as<api::Pod>());
  }
  return out;
}

EndpointSliceController::EndpointSliceController(Context context)
    : c_(context),
      services_(c_.informers.get<api::Service>()),
      pods_(c_.informers.get<api::Pod>()),
      nodes_(c_.informers.get<api::Node>()),
      slices_(c_.informers.get<api::EndpointSlice>()),
      slices_by_service_(slices_.base(), &service_of),
      index_(c_.informers),
      queue_(c_.loop, c_.clock) {
  services_.on_change([this](const api::Service* old, const api::Service* now) {
    queue_.add(api::key_of((now ? now : old)->metadata));
  });
  pods_.on_change([this](const api::Pod* old, const api::Pod* now) { pod_changed(old, now); });
  slices_.base().on_change([this](const api::ObjectPtr& old, const api::ObjectPtr& now) {
    for (const auto& object : {old, now}) {
      if (!object) continue;
      for (const auto& key : service_of(*object)) queue_.add(key);
    }
  });
}

void EndpointSliceController::pod_changed(const api::Pod* old, const api::Pod* now) {
  // What does not show in a slice does not cost a look at the Service.
  if (old != nullptr && now != nullptr && old->metadata.labels == now->metadata.labels &&
      old->metadata.annotations == now->metadata.annotations &&
      old->metadata.deletion_timestamp == now->metadata.deletion_timestamp &&
      old->spec.node_name == now->spec.node_name && old->status.pod_ips == now->status.pod_ips &&
      old->status.pod_ip == now->status.pod_ip && old->status.phase == now->status.phase &&
      old->status.conditions == now->status.conditions) {
    return;
  }
  std::set<std::string> keys;
  for (const auto* pod : {old, now}) {
    if (pod != nullptr) {
      for (auto& key : index_.services_for(pod->metadata)) keys.insert(std::move(key));
    }
  }
  for (const auto& key : keys) queue_.add(key);
}

Task<> EndpointSliceController::run() {
  co_await services_.wait_synced();
  co_await pods_.wait_synced();
  co_await nodes_.wait_synced();
  co_await slices_.wait_synced();
  co_await client::run_workers(c_.loop, queue_, "endpointslice", kWorkers,
                               [this](std::string key) { return reconcile(std::move(key)); });
}

std::vector<SlicePtr> EndpointSliceController::slices_of(const std::string& key) const {
  std::vector<SlicePtr> out;
  for (const auto& [name, slice] : slices_by_service_.find(key))
    out.emplace_back(slice, &slice->as<api::EndpointSlice>());
  return out;
}

bool EndpointSliceController::caught_up(const std::string& key) {
  const auto it = written_.find(key);
  if (it == written_.end()) return true;
  const auto ns = api::parse_key(key).ns;
  for (auto w = it->second.begin(); w != it->second.end();) {
    const auto seen = slices_.get(ns, w->first);
    const bool shown = w->second == 0
                           ? seen == nullptr
                           : seen != nullptr && parse_int(seen->metadata.resource_version).value_or(0) >= w->second;
    w = shown ? it->second.erase(w) : std::next(w);
  }
  if (!it->second.empty()) return false;
  written_.erase(it);
  return true;
}

Task<Result<>> EndpointSliceController::reconcile(std::string key) {
  if (!caught_up(key)) {
    // The slice's own event brings us back; the timer is for a slice that somebody else removed meanwhile.
    if (queue_.failures(key) == 0) queue_.add_after(key, std::chrono::seconds(1));
    if (!services_.get(key) && slices_of(key).empty()) written_.erase(key);
    co_return Result<>{};
  }
  const auto service = services_.get(key);
  SlicePlan plan;
  if (!service) {
    plan.remove = slices_of(key);
  } else if (!service->spec.selector.empty() && service->spec.type != "ExternalName") {
    plan = plan_slices(*service, index_.pods_for(*service), slices_of(key), [this](const std::string& name) {
      const auto node = nodes_.get(name);
      if (!node) return std::string();
      const auto zone = node->metadata.labels.find("topology.kubernetes.io/zone");
      return zone == node->metadata.labels.end() ? std::string() : zone->second;
    });
  }
  auto r = co_await apply(std::move(key), std::move(plan));
  co_return r;
}

Task<Result<>> EndpointSliceController::apply(std::string key, SlicePlan plan) {
  // Removal first shows everywhere soonest: updates carry addresses that are gone.
  for (auto& slice : plan.update) {
    const auto name = slice.metadata.name;
    auto updated = co_await c_.api.update(api::make_object(std::move(slice)), "");
    if (!updated) co_return fail(std::move(updated).error());
    written_[key][name] = parse_int((*updated)->meta().resource_version).value_or(0);
  }
  for (auto& slice : plan.create) {
    auto created = co_await c_.api.create(api::make_object(std::move(slice)));
    if (!created) {
      // The namespace is on its way out, or the Service is: their controllers see to it.
      if (created.error().code == Code::kForbidden || created.error().code == Code::kNotFound) co_return Result<>{};
      co_return fail(std::move(created).error());
    }
    written_[key][(*created)->meta().name] = parse_int((*created)->meta().resource_version).value_or(0);
  }
  for (const auto& slice : plan.remove) {
    client::DeleteOptions exactly;
    exactly.uid = slice->metadata.uid;
    auto removed = co_await c_.api.remove(api::kind_of<api::EndpointSlice>(), slice->metadata.namespace_,
                                          slice->metadata.name, std::move(exactly));
    if (!removed && removed.error().code != Code::kNotFound) co_return fail(std::move(removed).error());
    written_[key][slice->metadata.name] = 0;
  }
  co_return Result<>{};
}

}  // namespace fairlead::controllers
