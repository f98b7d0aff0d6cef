// An API server in memory, for tests of everything that stands on client::Api: resourceVersions, conflicts, watches
// with selectors, status and finalize subresources, finalizers, graceful deletion of pods, bindings. It uses the kinds'
// own defaults but does not validate, so that tests can write short objects. Patches: merge only.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/api.h"
#include "rt/event.h"

namespace fairlead::client {

class MemoryApi final : public Api {
 public:
  MemoryApi(rt::Loop& loop, const Clock& clock) : clock_(clock), changed_(loop) {}
  MemoryApi(const MemoryApi&) = delete;
  MemoryApi& operator=(const MemoryApi&) = delete;

  Task<Result<ObjectPtr>> get(const KindInfo& kind, std::string ns, std::string name) override;
  Task<Result<ObjectList>> list(const KindInfo& kind, ListOptions options) override;
  Task<Result<std::unique_ptr<WatchStream>>> watch(const KindInfo& kind, WatchOptions options) override;
  Task<Result<ObjectPtr>> create(MutableObject object) override;
  Task<Result<ObjectPtr>> update(MutableObject object, std::string subresource) override;
  Task<Result<ObjectPtr>> patch(const KindInfo& kind, std::string ns, std::string name, PatchType type,
                                std::string body, std::string subresource) override;
  using Api::remove;
  Task<Result<>> remove(const KindInfo& kind, std::string ns, std::string name, DeleteOptions options) override;
  Task<Result<>> bind(std::string ns, std::string pod, std::string node) override;
  Task<Result<api::TokenRequest>> request_token(std::string ns, std::string account,
                                                api::TokenRequest request) override;

  // ---- for tests

  // Stores the object as it is, status and metadata included; fills only what is empty of name, uid, creationTimestamp.
  ObjectPtr put(MutableObject object);
  template <class T>
  std::shared_ptr<const T> put(T value) {
    const ObjectPtr o = put(api::make_object(std::move(value)));
    return {o, &o->template as<T>()};
  }
  // Removes at once, whatever finalizers there are; what does not exist is no matter.
  void drop(const KindInfo& kind, const std::string& ns, const std::string& name);
  [[nodiscard]] ObjectPtr find(const KindInfo& kind, std::string_view ns, std::string_view name) const;
  // The object, or null.
  template <class T>
  [[nodiscard]] std::shared_ptr<const T> find(std::string_view ns, std::string_view name) const {
    const ObjectPtr o = find(api::kind_of<T>(), ns, name);
    return o ? std::shared_ptr<const T>(o, &o->template as<T>()) : nullptr;
  }
  template <class T>
  [[nodiscard]] std::vector<std::shared_ptr<const T>> all() const {
    std::vector<std::shared_ptr<const T>> out;
    const auto it = objects_.find(&api::kind_of<T>());
    if (it == objects_.end()) return out;
    for (const auto& [key, o] : it->second) out.emplace_back(o, &o->template as<T>());
    return out;
  }
  // Called before each request ("get", "list", "watch", "create", "update", "update status", "patch", "delete",
  // "bind", "token"); an error is the request's answer.
  std::function<std::optional<Error>(std::string_view verb, const KindInfo& kind, std::string_view key)> intercept;
  // Every open watch ends with `error`; Code::kExpired makes informers list again.
  void break_watches(Error error);
  // Successful writes since the last call: "create Pod default/web-1", "update Service/status default/web", "delete
  // ...".
  std::vector<std::string> take_writes() { return std::exchange(writes_, {}); }
  [[nodiscard]] int64_t revision() const { return revision_; }

 private:
  friend class MemoryWatch;
  struct Change {
    int64_t revision;
    const KindInfo* kind;
    ObjectPtr old;   // null: created
    ObjectPtr now;   // null: deleted
    ObjectPtr last;  // of a deletion: the last state with the deletion's resourceVersion
  };
  using Objects = std::map<std::string, ObjectPtr, std::less<>>;

  std::optional<Error> refused(std::string_view verb, const KindInfo& kind, std::string_view key) const;
  ObjectPtr store(const ObjectPtr& old, MutableObject next);
  void erase(const ObjectPtr& old);
  Result<ObjectPtr> finish_update(const ObjectPtr& old, MutableObject next);
  Result<ObjectPtr> existing(const KindInfo& kind, std::string_view ns, std::string_view name) const;

  const Clock& clock_;
  rt::Event changed_;
  int64_t revision_ = 1;
  std::map<const KindInfo*, Objects> objects_;
  std::vector<Change> history_;
  uint64_t broken_ = 0;  // counts break_watches
  Error broken_with_;
  std::vector<std::string> writes_;
  int tokens_ = 0;  // granted
};

}  // namespace fairlead::client
