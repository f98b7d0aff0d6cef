#include "apiserver/cache.h"

#include <algorithm>

#include "api/codec.h"
#include "api/protobuf.h"

namespace fairlead::apiserver {
namespace {

constexpr size_t kBatch = 256;

}  // namespace

const std::string& Cached::json() const {
  if (json_.empty()) json_ = api::to_json(*object_);
  return json_;
}

const std::string& Cached::proto() const {
  if (proto_.empty()) proto_ = api::to_proto(*object_);
  return proto_;
}

bool Filter::matches(const api::Object& object) const {
  if (!ns.empty() && object.meta().namespace_ != ns) return false;
  if (!labels.empty() && !labels.matches(object.meta().labels)) return false;
  return fields.empty() || fields.matches(object);
}

const CachedPtr& CacheEvent::gone() const {
  if (!gone_) {
    auto copy = prev->object()->clone();
    copy->meta().resource_version = std::to_string(revision);
    gone_ = std::make_shared<const Cached>(std::move(copy), revision);
  }
  return gone_;
}

SeenEvent seen_through(const Filter& filter, const CacheEvent& event) {
  const bool is = event.now && filter.matches(*event.now->object());
  const bool was = event.prev && filter.matches(*event.prev->object());
  if (is) return {was ? client::WatchType::kModified : client::WatchType::kAdded, event.now};
  if (was) return {client::WatchType::kDeleted, event.gone()};
  return {};
}

KindCache::~KindCache() {
  for (Watcher* w : watchers_) w->owner_ = nullptr;
}

void KindCache::load(CachedPtr object) {
  std::string key = api::key_of(object->object()->meta());
  current_[std::move(key)] = std::move(object);
}

void KindCache::apply(const std::string& key, CachedPtr now, Revision revision) {
  auto event = std::make_shared<CacheEvent>();
  event->revision = revision;
  const auto it = current_.find(key);
  if (it != current_.end()) event->prev = it->second;
  event->now = std::move(now);
  revision_ = revision;
  if (event->now) {
    current_[key] = event->now;
  } else if (it != current_.end()) {
    current_.erase(it);
  } else {
    return;
  }
  const uint64_t place = first_ + ring_.size();
  ring_.push_back(event);
  for (Watcher* w : watchers_) {
    // Who has seen everything and is not concerned by this has seen this too: it neither wakes nor falls behind.
    if (w->position_ == place && !seen_through(w->filter_, *event).object) {
      ++w->position_;
    } else {
      w->changed_.notify();
    }
  }
  while (ring_.size() > history_limit_) {
    oldest_ = ring_.front()->revision;
    ring_.pop_front();
    ++first_;
  }
}

void KindCache::close() {
  for (Watcher* w : watchers_) {
    w->closed_ = true;
    w->changed_.notify();
  }
}

CachedPtr KindCache::find(const std::string& key) const {
  const auto it = current_.find(key);
  return it == current_.end() ? nullptr : it->second;
}

Result<KindCache::Page> KindCache::list(const Filter& filter, size_t limit, const std::string& after,
                                        Revision at) const {
  if (at != 0 && at < oldest_) {
    return fail(Code::kExpired, fmt::format("too old resource version: {} ({})", at, oldest_));
  }
  // The past is the present with later events undone, newest first.
  std::map<std::string, CachedPtr> undone;
  for (auto it = ring_.rbegin(); at != 0 && it != ring_.rend() && (*it)->revision > at; ++it) {
    const CacheEvent& event = **it;
    undone[api::key_of((event.now ? event.now : event.prev)->object()->meta())] = event.prev;
  }
  const std::string prefix = filter.ns.empty() ? "" : filter.ns + "/";
  auto now = after > prefix ? current_.upper_bound(after) : current_.lower_bound(prefix);
  auto past = after > prefix ? undone.upper_bound(after) : undone.lower_bound(prefix);
  Page page;
  std::string last;
  bool more = false;
  for (;;) {
    const bool has_now = now != current_.end() && now->first.starts_with(prefix);
    const bool has_past = past != undone.end() && past->first.starts_with(prefix);
    if (!has_now && !has_past) break;
    const std::string* key = nullptr;
    CachedPtr item;
    if (has_past && (!has_now || past->first <= now->first)) {
      if (has_now && past->first == now->first) ++now;
      key = &past->first;
      item = past->second;
      ++past;
    } else {
      key = &now->first;
      item = now->second;
      ++now;
    }
    if (!item || !filter.matches(*item->object())) continue;
    if (more) {
      ++page.remaining;
    } else if (limit != 0 && page.items.size() == limit) {
      more = true;
      page.next = last;
      page.remaining = 1;
      // Counting goes on only where every item counts.
      if (!filter.labels.empty() || !filter.fields.empty()) break;
    } else {
      last = *key;
      page.items.push_back(std::move(item));
    }
  }
  return page;
}

Result<std::unique_ptr<KindCache::Watcher>> KindCache::watch(Filter filter, Revision after) {
  if (after < oldest_) return fail(Code::kExpired, fmt::format("too old resource version: {} ({})", after, oldest_));
  const auto it = std::upper_bound(ring_.begin(), ring_.end(), after,
                                   [](Revision r, const auto& event) { return r < event->revision; });
  const uint64_t position = first_ + static_cast<uint64_t>(it - ring_.begin());
  return std::unique_ptr<Watcher>(new Watcher(*this, std::move(filter), after, position));
}

KindCache::Watcher::Watcher(KindCache& owner, Filter filter, Revision from, uint64_t position)
    : owner_(&owner), filter_(std::move(filter)), from_(from), position_(position), changed_(owner.loop_) {
  place_ = owner.watchers_.insert(owner.watchers_.end(), this);
}

KindCache::Watcher::~Watcher() {
  if (owner_ != nullptr) owner_->watchers_.erase(place_);
}

Result<std::vector<SeenEvent>> KindCache::Watcher::poll() {
  std::vector<SeenEvent> batch;
  if (owner_ == nullptr) return batch;
  if (position_ < owner_->first_) {
    return fail(Code::kExpired, fmt::format("too old resource version: {} ({})", from_, owner_->oldest_));
  }
  for (; position_ < owner_->first_ + owner_->ring_.size() && batch.size() < kBatch; ++position_) {
    const CacheEvent& event = *owner_->ring_[position_ - owner_->first_];
    SeenEvent seen = seen_through(filter_, event);
    from_ = std::max(from_, event.revision);
    if (seen.object) batch.push_back(std::move(seen));
  }
  return batch;
}

rt::Task<Result<std::vector<SeenEvent>>> KindCache::Watcher::next(std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    auto batch = poll();
    if (!batch || !batch->empty() || closed_ || owner_ == nullptr || std::chrono::steady_clock::now() >= deadline)
      co_return batch;
    co_await changed_.wait_until(deadline);
  }
}

Revision KindCache::Watcher::revision() const {
  if (owner_ == nullptr || position_ < owner_->first_ + owner_->ring_.size()) return from_;
  return std::max(from_, owner_->revision_);
}

}  // namespace fairlead::apiserver
