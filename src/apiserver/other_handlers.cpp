// Health, version, metrics, discovery and OpenAPI.
#include "api/openapi_v2.h"
#include "apiserver/discovery.h"
#include "apiserver/errors.h"
#include "apiserver/handlers.h"
#include "apiserver/openapi.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

Reply text(std::string body) {
  Reply reply;
  reply.content_type = "text/plain; charset=utf-8";
  reply.body = std::move(body);
  return reply;
}

Reply json(std::string body) {
  Reply reply;
  reply.body = std::move(body) + "\n";
  return reply;
}

std::unexpected<Error> nothing_here() {
  return fail(Code::kNotFound, "the server could not find the requested resource");
}

Reply health(const RequestInfo& info) {
  const std::string which = std::string(split(std::string_view(info.path).substr(1), '/')[0]);
  if (!info.flag("verbose") && info.param("verbose").empty()) return text("ok");
  return text(fmt::format("[+]ping ok\n[+]store ok\n[+]watch-cache ok\n{} check passed\n", which));
}

Result<Reply> discovery(const Request& request) {
  const RequestInfo& info = request.info;
  FL_TRY(const MediaType media, negotiate(request.http.headers, {Shape::kObject, Shape::kAggregatedDiscovery}));
  const auto parts = split(std::string_view(info.path).substr(1), '/');
  const bool core = parts[0] == "api";
  if (parts.size() == 1) {
    if (media.shape == Shape::kAggregatedDiscovery) {
      Reply reply = json(aggregated(core));
      reply.content_type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
      return reply;
    }
    return json(core ? legacy_versions(request.http.headers.get("host")) : group_list());
  }
  std::optional<std::string> body;
  if (core && parts.size() == 2) body = resource_list("", parts[1]);
  if (!core && parts.size() == 2) body = group(parts[1]);
  if (!core && parts.size() == 3) body = resource_list(parts[1], parts[2]);
  if (!body) return nothing_here();
  return json(std::move(*body));
}

// kubectl up to 1.26 asks for the protobuf form, under one of two spellings of its name.
Reply openapi_v2(const Request& request) {
  if (request.http.headers.get("accept").find("com.github.proto-openapi.spec.v2") == std::string_view::npos)
    return json(api::openapi_v2_json());
  Reply reply;
  reply.content_type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
  reply.body = api::openapi_v2_proto();
  return reply;
}

std::string paths() {
  std::string out;
  for (const char* p : {"/api", "/api/v1", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3",
                        "/readyz", "/version"}) {
    out += (out.empty() ? "" : ",") + quote(p);
  }
  return R"({"paths":[)" + out + "]}";
}

Result<Reply> route(Context& context, const Request& request) {
  const RequestInfo& info = request.info;
  if (info.method != "GET" && info.method != "HEAD") {
    return fail(Code::kMethodNotAllowed, "the server does not allow this method on the requested resource");
  }
  const std::string_view path = info.path;
  const std::string_view first = split(path.substr(1), '/')[0];
  if (first == "healthz" || first == "livez" || first == "readyz") return health(info);
  if (path == "/version") return json(version_json());
  if (path == "/metrics") {
    Reply reply = text(context.metrics.text(context.registry));
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return reply;
  }
  if (first == "api" || first == "apis") return discovery(request);
  if (path == "/openapi/v2") return openapi_v2(request);
  if (path == "/openapi/v3") return json(openapi_index());
  if (path.starts_with("/openapi/v3/")) {
    auto document = openapi_document(path.substr(std::string_view("/openapi/v3/").size()));
    if (!document) return nothing_here();
    return json(std::move(*document));
  }
  if (path == "/openid/v1/jwks") {
    FL_TRY(auto keys, context.tokens.jwks());
    Reply reply = json(std::move(keys));
    reply.content_type = "application/jwk-set+json";
    return reply;
  }
  if (path == "/.well-known/openid-configuration") return json(context.tokens.configuration(context.url));
  if (path == "/") return json(paths());
  return nothing_here();
}

}  // namespace

Task<Result<Reply>> handle_other(Context& context, const Request& request) { co_return route(context, request); }

}  // namespace fairlead::apiserver
