// pods/log, exec, attach and portforward: found here, served by the kubelet of the pod's node. Options, checks and
// sentences are those of pkg/registry/core/pod.
#include <algorithm>

#include "api/kinds/pod.h"
#include "api/validation.h"
#include "apiserver/errors.h"
#include "apiserver/handlers.h"
#include "apiserver/kubelets.h"
#include "apiserver/stream_sessions.h"
#include "base/text.h"
#include "net/relay.h"

namespace fairlead::apiserver {
namespace {

constexpr size_t kLongestError = 64 * 1024;

using PodPtr = std::shared_ptr<const api::Pod>;

Result<PodPtr> pod_of(Context& context, const RequestInfo& info) {
  const CachedPtr found = context.registry.cache(*info.kind).find(api::key_of(info.ns, info.name));
  if (!found) return fail(not_found(*info.kind, info.name));
  return PodPtr(found->object(), &found->object()->as<api::Pod>());
}

// As Kubernetes reads booleans in a query: present means true, unless it says otherwise.
bool option(const RequestInfo& info, std::string_view name) {
  const auto it = std::ranges::find(info.query, name, &std::pair<std::string, std::string>::first);
  return it != info.query.end() && it->second != "0" && lower(it->second) != "false";
}

Result<std::string> container_of(const api::Pod& pod, std::string_view asked) {
  const std::string& name = pod.metadata.name;
  const auto& containers = pod.spec.containers;
  if (asked.empty()) {
    if (containers.size() == 1) return containers[0].name;
    std::string names;
    for (const auto* list : {&pod.spec.init_containers, &containers}) {
      for (const api::Container& c : *list) names += (names.empty() ? "" : " ") + c.name;
    }
    return fail(
        bad_request(fmt::format("a container name must be specified for pod {}, choose one of: [{}]", name, names)));
  }
  for (const auto* list : {&containers, &pod.spec.init_containers}) {
    if (std::ranges::find(*list, asked, &api::Container::name) != list->end()) return std::string(asked);
  }
  return fail(bad_request(fmt::format("container {} is not valid for pod {}", asked, name)));
}

std::string kubelet_path(std::string_view what, const api::Pod& pod, const std::string& container,
                         const net::Query& query) {
  std::string out = fmt::format("/{}/{}/{}", what, net::percent_encode(pod.metadata.namespace_),
                                net::percent_encode(pod.metadata.name));
  if (!container.empty()) out += "/" + net::percent_encode(container);
  if (!query.empty()) out += "?" + net::format_query(query);
  return out;
}

// ---- logs

// The number, or what is wrong with it.
std::optional<int64_t> number_option(const RequestInfo& info, std::string_view name, int64_t least,
                                     api::FieldErrors& errors) {
  const std::string_view text = info.param(name);
  if (text.empty()) return std::nullopt;
  const auto value = parse_int(text);
  if (!value || *value < least) {
    const char* why = !value       ? "must be a number"
                      : least == 0 ? "must be greater than or equal to 0"
                                   : "must be greater than 0";
    errors.push_back({"FieldValueInvalid", std::string(name), fmt::format("Invalid value: {}: {}", text, why)});
  }
  return value;
}

Result<net::Query> log_options(const RequestInfo& info) {
  net::Query out;
  api::FieldErrors errors;
  for (const char* name : {"follow", "previous", "timestamps"}) {
    if (option(info, name)) out.emplace_back(name, "true");
  }
  const auto add = [&](const char* name, int64_t least) {
    const auto value = number_option(info, name, least, errors);
    if (value) out.emplace_back(name, std::to_string(*value));
    return value.has_value();
  };
  add("tailLines", 0);
  add("limitBytes", 1);
  const bool seconds = add("sinceSeconds", 1);
  if (const std::string_view since = info.param("sinceTime"); !since.empty()) {
    if (!parse_rfc3339(since))
      return fail(bad_request(fmt::format("sinceTime: {} is not an RFC 3339 time", quote(since))));
    if (seconds) {
      errors.push_back(
          {"FieldValueForbidden", "", "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"});
    }
    out.emplace_back("sinceTime", since);
  }
  if (!errors.empty()) return fail(api::invalid("PodLogOptions", info.name, std::move(errors)));
  return out;
}

Task<Error> kubelets_error(net::BodyStream& body) {
  std::string text;
  while (text.size() < kLongestError) {
    const auto piece = co_await body.next();
    if (!piece || !*piece) break;
    text += **piece;
  }
  const std::string message(trim(text));
  switch (body.status()) {
    case 400:
      co_return bad_request(message);
    case 404:
      co_return Error{Code::kNotFound, message, {}};
    default:
      co_return Error{Code::kInternal, fmt::format("Internal error occurred: {}", message), {}};
  }
}

Task<Result<>> copy_log(net::BodyStream& body, net::ResponseWriter& response) {
  const auto begun = co_await response.begin(200, net::Headers::of("Content-Type", "text/plain"));
  if (!begun) co_return Result<>{};
  for (;;) {
    const auto piece = co_await body.next();
    if (!piece) co_return Result<>{};  // cut short, and so the client sees it
    if (!*piece) break;
    const auto written = co_await response.write(**piece);
    if (!written) co_return Result<>{};
  }
  (void)co_await response.finish();
  co_return Result<>{};
}

Task<Result<>> handle_log(Context& context, const Request& request, net::ResponseWriter& response) {
  FL_CO_TRY(net::Query options, log_options(request.info));
  FL_CO_TRY(const PodPtr pod, pod_of(context, request.info));
  FL_CO_TRY(const std::string container, container_of(*pod, request.info.param("container")));
  if (pod->spec.node_name.empty()) {
    // Nothing runs yet, so nothing has been said.
    (void)co_await response.send(200, net::Headers::of("Content-Type", "text/plain"), "");
    co_return Result<>{};
  }
  FL_CO_TRY(const auto kubelet, context.kubelets.client(pod->spec.node_name));
  net::HttpCall call;
  call.target = kubelet_path("containerLogs", *pod, container, options);
  auto body = co_await kubelet->stream(std::move(call));
  if (!body) co_return fail(Code::kInternal, fmt::format("error dialing backend: {}", body.error().message));
  if ((*body)->status() != 200) {
    Error error = co_await kubelets_error(**body);
    co_return fail(std::move(error));
  }
  co_return co_await copy_log(**body, response);
}

// ---- exec, attach, portforward

StdStreams streams_of(const RequestInfo& info) {
  StdStreams out;
  out.in = option(info, "stdin");
  out.out = option(info, "stdout");
  out.err = option(info, "stderr");
  out.tty = option(info, "tty");
  return out;
}

// The kubelet's names for what clients call stdin, stdout, stderr.
net::Query command_options(const RequestInfo& info, const StdStreams& streams) {
  net::Query out;
  if (streams.in) out.emplace_back("input", "1");
  if (streams.out) out.emplace_back("output", "1");
  if (streams.err) out.emplace_back("error", "1");
  if (streams.tty) out.emplace_back("tty", "1");
  if (info.subresource != "exec") return out;
  for (const auto& [name, value] : info.query) {
    if (name == "command") out.emplace_back(name, value);
  }
  return out;
}

Result<net::Query> port_options(const RequestInfo& info) {
  net::Query out;
  for (const auto& [name, value] : info.query) {
    if (name != "ports") continue;
    for (const std::string_view text : split(value, ',')) {
      const auto port = parse_int(text);
      if (!port || *port < 1 || *port > 65535)
        return fail(bad_request(fmt::format("ports: {} is not a port number", quote(text))));
      out.emplace_back("port", text);
    }
  }
  return out;
}

bool offers(const net::Headers& headers, std::string_view protocol) {
  const auto all = net::ws_protocols(headers);
  return std::ranges::find(all, protocol) != all.end();
}

Task<Result<>> connect(Context& context, const Request& request, net::ResponseWriter& response) {
  const RequestInfo& info = request.info;
  if (info.method != "GET" && info.method != "POST")
    co_return fail(Code::kMethodNotAllowed, "the server does not allow this method on the requested resource");
  FL_CO_TRY(const PodPtr pod, pod_of(context, info));
  const bool forward = info.subresource == "portforward";
  const StdStreams streams = streams_of(info);
  std::string container;
  net::Query options = command_options(info, streams);
  if (forward) {
    FL_CO_TRY(options, port_options(info));
  } else {
    FL_CO_TRY(container, container_of(*pod, info.param("container")));
  }
  if (pod->spec.node_name.empty())
    co_return fail(bad_request(fmt::format("pod {} does not have a host assigned", info.name)));
  if (!net::asks_upgrade(request.http)) co_return fail(bad_request("Upgrade request required"));
  FL_CO_TRY(const auto kubelet, context.kubelets.client(pod->spec.node_name));
  rt::Loop& loop = context.registry.loop();
  std::string target = kubelet_path(forward ? "portForward" : info.subresource, *pod, container, options);
  const net::Headers& headers = request.http.headers;
  Result<> done;
  if (const std::string tunnel = forward && net::is_websocket(headers) ? tunnel_protocol(headers) : "";
      !tunnel.empty()) {
    done = co_await serve_tunnel(loop, *kubelet, request.http, std::move(target), tunnel, response);
  } else if (!forward && net::is_websocket(headers) && offers(headers, kRemoteCommandV5)) {
    done = co_await serve_remote_command(loop, *kubelet, request.http, std::move(target), streams, response);
  } else {
    // SPDY, and older WebSocket protocols, which runtimes speak themselves.
    done = co_await net::relay_upgrade(loop, *kubelet, request.http, std::move(target), response);
  }
  if (!done && done.error().code != Code::kBadRequest)
    co_return fail(Code::kInternal, fmt::format("error dialing backend: {}", done.error().message));
  co_return done;
}

}  // namespace

bool is_stream(const RequestInfo& info) {
  return info.kind == &api::kind_of<api::Pod>() && !info.name.empty() &&
         ((info.subresource == "log" && info.method == "GET") || info.subresource == "exec" ||
          info.subresource == "attach" || info.subresource == "portforward");
}

Task<Result<>> handle_stream(Context& context, const Request& request, net::ResponseWriter& response) {
  if (request.info.subresource == "log") co_return co_await handle_log(context, request, response);
  co_return co_await connect(context, request, response);
}

}  // namespace fairlead::apiserver
