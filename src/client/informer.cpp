#include "client/informer.h"

#include "base/log.h"
#include "rt/time.h"

namespace fairlead::client {

ObjectInformer::ObjectInformer(rt::Loop& loop, Api& api, const KindInfo& kind, InformerOptions options)
    : api_(api), kind_(kind), options_(std::move(options)), backoff_(options_.backoff), synced_event_(loop) {}

void ObjectInformer::on_change(Change handler) {
  handlers_.push_back(std::move(handler));
  const ObjectMap known = objects_;
  const size_t index = handlers_.size() - 1;
  for (const auto& [key, object] : known) handlers_[index](nullptr, object);
}

ObjectPtr ObjectInformer::get(std::string_view key) const {
  const auto it = objects_.find(key);
  return it == objects_.end() ? nullptr : it->second;
}

std::vector<ObjectPtr> ObjectInformer::in_namespace(std::string_view ns) const {
  std::vector<ObjectPtr> out;
  const std::string prefix = std::string(ns) + "/";
  for (auto it = objects_.lower_bound(prefix); it != objects_.end() && it->first.starts_with(prefix); ++it) {
    out.push_back(it->second);
  }
  return out;
}

void ObjectInformer::notify(const ObjectPtr& old, const ObjectPtr& now) {
  for (const Change& handler : handlers_) handler(old, now);
}

void ObjectInformer::set(const ObjectPtr& object) {
  ObjectPtr& slot = objects_[api::key_of(object->meta())];
  ObjectPtr old = std::exchange(slot, object);
  if (!old) return notify(nullptr, object);
  if (old->meta().uid != object->meta().uid) {
    notify(old, nullptr);
    return notify(nullptr, object);
  }
  if (old->meta().resource_version.empty() || old->meta().resource_version != object->meta().resource_version) {
    notify(old, object);
  }
}

void ObjectInformer::erase(const ObjectPtr& last_state) {
  const auto it = objects_.find(api::key_of(last_state->meta()));
  if (it == objects_.end() || it->second->meta().uid != last_state->meta().uid) return;
  objects_.erase(it);
  notify(last_state, nullptr);
}

void ObjectInformer::replace(const std::vector<ObjectPtr>& all) {
  std::map<std::string, bool, std::less<>> listed;
  for (const auto& object : all) listed.emplace(api::key_of(object->meta()), true);
  std::vector<ObjectPtr> gone;
  for (const auto& [key, object] : objects_) {
    if (!listed.contains(key)) gone.push_back(object);
  }
  for (const auto& object : gone) erase(object);
  for (const auto& object : all) set(object);
}

void ObjectInformer::failed(std::string_view what, const Error& error) {
  if (connected_ || !synced_) {
    log::warn("informer lost the API; answering from the last known state",
              {{"kind", kind_.kind}, {"operation", what}, {"error", error.message}});
  }
  connected_ = false;
}

Task<Result<std::string>> ObjectInformer::list() {
  ListOptions options{options_.ns, options_.label_selector, options_.field_selector};
  auto listed = co_await api_.list(kind_, std::move(options));
  if (!listed) co_return fail(std::move(listed).error());
  replace(listed->items);
  connected_ = true;
  if (!synced_) {
    synced_ = true;
    synced_event_.notify();
  }
  co_return std::move(listed->resource_version);
}

Task<ObjectInformer::Ended> ObjectInformer::watch(std::string& resource_version) {
  WatchOptions options{options_.ns, options_.label_selector, options_.field_selector, resource_version};
  auto opened = co_await api_.watch(kind_, std::move(options));
  if (!opened) {
    if (opened.error().code == Code::kExpired) co_return Ended::kRelist;
    failed("watch", opened.error());
    co_return Ended::kFailed;
  }
  connected_ = true;
  const std::unique_ptr<WatchStream> stream = *std::move(opened);
  bool useful = false;
  for (;;) {
    auto next = co_await stream->next();
    if (!next) {
      if (next.error().code == Code::kExpired) co_return Ended::kRelist;
      failed("watch", next.error());
      co_return useful ? Ended::kRewatch : Ended::kFailed;
    }
    // A server that closes watches at once must not be asked again without a pause.
    if (!next->has_value()) co_return useful ? Ended::kRewatch : Ended::kFailed;
    WatchEvent& event = **next;
    useful = true;
    backoff_.reset();
    if (!event.resource_version.empty()) resource_version = event.resource_version;
    switch (event.type) {
      case WatchType::kAdded:
      case WatchType::kModified:
        set(event.object);
        break;
      case WatchType::kDeleted:
        erase(event.object);
        break;
      case WatchType::kBookmark:
        break;
    }
  }
}

Task<> ObjectInformer::run() {
  for (;;) {
    auto listed = co_await list();
    if (!listed) {
      failed("list", listed.error());
      co_await rt::sleep(backoff_.next());
      continue;
    }
    std::string resource_version = *std::move(listed);
    for (;;) {
      const Ended ended = co_await watch(resource_version);
      if (ended == Ended::kRewatch) continue;
      co_await rt::sleep(backoff_.next());
      if (ended == Ended::kRelist) break;
    }
  }
}

Task<> ObjectInformer::wait_synced() {
  while (!synced_) co_await synced_event_.wait();
}

Index::Index(ObjectInformer& informer, ValuesOf values_of) : values_of_(std::move(values_of)) {
  informer.on_change([this](const ObjectPtr& old, const ObjectPtr& now) {
    const std::string key = api::key_of(old ? old->meta() : now->meta());
    if (old) {
      for (const auto& value : values_of_(*old)) {
        const auto it = by_value_.find(value);
        if (it == by_value_.end()) continue;
        it->second.erase(key);
        if (it->second.empty()) by_value_.erase(it);
      }
    }
    if (now) {
      for (const auto& value : values_of_(*now)) by_value_[value][key] = now;
    }
  });
}

const ObjectMap& Index::find(std::string_view value) const {
  static const ObjectMap kNone;
  const auto it = by_value_.find(value);
  return it == by_value_.end() ? kNone : it->second;
}

ObjectInformer& SharedInformers::get(const KindInfo& kind) {
  auto& slot = by_kind_[&kind];
  if (!slot) slot = std::make_unique<ObjectInformer>(loop_, api_, kind, InformerOptions{.backoff = backoff_});
  return *slot;
}

std::vector<ObjectInformer*> SharedInformers::all() const {
  std::vector<ObjectInformer*> out;
  for (const auto& [kind, informer] : by_kind_) out.push_back(informer.get());
  return out;
}

Task<> SharedInformers::wait_synced() {
  for (ObjectInformer* informer : all()) co_await informer->wait_synced();
}

}  // namespace fairlead::client
