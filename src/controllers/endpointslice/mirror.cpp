#include "controllers/endpointslice/mirror.h"

#include <algorithm>

#include "base/ip.h"
#include "controllers/common/owners.h"

namespace fairlead::controllers {

namespace {

constexpr std::string_view kSkipMirror = "endpointslice.kubernetes.io/skip-mirror";

std::vector<std::string> mirrored_service(const api::Object& object) {
  const auto& meta = object.meta();
  const auto name = meta.labels.find(std::string(kServiceNameLabel));
  const auto by = meta.labels.find(std::string(kManagedByLabel));
  if (name == meta.labels.end() || by == meta.labels.end() || by->second != kMirroredBy) return {};
  return {api::key_of(meta.namespace_, name->second)};
}

void add_addresses(api::EndpointSlice& slice, const std::vector<api::EndpointAddress>& addresses, bool ready) {
  const auto family = slice.address_type == "IPv6" ? IpFamily::kV6 : IpFamily::kV4;
  for (const auto& from : addresses) {
    const auto ip = IpAddress::parse(from.ip);
    if (!ip || ip->family() != family || slice.endpoints.size() >= kMaxMirroredPerSubset) continue;
    auto& to = slice.endpoints.emplace_back();
    to.addresses = {from.ip};
    to.conditions.ready = ready;
    if (!from.hostname.empty()) to.hostname = from.hostname;
    to.node_name = from.node_name;
    to.target_ref = from.target_ref;
  }
}

api::EndpointSlice mirror_of(const api::Endpoints& endpoints, const api::EndpointSubset& subset, const char* family) {
  api::EndpointSlice slice;
  slice.metadata.generate_name = endpoints.metadata.name + "-";
  slice.metadata.namespace_ = endpoints.metadata.namespace_;
  slice.metadata.labels = endpoints.metadata.labels;
  slice.metadata.labels[std::string(kServiceNameLabel)] = endpoints.metadata.name;
  slice.metadata.labels[std::string(kManagedByLabel)] = kMirroredBy;
  slice.metadata.annotations = endpoints.metadata.annotations;
  slice.metadata.annotations.erase("kubectl.kubernetes.io/last-applied-configuration");
  slice.metadata.annotations.erase("endpoints.kubernetes.io/last-change-trigger-time");
  slice.metadata.owner_references.push_back(controller_reference(endpoints));
  slice.address_type = family;
  for (const auto& from : subset.ports) {
    auto& to = slice.ports.emplace_back();
    to.name = from.name;
    to.port = from.port;
    to.protocol = from.protocol.empty() ? "TCP" : from.protocol;
    to.app_protocol = from.app_protocol;
  }
  add_addresses(slice, subset.addresses, true);
  add_addresses(slice, subset.not_ready_addresses, false);
  return slice;
}

bool same_content(const api::EndpointSlice& a, const api::EndpointSlice& b) {
  return a.ports == b.ports && a.endpoints == b.endpoints && a.metadata.labels == b.metadata.labels &&
         a.metadata.annotations == b.metadata.annotations;
}

}  // namespace

bool is_mirrored(const api::Endpoints& endpoints) {
  const auto& labels = endpoints.metadata.labels;
  const auto skip = labels.find(std::string(kSkipMirror));
  if (skip != labels.end() && skip->second == "true") return false;
  return !endpoints.metadata.annotations.contains("control-plane.alpha.kubernetes.io/leader");
}

SlicePlan plan_mirror(const api::Endpoints& endpoints, const std::vector<SlicePtr>& existing) {
  SlicePlan plan;
  std::vector<SlicePtr> left = existing;
  for (const auto& subset : endpoints.subsets) {
    for (const char* family : {"IPv4", "IPv6"}) {
      api::EndpointSlice wanted = mirror_of(endpoints, subset, family);
      if (wanted.endpoints.empty()) continue;
      // The mirror with the same ports, so that a change of addresses is an update.
      auto match = std::ranges::find_if(
          left, [&](const SlicePtr& s) { return s->address_type == family && s->ports == wanted.ports; });
      if (match == left.end()) {
        match = std::ranges::find_if(left, [&](const SlicePtr& s) { return s->address_type == family; });
      }
      if (match == left.end()) {
        plan.create.push_back(std::move(wanted));
        continue;
      }
      if (!same_content(**match, wanted)) {
        wanted.metadata = [&] {
          api::ObjectMeta meta = (*match)->metadata;
          meta.labels = wanted.metadata.labels;
          meta.annotations = wanted.metadata.annotations;
          return meta;
        }();
        plan.update.push_back(std::move(wanted));
      }
      left.erase(match);
    }
  }
  plan.remove = std::move(left);
  return plan;
}

EndpointSliceMirror::EndpointSliceMirror(const Context& context)
    : context_(context),
      services_(context.informers.get<api::Service>()),
      endpoints_(context.informers.get<api::Endpoints>()),
      slices_(context.informers.get<api::EndpointSlice>()),
      slices_by_service_(slices_.base(), &mirrored_service),
      queue_(context.loop, context.clock) {
  services_.on_change([this](const api::Service* old, const api::Service* now) {
    queue_.add(api::key_of((now ? now : old)->metadata));
  });
  endpoints_.on_change([this](const api::Endpoints* old, const api::Endpoints* now) {
    queue_.add(api::key_of((now ? now : old)->metadata));
  });
  slices_.base().on_change([this](const ObjectPtr& old, const ObjectPtr& now) {
    for (const auto& key : mirrored_service(now ? *now : *old)) queue_.add(key);
  });
}

Task<> EndpointSliceMirror::run() {
  co_await services_.wait_synced();
  co_await endpoints_.wait_synced();
  co_await slices_.wait_synced();
  co_await client::run_workers(context_.loop, queue_, "endpointslicemirroring", 2,
                               [this](std::string key) { return reconcile(std::move(key)); });
}

bool EndpointSliceMirror::caught_up(const std::string& key) const {
  const auto it = created_.find(key);
  if (it == created_.end()) return true;
  return std::ranges::all_of(it->second, [this](const auto& slice) { return slices_.get(slice) != nullptr; });
}

Task<Result<>> EndpointSliceMirror::reconcile(std::string key) {
  if (!caught_up(key)) {
    // The new slice's own event brings us back; the pause is for one that was removed before it was seen.
    created_.erase(key);
    queue_.add_after(key, std::chrono::seconds(1));
    co_return Result<>{};
  }
  created_.erase(key);
  std::vector<SlicePtr> existing;
  for (const auto& [name, slice] : slices_by_service_.find(key)) {
    existing.emplace_back(slice, &slice->as<api::EndpointSlice>());
  }
  const auto service = services_.get(key);
  const auto endpoints = endpoints_.get(key);
  SlicePlan plan;
  if (service && service->spec.selector.empty() && endpoints && is_mirrored(*endpoints)) {
    plan = plan_mirror(*endpoints, existing);
  } else {
    plan.remove = existing;
  }
  for (auto& slice : plan.update) {
    auto updated = co_await client::update(context_.api, std::move(slice));
    if (!updated) co_return fail(std::move(updated).error());
  }
  for (auto& slice : plan.create) {
    auto created = co_await client::create(context_.api, std::move(slice));
    if (!created) co_return fail(std::move(created).error());
    created_[key].push_back(api::key_of((*created)->meta()));
  }
  for (const auto& slice : plan.remove) {
    client::DeleteOptions exactly;
    exactly.uid = slice->metadata.uid;
    auto removed = co_await context_.api.remove(api::kind_of<api::EndpointSlice>(), slice->metadata.namespace_,
                                                slice->metadata.name, std::move(exactly));
    if (!removed && removed.error().code != Code::kNotFound) co_return fail(std::move(removed).error());
  }
  co_return Result<>{};
}

}  // namespace fairlead::controllers
