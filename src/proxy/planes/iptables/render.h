// ServicePorts -> iptables rules, as text exactly as iptables-save prints it, so that what the kernel holds can be
// compared with what is wanted.
//
// The layout is kube-proxy's: nat/KUBE-SERVICES dispatches by address and port to KUBE-SVC-x (or KUBE-EXT-x,
// KUBE-FW-x for traffic from outside), which spreads over KUBE-SEP-x, one per endpoint, which DNATs; filter refuses or
// drops what nat left alone because nothing serves.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/model/table.h"
#include "proxy/planes/plane.h"

namespace fairlead::proxy::iptables {

struct RenderOptions {
  PlaneOptions plane;
  bool localhost_node_ports = false;  // route_localnet is set: 127.0.0.1 can be translated
  bool drop_invalid = true;           // unless nf_conntrack_tcp_be_liberal is set
  std::vector<Cidr> node_pod_cidrs;   // of this node's pods; empty when the Node does not say
};

enum class Table : uint8_t { kNat, kFilter };

struct ChainRules {
  std::string chain;
  std::vector<std::string> rules;  // without "-A CHAIN "
  bool operator==(const ChainRules&) const = default;
};
// A rule of a port in a chain that all ports share. These may stand in any order.
struct SharedRule {
  Table table = Table::kNat;
  std::string_view chain;
  std::string rule;
  auto operator<=>(const SharedRule&) const = default;
};
struct PortRules {
  std::vector<ChainRules> chains;  // nat, its own
  std::vector<SharedRule> shared;
};
PortRules render_port(const ServicePort& port, const RenderOptions& options);

// What is there once, whatever the Services are.
struct StaticRules {
  struct Jump {
    Table table;
    std::string_view chain;
    std::string rule;
  };
  std::vector<std::pair<Table, ChainRules>> chains;  // for shared chains: the rules that follow the ports' own
  std::vector<Jump> jumps;                           // in chains that others use too; the first is to stand first
};
StaticRules render_static(IpFamily family, const RenderOptions& options);

}  // namespace fairlead::proxy::iptables
