#include "client/events.h"

#include "api/kinds/event.h"
#include "base/log.h"
#include "base/text.h"

namespace fairlead::client {

namespace {
constexpr size_t kQueueLimit = 1000;
constexpr size_t kKnownLimit = 4096;
constexpr double kBurst = 25;
constexpr double kPerSecond = 1.0 / 300;
}  // namespace

api::ObjectReference reference_to(const KindInfo& kind, const api::ObjectMeta& meta) {
  api::ObjectReference ref;
  ref.kind = kind.kind;
  ref.api_version = kind.api_version();
  ref.namespace_ = meta.namespace_;
  ref.name = meta.name;
  ref.uid = meta.uid;
  ref.resource_version = meta.resource_version;
  return ref;
}

EventRecorder::EventRecorder(rt::Loop& loop, Api& api, const Clock& clock, std::string component, std::string host)
    : api_(api), clock_(clock), component_(std::move(component)), host_(std::move(host)), queue_(loop, kQueueLimit) {}

void EventRecorder::record(api::ObjectReference about, std::string_view type, std::string_view reason,
                           std::string_view message) {
  record(std::move(about), type, reason, message, component_);
}

void EventRecorder::record(api::ObjectReference about, std::string_view type, std::string_view reason,
                           std::string_view message, const std::string& component) {
  Pending event{std::move(about),     std::string(type), std::string(reason),
                std::string(message), component,         clock_.now()};
  if (!allowed(event)) return;
  if (!queue_.push(std::move(event))) log::debug("event dropped: the queue is full", {{"reason", reason}});
}

bool EventRecorder::allowed(const Pending& event) {
  if (buckets_.size() > kKnownLimit) buckets_.clear();
  const std::string key = event.component + "/" + event.about.kind + "/" + event.about.uid + event.about.name;
  const MonoTime now = clock_.mono();
  const auto [it, fresh] = buckets_.try_emplace(key, Bucket{kBurst, now});
  Bucket& bucket = it->second;
  bucket.tokens = std::min(kBurst, bucket.tokens + std::chrono::duration<double>(now - bucket.at).count() * kPerSecond);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

Task<> EventRecorder::run() {
  for (;;) {
    std::optional<Pending> event = co_await queue_.pop();
    if (!event) co_return;
    co_await send(*std::move(event));
  }
}

void EventRecorder::remember(Known known) {
  recent_.push_front(std::move(known));
  by_key_[recent_.front().key] = recent_.begin();
  if (recent_.size() > kKnownLimit) {
    by_key_.erase(recent_.back().key);
    recent_.pop_back();
  }
}

Task<> EventRecorder::send(Pending event) {
  std::string key = join(std::array{event.component, event.type, event.reason, event.message, event.about.kind,
                                    event.about.uid, event.about.namespace_, event.about.name, event.about.field_path},
                         "\n");
  const auto known = by_key_.find(key);
  if (known != by_key_.end()) {
    const auto it = known->second;
    recent_.splice(recent_.begin(), recent_, it);
    const std::string body =
        fmt::format(R"({{"count":{},"lastTimestamp":{}}})", it->count + 1, quote(format_rfc3339(event.at)));
    auto patched = co_await api_.patch(api::kind_of<api::Event>(), it->ns, it->name, PatchType::kMerge, body);
    if (patched) {
      ++it->count;
      co_return;
    }
    if (patched.error().code != Code::kNotFound) {
      log::debug("event lost", {{"reason", event.reason}, {"error", patched.error().message}});
      co_return;
    }
    by_key_.erase(key);
    recent_.erase(it);
  }
  const std::string reason = event.reason;
  auto created = co_await create(std::move(event), std::move(key));
  // A namespace that is going away takes no events; that is no trouble worth a line.
  if (!created) log::debug("event lost", {{"reason", reason}, {"error", created.error().message}});
}

Task<Result<>> EventRecorder::create(Pending event, std::string key) {
  api::Event e;
  e.metadata.namespace_ = event.about.namespace_.empty() ? "default" : event.about.namespace_;
  const auto since_epoch = event.at.time_since_epoch();
  e.metadata.name =
      fmt::format("{}.{:x}{:04x}", event.about.name,
                  static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()),
                  random_u64() & 0xffff);
  e.involved_object = std::move(event.about);
  e.type = std::move(event.type);
  e.reason = std::move(event.reason);
  e.message = std::move(event.message);
  e.source.component = event.component;
  e.source.host = host_;
  e.reporting_component = std::move(event.component);
  e.reporting_instance = host_;
  e.first_timestamp.at = event.at;
  e.last_timestamp.at = event.at;
  e.count = 1;
  Known known{std::move(key), e.metadata.namespace_, e.metadata.name, 1};
  auto created = co_await api_.create(api::make_object(std::move(e)));
  if (!created) co_return fail(std::move(created).error());
  remember(std::move(known));
  co_return Result<>{};
}

}  // namespace fairlead::client
