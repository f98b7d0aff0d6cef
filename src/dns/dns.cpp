#include "dns/dns.h"

#include <ifaddrs.h>

#include <algorithm>
#include <thread>

#include "api/kinds/endpointslice.h"
#include "api/kinds/namespace.h"
#include "api/kinds/pod.h"
#include "api/kinds/service.h"
#include "base/log.h"
#include "base/text.h"
#include "client/informer.h"
#include "dns/forward.h"
#include "dns/metrics.h"
#include "dns/resolv_conf.h"
#include "dns/server.h"
#include "net/http_server.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::dns {

namespace {

constexpr std::chrono::milliseconds kDrain{2000};  // for answers of upstreams, at shutdown

bool is_own_address(const IpAddress& address) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return false;
  bool found = false;
  for (const ifaddrs* i = list; i && !found; i = i->ifa_next) {
    if (!i->ifa_addr || (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6)) continue;
    SocketAddress own;
    own.size = i->ifa_addr->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(&own.storage, i->ifa_addr, own.size);
    found = own.endpoint().address == address;
  }
  ::freeifaddrs(list);
  return found;
}

// Whether a question sent to `upstream` would arrive at one of our own sockets.
bool is_self(const Endpoint& upstream, const std::vector<Endpoint>& listen) {
  return std::any_of(listen.begin(), listen.end(), [&](const Endpoint& own) {
    if (own.port != upstream.port || own.address.family() != upstream.address.family()) return false;
    if (own.address == upstream.address) return true;
    return own.address.is_unspecified() && (upstream.address.is_loopback() || is_own_address(upstream.address));
  });
}

Result<std::vector<Endpoint>> find_upstreams(const DnsConfig& config) {
  auto upstreams = config.upstreams;
  if (upstreams.empty() && !config.resolv_conf.empty()) {
    FL_TRY(const auto text, read_file(config.resolv_conf));
    upstreams = parse_resolv_conf(text);
  }
  std::erase_if(upstreams, [&](const Endpoint& upstream) {
    if (!is_self(upstream, config.listen)) return false;
    log::error("upstream is this server itself, so it is not used; give the host's real resolvers instead",
               {{"upstream", upstream}});
    return true;
  });
  if (upstreams.empty()) log::warn("no upstream resolvers: names outside the cluster get SERVFAIL");
  return upstreams;
}

std::vector<IpAddress> addresses_of(const api::Pod& pod) {
  std::vector<IpAddress> out;
  if (pod.status.phase == "Succeeded" || pod.status.phase == "Failed") return out;
  for (const auto& ip : pod.status.pod_ips) {
    if (const auto address = IpAddress::parse(ip.ip)) out.push_back(*address);
  }
  if (const auto address = IpAddress::parse(pod.status.pod_ip); out.empty() && address) out.push_back(*address);
  return out;
}

class DnsImpl final : public Dns {
 public:
  DnsImpl(rt::Loop& loop, client::Api& api, const Clock& clock, DnsConfig config, ZoneConfig zone,
          std::vector<Endpoint> upstreams)
      : loop_(loop),
        config_(std::move(config)),
        zone_(std::move(zone)),
        forwarder_(loop, zone_.rcu(), clock, {.upstreams = std::move(upstreams)}),
        metrics_(fmt::format("dns://:{}", config_.listen.front().port)),
        services_(loop, api),
        slices_(loop, api),
        namespaces_(loop, api),
        pods_(loop, api),
        tasks_(loop),
        became_ready_(loop) {}

  Result<> start(const Clock& clock);

  [[nodiscard]] const std::vector<Endpoint>& endpoints() const override { return server_->endpoints(); }
  [[nodiscard]] std::optional<Endpoint> health_endpoint() const override { return endpoint_of(health_); }
  [[nodiscard]] std::optional<Endpoint> ready_endpoint() const override { return endpoint_of(ready_server_); }
  [[nodiscard]] std::optional<Endpoint> metrics_endpoint() const override { return endpoint_of(metrics_server_); }
  [[nodiscard]] bool ready() const override { return zone_.synced() && !stopping_; }
  rt::Task<> wait_ready() override {
    while (!zone_.synced()) co_await became_ready_.wait();
  }
  [[nodiscard]] const Zone& zone() const override { return zone_; }
  rt::Task<> shutdown() override;
  // Without lameduck; also what a start that failed leaves behind.
  rt::Task<> abandon();

 private:
  using Http = std::unique_ptr<net::HttpServer>;
  static std::optional<Endpoint> endpoint_of(const Http& server) {
    return server ? std::optional(server->endpoints().front()) : std::nullopt;
  }
  void follow();
  rt::Task<> sync();
  Result<Http> serve(const std::optional<Endpoint>& endpoint, std::string name);
  rt::Task<> handle(net::HttpRequest request, net::ResponseWriter& response);

  rt::Loop& loop_;
  const DnsConfig config_;
  Zone zone_;
  Forwarder forwarder_;
  Metrics metrics_;
  client::Informer<api::Service> services_;
  client::Informer<api::EndpointSlice> slices_;
  client::Informer<api::Namespace> namespaces_;
  client::Informer<api::Pod> pods_;
  std::unique_ptr<Server> server_;
  Http health_;
  Http ready_server_;
  Http metrics_server_;
  rt::TaskGroup tasks_;
  rt::Event became_ready_;
  bool stopping_ = false;
};

Result<> DnsImpl::start(const Clock& clock) {
  const size_t processors = std::max(1U, std::thread::hardware_concurrency());
  ServerConfig server{.listen = config_.listen,
                      .workers = config_.workers != 0 ? config_.workers : std::min<size_t>(4, processors)};
  FL_TRY(server_, Server::create(loop_, zone_, forwarder_, metrics_, clock, std::move(server)));
  FL_TRY(health_, serve(config_.health, "dns-health"));
  FL_TRY(ready_server_, serve(config_.ready, "dns-ready"));
  FL_TRY(metrics_server_, serve(config_.metrics, "dns-metrics"));
  follow();
  server_->start();
  forwarder_.start_probes();
  tasks_.spawn("dns services", services_.run());
  tasks_.spawn("dns slices", slices_.run());
  tasks_.spawn("dns namespaces", namespaces_.run());
  if (config_.pods == PodsMode::kVerified) tasks_.spawn("dns pods", pods_.run());
  tasks_.spawn("dns sync", sync());
  return {};
}

void DnsImpl::follow() {
  services_.on_change([this](const api::Service* old, const api::Service* now) {
    if (now) {
      zone_.set_service(*now);
    } else {
      zone_.remove_service(old->metadata.namespace_, old->metadata.name);
    }
    zone_.collect();
  });
  slices_.on_change([this](const api::EndpointSlice* old, const api::EndpointSlice* now) {
    if (now) {
      zone_.set_slice(*now);
    } else {
      zone_.remove_slice(old->metadata.namespace_, old->metadata.name);
    }
    zone_.collect();
  });
  namespaces_.on_change([this](const api::Namespace* old, const api::Namespace* now) {
    if (now) {
      zone_.add_namespace(now->metadata.name);
    } else {
      zone_.remove_namespace(old->metadata.name);
    }
    zone_.collect();
  });
  pods_.on_change([this](const api::Pod* old, const api::Pod* now) {
    const auto& meta = (now ? now : old)->metadata;
    zone_.set_pod(meta.namespace_, meta.name, now ? addresses_of(*now) : std::vector<IpAddress>{});
    zone_.collect();
  });
}

rt::Task<> DnsImpl::sync() {
  co_await services_.wait_synced();
  co_await slices_.wait_synced();
  co_await namespaces_.wait_synced();
  if (config_.pods == PodsMode::kVerified) co_await pods_.wait_synced();
  zone_.set_synced();
  became_ready_.notify();
  log::info("the cluster is known", {{"zone", zone_.config().domain.to_string()}, {"services", services_.size()}});
}

Result<DnsImpl::Http> DnsImpl::serve(const std::optional<Endpoint>& endpoint, std::string name) {
  if (!endpoint) return Http();
  net::HttpServerConfig config{.listen = {*endpoint}, .name = std::move(name)};
  return net::HttpServer::create(
      loop_, std::move(config),
      [this](net::HttpRequest request, net::ResponseWriter& response) { return handle(std::move(request), response); });
}

// One handler for the three ports: a path that belongs to another port does no harm.
rt::Task<> DnsImpl::handle(net::HttpRequest request, net::ResponseWriter& response) {
  int status = 404;
  std::string body = "404 page not found\n";
  net::Headers headers;
  headers.add("Content-Type", "text/plain; charset=utf-8");
  const auto path = request.path();
  if (request.method != "GET" && request.method != "HEAD") {
    status = 405;
    body = "Method Not Allowed\n";
  } else if (path == "/health") {
    status = 200;
    body = "OK";
  } else if (path == "/ready") {
    status = ready() ? 200 : 503;
    body = ready() ? "OK" : "kubernetes";  // what is not ready, as CoreDNS says it
  } else if (path == "/metrics") {
    status = 200;
    headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    body = metrics_.render(forwarder_.stats(), forwarder_.cache().size());
  }
  const auto sent = co_await response.send(status, std::move(headers), std::move(body));
  (void)sent;
}

rt::Task<> DnsImpl::shutdown() {
  stopping_ = true;
  if (config_.lameduck.count() > 0) {
    log::info("lameduck", {{"ms", config_.lameduck.count()}});
    co_await rt::sleep(config_.lameduck);
  }
  co_await abandon();
}

rt::Task<> DnsImpl::abandon() {
  stopping_ = true;
  if (server_) co_await server_->shutdown(kDrain);
  co_await forwarder_.shutdown();
  co_await tasks_.shutdown();
  for (auto* http : {&health_, &ready_server_, &metrics_server_}) {
    if (*http) co_await (*http)->shutdown();
  }
}

}  // namespace

namespace {

Result<std::unique_ptr<DnsImpl>> make_dns(rt::Loop& loop, client::Api& api, const Clock& clock, DnsConfig config) {
  if (config.listen.empty()) return fail(Code::kInvalid, "DNS: no address to listen on");
  auto domain = Name::parse(lower(config.cluster_domain));
  if (!domain) return fail(std::move(domain).error().in("cluster domain"));
  if (domain->is_root()) return fail(Code::kInvalid, "cluster domain \".\": must be a name, as cluster.local");
  if (domain->size() > 128)
    return fail(Code::kInvalid, "cluster domain: must leave room for names below it (128 bytes)");
  FL_TRY(auto upstreams, find_upstreams(config));
  const auto now = std::chrono::time_point_cast<std::chrono::seconds>(clock.now()).time_since_epoch().count();
  ZoneConfig zone{
      .domain = *domain, .ttl = config.ttl, .pods = config.pods, .first_serial = static_cast<uint32_t>(now)};
  return std::make_unique<DnsImpl>(loop, api, clock, std::move(config), std::move(zone), std::move(upstreams));
}

}  // namespace

rt::Task<Result<std::unique_ptr<Dns>>> Dns::create(rt::Loop& loop, client::Api& api, const Clock& clock,
                                                   DnsConfig config) {
  auto dns = make_dns(loop, api, clock, std::move(config));
  if (!dns) co_return fail(std::move(dns).error());
  auto started = (*dns)->start(clock);
  if (!started) {
    co_await (*dns)->abandon();
    co_return fail(std::move(started).error());
  }
  std::unique_ptr<Dns> out = std::move(*dns);
  co_return out;
}

rt::Task<Result<>> run_dns(rt::Loop& loop, client::Api& api, DnsConfig config) {
  const SystemClock clock;
  auto dns = co_await Dns::create(loop, api, clock, std::move(config));
  if (!dns) co_return fail(std::move(dns).error());
  for (const auto& endpoint : (*dns)->endpoints()) log::info("DNS serves", {{"address", endpoint}});
  rt::Event never(loop);
  bool cancelled = false;
  try {
    for (;;) co_await never.wait();
  } catch (const boost::system::system_error&) {
    cancelled = true;
  }
  co_await rt::shield();
  co_await (*dns)->shutdown();
  check(cancelled, "DNS ends by cancellation only");
  throw boost::system::system_error(rt::asio::error::operation_aborted);
}

}  // namespace fairlead::dns
