#include "controllers/eventttl/event_ttl.h"

#include <algorithm>

namespace fairlead::controllers {

EventTtl::EventTtl(const Context& context, std::chrono::seconds ttl)
    : context_(context), ttl_(ttl), events_(context.informers.get<api::Event>()), queue_(context.loop, context.clock) {
  events_.on_add([this](const api::Event& event) {
    const auto seen = last_seen(event);
    const auto age = seen ? context_.clock.now() - *seen : std::chrono::microseconds(ttl_);
    queue_.add_after(api::key_of(event.metadata), ttl_ - age);
  });
}

std::optional<WallTime> last_seen(const api::Event& event) {
  std::optional<WallTime> latest = event.metadata.creation_timestamp.at;
  const auto consider = [&](const std::optional<WallTime>& at) {
    if (at && (!latest || *at > *latest)) latest = at;
  };
  consider(event.last_timestamp.at);
  consider(event.event_time.at);
  if (event.series) consider(event.series->last_observed_time.at);
  return latest;
}

Task<> EventTtl::run() {
  co_await client::run_workers(context_.loop, queue_, "event-ttl", 1,
                               [this](std::string key) { return reconcile(std::move(key)); });
}

Task<Result<>> EventTtl::reconcile(std::string key) {
  const auto event = events_.get(key);
  if (!event) co_return Result<>{};
  const auto seen = last_seen(*event);
  // It may have been counted again meanwhile.
  const auto left = seen ? *seen + ttl_ - context_.clock.now() : std::chrono::microseconds(0);
  if (left > std::chrono::microseconds(0)) {
    queue_.add_after(key, left);
    co_return Result<>{};
  }
  client::DeleteOptions exactly;
  exactly.uid = event->metadata.uid;
  auto removed = co_await context_.api.remove(api::kind_of<api::Event>(), event->metadata.namespace_,
                                              event->metadata.name, std::move(exactly));
  if (!removed && removed.error().code != Code::kNotFound) co_return fail(std::move(removed).error());
  co_return Result<>{};
}

}  // namespace fairlead::controllers
