#include "lb/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/kinds/event.h"
#include "client/memory_api.h"
#include "client/testing.h"

namespace fairlead::lb {
namespace {

struct LoadBalancerTest : testing::Test {
  FakeClock clock;
  rt::Loop loop;
  client::MemoryApi api{loop, clock};
  client::SharedInformers informers{loop, api, {.first = {}, .longest = {}}};
  client::EventRecorder events{loop, api, clock, "fairlead-lb"};
  rt::TaskGroup group{loop};
  std::optional<Controller> controller;

  void start(const char* pool) {
    controller.emplace(loop, api, clock, informers, events, *AddressPool::parse(pool));
    group.spawn("lb", controller->run());
    for (auto* informer : informers.all()) group.spawn("informer", informer->run());
    group.spawn("events", events.run());
    client::settle(loop);
  }
  void put(const std::string& name, const std::string& type = "LoadBalancer") {
    api::Service s;
    if (const auto now = api.find<api::Service>("default", name)) s = *now;
    s.metadata.namespace_ = "default";
    s.metadata.name = name;
    s.spec.type = type;
    s.spec.ip_families = {"IPv4"};
    api.put(s);
    client::settle(loop);
  }
  std::string address(const std::string& name) {
    const auto& ingress = api.find<api::Service>("default", name)->status.load_balancer.ingress;
    return ingress.empty() ? "" : ingress[0].ip;
  }
  std::vector<std::string> said() {
    std::vector<std::string> out;
    for (const auto& e : api.all<api::Event>()) out.push_back(e->reason + ": " + e->message);
    return out;
  }
  void TearDown() override { client::stop(loop, group); }
};

TEST_F(LoadBalancerTest, AServiceGetsAnAddressAndAnEvent) {
  start("10.0.0.1-10.0.0.2");
  put("web");
  EXPECT_EQ(address("web"), "10.0.0.1");
  EXPECT_EQ(api.find<api::Service>("default", "web")->status.load_balancer.ingress[0].ip_mode, "VIP");
  EXPECT_THAT(said(), testing::ElementsAre("IPAllocated: Assigned IP [\"10.0.0.1\"]"));
  put("plain", "ClusterIP");
  EXPECT_EQ(address("plain"), "");
}

TEST_F(LoadBalancerTest, ThoseWhoWaitGetWhatBecomesFree) {
  start("10.0.0.1-10.0.0.1");
  put("a");
  put("b");
  EXPECT_EQ(address("b"), "");
  EXPECT_THAT(said(), testing::Contains("AllocationFailed: no IPv4 address is left in the pool 10.0.0.1"));
  api.drop(api::kind_of<api::Service>(), "default", "a");
  client::settle(loop);
  EXPECT_EQ(address("b"), "10.0.0.1");
}

TEST_F(LoadBalancerTest, AnotherTypeGivesTheAddressBack) {
  start("10.0.0.1-10.0.0.1");
  put("a");
  put("b");
  put("a", "ClusterIP");
  EXPECT_EQ(address("b"), "10.0.0.1");
}

TEST_F(LoadBalancerTest, ARestartChangesNothing) {
  api::Service s;
  s.metadata.namespace_ = "default";
  s.spec.type = "LoadBalancer";
  s.spec.ip_families = {"IPv4"};
  s.metadata.name = "a";
  api.put(s);
  s.metadata.name = "b";
  s.status.load_balancer.ingress.emplace_back().ip = "10.0.0.1";
  s.status.load_balancer.ingress[0].ip_mode = "VIP";
  api.put(s);
  start("10.0.0.1-10.0.0.9");
  EXPECT_EQ(address("b"), "10.0.0.1");
  EXPECT_EQ(address("a"), "10.0.0.2");
}

}  // namespace
}  // namespace fairlead::lb
