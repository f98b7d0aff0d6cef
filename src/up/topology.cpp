#include "up/topology.h"

#include <net/if.h>

#include <algorithm>

#include "base/text.h"

namespace fairlead::up {
namespace {

// Interface names have at most 15 characters: long cluster names are cut and told apart by a hash.
std::string interface_name(std::string_view prefix, std::string_view cluster, std::string_view suffix) {
  constexpr size_t kLongest = IFNAMSIZ - 1;
  auto whole = fmt::format("{}{}{}", prefix, cluster, suffix);
  if (whole.size() <= kLongest) return whole;
  const auto hash = fmt::format("{:06x}", stable_hash(cluster) & 0xffffff);
  const size_t room = kLongest - prefix.size() - suffix.size() - hash.size();
  return fmt::format("{}{}{}{}", prefix, cluster.substr(0, room), hash, suffix);
}

net::MacAddress mac_of(int fabric_index, int host) {
  // Locally administered. The same after every start, so that nobody's neighbour cache is wrong.
  return {0x02, 0xfa, 0x1e, 0xad, static_cast<uint8_t>(fabric_index), static_cast<uint8_t>(host)};
}

}  // namespace

Result<> check_cluster_name(std::string_view name) {
  const auto ok = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (name.empty() || name.size() > 40 || !std::all_of(name.begin(), name.end(), ok) || name.front() == '-' ||
      name.back() == '-') {
    return fail(Code::kInvalid,
                fmt::format("cluster name \"{}\": must be 1 to 40 lower case letters, digits and '-', beginning and "
                            "ending with a letter or digit, for example \"demo\"",
                            name));
  }
  return {};
}

Cidr fabric_of(int index) {
  return Cidr::of(IpAddress::v4(10U << 24 | 84U << 16 | static_cast<uint32_t>(index) << 8), 24);
}

bool overlaps(const Cidr& a, const Cidr& b) { return a.contains(b.base()) || b.contains(a.base()); }

Result<int> choose_fabric(std::span<const Cidr> used) {
  for (int k = 0; k < 256; ++k) {
    const auto fabric = fabric_of(k);
    if (std::none_of(used.begin(), used.end(), [&](const Cidr& u) { return overlaps(u, fabric); })) return k;
  }
  return fail(Code::kUnavailable,
              "no free network for the nodes: all of 10.84.0.0/24 to 10.84.255.0/24 overlap addresses, routes or "
              "clusters of this machine");
}

std::string bridge_name(std::string_view cluster) { return interface_name("fl-", cluster, ""); }
std::string veth_name(std::string_view cluster, int node) {
  return interface_name("fv-", cluster, fmt::format("-{}", node));
}
std::string cgroup_name(std::string_view cluster) { return fmt::format("/fairlead-{}", cluster); }
std::string node_netns_name(std::string_view cluster, int node) { return fmt::format("{}-node{}", cluster, node); }

std::string nft_table_name(std::string_view cluster) {
  // nft's identifiers have no '-'; cluster names have no '_', so this stays unambiguous.
  std::string name = fmt::format("fairlead_{}", cluster);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::optional<int> node_of_netns(std::string_view cluster, std::string_view netns) {
  const auto prefix = fmt::format("{}-node", cluster);
  if (!netns.starts_with(prefix)) return std::nullopt;
  const auto number = parse_int(netns.substr(prefix.size()));
  if (!number || *number < 1 || *number > kMaxNodes) return std::nullopt;
  return static_cast<int>(*number);
}

Result<Topology> plan_topology(const std::string& cluster, int fabric_index, int nodes, const Cidr& cluster_cidr) {
  FL_CHECK(check_cluster_name(cluster));
  if (nodes < 1 || nodes > kMaxNodes) {
    return fail(Code::kInvalid, fmt::format("number of nodes {}: must be between 1 and {}", nodes, kMaxNodes));
  }
  constexpr int kNodePrefix = 24;
  if (!cluster_cidr.base().is_v4() || cluster_cidr.prefix() > kNodePrefix ||
      (cluster_cidr.size() >> (32 - kNodePrefix)) < static_cast<uint64_t>(nodes)) {
    return fail(Code::kInvalid,
                fmt::format("cluster CIDR {}: must be an IPv4 network with room for a /24 for each of {} nodes, for "
                            "example 10.244.0.0/16",
                            cluster_cidr, nodes));
  }
  Topology t;
  t.cluster = cluster;
  t.fabric_index = fabric_index;
  t.fabric = fabric_of(fabric_index);
  t.gateway = t.fabric.at(1);
  t.bridge = bridge_name(cluster);
  t.bridge_mac = mac_of(fabric_index, 1);
  t.nft_table = nft_table_name(cluster);
  t.cgroup = cgroup_name(cluster);
  t.server_cgroup = t.cgroup + "/server";
  if (overlaps(t.fabric, cluster_cidr)) {
    return fail(Code::kInvalid, fmt::format("cluster CIDR {} overlaps the nodes' network {}", cluster_cidr, t.fabric));
  }
  for (int i = 1; i <= nodes; ++i) {
    NodePlan n;
    n.name = fmt::format("node{}", i);
    n.netns = node_netns_name(cluster, i);
    n.veth = veth_name(cluster, i);
    n.cgroup = fmt::format("{}/{}", t.cgroup, n.name);
    n.address = t.fabric.at(10 + static_cast<uint64_t>(i));
    n.pod_cidr = Cidr::of(cluster_cidr.at(static_cast<uint64_t>(i - 1) << (32 - kNodePrefix)), kNodePrefix);
    n.mac = mac_of(fabric_index, 10 + i);
    t.nodes.push_back(std::move(n));
  }
  return t;
}

std::string render_isolation(const Topology& t, const Cidr& cluster_cidr, bool isolated) {
  std::string out = "table inet fairlead-isolation {}\ndelete table inet fairlead-isolation\n";
  if (!isolated) return out;
  out += "table inet fairlead-isolation {\n";
  for (const char* hook : {"output", "forward"}) {
    out += fmt::format(
        "  chain {0} {{\n"
        "    type filter hook {0} priority filter; policy accept;\n"
        "    oifname \"{1}\" ip daddr != {{ {2}, {3}, 224.0.0.0/4 }} reject with icmp type net-unreachable\n"
        "  }}\n",
        hook, kNodeInterface, t.fabric, cluster_cidr);
  }
  return out + "}\n";
}

std::string render_egress(const Topology& t) {
  // The first two lines make replacing work whether the table exists or not.
  return fmt::format(
      "table ip {0} {{}}\n"
      "delete table ip {0}\n"
      "table ip {0} {{\n"
      "  chain postrouting {{\n"
      "    type nat hook postrouting priority srcnat; policy accept;\n"
      "    ip saddr {1} ip daddr != {1} oifname != \"{2}\" masquerade\n"
      "  }}\n"
      "}}\n",
      t.nft_table, t.fabric, t.bridge);
}

}  // namespace fairlead::up
