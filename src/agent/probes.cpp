#include "agent/probes.h"

#include <fmt/format.h>

#include "agent/grpc_probe.h"
#include "agent/pod_config.h"
#include "base/text.h"
#include "net/http_client.h"
#include "net/tls.h"
#include "net/tls_stream.h"
#include "rt/time.h"

namespace fairlead::agent {
namespace {

using std::chrono::seconds;

std::string host_text(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

// Kubernetes keeps that much of what a probe said.
std::string excerpt(std::string text) {
  constexpr size_t kLongest = 256;
  if (text.size() > kLongest) text.resize(kLongest);
  return std::string(trim(text));
}

// A connection that failed, in the words of Go's net package, which users know from the kubelet.
std::string dial_error(const Endpoint& to, const Error& error) {
  if (error.code == Code::kTimeout || error.message.find("no answer within") != std::string::npos)
    return fmt::format("dial tcp {}: i/o timeout", to);
  const size_t colon = error.message.rfind(": ");
  return fmt::format("dial tcp {}: connect: {}", to,
                     lower(colon == std::string::npos ? error.message : error.message.substr(colon + 2)));
}

rt::Task<Result<>> http_get(rt::Loop& loop, api::HTTPGetAction action, ProbeTarget target, seconds limit) {
  FL_CO_TRY(const uint16_t port, resolve_port(action.port, target.container));
  const bool https = action.scheme == "HTTPS";
  net::HttpClientConfig config;
  const std::string host = action.host.empty() ? target.pod_ip : action.host;
  config.base_url = fmt::format("{}://{}:{}", https ? "https" : "http", host_text(host), port);
  const std::string config_url = config.base_url;
  config.user_agent = "kube-probe/1.35";
  config.connect_timeout = limit;
  config.max_idle_connections = 0;
  config.max_response_bytes = 1 << 20;
  if (https) {
    // A probe asks whether the container answers, not who it is: any certificate will do.
    FL_CO_TRY(config.tls, net::TlsContext::client({.insecure_skip_verify = true}));
  }
  FL_CO_TRY(const auto client, net::HttpClient::create(loop, std::move(config)));
  net::HttpCall call;
  call.target = action.path.empty() ? "/" : action.path.starts_with("/") ? action.path : "/" + action.path;
  call.timeout = limit;
  for (const api::HTTPHeader& header : action.http_headers) call.headers.add(header.name, header.value);
  const std::string url = config_url + call.target;
  auto response = co_await client->request(std::move(call));
  if (!response) {
    const bool dialled = response.error().message.starts_with("connect to ");
    const auto address = IpAddress::parse(host);
    co_return fail(Code::kUnavailable,
                   fmt::format("Get {}: {}", quote(url),
                               dialled && address ? dial_error({*address, port}, response.error())
                               : response.error().code == Code::kTimeout
                                   ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                                   : response.error().message));
  }
  if (response->status >= 200 && response->status < 400) co_return Result<>{};
  co_return fail(Code::kUnavailable, fmt::format("HTTP probe failed with statuscode: {}", response->status));
}

rt::Task<Result<>> tcp_connect(api::TCPSocketAction action, ProbeTarget target, seconds limit) {
  FL_CO_TRY(const uint16_t port, resolve_port(action.port, target.container));
  FL_CO_TRY(const IpAddress address, IpAddress::parse(action.host.empty() ? target.pod_ip : action.host));
  auto connected = co_await rt::with_timeout(net::Stream::connect({address, port}), limit);
  if (!connected) co_return fail(Code::kTimeout, fmt::format("dial tcp {}: i/o timeout", Endpoint{address, port}));
  if (!*connected) co_return fail(Code::kUnavailable, dial_error({address, port}, connected->error()));
  co_return Result<>{};
}

rt::Task<Result<>> exec(Cri& cri, api::ExecAction action, std::string container_id, seconds limit) {
  const std::string command = join(action.command, " ");
  auto result = co_await cri.exec_sync(std::move(container_id), std::move(action.command), limit);
  if (!result && result.error().code == Code::kTimeout) {
    co_return fail(Code::kTimeout,
                   fmt::format("command timed out: {} timed out after {}s", quote(command), limit.count()));
  }
  if (!result) co_return fail(std::move(result).error());
  if (result->exit_code == 0) co_return Result<>{};
  const std::string said = excerpt(result->out + result->err);
  co_return fail(Code::kUnavailable, said.empty() ? fmt::format("command exited with {}", result->exit_code) : said);
}

}  // namespace

rt::Task<Result<>> attempt(rt::Loop& loop, Cri& cri, api::ProbeHandler handler, ProbeTarget target, seconds limit) {
  if (handler.exec) co_return co_await exec(cri, *handler.exec, target.container_id, limit);
  if (handler.http_get) co_return co_await http_get(loop, *handler.http_get, std::move(target), limit);
  if (handler.tcp_socket) co_return co_await tcp_connect(*handler.tcp_socket, std::move(target), limit);
  if (handler.grpc) {
    FL_CO_TRY(const IpAddress address, IpAddress::parse(target.pod_ip));
    const Endpoint server{address, static_cast<uint16_t>(handler.grpc->port)};
    co_return co_await grpc_check(loop, server, handler.grpc->service.value_or(""), limit);
  }
  co_return fail(Code::kInvalid, "the probe names no handler");
}

rt::Task<Result<>> handle(rt::Loop& loop, Cri& cri, api::LifecycleHandler handler, ProbeTarget target, seconds limit) {
  if (handler.exec) co_return co_await exec(cri, *handler.exec, target.container_id, limit);
  if (handler.http_get) co_return co_await http_get(loop, *handler.http_get, std::move(target), limit);
  if (handler.tcp_socket) co_return co_await tcp_connect(*handler.tcp_socket, std::move(target), limit);
  if (handler.sleep) co_await rt::sleep(std::min(limit, seconds(handler.sleep->seconds)));
  co_return Result<>{};
}

ProbeCounter::ProbeCounter(const api::Probe& probe, bool verdict)
    : success_threshold_(std::max(probe.success_threshold, 1)),
      failure_threshold_(probe.failure_threshold > 0 ? probe.failure_threshold : 3),
      verdict_(verdict) {}

bool ProbeCounter::add(bool success) {
  run_ = success == last_ ? run_ + 1 : 1;
  last_ = success;
  if (run_ < (success ? success_threshold_ : failure_threshold_)) return false;
  if (!success) run_ = 0;
  const bool turned = verdict_ != success;
  verdict_ = success;
  return turned || !success;
}

}  // namespace fairlead::agent
