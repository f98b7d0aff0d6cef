// Watches: the current state first where it is asked for, then every event, bookmarks in between.
#include "apiserver/errors.h"
#include "apiserver/handlers.h"
#include "apiserver/render.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr auto kBookmarkEvery = std::chrono::seconds(60);
constexpr size_t kChunk = 64 * 1024;

struct WatchQuery {
  Filter filter;
  Revision after = 0;
  bool from_now = false;       // no resourceVersion, or 0
  bool initial_state = false;  // ADDED for what is there
  bool initial_end = false;    // and the bookmark that says so
  bool bookmarks = false;
  std::chrono::seconds timeout{0};
};

std::unexpected<Error> invalid_option(std::string_view field, std::string_view why) {
  return fail(Code::kInvalid, fmt::format("ListOptions.meta.k8s.io \"\" is invalid: {}: {}", field, why));
}

Result<WatchQuery> parse_watch(const RequestInfo& info) {
  WatchQuery out;
  FL_TRY(out.filter, filter_of(info));
  // GET .../NAME?watch=true is a watch of that one object.
  if (!info.name.empty()) {
    FL_TRY(out.filter.fields, api::FieldSelector::parse("metadata.name=" + info.name, *info.kind));
  }
  const std::string_view rv = info.param("resourceVersion");
  const auto revision = rv.empty() ? std::optional<int64_t>(0) : parse_int(rv);
  if (!revision || *revision < 0) {
    return invalid_option("resourceVersion",
                          fmt::format("Invalid value: {}: must be a number that the server gave", quote(rv)));
  }
  out.after = *revision;
  out.from_now = *revision == 0;
  out.initial_state = out.from_now;
  out.bookmarks = info.flag("allowWatchBookmarks");
  if (const std::string_view send = info.param("sendInitialEvents"); !send.empty()) {
    if (info.param("resourceVersionMatch") != "NotOlderThan") {
      return invalid_option("resourceVersionMatch",
                            "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    out.initial_state = info.flag("sendInitialEvents");
    out.initial_end = out.initial_state && out.bookmarks;
  } else if (!info.param("resourceVersionMatch").empty()) {
    return invalid_option(
        "resourceVersionMatch",
        "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  }
  const auto seconds = parse_int(info.param("timeoutSeconds"));
  // Without a wish, between half an hour and an hour, so that clients do not all come back at once.
  out.timeout =
      std::chrono::seconds(seconds && *seconds > 0 ? *seconds : 1800 + static_cast<int64_t>(random_u64() % 1800));
  return out;
}

class WatchSession {
 public:
  WatchSession(Context& context, const Request& request, net::ResponseWriter& response, WatchQuery query,
               MediaType media)
      : context_(context),
        response_(response),
        query_(std::move(query)),
        media_(std::move(media)),
        renderer_(*request.info.kind, media_, request.info.param("includeObject"), context.registry.clock().now()),
        cache_(context.registry.cache(*request.info.kind)) {
    context_.metrics.watch_started();
  }
  ~WatchSession() { context_.metrics.watch_ended(); }
  WatchSession(const WatchSession&) = delete;
  WatchSession& operator=(const WatchSession&) = delete;

  // False when the client has gone.
  Task<bool> run() {
    net::Headers headers;
    headers.add("Content-Type", media_.protobuf() ? media_.type + ";stream=watch" : media_.type);
    headers.add("Cache-Control", "no-cache, private");
    auto begun = co_await response_.begin(200, std::move(headers));
    if (!begun) co_return false;
    Error problem;
    const bool alive = co_await stream(problem);
    if (!alive) co_return false;
    if (!problem.message.empty()) {
      out_ = error_event(problem, media_.protobuf());
      const bool sent = co_await flush(0);
      if (!sent) co_return false;
    }
    auto finished = co_await response_.finish();
    co_return finished.has_value();
  }

 private:
  Task<bool> stream(Error& problem) {
    Revision from = query_.after;
    if (query_.from_now || query_.initial_state) from = cache_.revision();
    auto watcher = cache_.watch(query_.filter, from);
    if (!watcher) {
      problem = std::move(watcher).error();
      co_return true;
    }
    const bool started = co_await initial(from);
    if (!started) co_return false;

    const SteadyTime end = std::chrono::steady_clock::now() + query_.timeout;
    SteadyTime bookmark = std::chrono::steady_clock::now() + kBookmarkEvery;
    for (;;) {
      const SteadyTime until = query_.bookmarks ? std::min(end, bookmark) : end;
      auto batch = co_await (*watcher)->next(until);
      if (!batch) {
        problem = std::move(batch).error();
        co_return true;
      }
      renderer_.set_now(context_.registry.clock().now());
      for (const SeenEvent& seen : *batch) {
        renderer_.event(out_, seen.type, *seen.object);
        const bool sent = co_await flush(kChunk);
        if (!sent) co_return false;
      }
      const SteadyTime now = std::chrono::steady_clock::now();
      const bool over = now >= end || (*watcher)->closed();
      if (batch->empty() && query_.bookmarks && (over || now >= bookmark)) {
        renderer_.bookmark(out_, (*watcher)->revision(), false);
        bookmark = now + kBookmarkEvery;
      }
      const bool sent = co_await flush(0);
      if (!sent) co_return false;
      if (over) co_return true;
    }
  }

  Task<bool> initial(Revision revision) {
    if (query_.initial_state) {
      // Shared objects: the snapshot stays what it is while it is being sent.
      auto page = cache_.list(query_.filter, 0, "", 0);
      for (size_t i = 0; page && i < page->items.size(); ++i) {
        renderer_.event(out_, client::WatchType::kAdded, *page->items[i]);
        const bool sent = co_await flush(kChunk);
        if (!sent) co_return false;
      }
    }
    if (query_.initial_end) renderer_.bookmark(out_, revision, true);
    co_return co_await flush(0);
  }

  // Sends what has gathered once it is more than `beyond` bytes.
  Task<bool> flush(size_t beyond) {
    if (out_.size() <= beyond) co_return true;
    std::string sending;
    sending.swap(out_);
    auto written = co_await response_.write(sending);
    co_return written.has_value();
  }

  Context& context_;
  net::ResponseWriter& response_;
  WatchQuery query_;
  MediaType media_;
  Renderer renderer_;
  KindCache& cache_;
  std::string out_;
};

}  // namespace

Task<Result<>> handle_watch(Context& context, const Request& request, net::ResponseWriter& response) {
  auto media = negotiate(request.http.headers, {Shape::kObject, Shape::kTable, Shape::kPartialMetadata});
  if (!media) co_return fail(std::move(media).error());
  auto query = parse_watch(request.info);
  if (!query) co_return fail(std::move(query).error());
  auto fresh = co_await context.registry.catch_up();
  if (!fresh) co_return fail(std::move(fresh).error());
  auto there = co_await context.registry.wait_for(query->after);
  if (!there) co_return fail(std::move(there).error());
  WatchSession session(context, request, response, std::move(*query), std::move(*media));
  co_await session.run();
  co_return Result<>{};
}

}  // namespace fairlead::apiserver
