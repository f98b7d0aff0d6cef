#include "controllers/endpoints/endpoints.h"

#include <gtest/gtest.h>

#include "client/memory_api.h"
#include "client/testing.h"
#include "controllers/endpoints/endpoints_plan.h"

namespace fairlead::controllers {
namespace {

class ServiceEndpointsTest : public testing::Test {
 protected:
  ServiceEndpointsTest() {
    api::Service s;
    s.metadata.name = "web";
    s.metadata.namespace_ = "default";
    s.spec.selector["app"] = "web";
    s.spec.cluster_ip = "10.96.0.7";
    s.spec.ip_families = {"IPv4"};
    s.spec.ports.push_back({.port = 80, .target_port = api::IntOrString(8080)});
    api.put(s);
    for (int i = 1; i <= 3; ++i) put_pod(i, true);
    for (auto* informer : informers.all()) group.spawn("informer", informer->run());
    group.spawn("events", events.run());
    group.spawn("slices", slices.run());
    group.spawn("endpoints", endpoints.run());
    client::settle(loop);
  }
  ~ServiceEndpointsTest() override { client::stop(loop, group); }

  void put_pod(int i, bool ready) {
    api::Pod p;
    p.metadata.name = "web-" + std::to_string(i);
    p.metadata.namespace_ = "default";
    p.metadata.uid = "uid-" + std::to_string(i);
    p.metadata.labels["app"] = "web";
    p.spec.node_name = "node1";
    p.spec.containers.emplace_back().name = "c";
    p.status.phase = "Running";
    p.status.pod_ip = "10.244.0." + std::to_string(i);
    p.status.conditions.push_back({.type = "Ready", .status = ready ? "True" : "False"});
    api.put(p);
  }
  std::vector<std::string> ready_addresses() {
    std::vector<std::string> out;
    const auto e = api.find<api::Endpoints>("default", "web");
    if (e) {
      for (const auto& subset : e->subsets) {
        for (const auto& a : subset.addresses) out.push_back(a.ip);
      }
    }
    return out;
  }
  std::vector<std::string> ready_in_slices() {
    std::vector<std::string> out;
    for (const auto& s : api.all<api::EndpointSlice>()) {
      for (const auto& e : s->endpoints) {
        if (e.conditions.ready.value_or(true)) out.push_back(e.addresses[0]);
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  rt::Loop loop;
  FakeClock clock;
  client::MemoryApi api{loop, clock};
  client::SharedInformers informers{loop, api};
  client::EventRecorder events{loop, api, clock, "test"};
  EndpointSliceController slices{{loop, api, clock, informers, events}};
  EndpointsController endpoints{{loop, api, clock, informers, events}};
  rt::TaskGroup group{loop};
};

using Addresses = std::vector<std::string>;

TEST_F(ServiceEndpointsTest, FollowPodsInBothForms) {
  EXPECT_EQ(ready_addresses(), (Addresses{"10.244.0.1", "10.244.0.2", "10.244.0.3"}));
  EXPECT_EQ(ready_in_slices(), ready_addresses());
  EXPECT_EQ(api.all<api::EndpointSlice>().size(), 1U);
  put_pod(2, false);
  client::settle(loop);
  EXPECT_EQ(ready_addresses(), (Addresses{"10.244.0.1", "10.244.0.3"}));
  EXPECT_EQ(ready_in_slices(), ready_addresses());
  EXPECT_EQ(api.find<api::Endpoints>("default", "web")->subsets[0].not_ready_addresses.size(), 1U);
  api.drop(api::kind_of<api::Pod>(), "default", "web-1");
  put_pod(10, true);
  client::settle(loop);
  EXPECT_EQ(ready_addresses(), (Addresses{"10.244.0.3", "10.244.0.10"}));  // in order of address, not of text
  EXPECT_EQ(api.all<api::EndpointSlice>().size(), 1U);
}

TEST_F(ServiceEndpointsTest, LeaveAtOnceWhenAPodIsDeleted) {
  EXPECT_TRUE(client::run_now(loop, api.remove(api::kind_of<api::Pod>(), "default", "web-1", {})));
  client::settle(loop);
  EXPECT_EQ(ready_addresses(), (Addresses{"10.244.0.2", "10.244.0.3"}));
  EXPECT_EQ(ready_in_slices(), ready_addresses());
}

TEST_F(ServiceEndpointsTest, GoWithTheService) {
  api.drop(api::kind_of<api::Service>(), "default", "web");
  client::settle(loop);
  EXPECT_EQ(api.find<api::Endpoints>("default", "web"), nullptr);
  EXPECT_TRUE(api.all<api::EndpointSlice>().empty());
}

TEST_F(ServiceEndpointsTest, LeaveHandMadeEndpointsAlone) {
  api::Service s;
  s.metadata.name = "outside";
  s.metadata.namespace_ = "default";
  s.spec.ports.push_back({.port = 80});
  api.put(s);
  api::Endpoints e;
  e.metadata.name = "outside";
  e.metadata.namespace_ = "default";
  e.subsets.emplace_back().addresses.emplace_back().ip = "192.0.2.9";
  api.put(e);
  client::settle(loop);
  EXPECT_EQ(api.find<api::Endpoints>("default", "outside")->subsets[0].addresses[0].ip, "192.0.2.9");
  api.drop(api::kind_of<api::Service>(), "default", "outside");
  client::settle(loop);
  EXPECT_NE(api.find<api::Endpoints>("default", "outside"), nullptr);
}

TEST(EndpointsPlan, SaysWhenItHadToCut) {
  api::Service s;
  s.metadata.name = "big";
  std::vector<std::shared_ptr<const api::Pod>> pods;
  for (int i = 0; i < 1001; ++i) {
    api::Pod p;
    p.metadata.uid = std::to_string(i);
    p.status.phase = "Running";
    p.status.pod_ip = fmt::format("10.244.{}.{}", i / 250, i % 250);
    p.status.conditions.push_back({.type = "Ready", .status = "True"});
    pods.push_back(std::make_shared<api::Pod>(p));
  }
  const auto e = plan_endpoints(s, pods, nullptr);
  EXPECT_EQ(e.subsets.at(0).addresses.size(), 1000U);
  EXPECT_EQ(e.metadata.annotations.at("endpoints.kubernetes.io/over-capacity"), "truncated");
}

}  // namespace
}  // namespace fairlead::controllers
