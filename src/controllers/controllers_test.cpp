// All controllers together on an API in memory, with a kubelet made of a few lines.
#include "controllers/controllers.h"

#include <gmock/gmock.h>

#include <set>

#include "api/kinds/endpoints.h"
#include "api/kinds/endpointslice.h"
#include "api/kinds/event.h"
#include "api/kinds/namespace.h"
#include "api/kinds/node.h"
#include "api/kinds/service.h"
#include "controllers/common/testing.h"

namespace fairlead::controllers {
namespace {

struct ClusterTest : ControllerTest {
  int last_ip = 0;
  void SetUp() override {
    for (int i = 1; i <= 3; ++i) {
      api::Node node;
      node.metadata.name = "node" + std::to_string(i);
      api::NodeCondition ready;
      ready.type = "Ready";
      ready.status = "True";
      ready.last_heartbeat_time.at = clock.now();
      node.status.conditions.push_back(ready);
      for (auto* map : {&node.status.capacity, &node.status.allocatable}) {
        (*map)["cpu"].text = "4";
        (*map)["memory"].text = "8Gi";
        (*map)["pods"].text = "110";
      }
      api.put(node);
    }
    api::Namespace ns;
    ns.metadata.name = "default";
    ns.spec.finalizers = {"kubernetes"};
    ns.status.phase = "Active";
    api.put(ns);
    group.spawn("controllers", run_controllers(loop, api, clock, {}));
    settle();
  }
  void kubelet() {
    for (const auto& pod : api.all<api::Pod>()) {
      if (is_terminating(*pod)) {
        api.drop(api::kind_of<api::Pod>(), pod->metadata.namespace_, pod->metadata.name);
      } else if (!pod->spec.node_name.empty() && !is_ready(*pod)) {
        make_ready(*pod, "10.244.0." + std::to_string(++last_ip));
      }
    }
    settle();
  }
  std::set<std::string> ready_addresses() {
    std::set<std::string> out;
    for (const auto& slice : api.all<api::EndpointSlice>()) {
      for (const auto& e : slice->endpoints) {
        if (e.conditions.ready.value_or(true)) out.insert(e.addresses.at(0));
      }
    }
    return out;
  }
  void create_web() {
    api::Service service;
    service.metadata.name = "web";
    service.metadata.namespace_ = "default";
    service.spec.selector["app"] = "web";
    service.spec.cluster_ip = "10.96.0.10";
    auto& port = service.spec.ports.emplace_back();
    port.port = 80;
    port.protocol = "TCP";
    port.target_port = api::IntOrString(80);
    api.put(service);
    ASSERT_TRUE(client::run_now(loop, client::create(api, web_deployment(3))));
    settle();
    kubelet();
  }
};

TEST_F(ClusterTest, ADeploymentBecomesPodsOnAllNodesAndEndpoints) {
  create_web();
  std::set<std::string> nodes;
  for (const auto& pod : api.all<api::Pod>()) nodes.insert(pod->spec.node_name);
  EXPECT_THAT(nodes, testing::ElementsAre("node1", "node2", "node3"));
  EXPECT_THAT(ready_addresses(), testing::ElementsAre("10.244.0.1", "10.244.0.2", "10.244.0.3"));
  const auto endpoints = api.find<api::Endpoints>("default", "web");
  ASSERT_NE(endpoints, nullptr);
  EXPECT_EQ(endpoints->subsets.at(0).addresses.size(), 3U);
  EXPECT_EQ(api.find<api::Deployment>("default", "web")->status.available_replicas, 3);
}

TEST_F(ClusterTest, ADeletedPodLeavesItsServiceBeforeItIsGone) {
  create_web();
  const auto victim = api.all<api::Pod>().at(0);
  ASSERT_TRUE(client::run_now(loop, api.remove(api::kind_of<api::Pod>(), "default", victim->metadata.name, {})));
  EXPECT_FALSE(ready_addresses().contains(victim->status.pod_ip));
  EXPECT_EQ(active_pods(), 3U);
  kubelet();
  EXPECT_EQ(ready_addresses().size(), 3U);
}

TEST_F(ClusterTest, DeletingTheDeploymentCollectsEverythingBelowIt) {
  create_web();
  ASSERT_TRUE(client::run_now(
      loop, api.remove(api::kind_of<api::Deployment>(), "default", "web", {.propagation_policy = "Background"})));
  settle();
  EXPECT_TRUE(api.all<api::ReplicaSet>().empty());
  EXPECT_TRUE(ready_addresses().empty());
  kubelet();
  EXPECT_TRUE(api.all<api::Pod>().empty());
}

TEST_F(ClusterTest, DeletingTheServiceRemovesItsEndpoints) {
  create_web();
  ASSERT_TRUE(client::run_now(loop, api.remove(api::kind_of<api::Service>(), "default", "web", {})));
  settle();
  EXPECT_TRUE(api.all<api::EndpointSlice>().empty());
  EXPECT_TRUE(api.all<api::Endpoints>().empty());
}

TEST(ControllerNames, AreKnownAndUnique) {
  const auto names = controller_names();
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size());
}

}  // namespace
}  // namespace fairlead::controllers
