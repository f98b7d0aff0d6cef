// The watch cache of one kind: decoded immutable objects in key order, and a ring of recent events that every watcher
// reads at its own pace. JSON is made once for an object or event and shared by everyone who sends it. One thread. Fed
// by Registry in the order of revisions.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "api/kind.h"
#include "api/selector.h"
#include "client/api.h"
#include "rt/event.h"
#include "store/store.h"

namespace fairlead::apiserver {

using store::Revision;
using SharedText = std::shared_ptr<const std::string>;

// One version of one object.
class Cached {
 public:
  Cached(api::ObjectPtr object, Revision revision) : object_(std::move(object)), revision_(revision) {}
  [[nodiscard]] const api::ObjectPtr& object() const { return object_; }
  [[nodiscard]] Revision revision() const { return revision_; }
  [[nodiscard]] const std::string& json() const;
  // A whole protobuf body.
  [[nodiscard]] const std::string& proto() const;

 private:
  api::ObjectPtr object_;
  Revision revision_;
  mutable std::string json_;
  mutable std::string proto_;
};
using CachedPtr = std::shared_ptr<const Cached>;

// Which objects a list or watch is about.
struct Filter {
  std::string ns;  // empty: all
  api::Selector labels;
  api::FieldSelector fields;
  [[nodiscard]] bool matches(const api::Object& object) const;
  [[nodiscard]] bool all() const { return ns.empty() && labels.empty() && fields.empty(); }
};

struct CacheEvent {
  Revision revision = 0;
  CachedPtr now;   // null: deleted
  CachedPtr prev;  // null: created
  // The last state with the revision of its end, which is what DELETED events carry.
  [[nodiscard]] const CachedPtr& gone() const;

 private:
  mutable CachedPtr gone_;
};

// What one event means to one watcher; null object: nothing.
struct SeenEvent {
  client::WatchType type = client::WatchType::kAdded;
  CachedPtr object;
};
SeenEvent seen_through(const Filter& filter, const CacheEvent& event);

class KindCache {
 public:
  KindCache(rt::Loop& loop, const api::KindInfo& kind, size_t history)
      : loop_(loop), kind_(kind), history_limit_(history) {}
  KindCache(const KindCache&) = delete;
  KindCache& operator=(const KindCache&) = delete;
  ~KindCache();

  [[nodiscard]] const api::KindInfo& kind() const { return kind_; }

  // --- feeding
  void load(CachedPtr object);
  void start_at(Revision revision) { oldest_ = revision_ = revision; }
  // `now` null: deleted. `key` is "namespace/name", or the name alone.
  void apply(const std::string& key, CachedPtr now, Revision revision);
  // Nothing of this kind changed up to `revision`.
  void advance(Revision revision) { revision_ = std::max(revision_, revision); }
  // Ends every watcher, as at shutdown.
  void close();

  // --- reading
  [[nodiscard]] CachedPtr find(const std::string& key) const;
  [[nodiscard]] Revision revision() const { return revision_; }
  [[nodiscard]] size_t size() const { return current_.size(); }
  [[nodiscard]] const std::map<std::string, CachedPtr>& current() const { return current_; }

  struct Page {
    std::vector<CachedPtr> items;
    std::string next;       // key of the last item when there is more
    int64_t remaining = 0;  // after this page; only counted without selectors
  };
  // `at` 0: now. kExpired when that state can no longer be told.
  [[nodiscard]] Result<Page> list(const Filter& filter, size_t limit, const std::string& after, Revision at) const;

  class Watcher {
   public:
    ~Watcher();
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    // Waits for something to tell; an empty batch means that `deadline` passed or the cache closed (see closed()).
    // kExpired when too slow.
    rt::Task<Result<std::vector<SeenEvent>>> next(std::chrono::steady_clock::time_point deadline);
    // Without waiting; empty when there is nothing.
    Result<std::vector<SeenEvent>> poll();
    // Everything up to here has been told.
    [[nodiscard]] Revision revision() const;
    [[nodiscard]] bool closed() const { return closed_; }

   private:
    friend class KindCache;
    Watcher(KindCache& owner, Filter filter, Revision from, uint64_t position);
    KindCache* owner_;
    Filter filter_;
    Revision from_;
    uint64_t position_;
    rt::Event changed_;
    bool closed_ = false;
    std::list<Watcher*>::iterator place_;
  };
  // Events after `after`. kExpired when the ring no longer reaches back that far.
  Result<std::unique_ptr<Watcher>> watch(Filter filter, Revision after);
  [[nodiscard]] size_t watchers() const { return watchers_.size(); }

 private:
  rt::Loop& loop_;
  const api::KindInfo& kind_;
  size_t history_limit_;
  Revision revision_ = 0;
  Revision oldest_ = 0;  // state is known from here on
  std::map<std::string, CachedPtr> current_;
  // Shared, because a watcher's batch may outlive the ring's slot.
  std::deque<std::shared_ptr<const CacheEvent>> ring_;
  uint64_t first_ = 0;  // number of ring_[0]
  std::list<Watcher*> watchers_;
};

}  // namespace fairlead::apiserver
