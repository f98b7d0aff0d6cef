// The service proxy: watches Services, EndpointSlices and its own Node, and keeps a plane in step with them. Runs in
// the node agent and alone (`fairlead proxy`), against any Kubernetes API server.
//
//   ProxyConfig config{.node_name = "node1"};
//   config.plane.detect_local = ...;
//   group.spawn("proxy", run_proxy(loop, api, config));            // until cancelled; rules stay, traffic goes on
//
// The calling process is in the network namespace that is programmed, or names it in config.plane.netns_fd (then the
// health servers still listen in the process's own).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "client/api.h"
#include "proxy/planes/plane.h"
#include "rt/loop.h"

namespace fairlead::proxy {

struct ProxyConfig {
  std::string node_name;      // required
  std::string mode = "auto";  // a plane's name, or auto: the best that this machine can run
  PlaneOptions plane;
  // Pods are told from the world by the node's pod CIDRs: fills plane.detect_local once the Node has them, and waits
  // for them before the first rule.
  bool detect_local_by_node_cidr = false;
  // Port 10256: /healthz (what load balancers ask about this node), /livez. Port 10249: /metrics, /proxyMode. Nullopt:
  // none.
  std::optional<Endpoint> healthz = Endpoint{IpAddress::v4(0), 10256};
  std::optional<Endpoint> metrics = Endpoint{IpAddress::v4(0x7f000001), 10249};
  bool health_check_node_ports = true;  // answer on Services' spec.healthCheckNodePort
  // How often it is checked that nobody flushed the rules; a repair follows when somebody did.
  std::chrono::milliseconds check_period{30'000};
  // Everything is compared with the kernel so often, whatever the check says.
  std::chrono::milliseconds full_sync_period{3'600'000};
  // Changes that arrive within it after a write are written together; the first is written at once. 0: only those that
  // arrive during a write.
  std::chrono::milliseconds min_sync_period{0};
  // For tests: a plane of their own instead of one chosen by `mode`.
  std::function<std::unique_ptr<Plane>(rt::Loop& loop, PlaneOptions options)> make_plane = {};
};

// What the proxy did so far; for tests and for whoever runs it. Lives on the proxy's loop.
struct ProxyStatus {
  std::string plane;
  std::optional<Endpoint> healthz;  // where it answers, with the real port
  std::optional<Endpoint> metrics;
  bool synced = false;           // the first full sync is done
  uint64_t full_syncs = 0;       // successful
  uint64_t partial_syncs = 0;    // successful deltas
  uint64_t failures = 0;         // full or partial
  uint64_t repairs = 0;          // full syncs because somebody took rules away
  uint64_t service_changes = 0;  // objects seen
  uint64_t endpoint_changes = 0;
  uint64_t flows_removed = 0;  // stale UDP flows
  size_t services = 0;         // that are proxied
  size_t ports = 0;            // of them, by family
  size_t problems = 0;         // objects, or parts of them, that cannot be programmed
  std::optional<WallTime> last_sync;
};

// Runs until cancelled. Returns before that only when it cannot start: an unknown mode, no plane that works here, a
// port of its servers taken. Leaves the rules in the kernel. `status`, when given, outlives the call.
rt::Task<Result<>> run_proxy(rt::Loop& loop, client::Api& api, ProxyConfig config, ProxyStatus* status = nullptr);

// Removes what any plane ever made (`fairlead proxy --cleanup`, or when a node is given up).
rt::Task<Result<>> cleanup_proxy(rt::Loop& loop, PlaneOptions options);

}  // namespace fairlead::proxy
