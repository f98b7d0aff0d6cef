#include "net/netlink.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "net/netns.h"
#include "net/process.h"

namespace fairlead::net {
namespace {

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }
Cidr cidr(std::string_view text) { return *Cidr::parse(text); }

class NetlinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root for network namespaces";
    auto a = create_anonymous_netns();
    auto b = create_anonymous_netns();
    ASSERT_TRUE(a) << a.error().message;
    ASSERT_TRUE(b) << b.error().message;
    a_ = std::move(*a);
    b_ = std::move(*b);
    netlink_.emplace(*Netlink::open_in(a_.get()));
    peer_.emplace(*Netlink::open_in(b_.get()));
  }
  Netlink& netlink() { return *netlink_; }
  Netlink& peer() { return *peer_; }
  Fd a_;
  Fd b_;
  std::optional<Netlink> netlink_;
  std::optional<Netlink> peer_;
};

TEST_F(NetlinkTest, BuildsABridgeWithAVethIntoAnotherNamespace) {
  const MacAddress mac{0x02, 0xfa, 0x11, 0xea, 0xd0, 0x01};
  ASSERT_TRUE(netlink().add_bridge("fl0", mac));
  ASSERT_TRUE(netlink().add_veth("v0", "eth0", b_.get()));
  ASSERT_TRUE(netlink().set_master("v0", "fl0"));
  ASSERT_TRUE(netlink().set_mtu("v0", 1400));
  ASSERT_TRUE(netlink().set_hairpin("v0", true));
  ASSERT_TRUE(netlink().set_up("fl0"));
  ASSERT_TRUE(netlink().set_up("v0"));
  ASSERT_TRUE(peer().set_up("eth0"));
  const auto bridge = netlink().link("fl0");
  const auto port = netlink().link("v0");
  const auto far = peer().link("eth0");
  ASSERT_TRUE(bridge && port && far);
  EXPECT_EQ(bridge->kind, "bridge");
  EXPECT_EQ(bridge->mac, mac);
  EXPECT_EQ(port->master, bridge->index);
  EXPECT_EQ(port->mtu, 1400U);
  EXPECT_EQ(far->kind, "veth");
  EXPECT_TRUE(far->up);
  ASSERT_TRUE(netlink().delete_link("v0"));
  EXPECT_EQ(peer().link("eth0").error().code, Code::kNotFound);
  EXPECT_TRUE(netlink().delete_link("v0"));  // gone already
}

TEST_F(NetlinkTest, AddressesAreAddedOnceListedAndRemoved) {
  ASSERT_TRUE(netlink().add_bridge("fl0"));
  ASSERT_TRUE(netlink().add_address("fl0", ip("10.84.3.1"), 24));
  ASSERT_TRUE(netlink().add_address("fl0", ip("10.84.3.1"), 24));
  ASSERT_TRUE(netlink().add_address("fl0", ip("fd00:84::1"), 64));
  const auto index = netlink().link("fl0")->index;
  auto all = netlink().addresses();
  ASSERT_TRUE(all);
  EXPECT_EQ(std::count(all->begin(), all->end(), LinkAddress{index, ip("10.84.3.1"), 24}), 1);
  EXPECT_EQ(std::count(all->begin(), all->end(), LinkAddress{index, ip("fd00:84::1"), 64}), 1);
  ASSERT_TRUE(netlink().delete_address("fl0", ip("10.84.3.1"), 24));
  ASSERT_TRUE(netlink().delete_address("fl0", ip("10.84.3.1"), 24));
  all = netlink().addresses();
  EXPECT_EQ(std::count(all->begin(), all->end(), LinkAddress{index, ip("10.84.3.1"), 24}), 0);
}

TEST_F(NetlinkTest, RoutesAreReplacedAndRemoved) {
  ASSERT_TRUE(netlink().add_bridge("fl0"));
  ASSERT_TRUE(netlink().add_address("fl0", ip("10.84.3.1"), 24));
  ASSERT_TRUE(netlink().set_up("fl0"));
  const auto index = netlink().link("fl0")->index;
  const auto find = [&](const Cidr& destination) {
    std::vector<Route> out;
    const auto all = netlink().routes();
    for (const auto& r : *all) {
      if (r.destination == destination && r.table == kMainTable) out.push_back(r);
    }
    return out;
  };
  Route route{.destination = cidr("10.244.1.0/24"), .gateway = ip("10.84.3.12")};
  ASSERT_TRUE(netlink().add_route(route));
  EXPECT_EQ(netlink().add_route(route).error().code, Code::kAlreadyExists);
  route.gateway = ip("10.84.3.13");
  ASSERT_TRUE(netlink().replace_route(route));
  auto found = find(route.destination);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].gateway, ip("10.84.3.13"));
  EXPECT_EQ(found[0].link, index);
  EXPECT_EQ(found[0].protocol, kRouteProtocolFairlead);
  const Route everything{.destination = cidr("0.0.0.0/0"), .gateway = ip("10.84.3.1").plus(1)};
  ASSERT_TRUE(netlink().replace_route(everything));
  EXPECT_EQ(find(everything.destination).size(), 1U);
  ASSERT_TRUE(netlink().delete_route(route));
  ASSERT_TRUE(netlink().delete_route(route));
  EXPECT_TRUE(find(route.destination).empty());
}

TEST_F(NetlinkTest, ErrorsSayWhatTheKernelSays) {
  const auto unreachable = netlink().add_route({.destination = cidr("10.1.0.0/16"), .gateway = ip("10.9.9.9")});
  ASSERT_FALSE(unreachable);
  EXPECT_NE(unreachable.error().message.find("10.1.0.0/16"), std::string::npos);
  EXPECT_NE(unreachable.error().message.find("Nexthop has invalid gateway"), std::string::npos)
      << unreachable.error().message;
  EXPECT_EQ(netlink().link("nothing").error().code, Code::kNotFound);
  ASSERT_TRUE(netlink().add_bridge("fl0"));
  EXPECT_EQ(netlink().add_bridge("fl0").error().code, Code::kAlreadyExists);
}

TEST_F(NetlinkTest, NeighboursAreSet) {
  ASSERT_TRUE(netlink().add_bridge("fl0"));
  ASSERT_TRUE(netlink().set_up("fl0"));
  const auto index = netlink().link("fl0")->index;
  const MacAddress mac{2, 0, 0, 0, 0, 9};
  ASSERT_TRUE(netlink().replace_neighbour({index, ip("10.84.3.9"), mac, true}));
  const auto all = netlink().neighbours();
  ASSERT_TRUE(all);
  EXPECT_TRUE(std::any_of(all->begin(), all->end(),
                          [&](const Neighbour& n) { return n.address == ip("10.84.3.9") && n.mac == mac; }));
}

TEST_F(NetlinkTest, SysctlsAreSetInTheNamespaceOnly) {
  const auto before = get_netns_sysctl(open_own_netns()->get(), "net/ipv4/ip_forward");
  ASSERT_TRUE(set_netns_sysctl(a_.get(), "net/ipv4/ip_forward", "1"));
  EXPECT_EQ(get_netns_sysctl(a_.get(), "net/ipv4/ip_forward"), "1");
  EXPECT_EQ(get_netns_sysctl(open_own_netns()->get(), "net/ipv4/ip_forward"), before);
}

TEST(Netns, IsMadeFoundListedAndRemovedByName) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root for network namespaces";
  char dir[] = "/tmp/fairlead-netns-XXXXXX";
  ASSERT_NE(::mkdtemp(dir), nullptr);
  ASSERT_TRUE(create_netns("one", dir));
  EXPECT_EQ(create_netns("one", dir).error().code, Code::kAlreadyExists);
  EXPECT_TRUE(open_netns("one", dir));
  EXPECT_EQ(list_netns(dir), std::vector<std::string>{"one"});
  ASSERT_TRUE(delete_netns("one", dir));
  ASSERT_TRUE(delete_netns("one", dir));
  EXPECT_EQ(open_netns("one", dir).error().code, Code::kNotFound);
  EXPECT_EQ(list_netns(dir), std::vector<std::string>{});
  EXPECT_EQ(::rmdir(dir), 0);
}

rt::Task<> list_links_inside(rt::Loop& loop, int netns) {
  SpawnOptions options;
  options.argv = {"sh", "-c", "ls /sys/fs/cgroup >/dev/null && cat /proc/net/dev"};
  options.netns_fd = netns;
  auto out = co_await run_ok(loop, std::move(options));
  EXPECT_TRUE(out);
  if (out) {
    EXPECT_NE(out->find("fl0:"), std::string::npos);
    EXPECT_EQ(out->find("eth0:"), std::string::npos);
  }
}

TEST_F(NetlinkTest, ProcessesAreSpawnedInsideTheNamespace) {
  ASSERT_TRUE(netlink().add_bridge("fl0"));
  rt::Loop loop;
  rt::run(loop, list_links_inside(loop, a_.get()));
}

}  // namespace
}  // namespace fairlead::net
