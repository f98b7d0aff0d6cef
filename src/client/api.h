// client::Api: the one way in which every component reaches the Kubernetes API. Two implementations: in-process (inside
// `fairlead server`, shared immutable objects, no serialisation; apiserver/) and HTTPS to any conformant API server
// (client/https_api.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/kind.h"
#include "api/kinds/tokenrequest.h"
#include "api/object.h"
#include "base/result.h"
#include "rt/loop.h"

namespace fairlead::client {

using api::KindInfo;
using api::MutableObject;
using api::ObjectPtr;
using rt::Task;

struct ListOptions {
  std::string ns;              // empty: all namespaces
  std::string label_selector;  // "app=web,!canary"
  std::string field_selector;  // "spec.nodeName=node1"
};

struct ObjectList {
  std::vector<ObjectPtr> items;
  std::string resource_version;  // of the collection: where a watch goes on
};

struct WatchOptions {
  std::string ns;
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;  // of the list; events after it are delivered
};

enum class WatchType : uint8_t { kAdded, kModified, kDeleted, kBookmark };

struct WatchEvent {
  WatchType type = WatchType::kAdded;
  ObjectPtr object;              // null for bookmarks
  std::string resource_version;  // where to go on after this event
};

// An open watch. Destroying it ends it.
class WatchStream {
 public:
  virtual ~WatchStream() = default;
  // The next event; nullopt when the server ended the watch in the ordinary way. Code::kExpired: list again.
  virtual Task<Result<std::optional<WatchEvent>>> next() = 0;
};

enum class PatchType : uint8_t { kJson, kMerge, kStrategic };

struct DeleteOptions {
  std::optional<int64_t> grace_period_seconds;
  std::string propagation_policy;  // Background, Foreground, Orphan; empty: the kind's default
  std::string uid;                 // precondition; empty: none
  std::string resource_version;    // precondition; empty: none
};

class Api {
 public:
  virtual ~Api() = default;
  // `ns` is empty for kinds without namespace. `subresource` is "", "status", "scale", "binding", ...
  virtual Task<Result<ObjectPtr>> get(const KindInfo& kind, std::string ns, std::string name) = 0;
  virtual Task<Result<ObjectList>> list(const KindInfo& kind, ListOptions options) = 0;
  virtual Task<Result<std::unique_ptr<WatchStream>>> watch(const KindInfo& kind, WatchOptions options) = 0;
  virtual Task<Result<ObjectPtr>> create(MutableObject object) = 0;
  // Conflict (Code::kConflict) when the object's resourceVersion is set and no longer current.
  virtual Task<Result<ObjectPtr>> update(MutableObject object, std::string subresource = "") = 0;
  virtual Task<Result<ObjectPtr>> patch(const KindInfo& kind, std::string ns, std::string name, PatchType type,
                                        std::string body, std::string subresource = "") = 0;
  virtual Task<Result<>> remove(const KindInfo& kind, std::string ns, std::string name, DeleteOptions options) = 0;
  // Not a default argument: g++ 12 destroys aggregate temporaries of a co_await expression twice.
  Task<Result<>> remove(const KindInfo& kind, std::string ns, std::string name) {
    return remove(kind, std::move(ns), std::move(name), DeleteOptions());
  }
  // POST pods/NAME/binding: sets spec.nodeName.
  virtual Task<Result<>> bind(std::string ns, std::string pod, std::string node) = 0;
  // POST serviceaccounts/ACCOUNT/token. Inside the server nobody needs one.
  virtual Task<Result<api::TokenRequest>> request_token(std::string ns, std::string account,
                                                        api::TokenRequest request) {
    (void)ns, (void)account, (void)request;
    co_return fail(Code::kMethodNotAllowed, "tokens are to be had over HTTPS only");
  }
};

// Typed conveniences.
template <class T>
Task<Result<ObjectPtr>> create(Api& api, T value) {
  co_return co_await api.create(api::make_object(std::move(value)));
}
template <class T>
Task<Result<T>> get(Api& api, std::string ns, std::string name) {
  auto object = co_await api.get(api::kind_of<T>(), std::move(ns), std::move(name));
  if (!object) co_return fail(std::move(object).error());
  co_return (*object)->template as<T>();
}
template <class T>
Task<Result<ObjectPtr>> update(Api& api, T value, std::string subresource = "") {
  co_return co_await api.update(api::make_object(std::move(value)), std::move(subresource));
}

}  // namespace fairlead::client
