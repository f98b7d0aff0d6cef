#include "agent/pod_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/netns.h"

namespace fairlead::agent {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::shared_ptr<const api::Node> node(std::string name, std::string cidr, std::string ip) {
  auto n = std::make_shared<api::Node>();
  n->metadata.name = std::move(name);
  n->spec.pod_cidr = std::move(cidr);
  if (!ip.empty()) n->status.addresses = {{"Hostname", n->metadata.name}, {"InternalIP", ip}};
  return n;
}
net::Route route(std::string_view destination, std::string_view gateway) {
  net::Route r;
  r.destination = *Cidr::parse(destination);
  r.gateway = *IpAddress::parse(gateway);
  return r;
}

TEST(Routes, GoToOtherNodesByTheirInternalAddress) {
  const auto routes =
      wanted_routes({node("node1", "10.244.0.0/24", "10.84.0.11"), node("node2", "10.244.1.0/24", "10.84.0.12"),
                     node("node3", "", "10.84.0.13"), node("node4", "10.244.3.0/24", "")},
                    "node1");
  EXPECT_EQ(routes, std::vector<net::Route>{route("10.244.1.0/24", "10.84.0.12")});
}

TEST(Routes, ChangeOnlyWhatDiffersAndIsOurs) {
  net::Route foreign = route("10.9.0.0/16", "10.84.0.1");
  foreign.protocol = net::kRouteProtocolStatic;
  const auto changes = route_changes({route("10.244.1.0/24", "10.84.0.12"), route("10.244.2.0/24", "10.84.0.14")},
                                     {route("10.244.1.0/24", "10.84.0.12"), route("10.244.2.0/24", "10.84.0.13"),
                                      route("10.244.7.0/24", "10.84.0.17"), foreign});
  EXPECT_EQ(changes.replace, std::vector<net::Route>{route("10.244.2.0/24", "10.84.0.14")});
  EXPECT_EQ(changes.remove, std::vector<net::Route>{route("10.244.7.0/24", "10.84.0.17")});
}

TEST(Masquerade, SparesTheClusterAndNodesButNotTheGateway) {
  const std::string text = render_masquerade({.pod_cidrs = {*Cidr::parse("10.244.0.0/24")},
                                              .cluster_cidrs = {*Cidr::parse("10.244.0.0/16")},
                                              .node_cidrs = {*Cidr::parse("10.84.0.0/24")},
                                              .gateways = {*IpAddress::parse("10.84.0.1")}});
  const size_t gateway = text.find("ip daddr { 10.84.0.1 } masquerade");
  const size_t nodes = text.find("ip daddr 10.84.0.0/24 return");
  ASSERT_NE(gateway, std::string::npos);
  ASSERT_NE(nodes, std::string::npos);
  EXPECT_LT(gateway, nodes);
  EXPECT_THAT(text, HasSubstr("ip daddr 10.244.0.0/16 return"));
}

rt::Task<Result<>> apply_twice(rt::Loop& loop, MasqueradeConfig config) {
  FL_CO_CHECK(co_await sync_masquerade(loop, config));
  co_return co_await sync_masquerade(loop, config);
}

TEST(PodNetwork, AppliesToANamespaceTwiceWithTheSameResult) {
  auto ns = net::create_anonymous_netns();
  if (!ns) GTEST_SKIP() << "needs root: " << ns.error().message;
  const auto done = net::in_netns(ns->get(), []() -> Result<> {
    FL_TRY(auto netlink, net::Netlink::open());
    FL_CHECK(netlink.add_bridge("br0"));
    FL_CHECK(netlink.set_up("br0"));
    FL_CHECK(netlink.add_address("br0", *IpAddress::parse("10.84.0.11"), 24));
    for (int i = 0; i < 2; ++i) FL_CHECK(sync_routes({route("10.244.1.0/24", "10.84.0.12")}));
    FL_TRY(const auto with, netlink.routes());
    FL_CHECK(sync_routes({}));
    FL_TRY(const auto without, netlink.routes());
    if (with.size() != without.size() + 1) return fail(Code::kInternal, "one route was to come and go");
    rt::Loop loop;
    FL_TRY(const auto config, masquerade_config(*IpAddress::parse("10.84.0.11"), {*Cidr::parse("10.244.0.0/24")},
                                                {*Cidr::parse("10.244.0.0/16")}));
    if (config.node_cidrs != std::vector<Cidr>{*Cidr::parse("10.84.0.0/24")})
      return fail(Code::kInternal, "node network not found");
    return rt::run(loop, apply_twice(loop, config));
  });
  EXPECT_TRUE(done) << done.error().message;
}

}  // namespace
}  // namespace fairlead::agent
