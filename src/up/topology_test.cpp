#include "up/topology.h"

#include <gtest/gtest.h>

#include <set>

namespace fairlead::up {
namespace {

Cidr cidr(std::string_view text) { return *Cidr::parse(text); }
const Cidr kPods = *Cidr::parse("10.244.0.0/16");

TEST(ClusterName, MustBeALabel) {
  for (const auto* good : {"demo", "a", "e2e-35", "0"}) EXPECT_TRUE(check_cluster_name(good)) << good;
  for (const auto* bad : {"", "-a", "a-", "A", "a_b", "a.b", "../x", "01234567890123456789012345678901234567890"}) {
    const auto r = check_cluster_name(bad);
    ASSERT_FALSE(r) << bad;
    EXPECT_EQ(r.error().code, Code::kInvalid);
    EXPECT_NE(r.error().message.find("for example"), std::string::npos);
  }
}

TEST(ChooseFabric, TakesTheFirstThatOverlapsNothing) {
  EXPECT_EQ(choose_fabric({}), 0);
  const std::vector<Cidr> used = {cidr("10.84.0.0/24"), cidr("10.84.1.7/32"), cidr("192.0.2.0/24"), cidr("fd00::/64")};
  EXPECT_EQ(choose_fabric(used), 2);
}

TEST(ChooseFabric, KeepsAwayFromLargerNetworks) {
  const std::vector<Cidr> lower_half = {cidr("10.84.0.0/17")};
  EXPECT_EQ(choose_fabric(lower_half), 128);
  const std::vector<Cidr> all = {cidr("10.0.0.0/8")};
  const auto none = choose_fabric(all);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("10.84.0.0/24"), std::string::npos);
}

TEST(Topology, GivesNodesAddressesAndPodNetworks) {
  const auto t = plan_topology("demo", 3, 3, kPods);
  ASSERT_TRUE(t);
  EXPECT_EQ(t->fabric, cidr("10.84.3.0/24"));
  EXPECT_EQ(t->gateway.to_string(), "10.84.3.1");
  EXPECT_EQ(t->bridge, "fl-demo");
  EXPECT_EQ(t->nft_table, "fairlead_demo");
  ASSERT_EQ(t->nodes.size(), 3U);
  const auto& second = t->nodes[1];
  EXPECT_EQ(second.name, "node2");
  EXPECT_EQ(second.netns, "demo-node2");
  EXPECT_EQ(second.veth, "fv-demo-2");
  EXPECT_EQ(second.address.to_string(), "10.84.3.12");
  EXPECT_EQ(second.pod_cidr, cidr("10.244.1.0/24"));
  EXPECT_EQ(second.agent_cgroup(), "/fairlead-demo/node2/agent");
}

TEST(Topology, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(plan_topology("demo", 0, 0, kPods));
  EXPECT_FALSE(plan_topology("demo", 0, kMaxNodes + 1, kPods));
  EXPECT_TRUE(plan_topology("demo", 0, kMaxNodes, kPods));
  EXPECT_FALSE(plan_topology("demo", 0, 3, cidr("10.244.0.0/23")));
  EXPECT_FALSE(plan_topology("demo", 0, 1, cidr("10.244.0.0/25")));
  EXPECT_FALSE(plan_topology("demo", 0, 1, cidr("10.0.0.0/8")));  // overlaps the fabric
  EXPECT_FALSE(plan_topology("demo", 0, 1, cidr("fd00::/64")));
}

TEST(Topology, LongNamesStayApartAndWithinTheKernelsLimit) {
  std::set<std::string> names;
  for (const auto* cluster : {"a-very-long-cluster-name-one", "a-very-long-cluster-name-two", "short"}) {
    for (const int node : {1, 10, kMaxNodes}) {
      EXPECT_TRUE(names.insert(veth_name(cluster, node)).second);
      EXPECT_LE(veth_name(cluster, node).size(), 15U);
    }
    EXPECT_TRUE(names.insert(bridge_name(cluster)).second);
    EXPECT_LE(bridge_name(cluster).size(), 15U);
  }
}

TEST(Topology, NamespacesOfOtherClustersAreNotTaken) {
  EXPECT_EQ(node_of_netns("demo", "demo-node2"), 2);
  EXPECT_EQ(node_of_netns("demo", "demo2-node2"), std::nullopt);
  EXPECT_EQ(node_of_netns("demo", "demo-node0"), std::nullopt);
  EXPECT_EQ(node_of_netns("demo", "demo-nodex"), std::nullopt);
  EXPECT_EQ(node_of_netns("demo", "demo-node1-node2"), std::nullopt);
}

TEST(Egress, MasqueradesOnlyWhatLeavesTheFabric) {
  const auto t = plan_topology("a-b", 7, 1, kPods);
  ASSERT_TRUE(t);
  const auto script = render_egress(*t);
  EXPECT_NE(script.find("table ip fairlead_a_b {"), std::string::npos);
  EXPECT_NE(script.find("ip saddr 10.84.7.0/24 ip daddr != 10.84.7.0/24 oifname != \"fl-a-b\" masquerade"),
            std::string::npos)
      << script;
}

}  // namespace
}  // namespace fairlead::up
