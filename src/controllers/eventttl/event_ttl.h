// Deletes Events an hour after they were last seen; Kubernetes lets etcd do that (--event-ttl).
#pragma once

#include "api/kinds/event.h"
#include "client/workqueue.h"
#include "controllers/common/context.h"

namespace fairlead::controllers {

class EventTtl {
 public:
  EventTtl(const Context& context, std::chrono::seconds ttl);
  Task<> run();
  [[nodiscard]] client::WorkQueue& queue() { return queue_; }

 private:
  Task<Result<>> reconcile(std::string key);

  Context context_;
  std::chrono::seconds ttl_;
  client::Informer<api::Event> events_;
  client::WorkQueue queue_;
};

// When the event was last seen.
std::optional<WallTime> last_seen(const api::Event& event);

}  // namespace fairlead::controllers
