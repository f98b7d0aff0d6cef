#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lb/allocator.h"
#include "lb/arp.h"
#include "lb/owner.h"

namespace fairlead::lb {
namespace {

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

TEST(AddressPool, CountsRangesAndNetworks) {
  const auto pool = AddressPool::parse("10.84.0.200-10.84.0.250, 192.0.2.0/30,fd00::10-fd00::1f");
  ASSERT_TRUE(pool) << pool.error().message;
  EXPECT_EQ(pool->size(IpFamily::kV4), 55U);
  EXPECT_EQ(pool->size(IpFamily::kV6), 16U);
  EXPECT_TRUE(pool->contains(ip("10.84.0.200")));
  EXPECT_TRUE(pool->contains(ip("10.84.0.250")));
  EXPECT_FALSE(pool->contains(ip("10.84.0.251")));
  EXPECT_TRUE(pool->contains(ip("192.0.2.3")));
  EXPECT_FALSE(pool->contains(ip("fd00::20")));
}

TEST(AddressPool, SaysWhatIsWrong) {
  EXPECT_FALSE(AddressPool::parse(""));
  EXPECT_EQ(AddressPool::parse("10.0.0.9-10.0.0.1").error().message,
            "\"10.0.0.9-10.0.0.1\": the first address must come before the last");
  EXPECT_THAT(AddressPool::parse("10.0.0.9").error().message, testing::HasSubstr("must be a range, like"));
  EXPECT_THAT(AddressPool::parse("10.0.0.0/8").error().message, testing::HasSubstr("more than 1048576 addresses"));
  EXPECT_FALSE(AddressPool::parse("10.0.0.1-fd00::1"));
}

api::Service balanced(std::vector<std::string> has = {}) {
  api::Service s;
  s.metadata.name = "web";
  s.spec.type = "LoadBalancer";
  s.spec.ip_families = {"IPv4"};
  for (auto& address : has) s.status.load_balancer.ingress.emplace_back().ip = std::move(address);
  return s;
}

Allocator three() { return Allocator(*AddressPool::parse("10.0.0.1-10.0.0.3")); }

TEST(Allocator, GivesTheLowestFreeAddressAndKeepsIt) {
  auto a = three();
  EXPECT_EQ(a.assign("x", balanced()).addresses, std::vector{ip("10.0.0.1")});
  EXPECT_EQ(a.assign("y", balanced()).addresses, std::vector{ip("10.0.0.2")});
  EXPECT_TRUE(a.release("x"));
  EXPECT_EQ(a.assign("y", balanced({"10.0.0.2"})).addresses, std::vector{ip("10.0.0.2")});
  EXPECT_EQ(a.assign("z", balanced()).addresses, std::vector{ip("10.0.0.1")});
}

TEST(Allocator, KeepsWhatWasWrittenBeforeItStarted) {
  auto a = three();
  a.learn("old", balanced({"10.0.0.1"}));
  EXPECT_EQ(a.assign("new", balanced()).addresses, std::vector{ip("10.0.0.2")});
  EXPECT_EQ(a.assign("old", balanced({"10.0.0.1"})).addresses, std::vector{ip("10.0.0.1")});
}

TEST(Allocator, TheSecondWithTheSameAddressGetsAnother) {
  auto a = three();
  a.learn("x", balanced({"10.0.0.1"}));
  a.learn("y", balanced({"10.0.0.1"}));
  EXPECT_EQ(a.assign("y", balanced({"10.0.0.1"})).addresses, std::vector{ip("10.0.0.2")});
}

TEST(Allocator, TakesAnAddressOutsideThePoolBack) {
  auto a = three();
  EXPECT_EQ(a.assign("x", balanced({"192.0.2.1"})).addresses, std::vector{ip("10.0.0.1")});
}

TEST(Allocator, GivesTheRequestedAddressOrSaysWhyNot) {
  auto a = three();
  auto wants = balanced();
  wants.spec.load_balancer_ip = "10.0.0.3";
  EXPECT_EQ(a.assign("x", wants).addresses, std::vector{ip("10.0.0.3")});
  const auto taken = a.assign("y", wants);
  EXPECT_TRUE(taken.addresses.empty());
  EXPECT_EQ(taken.problem, "spec.loadBalancerIP \"10.0.0.3\" is in use by Service x");
  wants.spec.load_balancer_ip = "10.0.0.9";
  EXPECT_EQ(a.assign("y", wants).problem,
            "spec.loadBalancerIP \"10.0.0.9\" is not an address of the pool 10.0.0.1-10.0.0.3");
  wants.spec.load_balancer_ip = "10.0.0.2";
  EXPECT_EQ(a.assign("x", wants).addresses, std::vector{ip("10.0.0.2")}) << "it moves";
  EXPECT_EQ(a.in_use(), 1U);
}

TEST(Allocator, SaysThatThePoolIsUsedUp) {
  auto a = three();
  for (const char* key : {"a", "b", "c"}) a.assign(key, balanced());
  const auto none = a.assign("d", balanced());
  EXPECT_TRUE(none.addresses.empty());
  EXPECT_EQ(none.problem, "no IPv4 address is left in the pool 10.0.0.1-10.0.0.3");
  auto six = balanced();
  six.spec.ip_families = {"IPv6"};
  EXPECT_EQ(a.assign("e", six).problem, "the pool 10.0.0.1-10.0.0.3 has no IPv6 addresses");
}

TEST(Allocator, GivesBothFamiliesWhereBothAreWanted) {
  Allocator a(*AddressPool::parse("10.0.0.1-10.0.0.3,fd00::1-fd00::3"));
  auto both = balanced();
  both.spec.ip_families = {"IPv6", "IPv4"};
  EXPECT_EQ(a.assign("x", both).addresses, (std::vector{ip("fd00::1"), ip("10.0.0.1")}));
  auto four = three();
  both.spec.ip_family_policy = "PreferDualStack";
  const auto one = four.assign("x", both);
  EXPECT_EQ(one.addresses, std::vector{ip("10.0.0.1")});
  EXPECT_EQ(one.problem, "");
}

TEST(IsOurs, LeavesOtherClassesAndTypesAlone) {
  auto s = balanced();
  EXPECT_TRUE(is_ours(s));
  s.spec.load_balancer_class = "example.com/other";
  EXPECT_FALSE(is_ours(s));
  s.spec.load_balancer_class = "fairlead.io/lb";
  EXPECT_TRUE(is_ours(s));
  s.spec.type = "NodePort";
  EXPECT_FALSE(is_ours(s));
}

constexpr net::MacAddress kMine{2, 0, 0, 0, 0, 1};
constexpr net::MacAddress kTheirs{2, 0, 0, 0, 0, 2};

TEST(Arp, ARequestAsItLooksOnTheWire) {
  const std::array<uint8_t, 28> wire = {0,  1, 8, 0, 6, 4, 0, 1, 2, 0, 0,  0, 0, 2,
                                        10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1};
  const auto request = parse_arp(wire);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->operation, ArpOperation::kRequest);
  EXPECT_EQ(request->sender_mac, kTheirs);
  EXPECT_EQ(request->sender, ip("10.0.0.9"));
  EXPECT_EQ(request->target, ip("10.0.0.1"));
  EXPECT_EQ(write_arp(*request), wire);
  const auto reply = arp_reply(*request, kMine);
  EXPECT_EQ(parse_arp(write_arp(reply)), reply);
  EXPECT_EQ(reply.operation, ArpOperation::kReply);
  EXPECT_EQ(reply.sender, ip("10.0.0.1"));
  EXPECT_EQ(reply.sender_mac, kMine);
  EXPECT_EQ(reply.target_mac, kTheirs);
}

TEST(Arp, RefusesWhatIsNotArpForIPv4OverEthernet) {
  const auto good = write_arp(arp_announcement(ip("10.0.0.1"), kMine));
  for (size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse_arp(std::span(good).first(size))) << size;
  for (size_t i = 0; i < 7; ++i) {
    auto bad = good;
    bad[i] ^= 0x40;
    EXPECT_FALSE(parse_arp(bad)) << i;
  }
  std::array<uint8_t, 46> padded{};
  std::ranges::copy(good, padded.begin());
  EXPECT_TRUE(parse_arp(padded));
}

TEST(Owner, IsOneOfTheCandidatesAndMovesOnlyWithIt) {
  const std::vector<std::string> all = {"node1", "node2", "node3"};
  std::map<std::string, int> share;
  for (uint32_t i = 0; i < 300; ++i) {
    const auto address = IpAddress::v4(0x0a000000 + i);
    const auto owner = choose_owner(address, all);
    ++share[owner];
    std::vector<std::string> without;
    for (const auto& name : all) {
      if (name != "node2") without.push_back(name);
    }
    if (owner != "node2") EXPECT_EQ(choose_owner(address, without), owner);
  }
  EXPECT_EQ(share.size(), 3U);
  for (const auto& [name, count] : share) EXPECT_GT(count, 50) << name;
  EXPECT_EQ(choose_owner(ip("10.0.0.1"), {}), "");
}

TEST(Owner, NodesThatAreNotReadyOrExcludedDoNotAnnounce) {
  api::Node node;
  EXPECT_FALSE(may_announce(node));
  auto& ready = node.status.conditions.emplace_back();
  ready.type = "Ready";
  ready.status = "True";
  EXPECT_TRUE(may_announce(node));
  node.metadata.labels["node.kubernetes.io/exclude-from-external-load-balancers"] = "";
  EXPECT_FALSE(may_announce(node));
}

}  // namespace
}  // namespace fairlead::lb
