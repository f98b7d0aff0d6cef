// A local copy of all objects of one kind, kept current by list and watch. It answers from the last known state while
// the API is away, and reports what changed as deltas; a relist gives the same deltas as the watch would have.
//
//   client::Informer<api::Service> services(loop, api);
//   services.on_change([&](const api::Service* old, const api::Service* now) { ... });   // old null: added; now null:
//   deleted group.spawn("services", services.run()); co_await services.wait_synced();
//
// Handlers run on the loop, one after the other, after the store has changed; they must not wait.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/api.h"
#include "client/backoff.h"
#include "rt/event.h"

namespace fairlead::client {

struct InformerOptions {
  std::string ns;  // empty: all namespaces
  std::string label_selector;
  std::string field_selector;
  BackoffPolicy backoff = {};  // after failures of list or watch
};

// Objects by key ("ns/name"), in key order, so that one namespace is one range.
using ObjectMap = std::map<std::string, ObjectPtr, std::less<>>;

// The informer of a kind known at run time; Informer<T> is the typed face.
class ObjectInformer {
 public:
  // `old` is null for an object that is new, `now` null for one that is gone (`old` is then its last known state). An
  // object that was deleted and made anew under the same name is reported as gone and then as new.
  using Change = std::function<void(const ObjectPtr& old, const ObjectPtr& now)>;

  ObjectInformer(rt::Loop& loop, Api& api, const KindInfo& kind, InformerOptions options = {});
  ObjectInformer(const ObjectInformer&) = delete;
  ObjectInformer& operator=(const ObjectInformer&) = delete;

  // Objects that are known already are reported at once as new.
  void on_change(Change handler);
  // Lists and watches until cancelled. Failures are logged and retried.
  Task<> run();

  // True once the first list is in the store and was reported; stays true.
  [[nodiscard]] bool has_synced() const { return synced_; }
  Task<> wait_synced();
  // Whether the last contact with the API succeeded; when not, the store is the last known state.
  [[nodiscard]] bool connected() const { return connected_; }

  [[nodiscard]] ObjectPtr get(std::string_view key) const;
  [[nodiscard]] const ObjectMap& objects() const { return objects_; }
  [[nodiscard]] std::vector<ObjectPtr> in_namespace(std::string_view ns) const;
  [[nodiscard]] const KindInfo& kind() const { return kind_; }

  // For tests of what stands on an informer: the state without an API.
  void replace(const std::vector<ObjectPtr>& all);
  void set(const ObjectPtr& object);
  void erase(const ObjectPtr& last_state);

 private:
  enum class Ended : uint8_t { kRelist, kRewatch, kFailed };
  Task<Result<std::string>> list();
  Task<Ended> watch(std::string& resource_version);
  void failed(std::string_view what, const Error& error);
  void notify(const ObjectPtr& old, const ObjectPtr& now);

  Api& api_;
  const KindInfo& kind_;
  InformerOptions options_;
  Backoff backoff_;
  ObjectMap objects_;
  std::vector<Change> handlers_;
  rt::Event synced_event_;
  bool synced_ = false;
  bool connected_ = false;
};

// Typed. Either owns its ObjectInformer or is a view of a shared one.
template <class T>
class Informer {
 public:
  Informer(rt::Loop& loop, Api& api, InformerOptions options = {})
      : owned_(std::make_unique<ObjectInformer>(loop, api, api::kind_of<T>(), std::move(options))),
        base_(owned_.get()) {}
  explicit Informer(ObjectInformer& shared) : base_(&shared) {
    check(&shared.kind() == &api::kind_of<T>(), "informer of another kind");
  }

  void on_change(std::function<void(const T* old, const T* now)> handler) {
    base_->on_change([h = std::move(handler)](const ObjectPtr& old, const ObjectPtr& now) {
      h(old ? &old->as<T>() : nullptr, now ? &now->as<T>() : nullptr);
    });
  }
  void on_add(std::function<void(const T&)> handler) {
    on_change([h = std::move(handler)](const T* old, const T* now) {
      if (!old) h(*now);
    });
  }
  void on_update(std::function<void(const T& old, const T& now)> handler) {
    on_change([h = std::move(handler)](const T* old, const T* now) {
      if (old && now) h(*old, *now);
    });
  }
  void on_delete(std::function<void(const T&)> handler) {
    on_change([h = std::move(handler)](const T* old, const T* now) {
      if (!now) h(*old);
    });
  }

  Task<> run() { return base_->run(); }
  Task<> wait_synced() { return base_->wait_synced(); }
  [[nodiscard]] bool has_synced() const { return base_->has_synced(); }
  [[nodiscard]] bool connected() const { return base_->connected(); }

  // Null when there is none. Shares the object with the store.
  [[nodiscard]] std::shared_ptr<const T> get(std::string_view key) const { return typed(base_->get(key)); }
  [[nodiscard]] std::shared_ptr<const T> get(std::string_view ns, std::string_view name) const {
    return get(api::key_of(ns, name));
  }
  [[nodiscard]] std::vector<std::shared_ptr<const T>> all() const {
    std::vector<std::shared_ptr<const T>> out;
    out.reserve(base_->objects().size());
    for (const auto& [key, object] : base_->objects()) out.push_back(typed(object));
    return out;
  }
  [[nodiscard]] std::vector<std::shared_ptr<const T>> in_namespace(std::string_view ns) const {
    std::vector<std::shared_ptr<const T>> out;
    for (const auto& object : base_->in_namespace(ns)) out.push_back(typed(object));
    return out;
  }
  // Calls visit(const T&) for each, in key order; visit must not wait or change the store.
  template <class F>
  void each(F visit) const {
    for (const auto& [key, object] : base_->objects()) visit(object->template as<T>());
  }
  [[nodiscard]] size_t size() const { return base_->objects().size(); }
  [[nodiscard]] ObjectInformer& base() const { return *base_; }

 private:
  static std::shared_ptr<const T> typed(const ObjectPtr& o) {
    return o ? std::shared_ptr<const T>(o, &o->template as<T>()) : nullptr;
  }
  std::unique_ptr<ObjectInformer> owned_;
  ObjectInformer* base_;
};

// An index over an informer's objects: which objects have `value`? Kept current by the informer's changes.
class Index {
 public:
  // `values_of` gives the values under which an object is found (a pod's node, the uids of its owners).
  using ValuesOf = std::function<std::vector<std::string>(const api::Object&)>;
  Index(ObjectInformer& informer, ValuesOf values_of);
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;
  [[nodiscard]] const ObjectMap& find(std::string_view value) const;

 private:
  ValuesOf values_of_;
  std::map<std::string, ObjectMap, std::less<>> by_value_;
};

// One informer a kind for all who share it, over all namespaces. Ask for the informers and register handlers, then
// start.
class SharedInformers {
 public:
  SharedInformers(rt::Loop& loop, Api& api, BackoffPolicy backoff = {}) : loop_(loop), api_(api), backoff_(backoff) {}
  template <class T>
  Informer<T> get() {
    return Informer<T>(get(api::kind_of<T>()));
  }
  ObjectInformer& get(const KindInfo& kind);
  // Every informer that was asked for so far; for TaskGroup::spawn.
  [[nodiscard]] std::vector<ObjectInformer*> all() const;
  Task<> wait_synced();

 private:
  rt::Loop& loop_;
  Api& api_;
  BackoffPolicy backoff_;
  std::map<const KindInfo*, std::unique_ptr<ObjectInformer>> by_kind_;
};

}  // namespace fairlead::client
