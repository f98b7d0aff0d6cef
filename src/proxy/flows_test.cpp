#include "proxy/flows.h"

#include <gtest/gtest.h>

#include "proxy/model/model.h"
#include "proxy/model/testing.h"

namespace fairlead::proxy {
namespace {

using namespace testing;

Endpoint at(std::string_view address, uint16_t port) { return {*IpAddress::parse(address), port}; }

const Endpoint kVip = at("10.96.0.10", 53);
const Endpoint kOne = at("10.244.1.2", 5353);
const Endpoint kTwo = at("10.244.1.3", 5353);

api::Service dns(int32_t node_port = 0) {
  api::Service s = make_service("dns", {"10.96.0.10"});
  add_port(s, "dns", 53, node_port, "UDP");
  return s;
}
api::EndpointSlice slice(std::vector<api::SliceEndpoint> endpoints) {
  return make_slice("dns-1", "dns", std::move(endpoints), "dns", 5353, "UDP");
}

class Flows : public ::testing::Test {
 protected:
  void SetUp() override {
    model_.put(dns(30053));
    model_.put(slice({endpoint("10.244.1.2"), endpoint("10.244.1.3")}));
    (void)model_.commit();
  }
  Model model_{{.node_name = "node1"}};
};

TEST_F(Flows, ToARemovedEndpointAreStale) {
  model_.put(slice({endpoint("10.244.1.3")}));
  const Delta delta = model_.commit();
  const StaleFlows stale(delta);
  EXPECT_TRUE(stale.stale({kVip, kOne}));
  EXPECT_FALSE(stale.stale({kVip, kTwo}));
  EXPECT_FALSE(stale.stale({at("10.96.0.11", 53), kOne})) << "another Service's";
}

TEST_F(Flows, ToADrainingEndpointGoOn) {
  model_.put(slice({draining("10.244.1.2"), endpoint("10.244.1.3")}));
  const Delta delta = model_.commit();
  EXPECT_FALSE(StaleFlows(delta).stale({kVip, kOne}));
}

TEST_F(Flows, AreStaleWhenTheLastEndpointGoes) {
  model_.put(slice({}));
  const Delta delta = model_.commit();
  EXPECT_TRUE(StaleFlows(delta).stale({kVip, kOne}));
}

TEST_F(Flows, AreStaleWhenTheServiceGoes) {
  model_.remove_service("default", "dns");
  const Delta delta = model_.commit();
  EXPECT_TRUE(StaleFlows(delta).stale({kVip, kOne}));
  EXPECT_FALSE(StaleFlows(delta).stale({kVip, kVip})) << "never translated, no longer ours";
}

TEST_F(Flows, NodePortsCountOnThisNodesAddressesOnly) {
  model_.put(slice({endpoint("10.244.1.3")}));
  const Delta delta = model_.commit();
  const StaleFlows stale(delta);
  EXPECT_TRUE(stale.stale({at("192.0.2.1", 30053), kOne, true}));
  EXPECT_FALSE(stale.stale({at("192.0.2.9", 30053), kOne, false}));
}

TEST_F(Flows, ThatPassedBeforeTheServiceHadEndpointsAreStale) {
  model_.put(slice({}));
  (void)model_.commit();
  model_.put(slice({endpoint("10.244.1.2")}));
  const Delta delta = model_.commit();
  EXPECT_TRUE(StaleFlows(delta).stale({at("192.0.2.1", 30053), at("192.0.2.1", 30053), true}));
}

TEST_F(Flows, NeedNoSearchWhenEndpointsOnlyJoin) {
  model_.put(slice({endpoint("10.244.1.2"), endpoint("10.244.1.3"), endpoint("10.244.1.4")}));
  EXPECT_TRUE(StaleFlows(model_.commit()).empty());
}

TEST_F(Flows, OfTcpAreLeftAlone) {
  model_.put(web());
  model_.put(make_slice("web-1", "web", {endpoint("10.244.1.2")}));
  (void)model_.commit();
  model_.remove_slice("default", "web-1");
  EXPECT_TRUE(StaleFlows(model_.commit()).empty());
}

TEST_F(Flows, AfterARestartTheWholeTableCounts) {
  EXPECT_TRUE(StaleFlows(model_.table()).stale({kVip, at("10.244.9.9", 5353)}));
  EXPECT_FALSE(StaleFlows(model_.table()).stale({kVip, kTwo}));
}

}  // namespace
}  // namespace fairlead::proxy
