// The paths, parameters and sentences are those of pkg/kubelet/server and pkg/kubelet/kubelet_pods.go.
#include "agent/kubelet_api.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/log_stream.h"
#include "agent/log_target.h"
#include "api/codec.h"
#include "base/text.h"
#include "net/http_client.h"
#include "net/relay.h"
#include "net/url.h"

namespace fairlead::agent {
namespace {

constexpr std::string_view kApiServer = "kube-apiserver-kubelet-client";
constexpr std::string_view kAdministrators = "system:masters";

int status_of(Code code) {
  switch (code) {
    case Code::kBadRequest:
    case Code::kInvalid:
      return 400;
    case Code::kUnauthorized:
      return 401;
    case Code::kForbidden:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kMethodNotAllowed:
      return 405;
    case Code::kTooManyRequests:
      return 429;
    default:
      return 500;
  }
}

Result<> admit(const net::HttpRequest& request) {
  if (!request.client) return fail(Code::kUnauthorized, "Unauthorized");
  const net::PeerIdentity& who = *request.client;
  const bool admin = std::ranges::find(who.organizations, kAdministrators) != who.organizations.end();
  if (admin || who.common_name == kApiServer) return {};
  return fail(Code::kForbidden,
              fmt::format("Forbidden (user={}, verb={}, resource=nodes, subresource=proxy)", who.common_name,
                          request.method == "GET" || request.method == "HEAD" ? "get" : "create"));
}

bool is_set(const net::Query& query, std::string_view name) { return net::query_get(query, name) == "1"; }

Result<StdStreams> streams_of(const net::Query& query, bool tty) {
  StdStreams out;
  out.in = is_set(query, "input");
  out.out = is_set(query, "output");
  out.tty = tty;
  out.err = is_set(query, "error") && !tty;
  if (!out.in && !out.out && !out.err)
    return fail(Code::kBadRequest, "you must specify at least 1 of stdin, stdout, stderr");
  return out;
}

const api::Container* find_container(const api::Pod& pod, std::string_view name) {
  for (const auto* list : {&pod.spec.containers, &pod.spec.init_containers}) {
    const auto it = std::ranges::find(*list, name, &api::Container::name);
    if (it != list->end()) return &*it;
  }
  return nullptr;
}

Result<std::vector<int32_t>> ports_of(const net::Query& query) {
  std::vector<int32_t> out;
  for (const auto& [name, value] : query) {
    if (name != "port") continue;
    for (const std::string_view text : split(value, ',')) {
      const auto port = parse_int(text);
      if (!port || *port < 1 || *port > 65535)
        return fail(Code::kBadRequest, fmt::format("unable to parse {} as a port", quote(text)));
      out.push_back(static_cast<int32_t>(*port));
    }
  }
  return out;
}

// Streams a log as the body of a response, whose status is sent with the first line.
class ResponseSink final : public LogSink {
 public:
  ResponseSink(Cri& cri, std::string container, net::ResponseWriter& response)
      : cri_(cri), container_(std::move(container)), response_(response) {}

  rt::Task<Result<>> begin() {
    co_return co_await response_.begin(200, net::Headers::of("Content-Type", "text/plain"));
  }
  rt::Task<Result<>> write(std::string_view text) override {
    if (!response_.started()) FL_CO_CHECK(co_await begin());
    co_return co_await response_.write(text);
  }
  rt::Task<bool> running() override {
    // A follower of a container that says nothing has to learn that all is well.
    if (!response_.started()) (void)co_await begin();
    const auto status = co_await cri_.container_status(container_);
    if (!status) co_return status.error().code != Code::kNotFound;
    co_return status->state == ContainerState::kRunning;
  }

 private:
  Cri& cri_;
  std::string container_;
  net::ResponseWriter& response_;
};

}  // namespace

rt::Task<> KubeletApi::handle(net::HttpRequest request, net::ResponseWriter& response) {
  auto done = co_await route(request, response);
  if (done || response.started()) co_return;
  (void)co_await response.send(status_of(done.error().code),
                               net::Headers::of("Content-Type", "text/plain; charset=utf-8"), done.error().message);
}

rt::Task<Result<>> KubeletApi::route(const net::HttpRequest& request, net::ResponseWriter& response) {
  FL_CO_CHECK(admit(request));
  Call call;
  for (const std::string_view part : split(request.path().substr(1), '/')) {
    FL_CO_TRY(auto decoded, net::percent_decode(part));
    call.parts.push_back(std::move(decoded));
  }
  FL_CO_TRY(call.query, net::parse_query(request.query()));
  // With the pod's uid between pod and container, as old API servers ask, the uid is not looked at.
  const std::string what = call.parts[0];
  const size_t size = call.parts.size();
  if ((what == "exec" || what == "attach") && size == 5) call.parts.erase(call.parts.begin() + 3);
  if (what == "portForward" && size == 4) call.parts.pop_back();
  const bool get = request.method == "GET";
  const bool upgradeable = get || request.method == "POST";
  if (what == "containerLogs" && call.parts.size() == 4 && get) co_return co_await logs(std::move(call), response);
  if (what == "exec" && call.parts.size() == 4 && upgradeable)
    co_return co_await exec(std::move(call), request, response);
  if (what == "attach" && call.parts.size() == 4 && upgradeable)
    co_return co_await attach(std::move(call), request, response);
  if (what == "portForward" && call.parts.size() == 3 && upgradeable)
    co_return co_await port_forward(std::move(call), request, response);
  if (what == "pods" && size <= 2 && get) co_return co_await pods(response);
  if (what == "healthz" && size <= 2 && get) {
    co_return co_await response.send(200, net::Headers::of("Content-Type", "text/plain; charset=utf-8"), "ok");
  }
  co_return fail(Code::kNotFound, "404 page not found");
}

rt::Task<Result<>> KubeletApi::logs(Call call, net::ResponseWriter& response) {
  const std::string& name = call.parts[2];
  const std::string& container = call.parts[3];
  FL_CO_TRY(LogQuery query, parse_log_query(call.query, clock_.now()));
  const PodPtr pod = host_.find_pod(call.parts[1], name);
  if (!pod) co_return fail(Code::kNotFound, fmt::format("pod {} does not exist\n", quote(name)));
  if (find_container(*pod, container) == nullptr) {
    co_return fail(Code::kNotFound, fmt::format("container {} not found in pod {}\n", quote(container), quote(name)));
  }
  FL_CO_TRY(const auto instances, co_await cri_.list_containers(pod->metadata.uid));
  FL_CO_TRY(const std::string id, choose_log_instance(*pod, container, instances, query.previous));
  const auto status = co_await cri_.container_status(id);
  if (!status) {
    co_return fail(Code::kBadRequest, fmt::format("unable to retrieve container logs for containerd://{}", id));
  }
  // Who asks for what has ended gets all of it, to its last line.
  if (status->state != ContainerState::kRunning) query.follow = false;
  ResponseSink sink(cri_, id, response);
  auto sent = co_await stream_log(loop_, pool_, status->log_path, query, sink);
  if (!sent) co_return sent;
  if (!response.started()) FL_CO_CHECK(co_await sink.begin());
  co_return co_await response.finish();
}

rt::Task<Result<std::string>> KubeletApi::running_container(PodPtr pod, std::string name) {
  FL_CO_TRY(const auto instances, co_await cri_.list_containers(pod->metadata.uid));
  for (const CriContainer& c : instances) {
    if (c.name == name && c.state == ContainerState::kRunning) co_return c.id;
  }
  co_return fail(Code::kInternal, fmt::format("container not found ({})", quote(name)));
}

rt::Task<Result<>> KubeletApi::exec(Call call, const net::HttpRequest& request, net::ResponseWriter& response) {
  FL_CO_TRY(const StdStreams streams, streams_of(call.query, is_set(call.query, "tty")));
  const PodPtr pod = host_.find_pod(call.parts[1], call.parts[2]);
  if (!pod) co_return fail(Code::kNotFound, "pod does not exist");
  std::vector<std::string> command;
  for (const auto& [name, value] : call.query) {
    if (name == "command") command.push_back(value);
  }
  FL_CO_TRY(const std::string id, co_await running_container(pod, call.parts[3]));
  FL_CO_TRY(const std::string url, co_await cri_.exec(id, std::move(command), streams));
  co_return co_await pass_on(url, request, response);
}

rt::Task<Result<>> KubeletApi::attach(Call call, const net::HttpRequest& request, net::ResponseWriter& response) {
  const PodPtr pod = host_.find_pod(call.parts[1], call.parts[2]);
  if (!pod) co_return fail(Code::kNotFound, "pod does not exist");
  // Whether there is a terminal was settled when the container was made.
  const api::Container* container = find_container(*pod, call.parts[3]);
  FL_CO_TRY(const StdStreams streams, streams_of(call.query, container != nullptr && container->tty));
  FL_CO_TRY(const std::string id, co_await running_container(pod, call.parts[3]));
  FL_CO_TRY(const std::string url, co_await cri_.attach(id, streams));
  co_return co_await pass_on(url, request, response);
}

rt::Task<Result<>> KubeletApi::port_forward(Call call, const net::HttpRequest& request, net::ResponseWriter& response) {
  FL_CO_TRY(std::vector<int32_t> ports, ports_of(call.query));
  if (ports.empty() && lower(request.headers.get("upgrade")) == "websocket")
    co_return fail(Code::kBadRequest, "query parameter \"port\" is required");
  const PodPtr pod = host_.find_pod(call.parts[1], call.parts[2]);
  if (!pod) co_return fail(Code::kNotFound, "pod does not exist");
  FL_CO_TRY(const auto sandboxes, co_await cri_.list_sandboxes(pod->metadata.uid));
  if (sandboxes.empty() || !sandboxes.front().ready)
    co_return fail(Code::kInternal, fmt::format("failed to find sandbox ID for pod {}", quote(pod->metadata.name)));
  FL_CO_TRY(const std::string url, co_await cri_.port_forward(sandboxes.front().id, std::move(ports)));
  co_return co_await pass_on(url, request, response);
}

rt::Task<Result<>> KubeletApi::pass_on(std::string url, const net::HttpRequest& request,
                                       net::ResponseWriter& response) {
  FL_CO_TRY(const net::Url to, net::parse_url(url));
  net::HttpClientConfig config;
  config.base_url = fmt::format("{}://{}", to.scheme, to.authority());
  FL_CO_TRY(const auto client, net::HttpClient::create(loop_, std::move(config)));
  std::string target = to.path;
  if (!to.query.empty()) target += "?" + to.query;
  co_return co_await net::relay_upgrade(loop_, *client, request, std::move(target), response);
}

rt::Task<Result<>> KubeletApi::pods(net::ResponseWriter& response) {
  std::string body = R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[)";
  bool first = true;
  for (const PodPtr& pod : host_.all_pods()) {
    if (!std::exchange(first, false)) body += ',';
    body += api::to_json(*pod);
  }
  body += "]}";
  co_return co_await response.send(200, net::Headers::of("Content-Type", "application/json"), std::move(body));
}

}  // namespace fairlead::agent
