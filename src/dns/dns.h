// The cluster DNS as a component: the zone kept current from the API, the server, the forwarder, and CoreDNS's HTTP
// endpoints. It binds and forwards at once, is ready when it knows the cluster, and goes on with what it knows while
// the API is away.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "base/result.h"
#include "client/api.h"
#include "dns/zone.h"
#include "rt/loop.h"

namespace fairlead::dns {

struct DnsConfig {
  std::vector<Endpoint> listen = {{IpAddress::v4(0), 53}};  // UDP and TCP
  std::string cluster_domain = "cluster.local";
  uint32_t ttl = 30;  // seconds
  PodsMode pods = PodsMode::kInsecure;
  std::vector<Endpoint> upstreams = {};          // empty: those of resolv_conf
  std::string resolv_conf = "/etc/resolv.conf";  // empty: none, and names outside the cluster get SERVFAIL
  std::optional<Endpoint> health = Endpoint{IpAddress::v4(0), 8080};   // GET /health
  std::optional<Endpoint> ready = Endpoint{IpAddress::v4(0), 8181};    // GET /ready: 200 when synced
  std::optional<Endpoint> metrics = Endpoint{IpAddress::v4(0), 9153};  // GET /metrics
  // At shutdown: how long to go on serving, not ready, so that proxies stop sending before the sockets close.
  std::chrono::milliseconds lameduck{0};
  size_t workers = 0;  // query threads; 0: one a processor, at most four
};

class Dns {
 public:
  // Binds, serves, and starts to learn the cluster. Errors name the address, file or field. `api` and `clock` must
  // outlive it.
  static rt::Task<Result<std::unique_ptr<Dns>>> create(rt::Loop& loop, client::Api& api, const Clock& clock,
                                                       DnsConfig config);
  virtual ~Dns() = default;  // shutdown() first

  // In the order of config.listen, with real ports.
  [[nodiscard]] virtual const std::vector<Endpoint>& endpoints() const = 0;
  [[nodiscard]] virtual std::optional<Endpoint> health_endpoint() const = 0;
  [[nodiscard]] virtual std::optional<Endpoint> ready_endpoint() const = 0;
  [[nodiscard]] virtual std::optional<Endpoint> metrics_endpoint() const = 0;
  // True once everything of the cluster has been read, until shutdown begins.
  [[nodiscard]] virtual bool ready() const = 0;
  virtual rt::Task<> wait_ready() = 0;
  [[nodiscard]] virtual const Zone& zone() const = 0;
  // Lameduck, then answers what has arrived, then closes.
  virtual rt::Task<> shutdown() = 0;
};

// Runs until cancelled; an error only when it cannot start.
rt::Task<Result<>> run_dns(rt::Loop& loop, client::Api& api, DnsConfig config);

}  // namespace fairlead::dns
