// Writes core/v1 Events: what `kubectl describe` shows at its end. Repeats of the same event raise the count of the
// first one, and one that floods is dropped (25 at once, then one in five minutes an object), as client-go does.
//
//   client::EventRecorder events(loop, api, clock, "replicaset-controller");
//   group.spawn("events", events.run());
//   events.normal(rs, "SuccessfulCreate", "Created pod: web-x7abc");
#pragma once

#include <list>
#include <string>
#include <unordered_map>

#include "api/types/object_reference.h"
#include "base/clock.h"
#include "client/api.h"
#include "rt/queue.h"

namespace fairlead::client {

api::ObjectReference reference_to(const KindInfo& kind, const api::ObjectMeta& meta);
template <class T>
api::ObjectReference reference_to(const T& object) {
  return reference_to(api::kind_of<T>(), object.metadata);
}

class EventRecorder {
 public:
  // `component` is shown in the FROM column; `host` is the node's name for node components.
  EventRecorder(rt::Loop& loop, Api& api, const Clock& clock, std::string component, std::string host = "");

  // Never wait; an event that cannot be kept (a full queue, the API away) is lost.
  void record(api::ObjectReference about, std::string_view type, std::string_view reason, std::string_view message);
  template <class T>
  void normal(const T& about, std::string_view reason, std::string_view message) {
    record(reference_to(about), "Normal", reason, message);
  }
  template <class T>
  void warning(const T& about, std::string_view reason, std::string_view message) {
    record(reference_to(about), "Warning", reason, message);
  }
  // The same recorder in the name of another component, for controllers that share one task.
  class As {
   public:
    As(EventRecorder& recorder, std::string component) : recorder_(&recorder), component_(std::move(component)) {}
    template <class T>
    void normal(const T& about, std::string_view reason, std::string_view message) const {
      recorder_->record(reference_to(about), "Normal", reason, message, component_);
    }
    template <class T>
    void warning(const T& about, std::string_view reason, std::string_view message) const {
      recorder_->record(reference_to(about), "Warning", reason, message, component_);
    }

   private:
    EventRecorder* recorder_;
    std::string component_;
  };
  [[nodiscard]] As as(std::string component) { return {*this, std::move(component)}; }
  void record(api::ObjectReference about, std::string_view type, std::string_view reason, std::string_view message,
              const std::string& component);

  // Sends until cancelled.
  Task<> run();

 private:
  struct Pending {
    api::ObjectReference about;
    std::string type, reason, message, component;
    WallTime at;
  };
  struct Known {
    std::string key;
    std::string ns, name;
    int32_t count = 0;
  };
  struct Bucket {
    double tokens = 0;
    MonoTime at;
  };
  bool allowed(const Pending& event);
  Task<> send(Pending event);
  Task<Result<>> create(Pending event, std::string key);
  void remember(Known known);

  Api& api_;
  const Clock& clock_;
  std::string component_;
  std::string host_;
  rt::Queue<Pending> queue_;
  std::list<Known> recent_;  // the most recently used first
  std::unordered_map<std::string, std::list<Known>::iterator> by_key_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace fairlead::client
