// Names and addresses of everything that a cluster puts on the machine: pure functions of its name, number and size.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "net/netlink.h"

namespace fairlead::up {

inline constexpr int kMaxNodes = 100;
inline constexpr std::string_view kNodeInterface = "eth0";  // the node's own name for its end of the veth pair
inline constexpr uint16_t kApiPort = 6443;

struct NodePlan {
  std::string name;    // node1, ...
  std::string netns;   // demo-node1
  std::string veth;    // the machine's end, a port of the bridge
  std::string cgroup;  // /fairlead-demo/node1
  IpAddress address;   // 10.84.K.11
  Cidr pod_cidr;       // 10.244.0.0/24
  net::MacAddress mac{};
  // Leaves, because cgroup v2 allows processes in leaves only; pods come beside them, below `cgroup`.
  [[nodiscard]] std::string agent_cgroup() const { return cgroup + "/agent"; }
  [[nodiscard]] std::string runtime_cgroup() const { return cgroup + "/runtime"; }
};

struct Topology {
  std::string cluster;
  int fabric_index = 0;  // K
  Cidr fabric;           // 10.84.K.0/24
  IpAddress gateway;     // 10.84.K.1: the bridge's own address, where the API listens
  std::string bridge;
  net::MacAddress bridge_mac{};
  std::string nft_table;
  std::string cgroup;         // /fairlead-demo
  std::string server_cgroup;  // /fairlead-demo/server
  std::vector<NodePlan> nodes;
};

// kInvalid with what would be right.
Result<> check_cluster_name(std::string_view name);

// `cluster_cidr` gives each node a /24; kInvalid when it is too small for `nodes`.
Result<Topology> plan_topology(const std::string& cluster, int fabric_index, int nodes, const Cidr& cluster_cidr);

Cidr fabric_of(int index);
// The first K whose fabric overlaps none of `used`; kUnavailable when all 256 are taken.
Result<int> choose_fabric(std::span<const Cidr> used);
bool overlaps(const Cidr& a, const Cidr& b);

// What can be said about a cluster by its name alone.
std::string bridge_name(std::string_view cluster);
std::string veth_name(std::string_view cluster, int node);
std::string nft_table_name(std::string_view cluster);
std::string cgroup_name(std::string_view cluster);
std::string node_netns_name(std::string_view cluster, int node);
// The node's number when `netns` belongs to `cluster`.
std::optional<int> node_of_netns(std::string_view cluster, std::string_view netns);

// The nftables script that makes the masquerading table, replacing an old one of that name in one transaction.
std::string render_egress(const Topology& topology);
// For a node without egress: what leaves for elsewhere than nodes and pods, Services already translated, is refused at
// once. Not `isolated`: takes that away.
std::string render_isolation(const Topology& topology, const Cidr& cluster_cidr, bool isolated);

}  // namespace fairlead::up
