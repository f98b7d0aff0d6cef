#include "up/host.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/text.h"
#include "net/netlink.h"
#include "net/netns.h"
#include "net/process.h"
#include "up/state.h"

namespace fairlead::up {
namespace {

Result<> unless_exists(Result<> done) {
  if (!done && done.error().code == Code::kAlreadyExists) return {};
  return done;
}

// Of the namespace alone: none of these is shared with the machine.
Result<> set_node_sysctls(int netns) {
  FL_CHECK(net::set_netns_sysctl(netns, "net/ipv4/ip_forward", "1"));
  // Translated packets take other ways in than out. The effective value is the larger of `all` and the interface's,
  // which a new interface copies from `default`.
  for (const auto* name : {"all", "default", "eth0"}) {
    FL_CHECK(net::set_netns_sysctl(netns, fmt::format("net/ipv4/conf/{}/rp_filter", name), "0"));
  }
  // NodePorts on the node's own 127.0.0.1.
  FL_CHECK(net::set_netns_sysctl(netns, "net/ipv4/conf/all/route_localnet", "1"));
  // Absent without IPv6, and not needed then.
  (void)net::set_netns_sysctl(netns, "net/ipv6/conf/all/forwarding", "1");
  // Every group may open ICMP echo sockets, so that ping works in unprivileged containers.
  (void)net::set_netns_sysctl(netns, "net/ipv4/ping_group_range", "0 2147483647");
  return {};
}

// A name left by a reboot, or by a kill between making the file and mounting on it, names no namespace: it is made
// anew.
Result<Fd> ensure_netns(const std::string& name, const std::string& dir) {
  auto found = net::open_netns(name, dir);
  if (found) return found;
  FL_CHECK(net::delete_netns(name, dir));
  FL_CHECK(net::create_netns(name, dir));
  return net::open_netns(name, dir);
}

// The machine's end may be left over from a namespace that is gone; the node's end went with it, and the pair with
// both. What can be left is a pair that was made and not moved on: only one with both ends in place is kept.
Result<> ensure_veth(net::Netlink& host, net::Netlink& inside, const NodePlan& node, int netns) {
  const std::string interface(kNodeInterface);
  const bool here = host.link(node.veth).has_value();
  const bool there = inside.link(interface).has_value();
  if (here && there) return {};
  if (here) FL_CHECK(host.delete_link(node.veth));
  if (there) FL_CHECK(inside.delete_link(interface));
  FL_CHECK(host.add_veth(node.veth, interface, netns));
  return inside.set_mac(interface, node.mac);
}

}  // namespace

Result<std::vector<Cidr>> networks_in_use(const std::string& own_bridge) {
  FL_TRY(auto netlink, net::Netlink::open());
  const auto bridge = netlink.link(own_bridge);
  const int own = bridge ? bridge->index : -1;
  std::vector<Cidr> used;
  FL_TRY(auto addresses, netlink.addresses());
  for (const auto& a : addresses) {
    if (a.link != own) used.push_back(Cidr::of(a.address, a.prefix));
  }
  FL_TRY(auto routes, netlink.routes());
  for (const auto& r : routes) {
    if (r.link != own && r.destination.prefix() != 0) used.push_back(r.destination);
  }
  return used;
}

Result<> make_bridge(const Topology& t) {
  FL_TRY(auto netlink, net::Netlink::open());
  FL_CHECK(unless_exists(netlink.add_bridge(t.bridge, t.bridge_mac)));
  FL_CHECK(netlink.add_address(t.bridge, t.gateway, t.fabric.prefix()));
  return netlink.set_up(t.bridge);
}

Result<Fd> make_node_network(const Topology& t, const NodePlan& node, const std::string& netns_dir) {
  FL_TRY(auto netns, ensure_netns(node.netns, netns_dir));
  FL_TRY(auto host, net::Netlink::open());
  FL_TRY(auto inside, net::Netlink::open_in(netns.get()));
  FL_CHECK(ensure_veth(host, inside, node, netns.get()));
  const std::string interface(kNodeInterface);
  FL_CHECK(set_node_sysctls(netns.get()));
  FL_CHECK(host.set_master(node.veth, t.bridge));
  FL_CHECK(host.set_up(node.veth));
  FL_CHECK(inside.set_up("lo"));
  FL_CHECK(inside.add_address(interface, node.address, t.fabric.prefix()));
  FL_CHECK(inside.set_up(interface));
  net::Route everything;
  everything.destination = Cidr::of(IpAddress::v4(0), 0);
  everything.gateway = t.gateway;
  everything.protocol = net::kRouteProtocolStatic;
  // Also without egress: the kernel looks for a route before it translates what the node itself sends to a ClusterIP.
  FL_CHECK(inside.replace_route(everything));
  return netns;
}

Result<> make_cgroups(const net::Cgroups& cgroups, const Topology& t) {
  FL_CHECK(cgroups.create(t.server_cgroup));
  for (const auto& n : t.nodes) {
    FL_CHECK(cgroups.create(n.agent_cgroup()));
    FL_CHECK(cgroups.create(n.runtime_cgroup()));
  }
  return {};
}

rt::Task<Result<>> set_isolation(rt::Loop& loop, std::string script, std::string node, int netns_fd) {
  net::SpawnOptions options;
  options.argv = {"nft", "-f", "-"};
  options.netns_fd = netns_fd;
  auto done = co_await net::run_ok(loop, std::move(options), std::move(script));
  if (!done) co_return fail(std::move(done).error().in(fmt::format("isolate {}", node)));
  co_return Result<>{};
}

rt::Task<Result<>> make_egress(rt::Loop& loop, Topology topology) {
  net::SpawnOptions options;
  options.argv = {"nft", "-f", "-"};
  auto done = co_await net::run_ok(loop, std::move(options), render_egress(topology));
  if (!done) co_return fail(std::move(done).error().in(fmt::format("make nftables table {}", topology.nft_table)));
  co_return Result<>{};
}

rt::Task<Result<>> remove_egress(rt::Loop& loop, std::string table) {
  net::SpawnOptions options;
  options.argv = {"nft", "delete", "table", "ip", table};
  auto done = co_await net::run(loop, std::move(options));
  if (!done && done.error().code == Code::kNotFound) co_return Result<>{};  // without nft there is no table of ours
  if (!done) co_return fail(std::move(done).error());
  if (!done->status.ok() && done->err.find("No such file or directory") == std::string::npos) {
    co_return fail(Code::kInternal, fmt::format("delete nftables table {}: {}", table, trim(done->err)));
  }
  co_return Result<>{};
}

bool host_forwards() {
  const auto value = read_file("/proc/sys/net/ipv4/ip_forward");
  return value && trim(*value) == "1";
}

Result<uint16_t> free_local_port(uint16_t wanted) {
  for (const uint16_t port : {wanted, uint16_t{0}}) {
    const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return fail(last_system_error("socket"));
    // As the server itself does: connections of the former server in TIME_WAIT do not make the port taken.
    const int on = 1;
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(port);
    socklen_t size = sizeof a;
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&a), size) != 0) continue;
    if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&a), &size) != 0)
      return fail(last_system_error("getsockname"));
    return ntohs(a.sin_port);
  }
  return fail(last_system_error("find a free port on 127.0.0.1"));
}

}  // namespace fairlead::up
