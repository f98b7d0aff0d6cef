#include "proxy/health.h"

#include "api/object.h"
#include "base/text.h"

namespace fairlead::proxy {
namespace {

using namespace std::chrono_literals;

constexpr auto kStuckAfter = 2min;

void count(std::vector<std::pair<int, uint64_t>>& counts, int status) {
  for (auto& [code, n] : counts)
    if (code == status) {
      ++n;
      return;
    }
  counts.emplace_back(status, 1);
}

// A listener on all addresses, of both families where the machine has both.
Result<std::unique_ptr<net::HttpServer>> listen_everywhere(rt::Loop& loop, uint16_t port, const std::string& name,
                                                           const net::HttpHandler& handler) {
  const Endpoint four{IpAddress::v4(0), port};
  const Endpoint six{IpAddress(), port};
  auto both = net::HttpServer::create(loop, {.listen = {four, six}, .name = name}, handler);
  if (both) return both;
  return net::HttpServer::create(loop, {.listen = {four}, .name = name}, handler);
}

}  // namespace

bool SyncHealth::alive() const {
  if (!last_sync_) return false;
  return !pending_since_ || clock_.mono() - *pending_since_ < kStuckAfter;
}

std::string SyncHealth::to_json(bool with_node) const {
  const WallTime now = clock_.now();
  return fmt::format("{{\"lastUpdated\": {},\"currentTime\": {}{}}}",
                     quote(format_rfc3339_micro(last_sync_.value_or(WallTime{}))), quote(format_rfc3339_micro(now)),
                     with_node ? fmt::format(", \"nodeEligible\": {}", node_eligible_) : "");
}

HealthServers::HealthServers(rt::Loop& loop, SyncHealth& health, ProxyMetrics& metrics)
    : loop_(loop), health_(health), metrics_(metrics), closing_(loop) {}

Result<Endpoint> HealthServers::serve_health(Endpoint at) {
  FL_TRY(health_server_, net::HttpServer::create(loop_, {.listen = {at}, .name = "healthz"},
                                                 [this](net::HttpRequest request, net::ResponseWriter& response) {
                                                   return answer_health(std::move(request), response);
                                                 }));
  return health_server_->endpoints().front();
}

Result<Endpoint> HealthServers::serve_metrics(Endpoint at, std::string mode,
                                              std::function<void(std::string&)> write_more) {
  mode_ = std::move(mode);
  write_more_ = std::move(write_more);
  FL_TRY(metrics_server_, net::HttpServer::create(loop_, {.listen = {at}, .name = "metrics"},
                                                  [this](net::HttpRequest request, net::ResponseWriter& response) {
                                                    return answer_metrics(std::move(request), response);
                                                  }));
  return metrics_server_->endpoints().front();
}

Result<> HealthServers::set_check(const std::string& service, const std::optional<HealthCheck>& check) {
  const auto at = checks_.find(service);
  if (at != checks_.end() && check && check->port == at->second.state.port) {
    at->second.state = *check;
    return {};
  }
  if (at != checks_.end()) {
    closing_.spawn("close health check", close(std::move(at->second.server)));
    checks_.erase(at);
  }
  if (!check) return {};
  auto server = listen_everywhere(loop_, check->port, "health check " + service,
                                  [this, service](const net::HttpRequest&, net::ResponseWriter& response) {
                                    return answer_check(service, response);
                                  });
  if (!server) return fail(std::move(server).error().in("health check port of Service " + service));
  checks_[service] = Check{*check, std::move(*server)};
  return {};
}

rt::Task<> HealthServers::close(std::unique_ptr<net::HttpServer> server) { co_await server->shutdown(); }

rt::Task<> HealthServers::shutdown() {
  co_await rt::shield();
  if (health_server_) co_await health_server_->shutdown();
  if (metrics_server_) co_await metrics_server_->shutdown();
  for (auto& [service, check] : checks_) co_await check.server->shutdown();
  co_await closing_.join();
}

rt::Task<> HealthServers::answer_health(net::HttpRequest request, net::ResponseWriter& response) {
  net::Headers headers;
  headers.add("Content-Type", "application/json");
  headers.add("X-Content-Type-Options", "nosniff");
  const bool livez = request.path() == "/livez";
  if (!livez && request.path() != "/healthz") {
    net::Headers plain;
    plain.add("Content-Type", "text/plain");
    (void)co_await response.send(404, std::move(plain), "404 page not found\n");
    co_return;
  }
  const bool ok = health_.alive() && (livez || health_.node_eligible());
  count(livez ? metrics_.livez : metrics_.healthz, ok ? 200 : 503);
  std::string body = health_.to_json(!livez);
  (void)co_await response.send(ok ? 200 : 503, headers, std::move(body));
}

rt::Task<> HealthServers::answer_metrics(net::HttpRequest request, net::ResponseWriter& response) {
  std::string body;
  int status = 200;
  std::string type = "text/plain; version=0.0.4; charset=utf-8";
  if (request.path() == "/metrics") {
    metrics_.write(body);
    write_more_(body);
  } else if (request.path() == "/proxyMode") {
    body = mode_;
  } else if (request.path() == "/healthz") {
    body = "ok";
  } else {
    status = 404;
    body = "404 page not found\n";
  }
  net::Headers headers;
  headers.add("Content-Type", type);
  (void)co_await response.send(status, std::move(headers), std::move(body));
}

rt::Task<> HealthServers::answer_check(std::string service, net::ResponseWriter& response) {
  const auto at = checks_.find(service);
  if (at == checks_.end()) co_return;
  const uint32_t endpoints = at->second.state.local_ready;
  const bool healthy = health_.alive();
  const api::NamespacedName name = api::parse_key(service);
  std::string body = fmt::format(
      "{{\n\t\"service\": {{\n\t\t\"namespace\": {},\n\t\t\"name\": {}\n\t}},\n\t\"localEndpoints\": "
      "{},\n\t\"serviceProxyHealthy\": {}\n}}",
      quote(name.ns), quote(name.name), endpoints, healthy);
  net::Headers headers;
  headers.add("Content-Type", "application/json");
  headers.add("X-Content-Type-Options", "nosniff");
  headers.add("X-Load-Balancing-Endpoint-Weight", std::to_string(endpoints));
  const int status = endpoints > 0 && healthy ? 200 : 503;
  (void)co_await response.send(status, std::move(headers), std::move(body));
}

}  // namespace fairlead::proxy
