// A data plane: turns the ServiceTable into kernel or socket state. One directory per plane in planes/, one row in
// planes.cpp. All planes pass the same conformance table (proxy/conformance/), with real packets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "proxy/model/table.h"
#include "rt/loop.h"

namespace fairlead::proxy {

// How a plane tells pods of this cluster from the rest of the world.
struct DetectLocal {
  enum class Mode : uint8_t {
    kNone,             // it cannot: nobody counts as off-cluster
    kCidr,             // source in `cidrs` (--cluster-cidr, or the node's pod CIDRs)
    kBridge,           // arrives from interface `interface`
    kInterfacePrefix,  // arrives from an interface whose name begins so
  };
  Mode mode = Mode::kNone;
  std::vector<Cidr> cidrs;  // the first of each family counts
  std::string interface;

  [[nodiscard]] const Cidr* cidr(IpFamily family) const {
    for (const Cidr& c : cidrs)
      if (c.family() == family) return &c;
    return nullptr;
  }
};

// What every plane needs to know besides the table. Constant while the plane lives.
struct PlaneOptions {
  std::vector<IpFamily> families = {IpFamily::kV4, IpFamily::kV6};
  DetectLocal detect_local;
  // Where ClusterIPs come from. Known: addresses in it that belong to no Service are dropped.
  std::vector<Cidr> service_cidrs;
  bool masquerade_all = false;  // also pods' traffic to ClusterIPs
  uint32_t masquerade_mark = 0x4000;
  std::vector<Cidr> node_port_cidrs;  // node ports answer only on addresses of this node in these; empty: on all
  bool localhost_node_ports = true;   // and on 127.0.0.1, where sysctl route_localnet allows it
  bool set_route_localnet = false;    // set that sysctl, in the namespace that is programmed
  int netns_fd = -1;                  // namespace that is programmed; -1: the process's own. Borrowed.
};

struct Probe {
  bool usable = false;
  std::string reason;  // why, or why not; for people
};

struct Capabilities {
  bool conntrack = false;  // its state lives in conntrack: UDP flows to endpoints that are gone must be deleted there
  bool affinity = false;
  bool localhost_node_ports = false;
  bool source_ranges = false;
  bool wrong_port_reject = false;       // refuses ports of a ClusterIP that no Service port has
  std::vector<std::string> schedulers;  // that it honours, the default first
};

class Plane {
 public:
  virtual ~Plane() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Capabilities capabilities() const = 0;

  // Whether this machine can run it; changes nothing that stays.
  virtual rt::Task<Probe> probe() = 0;
  // Makes the kernel agree with `table`, whatever it holds now: idempotent, without a moment in which Services that
  // stay do not work. At start, after a failure, when intact() says no.
  virtual rt::Task<Result<>> sync_full(const ServiceTable& table) = 0;
  // Applies what changed since the last successful call; never asked to when the Node changed. After an error the
  // kernel's state is unknown: sync_full() is next.
  virtual rt::Task<Result<>> apply(const Delta& delta) = 0;
  // Cheap: false when somebody took our state away.
  virtual rt::Task<Result<bool>> intact() = 0;
  // Removes everything that this plane ever made.
  virtual rt::Task<Result<>> cleanup() = 0;
  // Appends its own metrics in Prometheus' text format.
  virtual void write_metrics(std::string& out) const { (void)out; }
};

}  // namespace fairlead::proxy
