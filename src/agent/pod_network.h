// The node's part of the pod network: routes to the pods of other nodes, and masquerading of what pods send out of the
// cluster. Each is computed purely and applied idempotently.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/kinds/node.h"
#include "base/ip.h"
#include "base/result.h"
#include "net/netlink.h"
#include "rt/loop.h"

namespace fairlead::agent {

// A route for each other node's pod networks by its InternalIP. Nodes without either are skipped.
std::vector<net::Route> wanted_routes(const std::vector<std::shared_ptr<const api::Node>>& nodes,
                                      std::string_view own_node);

struct RouteChanges {
  std::vector<net::Route> replace;
  std::vector<net::Route> remove;  // ours (kRouteProtocolFairlead, through a gateway) and no longer wanted
};
RouteChanges route_changes(const std::vector<net::Route>& wanted, const std::vector<net::Route>& present);
// Reads the kernel's routes and makes ours what is wanted.
Result<> sync_routes(const std::vector<net::Route>& wanted);

struct MasqueradeConfig {
  std::vector<Cidr> pod_cidrs;      // of this node
  std::vector<Cidr> cluster_cidrs;  // all pods
  std::vector<Cidr> node_cidrs;     // the networks that nodes are on: pods reach nodes with their own address
  std::vector<IpAddress> gateways;  // on a node network but no node: the machine, which may have no route back to pods
};
// An nftables script that makes the table `fairlead-agent` what is wanted, whatever it was.
std::string render_masquerade(const MasqueradeConfig& config);
// The networks of the interface with `node_ip`, and the gateways of default routes, as the kernel has them.
Result<MasqueradeConfig> masquerade_config(const IpAddress& node_ip, std::vector<Cidr> pod_cidrs,
                                           std::vector<Cidr> cluster_cidrs);
rt::Task<Result<>> sync_masquerade(rt::Loop& loop, MasqueradeConfig config);

}  // namespace fairlead::agent
