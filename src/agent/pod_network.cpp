#include "agent/pod_network.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/process.h"

namespace fairlead::agent {
namespace {

std::string set_of(const std::vector<std::string>& members) {
  std::string out;
  for (const std::string& member : members) out += (out.empty() ? "" : ", ") + member;
  return "{ " + out + " }";
}

std::vector<std::string> of_family(const std::vector<Cidr>& cidrs, IpFamily family) {
  std::vector<std::string> out;
  for (const Cidr& cidr : cidrs) {
    if (cidr.family() == family) out.push_back(cidr.to_string());
  }
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

}  // namespace

std::vector<net::Route> wanted_routes(const std::vector<std::shared_ptr<const api::Node>>& nodes,
                                      std::string_view own_node) {
  std::vector<net::Route> out;
  for (const auto& node : nodes) {
    if (node->metadata.name == own_node) continue;
    std::vector<std::string> networks = node->spec.pod_cidrs;
    if (networks.empty() && !node->spec.pod_cidr.empty()) networks = {node->spec.pod_cidr};
    for (const std::string& text : networks) {
      const auto network = Cidr::parse(text);
      if (!network) continue;
      for (const api::NodeAddress& address : node->status.addresses) {
        const auto gateway = IpAddress::parse(address.address);
        if (address.type != "InternalIP" || !gateway || gateway->family() != network->family()) continue;
        net::Route route;
        route.destination = *network;
        route.gateway = *gateway;
        out.push_back(route);
        break;
      }
    }
  }
  return out;
}

RouteChanges route_changes(const std::vector<net::Route>& wanted, const std::vector<net::Route>& present) {
  RouteChanges out;
  const auto ours = [](const net::Route& r) {
    return r.protocol == net::kRouteProtocolFairlead && r.table == net::kMainTable && r.gateway.has_value();
  };
  for (const net::Route& want : wanted) {
    const bool there = std::ranges::any_of(present, [&](const net::Route& r) {
      return ours(r) && r.destination == want.destination && r.gateway == want.gateway;
    });
    if (!there) out.replace.push_back(want);
  }
  for (const net::Route& route : present) {
    if (!ours(route)) continue;
    const bool kept =
        std::ranges::any_of(wanted, [&](const net::Route& w) { return w.destination == route.destination; });
    if (!kept) out.remove.push_back(route);
  }
  return out;
}

Result<> sync_routes(const std::vector<net::Route>& wanted) {
  FL_TRY(auto netlink, net::Netlink::open());
  FL_TRY(const auto present, netlink.routes());
  const RouteChanges changes = route_changes(wanted, present);
  Result<> result;
  // One route that is refused (a gateway that is not reachable yet) does not keep the others out.
  for (const net::Route& route : changes.remove) {
    if (auto done = netlink.delete_route(route); !done && result) result = std::move(done);
  }
  for (const net::Route& route : changes.replace) {
    if (auto done = netlink.replace_route(route); !done && result) result = std::move(done);
  }
  return result;
}

std::string render_masquerade(const MasqueradeConfig& config) {
  // Declaring the table before deleting it makes the deletion succeed the first time too; the script is one
  // transaction.
  std::string out =
      "table inet fairlead-agent\ndelete table inet fairlead-agent\ntable inet fairlead-agent {\n"
      "  chain postrouting {\n    type nat hook postrouting priority srcnat; policy accept;\n";
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    const char* ip = family == IpFamily::kV4 ? "ip" : "ip6";
    const auto pods = of_family(config.pod_cidrs, family);
    if (pods.empty()) continue;
    std::vector<std::string> gateways;
    for (const IpAddress& gateway : config.gateways) {
      if (gateway.family() == family) gateways.push_back(gateway.to_string());
    }
    std::vector<Cidr> near = config.cluster_cidrs;
    near.insert(near.end(), config.pod_cidrs.begin(), config.pod_cidrs.end());
    near.insert(near.end(), config.node_cidrs.begin(), config.node_cidrs.end());
    const std::string from = fmt::format("    {} saddr {} ", ip, set_of(pods));
    std::ranges::sort(gateways);
    gateways.erase(std::unique(gateways.begin(), gateways.end()), gateways.end());
    if (!gateways.empty()) out += fmt::format("{}{} daddr {} masquerade\n", from, ip, set_of(gateways));
    for (const std::string& network : of_family(near, family))
      out += fmt::format("{}{} daddr {} return\n", from, ip, network);
    out += fmt::format("{}{} daddr != {} masquerade\n", from, ip, family == IpFamily::kV4 ? "224.0.0.0/4" : "ff00::/8");
  }
  return out + "  }\n}\n";
}

Result<MasqueradeConfig> masquerade_config(const IpAddress& node_ip, std::vector<Cidr> pod_cidrs,
                                           std::vector<Cidr> cluster_cidrs) {
  MasqueradeConfig out{
      .pod_cidrs = std::move(pod_cidrs), .cluster_cidrs = std::move(cluster_cidrs), .node_cidrs = {}, .gateways = {}};
  FL_TRY(auto netlink, net::Netlink::open());
  FL_TRY(const auto addresses, netlink.addresses());
  FL_TRY(const auto routes, netlink.routes());
  for (const net::LinkAddress& address : addresses) {
    if (address.address != node_ip) continue;
    const Cidr network = Cidr::of(address.address, address.prefix);
    out.node_cidrs.push_back(network);
    // `up` has the machine there, also where no default route leads to it.
    if (network.at(1) != node_ip) out.gateways.push_back(network.at(1));
  }
  for (const net::Route& route : routes) {
    if (route.destination.prefix() == 0 && route.gateway &&
        std::ranges::find(out.gateways, *route.gateway) == out.gateways.end()) {
      out.gateways.push_back(*route.gateway);
    }
  }
  return out;
}

rt::Task<Result<>> sync_masquerade(rt::Loop& loop, MasqueradeConfig config) {
  net::SpawnOptions options;
  options.argv = {"nft", "-f", "-"};
  auto done = co_await net::run_ok(loop, std::move(options), render_masquerade(config));
  if (!done) co_return fail(std::move(done).error().in("masquerading of pods"));
  co_return Result<>{};
}

}  // namespace fairlead::agent
