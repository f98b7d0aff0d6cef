// GET of one object and of collections.
#include <boost/json/value.hpp>

#include "api/codec.h"
#include "apiserver/errors.h"
#include "apiserver/handlers.h"
#include "apiserver/render.h"
#include "apiserver/scale.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kContinueTooOld =
    "The provided continue parameter is too old to display a consistent list result. You must start a new list without "
    "the continue parameter.";

struct Place {
  Revision revision = 0;
  std::string after;
};

// Opaque to clients: the snapshot and the last key that was sent.
std::string encode_continue(const Place& place) {
  return base64url_encode(
      fmt::format(R"({{"v":"meta.k8s.io/v1","rv":{},"start":{}}})", place.revision, quote(place.after)));
}

Result<Place> decode_continue(std::string_view token) {
  const auto refuse = [] {
    return fail(Code::kBadRequest, "continue key is not valid: it must be the one that the previous answer carried");
  };
  const auto text = base64url_decode(token);
  if (!text) return refuse();
  const auto parsed = api::parse_json(*text);
  if (!parsed || !parsed->is_object()) return refuse();
  const auto* rv = parsed->get_object().if_contains("rv");
  const auto* start = parsed->get_object().if_contains("start");
  if (rv == nullptr || !rv->is_int64() || rv->get_int64() <= 0 || start == nullptr || !start->is_string())
    return refuse();
  return Place{rv->get_int64(), std::string(start->get_string().data(), start->get_string().size())};
}

Result<Revision> parse_revision(std::string_view text) {
  if (text.empty()) return 0;
  const auto n = parse_int(text);
  if (!n || *n < 0) {
    return fail(Code::kInvalid,
                fmt::format("resourceVersion: Invalid value: {}: must be a number that the server gave", quote(text)));
  }
  return *n;
}

struct ListQuery {
  Filter filter;
  size_t limit = 0;
  Place from;             // of a continued list
  Revision at_least = 0;  // wait for it
  Revision exactly = 0;   // list that state
};

Result<ListQuery> parse_list(const RequestInfo& info) {
  ListQuery out;
  FL_TRY(out.filter, filter_of(info));
  if (const auto text = info.param("limit"); !text.empty()) {
    const auto n = parse_int(text);
    if (!n || *n < 0) return fail(Code::kBadRequest, fmt::format("limit {} is not a non-negative number", quote(text)));
    out.limit = static_cast<size_t>(*n);
  }
  const std::string_view match = info.param("resourceVersionMatch");
  FL_TRY(const Revision revision, parse_revision(info.param("resourceVersion")));
  if (!match.empty() && match != "Exact" && match != "NotOlderThan") {
    return fail(
        Code::kInvalid,
        fmt::format("ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported value: {}: supported "
                    "values: \"Exact\", \"NotOlderThan\", \"\"",
                    quote(match)));
  }
  if (const auto token = info.param("continue"); !token.empty()) {
    if (revision != 0) return fail(Code::kBadRequest, "specifying resource version is not allowed when using continue");
    FL_TRY(out.from, decode_continue(token));
    out.exactly = out.from.revision;
    return out;
  }
  if (match == "Exact") {
    if (revision == 0) {
      return fail(
          Code::kInvalid,
          "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch \"Exact\" is "
          "forbidden for resourceVersion \"0\"");
    }
    out.exactly = revision;
  } else {
    out.at_least = revision;
  }
  return out;
}

}  // namespace

Result<Filter> filter_of(const RequestInfo& info) {
  Filter filter;
  if (info.kind->namespaced) filter.ns = info.ns;
  FL_TRY(filter.labels, api::Selector::parse(info.param("labelSelector")));
  FL_TRY(filter.fields, api::FieldSelector::parse(info.param("fieldSelector"), *info.kind));
  return filter;
}

Reply object_reply(const Request& request, const MediaType& media, const Cached& item, const Registry& registry,
                   int status) {
  const Renderer renderer(item.object()->kind(), media, request.info.param("includeObject"), registry.clock().now());
  Reply reply;
  reply.status = status;
  reply.content_type = media.type;
  reply.body = renderer.object(item);
  if (!media.protobuf()) reply.body += '\n';
  return reply;
}

Task<Result<Reply>> handle_get(Context& context, const Request& request) {
  const RequestInfo& info = request.info;
  auto media = negotiate(request.http.headers, {Shape::kObject, Shape::kTable, Shape::kPartialMetadata});
  if (!media) co_return fail(std::move(media).error());
  const std::string ns = info.kind->namespaced ? info.ns : std::string();
  auto found = co_await context.registry.get(*info.kind, ns, info.name);
  if (!found) co_return fail(std::move(found).error());
  if (info.subresource == "scale") {
    const Cached view(api::make_object(scale_of(*(*found)->object())), (*found)->revision());
    co_return object_reply(request, *media, view, context.registry, 200);
  }
  co_return object_reply(request, *media, **found, context.registry, 200);
}

Task<Result<Reply>> handle_list(Context& context, const Request& request) {
  auto media = negotiate(request.http.headers, {Shape::kObject, Shape::kTable, Shape::kPartialMetadata});
  if (!media) co_return fail(std::move(media).error());
  auto query = parse_list(request.info);
  if (!query) co_return fail(std::move(query).error());
  Registry& registry = context.registry;
  auto fresh = co_await registry.catch_up();
  if (!fresh) co_return fail(std::move(fresh).error());
  const Revision wanted = std::max(query->at_least, query->exactly);
  auto there = co_await registry.wait_for(wanted);
  if (!there) co_return fail(std::move(there).error());

  const KindCache& cache = registry.cache(*request.info.kind);
  auto page = cache.list(query->filter, query->limit, query->from.after, query->exactly);
  if (!page) {
    if (page.error().code == Code::kExpired && !query->from.after.empty())
      co_return fail(Code::kExpired, std::string(kContinueTooOld));
    co_return fail(std::move(page).error());
  }
  ListMeta meta;
  meta.revision = query->exactly != 0 ? query->exactly : registry.revision();
  if (!page->next.empty()) {
    meta.continue_token = encode_continue(Place{meta.revision, page->next});
    if (query->filter.labels.empty() && query->filter.fields.empty()) meta.remaining = page->remaining;
  }
  const Renderer renderer(*request.info.kind, *media, request.info.param("includeObject"), registry.clock().now());
  Reply reply;
  reply.content_type = media->type;
  reply.body = renderer.list(page->items, meta);
  co_return reply;
}

}  // namespace fairlead::apiserver
