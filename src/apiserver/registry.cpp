#include "apiserver/registry.h"

#include "api/codec.h"
#include "api/kinds/namespace.h"
#include "apiserver/errors.h"
#include "base/log.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kRoot = "/registry/";

std::string store_key(const api::KindInfo& kind, std::string_view ns, std::string_view name) {
  std::string key(kRoot);
  key += kind.plural;
  key += '/';
  if (!ns.empty()) {
    key += ns;
    key += '/';
  }
  key += name;
  return key;
}

}  // namespace

bool same_content(const api::Object& a, const api::Object& b) {
  for (const api::FieldInfo& f : a.kind().type().fields()) {
    if (!f.value->equal(f.in(a.data()), f.in(b.data()))) return false;
  }
  return true;
}

bool waits_for_namespace(const api::Object& object) {
  return object.is<api::Namespace>() && !object.as<api::Namespace>().spec.finalizers.empty();
}

void copy_field(api::Object& to, const api::Object& from, std::string_view name) {
  if (const api::FieldInfo* f = to.kind().type().find(name)) f->value->assign(f->in(to.data()), f->in(from.data()));
}

Registry::Registry(rt::Loop& loop, store::Store& store, const Clock& clock, size_t history_per_kind)
    : loop_(loop), store_(store), clock_(clock), progressed_(loop), tasks_(loop) {
  for (const api::KindInfo* kind : api::all_kinds()) {
    auto& slot = caches_[kind] = std::make_unique<KindCache>(loop, *kind, history_per_kind);
    if (kind->view_of != nullptr) {
      views_[&kind->view_of()].push_back(slot.get());
    } else {
      check(by_prefix_.emplace(kind->plural, slot.get()).second, "two kinds with one plural");
    }
  }
}

WriteHook* Registry::hook_of(const api::KindInfo& kind) const {
  const auto it = hooks_.find(&kind);
  return it == hooks_.end() ? nullptr : it->second;
}

// --- following the store
// -------------------------------------------------------------------------------------------------------

KindCache* Registry::cache_of_key(std::string_view key, std::string& name) {
  if (!key.starts_with(kRoot)) return nullptr;
  key.remove_prefix(kRoot.size());
  const auto slash = key.find('/');
  if (slash == std::string_view::npos) return nullptr;
  const auto it = by_prefix_.find(key.substr(0, slash));
  if (it == by_prefix_.end()) return nullptr;
  name = key.substr(slash + 1);
  return it->second;
}

Result<CachedPtr> Registry::decode(const api::KindInfo& kind, const store::Entry& entry) {
  // A write of this process hands its object along; one of another process, or of an earlier life, is decoded.
  if (entry.attachment) {
    auto& pending = *static_cast<Pending*>(entry.attachment.get());
    if (!pending.cached) {
      pending.object->meta().resource_version = std::to_string(entry.mod_revision);
      pending.cached = std::make_shared<const Cached>(std::move(pending.object), entry.mod_revision);
    }
    return pending.cached;
  }
  auto object = api::object_from_text(*entry.value, kind);
  if (!object) return fail(std::move(object).error().in(fmt::format("stored object {}", entry.key)));
  (*object)->meta().resource_version = std::to_string(entry.mod_revision);
  return std::make_shared<const Cached>(std::move(*object), entry.mod_revision);
}

void Registry::apply(const store::Event& event) {
  std::string name;
  KindCache* cache = cache_of_key(event.key(), name);
  if (cache == nullptr) return;
  CachedPtr now;
  if (event.entry) {
    auto decoded = decode(cache->kind(), *event.entry);
    if (!decoded) return log::error("cannot read what is stored", {{"error", decoded.error().message}});
    now = std::move(*decoded);
  }
  tell(*cache, name, std::move(now), event.revision);
}

Task<Result<>> Registry::load() {
  auto oldest = co_await store_.oldest();
  if (!oldest) co_return fail(std::move(oldest).error());
  store::ListOptions options;
  options.prefix = kRoot;
  options.at_revision = *oldest;
  auto list = co_await store_.list(std::move(options));
  if (!list) co_return fail(std::move(list).error());
  for (auto& [kind, cache] : caches_) cache->start_at(*oldest);
  for (const store::EntryPtr& entry : list->entries) {
    std::string name;
    KindCache* cache = cache_of_key(entry->key, name);
    if (cache == nullptr) continue;
    auto decoded = decode(cache->kind(), *entry);
    if (!decoded) co_return fail(std::move(decoded).error());
    load_into(*cache, std::move(*decoded));
  }
  revision_ = *oldest;
  auto watcher = store_.watch(std::string(kRoot), *oldest + 1);
  if (!watcher) co_return fail(std::move(watcher).error());
  watcher_ = std::move(*watcher);
  co_return Result<>{};
}

// The feed fell out of the store's history: the difference between what is known and what is, as events of now.
Task<Result<>> Registry::resync() {
  store::ListOptions options;
  options.prefix = kRoot;
  auto list = co_await store_.list(std::move(options));
  if (!list) co_return fail(std::move(list).error());
  std::unordered_map<KindCache*, std::set<std::string>> present;
  for (const store::EntryPtr& entry : list->entries) {
    std::string name;
    KindCache* cache = cache_of_key(entry->key, name);
    if (cache == nullptr) continue;
    present[cache].insert(name);
    const CachedPtr known = cache->find(name);
    if (known && known->revision() == entry->mod_revision) continue;
    auto decoded = decode(cache->kind(), *entry);
    if (decoded) tell(*cache, name, std::move(*decoded), list->revision);
  }
  for (auto& [kind, cache] : caches_) {
    if (!kind->stored()) continue;  // the views follow
    std::vector<std::string> gone;
    for (const auto& [key, object] : cache->current()) {
      if (!present[cache.get()].contains(key)) gone.push_back(key);
    }
    for (const std::string& key : gone) tell(*cache, key, nullptr, list->revision);
  }
  for (auto& [kind, cache] : caches_) cache->advance(list->revision);
  revision_ = list->revision;
  auto watcher = store_.watch(std::string(kRoot), list->revision + 1);
  if (!watcher) co_return fail(std::move(watcher).error());
  watcher_ = std::move(*watcher);
  co_return Result<>{};
}

Task<> Registry::feed() {
  for (;;) {
    auto batch = co_await watcher_->next();
    if (!batch) {
      log::warn("the watch cache fell behind the store and starts over", {{"error", batch.error().message}});
      auto again = co_await resync();
      check(again.has_value(), again ? "" : again.error().message);
      progressed_.notify();
      continue;
    }
    for (const store::EventPtr& event : batch->events) apply(*event);
    revision_ = batch->revision;
    for (auto& [kind, cache] : caches_) cache->advance(revision_);
    progressed_.notify();
  }
}

Task<Result<>> Registry::start() {
  auto loaded = co_await load();
  if (!loaded) co_return loaded;
  tasks_.spawn("watch-cache", feed());
  co_return co_await catch_up();
}

Task<> Registry::stop() {
  for (auto& [kind, cache] : caches_) cache->close();
  stopped_ = true;
  progressed_.notify();
  co_await tasks_.shutdown();
}

Task<Result<>> Registry::catch_up() {
  auto now = co_await store_.revision();
  if (!now) co_return fail(std::move(now).error());
  while (revision_ < *now && !stopped_) co_await progressed_.wait();
  co_return Result<>{};
}

Task<Result<>> Registry::wait_for(Revision revision) {
  const auto deadline = clock_.mono() + std::chrono::seconds(3);
  while (revision_ < revision) {
    const auto left = deadline - clock_.mono();
    if (left <= std::chrono::seconds(0)) {
      co_return fail(Code::kTimeout, fmt::format("Too large resource version: {}, current: {}", revision, revision_));
    }
    co_await progressed_.wait_for(left);
  }
  co_return Result<>{};
}

Task<Result<CachedPtr>> Registry::get(const api::KindInfo& kind, std::string ns, std::string name) {
  auto fresh = co_await catch_up();
  if (!fresh) co_return fail(std::move(fresh).error());
  CachedPtr found = cache(kind).find(api::key_of(ns, name));
  if (!found) co_return fail(not_found(kind, name));
  co_return found;
}

// --- one attempt at the store
// --------------------------------------------------------------------------------------------------

Task<Result<store::TxnResult>> Registry::commit(store::Txn txn) {
  const bool interruptible = co_await rt::asio::this_coro::throw_if_cancelled();
  co_await rt::shield();
  auto result = co_await store_.commit(std::move(txn));
  while (result && revision_ < result->revision && !stopped_) co_await progressed_.wait();
  co_await rt::asio::this_coro::throw_if_cancelled(interruptible);
  co_return result;
}

Task<Result<Registry::Attempt>> Registry::put(api::MutableObject object, Revision expected) {
  auto pending = std::make_shared<Pending>();
  pending->object = std::move(object);
  api::ObjectMeta& meta = pending->object->meta();
  meta.resource_version.clear();
  store::Txn txn;
  std::string key = store_key(pending->object->kind(), meta.namespace_, meta.name);
  txn.compares.push_back({key, expected});
  txn.ops.push_back({std::move(key), store::bytes(api::to_json(*pending->object)), pending});
  auto result = co_await commit(std::move(txn));
  if (!result) co_return fail(std::move(result).error());
  const Revision revision = result->revision;
  Attempt attempt;
  attempt.retry = !result->succeeded;
  if (result->succeeded) {
    if (!pending->cached) {
      pending->object->meta().resource_version = std::to_string(revision);
      pending->cached = std::make_shared<const Cached>(std::move(pending->object), revision);
    }
    attempt.written = pending->cached;
  }
  co_return attempt;
}

Task<Result<Registry::Attempt>> Registry::erase(const api::KindInfo& kind, CachedPtr current) {
  const api::ObjectMeta& meta = current->object()->meta();
  store::Txn txn;
  std::string key = store_key(kind, meta.namespace_, meta.name);
  txn.compares.push_back({key, current->revision()});
  txn.ops.push_back({std::move(key), nullptr});
  auto result = co_await commit(std::move(txn));
  if (!result) co_return fail(std::move(result).error());
  Attempt attempt;
  attempt.retry = !result->succeeded;
  if (result->succeeded) {
    auto last = current->object()->clone();
    last->meta().resource_version = std::to_string(result->revision);
    attempt.written = std::make_shared<const Cached>(std::move(last), result->revision);
    if (WriteHook* hook = hook_of(kind)) hook->removed(*current->object());
  }
  co_return attempt;
}

}  // namespace fairlead::apiserver
