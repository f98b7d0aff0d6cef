// The handlers behind the routes. Each answers one kind of request; server.cpp chooses among them.
#pragma once

#include "apiserver/auth.h"
#include "apiserver/kubelets.h"
#include "apiserver/metrics.h"
#include "apiserver/negotiate.h"
#include "apiserver/registry.h"
#include "apiserver/request_info.h"
#include "net/http_server.h"

namespace fairlead::apiserver {

struct Request {
  net::HttpRequest http;
  RequestInfo info;
  Identity who;
};

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::vector<std::string> warnings = {};
};

struct Context {
  Registry& registry;
  Metrics& metrics;
  Kubelets& kubelets;
  const Authenticator& authenticator;
  const ServiceAccountTokens& tokens;
  const std::string& url;
};

// Objects: info.kind is set. Result errors become Status answers.
Task<Result<Reply>> handle_get(Context& context, const Request& request);
Task<Result<Reply>> handle_list(Context& context, const Request& request);
Task<Result<Reply>> handle_create(Context& context, const Request& request);
Task<Result<Reply>> handle_update(Context& context, const Request& request);
Task<Result<Reply>> handle_patch(Context& context, const Request& request);
Task<Result<Reply>> handle_delete(Context& context, const Request& request);
Task<Result<Reply>> handle_delete_collection(Context& context, const Request& request);

// Streams until the client leaves, the time is over or the watch has failed. An error means that nothing has been sent
// yet.
Task<Result<>> handle_watch(Context& context, const Request& request, net::ResponseWriter& response);

// A pod's log, exec, attach or portforward: what goes through the kubelet. An error means that nothing has been sent
// yet.
bool is_stream(const RequestInfo& info);
Task<Result<>> handle_stream(Context& context, const Request& request, net::ResponseWriter& response);

// Everything outside of resources: health, version, metrics, discovery, OpenAPI.
Task<Result<Reply>> handle_other(Context& context, const Request& request);

// Shared by the handlers.
Result<Filter> filter_of(const RequestInfo& info);
Reply object_reply(const Request& request, const MediaType& media, const Cached& item, const Registry& registry,
                   int status);

}  // namespace fairlead::apiserver
