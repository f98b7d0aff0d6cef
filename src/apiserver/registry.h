// Reading and writing objects of every kind: what Kubernetes calls the generic registry. Writes go through the kind's
// hooks and the server's own (addresses and ports of Services, namespaces), then to the store with optimistic
// concurrency; reads come from the watch caches, which are never behind what has been acknowledged to anyone. One
// thread: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "apiserver/cache.h"
#include "base/clock.h"
#include "rt/task_group.h"
#include "store/store.h"

namespace fairlead::apiserver {

using rt::Task;

// Something a write has taken that must be given back unless the write succeeds.
class Reservation {
 public:
  Reservation() = default;
  Reservation(std::function<void()> keep, std::function<void()> give_back)
      : keep_(std::move(keep)), give_back_(std::move(give_back)) {}
  Reservation(Reservation&& other) noexcept
      : keep_(std::exchange(other.keep_, nullptr)), give_back_(std::exchange(other.give_back_, nullptr)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    std::swap(keep_, other.keep_);
    std::swap(give_back_, other.give_back_);
    return *this;
  }
  ~Reservation() {
    if (give_back_) give_back_();
  }
  void keep() {
    if (keep_) keep_();
    keep_ = give_back_ = nullptr;
  }

 private:
  std::function<void()> keep_;
  std::function<void()> give_back_;
};

// What writes of one kind need from the server beyond the kind's own (pure) hooks.
class WriteHook {
 public:
  virtual ~WriteHook() = default;
  // Before everything else of a create; may wait, for what the object refers to.
  virtual Task<Result<>> prepare_create(const std::string& ns, const api::Object& object) {
    (void)ns, (void)object;
    co_return Result<>{};
  }
  // Before validation; fills in `next` and takes what it needs. `old` is null on create.
  virtual Result<Reservation> before_write(api::Object& next, const api::Object* old) = 0;
  // The object is gone from the store.
  virtual void removed(const api::Object& old) = 0;
};

// The options have constructors because g++ 12 destroys aggregate temporaries of a co_await expression twice.
struct WriteOptions {
  WriteOptions() {}  // NOLINT: not an aggregate
  // What becomes of managedFields: an ordinary write, for `manager`; or an apply patch, whose Change has seen to them
  // and may make the object; or what the server does on its own (a binding), which belongs to nobody.
  enum class Tracking : uint8_t { kUpdate, kApplied, kNone };
  bool dry_run = false;
  Tracking tracking = Tracking::kUpdate;
  std::string subresource = {};      // "", "status", or another one that the caller has already merged into the object
  std::string through = {};          // the subresource that managedFields name, where that differs: "scale"
  std::string manager = "fairlead";  // who writes, in managedFields
};

struct RemoveOptions {
  RemoveOptions() {}  // NOLINT: not an aggregate
  std::optional<int64_t> grace_period_seconds = {};
  std::string propagation_policy = {};  // Background, Foreground, Orphan; empty: the kind's default
  std::optional<std::string> uid = {};
  std::optional<std::string> resource_version = {};
  bool dry_run = false;
};

struct Removed {
  CachedPtr object;   // as it was, or as it is now that its deletion is pending
  bool gone = false;  // no longer stored
};

class Registry {
 public:
  Registry(rt::Loop& loop, store::Store& store, const Clock& clock, size_t history_per_kind = 4096);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Before start().
  void add_hook(const api::KindInfo& kind, WriteHook& hook) { hooks_[&kind] = &hook; }
  // Reads everything and follows the store from there.
  Task<Result<>> start();
  Task<> stop();

  [[nodiscard]] KindCache& cache(const api::KindInfo& kind) { return *caches_.at(&kind); }
  [[nodiscard]] Revision revision() const { return revision_; }
  // Waits until the caches contain what has been acknowledged so far.
  Task<Result<>> catch_up();
  // Waits until the caches contain `revision`; kTimeout after three seconds, as for a resourceVersion from the future.
  Task<Result<>> wait_for(Revision revision);

  // Waits until the caches have moved, for at most `limit`.
  Task<> progress(std::chrono::nanoseconds limit) { co_await progressed_.wait_for(limit); }

  Task<Result<CachedPtr>> get(const api::KindInfo& kind, std::string ns, std::string name);
  Task<Result<CachedPtr>> create(std::string ns, api::MutableObject object, WriteOptions options = WriteOptions());
  // Makes the wanted object from the current one; called again when another write came between, unless the wanted
  // object carries a resourceVersion, which then no longer fits (kConflict).
  using Change = std::function<Result<api::MutableObject>(const api::Object& current)>;
  Task<Result<CachedPtr>> update(const api::KindInfo& kind, std::string ns, std::string name, Change change,
                                 WriteOptions options = WriteOptions());
  Task<Result<Removed>> remove(const api::KindInfo& kind, std::string ns, std::string name,
                               RemoveOptions options = RemoveOptions());

  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] rt::Loop& loop() { return loop_; }

 private:
  // A write on its way: shared with the store as the entry's attachment, completed by the feed.
  struct Pending {
    std::shared_ptr<api::Object> object;
    CachedPtr cached;
  };
  struct Attempt {
    bool retry = false;  // another write came between
    CachedPtr written;
  };

  // Kinds whose objects are another kind's (registry_views.cpp).
  Task<Result<CachedPtr>> create_view(std::string ns, api::MutableObject object, WriteOptions options);
  Task<Result<CachedPtr>> update_view(const api::KindInfo& kind, std::string ns, std::string name, Change change,
                                      WriteOptions options);
  Task<Result<Removed>> remove_view(const api::KindInfo& kind, std::string ns, std::string name, RemoveOptions options);
  // The change of one object, to its cache and to those of the views.
  void tell(KindCache& cache, const std::string& name, CachedPtr now, Revision revision);
  void tell_view(KindCache& view, const CachedPtr& before, const CachedPtr& now, Revision revision);
  void load_into(KindCache& cache, CachedPtr object);

  Task<> feed();
  Task<Result<>> load();
  Task<Result<>> resync();
  void apply(const store::Event& event);
  KindCache* cache_of_key(std::string_view key, std::string& name);
  Result<CachedPtr> decode(const api::KindInfo& kind, const store::Entry& entry);
  // The caches contain what was committed when this returns. Not interruptible: what a write has reserved stays
  // reserved for as long as its outcome is open.
  Task<Result<store::TxnResult>> commit(store::Txn txn);
  Task<Result<Attempt>> put(api::MutableObject object, Revision expected);
  Task<Result<Attempt>> erase(const api::KindInfo& kind, CachedPtr current);
  Result<> check_namespace(const api::KindInfo& kind, const std::string& ns, std::string_view name);
  Result<> finish_create(api::Object& object, const std::string& ns, const WriteOptions& options,
                         Reservation& reservation);
  Result<Reservation> finish_update(api::Object& next, const api::Object& old, const WriteOptions& options);
  Result<api::MutableObject> mark_deleted(const api::Object& current, const RemoveOptions& options, bool& now);
  WriteHook* hook_of(const api::KindInfo& kind) const;

  rt::Loop& loop_;
  store::Store& store_;
  const Clock& clock_;
  std::unordered_map<const api::KindInfo*, std::unique_ptr<KindCache>> caches_;
  std::map<std::string, KindCache*, std::less<>> by_prefix_;                 // "pods"
  std::unordered_map<const api::KindInfo*, std::vector<KindCache*>> views_;  // of the kind that is stored
  std::unordered_map<const api::KindInfo*, WriteHook*> hooks_;
  Revision revision_ = 0;
  bool stopped_ = false;
  rt::Event progressed_;
  std::unique_ptr<store::Watcher> watcher_;
  rt::TaskGroup tasks_;
};

// Deep equality by field table.
bool same_content(const api::Object& a, const api::Object& b);
// One object, as the kind `view` shows it.
CachedPtr as_view(const api::KindInfo& view, const Cached& stored);
// A namespace that is being deleted stays until its contents are gone (spec.finalizers).
bool waits_for_namespace(const api::Object& object);
// Copies the top-level field `name` ("status") when the kind has it.
void copy_field(api::Object& to, const api::Object& from, std::string_view name);

}  // namespace fairlead::apiserver
