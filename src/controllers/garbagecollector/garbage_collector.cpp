#include "controllers/garbagecollector/garbage_collector.h"

#include <algorithm>

#include "api/codec.h"
#include "base/text.h"

namespace fairlead::controllers {
namespace {

constexpr const char* kForeground = "foregroundDeletion";
constexpr const char* kOrphan = "orphan";
constexpr int kWorkers = 8;

bool has_finalizer(const api::Object& o, std::string_view name) {
  const auto& f = o.meta().finalizers;
  return std::find(f.begin(), f.end(), name) != f.end();
}

const api::KindInfo* kind_of_reference(const api::OwnerReference& r) {
  const auto slash = r.api_version.find('/');
  const auto group = slash == std::string::npos ? std::string_view() : std::string_view(r.api_version).substr(0, slash);
  const auto version =
      slash == std::string::npos ? std::string_view(r.api_version) : std::string_view(r.api_version).substr(slash + 1);
  return api::find_kind(group, version, r.kind);
}

// What somebody else has done already is done.
Result<> unless_gone(Result<> r) {
  if (!r && (r.error().code == Code::kNotFound || r.error().code == Code::kConflict)) return {};
  return r;
}

std::string references_patch(const api::ObjectMeta& meta, const std::vector<api::OwnerReference>& keep) {
  std::string list;
  for (const auto& r : keep) list += (list.empty() ? "" : ",") + api::to_json(r);
  return fmt::format(R"({{"metadata":{{"uid":{},"resourceVersion":{},"ownerReferences":[{}]}}}})", quote(meta.uid),
                     quote(meta.resource_version), list);
}

}  // namespace

GarbageCollector::GarbageCollector(rt::Loop& loop, client::Api& api, client::SharedInformers& informers,
                                   const Clock& clock)
    : loop_(loop), api_(api), informers_(informers), queue_(loop, clock) {
  for (const auto* kind : api::all_kinds()) {
    if (!kind->stored() || kind->kind == "Event") continue;  // Events are never owned, never an owner, and many
    informers_.get(*kind).on_change(
        [this](const api::ObjectPtr& old, const api::ObjectPtr& now) { changed(old, now); });
  }
}

void GarbageCollector::changed(const api::ObjectPtr& old, const api::ObjectPtr& now) {
  if (old) {
    for (const auto& r : old->meta().owner_references) {
      const auto it = dependents_.find(r.uid);
      if (it == dependents_.end()) continue;
      it->second.erase(old->meta().uid);
      if (it->second.empty()) dependents_.erase(it);
    }
  }
  if (now) {
    by_uid_[now->meta().uid] = now;
    for (const auto& r : now->meta().owner_references) dependents_[r.uid].insert(now->meta().uid);
    const bool owned =
        !now->meta().owner_references.empty() && (!old || old->meta().owner_references != now->meta().owner_references);
    if (owned || now->meta().deletion_timestamp) queue_.add(now->meta().uid);
    return;
  }
  by_uid_.erase(old->meta().uid);
  for (const auto& r : old->meta().owner_references) {
    if (by_uid_.contains(r.uid)) queue_.add(r.uid);  // an owner may be waiting for this one to go
  }
  if (const auto it = dependents_.find(old->meta().uid); it != dependents_.end()) {
    for (const auto& uid : it->second) queue_.add(uid);
  }
}

rt::Task<> GarbageCollector::run() {
  for (const auto* kind : api::all_kinds()) {
    if (kind->stored() && kind->kind != "Event") co_await informers_.get(*kind).wait_synced();
  }
  co_await client::run_workers(loop_, queue_, "garbagecollector", kWorkers,
                               [this](std::string uid) { return process(std::move(uid)); });
}

rt::Task<Result<>> GarbageCollector::process(std::string uid) {
  const auto it = by_uid_.find(uid);
  if (it == by_uid_.end()) co_return Result<>{};
  const api::ObjectPtr object = it->second;
  if (object->meta().deletion_timestamp && has_finalizer(*object, kForeground)) {
    auto r = co_await finish_foreground(object);
    co_return r;
  }
  if (object->meta().deletion_timestamp && has_finalizer(*object, kOrphan)) {
    auto r = co_await finish_orphaning(object);
    co_return r;
  }
  if (object->meta().deletion_timestamp || object->meta().owner_references.empty()) co_return Result<>{};
  auto r = co_await collect(object);
  co_return r;
}

rt::Task<Result<>> GarbageCollector::finish_foreground(api::ObjectPtr owner) {
  bool blocked = false;
  std::vector<api::ObjectPtr> remaining;
  if (const auto it = dependents_.find(owner->meta().uid); it != dependents_.end()) {
    for (const auto& uid : it->second) {
      if (const auto d = by_uid_.find(uid); d != by_uid_.end()) remaining.push_back(d->second);
    }
  }
  for (const auto& dependent : remaining) {
    for (const auto& r : dependent->meta().owner_references) {
      if (r.uid == owner->meta().uid && r.block_owner_deletion.value_or(false)) blocked = true;
    }
    if (dependent->meta().deletion_timestamp) continue;
    client::DeleteOptions options;
    options.uid = dependent->meta().uid;
    options.propagation_policy = dependents_.contains(dependent->meta().uid) ? "Foreground" : "Background";
    auto removed = co_await api_.remove(dependent->kind(), dependent->meta().namespace_, dependent->meta().name,
                                        std::move(options));
    FL_CO_CHECK(unless_gone(std::move(removed)));
  }
  if (blocked) co_return Result<>{};
  auto r = co_await remove_finalizer(owner, kForeground);
  co_return r;
}

rt::Task<Result<>> GarbageCollector::finish_orphaning(api::ObjectPtr owner) {
  std::vector<api::ObjectPtr> dependents;
  if (const auto it = dependents_.find(owner->meta().uid); it != dependents_.end()) {
    for (const auto& uid : it->second) {
      if (const auto d = by_uid_.find(uid); d != by_uid_.end()) dependents.push_back(d->second);
    }
  }
  for (const auto& dependent : dependents) {
    auto keep = dependent->meta().owner_references;
    std::erase_if(keep, [&](const auto& r) { return r.uid == owner->meta().uid; });
    auto patched = co_await api_.patch(dependent->kind(), dependent->meta().namespace_, dependent->meta().name,
                                       client::PatchType::kMerge, references_patch(dependent->meta(), keep));
    if (!patched && patched.error().code != Code::kNotFound) co_return fail(std::move(patched).error());
  }
  auto r = co_await remove_finalizer(owner, kOrphan);
  co_return r;
}

rt::Task<Result<>> GarbageCollector::collect(api::ObjectPtr object) {
  const auto& meta = object->meta();
  std::vector<api::OwnerReference> solid;
  bool waiting = false;  // an owner in foreground deletion waits for this object
  for (const auto& r : meta.owner_references) {
    if (const auto it = by_uid_.find(r.uid); it != by_uid_.end()) {
      if (it->second->meta().deletion_timestamp && has_finalizer(*it->second, kForeground)) {
        waiting = true;
      } else {
        solid.push_back(r);
      }
      continue;
    }
    auto absent = co_await is_absent(meta.namespace_, r);
    if (!absent) co_return fail(std::move(absent).error());
    if (!*absent) solid.push_back(r);
  }
  if (solid.size() == meta.owner_references.size()) co_return Result<>{};
  if (!solid.empty()) {
    auto patched = co_await api_.patch(object->kind(), meta.namespace_, meta.name, client::PatchType::kMerge,
                                       references_patch(meta, solid));
    if (!patched && patched.error().code != Code::kNotFound) co_return fail(std::move(patched).error());
    co_return Result<>{};
  }
  client::DeleteOptions options;
  options.uid = meta.uid;
  options.propagation_policy = has_finalizer(*object, kOrphan)             ? "Orphan"
                               : waiting && dependents_.contains(meta.uid) ? "Foreground"
                                                                           : "Background";
  auto removed = co_await api_.remove(object->kind(), meta.namespace_, meta.name, std::move(options));
  co_return unless_gone(std::move(removed));
}

rt::Task<Result<bool>> GarbageCollector::is_absent(std::string ns, api::OwnerReference reference) {
  const auto* kind = kind_of_reference(reference);
  if (kind == nullptr) co_return false;  // a kind that is not served here: not ours to judge
  if (!kind->namespaced) ns.clear();
  auto found = co_await api_.get(*kind, ns, reference.name);
  if (found) co_return (*found)->meta().uid != reference.uid;
  if (found.error().code == Code::kNotFound) co_return true;
  co_return fail(std::move(found).error());
}

rt::Task<Result<>> GarbageCollector::remove_finalizer(api::ObjectPtr object, std::string finalizer) {
  std::string list;
  for (const auto& f : object->meta().finalizers) {
    if (f != finalizer) list += (list.empty() ? "" : ",") + quote(f);
  }
  const auto body = fmt::format(R"({{"metadata":{{"uid":{},"resourceVersion":{},"finalizers":[{}]}}}})",
                                quote(object->meta().uid), quote(object->meta().resource_version), list);
  auto patched = co_await api_.patch(object->kind(), object->meta().namespace_, object->meta().name,
                                     client::PatchType::kMerge, body);
  if (!patched && patched.error().code != Code::kNotFound) co_return fail(std::move(patched).error());
  co_return Result<>{};
}

}  // namespace fairlead::controllers
