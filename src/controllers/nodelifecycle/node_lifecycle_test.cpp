#include "controllers/nodelifecycle/node_lifecycle.h"

#include <gtest/gtest.h>

#include "client/memory_api.h"
#include "client/testing.h"

namespace fairlead::controllers {
namespace {

using namespace std::chrono_literals;

class NodeLifecycleTest : public testing::Test {
 protected:
  NodeLifecycleTest() {
    set_ready("node1", "True");
    set_ready("node2", "True");
    renew();
    api::Pod p;
    p.metadata.name = "web";
    p.metadata.namespace_ = "default";
    p.spec.node_name = "node1";
    p.spec.tolerations.push_back({.key = "node.kubernetes.io/unreachable",
                                  .operator_ = "Exists",
                                  .effect = "NoExecute",
                                  .toleration_seconds = 300});
    p.status.phase = "Running";
    p.status.conditions.push_back({.type = "Ready", .status = "True"});
    api.put(p);
    for (auto* informer : informers.all()) group.spawn("informer", informer->run());
    group.spawn("nodelifecycle", controller.run());
    client::settle(loop);
  }
  ~NodeLifecycleTest() override { client::stop(loop, group); }
  void set_ready(const std::string& name, const std::string& status) {
    api::Node n;
    if (const auto now = api.find<api::Node>("", name)) n = *now;
    n.metadata.name = name;
    n.status.conditions.assign(1, {.type = "Ready", .status = status});
    api.put(n);
  }
  void renew(const std::string& name = "node1") {
    api::Lease lease;
    lease.metadata.name = name;
    lease.metadata.namespace_ = "kube-node-lease";
    lease.spec.renew_time.at = clock.now();
    api.put(lease);
  }
  // Time passes, and the queue looks at the clock.
  void pass(std::chrono::milliseconds by) {
    clock.advance(by);
    if (node2_lives) renew("node2");
    api::Pod wake;
    wake.metadata.name = "wake";
    wake.metadata.namespace_ = "default";
    wake.metadata.uid = std::to_string(++wakes);
    wake.spec.node_name = "node1";
    wake.spec.tolerations.push_back({.operator_ = "Exists"});
    api.drop(api::kind_of<api::Pod>(), "default", "wake");
    api.put(wake);
    client::settle(loop);
  }
  std::string ready() { return api.find<api::Node>("", "node1")->status.conditions[0].status; }
  bool pod_exists() {
    const auto pod = api.find<api::Pod>("default", "web");
    return pod && !pod->metadata.deletion_timestamp;
  }

  rt::Loop loop;
  FakeClock clock;
  client::MemoryApi api{loop, clock};
  client::SharedInformers informers{loop, api};
  NodeLifecycle controller{loop, api, informers, clock, {.grace = 4s, .longest_toleration = 5s}};
  rt::TaskGroup group{loop};
  int wakes = 0;
  bool node2_lives = true;
};

TEST_F(NodeLifecycleTest, LeavesANodeAloneThatRenewsItsLease) {
  for (int i = 0; i < 5; ++i) {
    pass(3s);
    renew();
    client::settle(loop);
  }
  EXPECT_EQ(ready(), "True");
  EXPECT_TRUE(api.find<api::Node>("", "node1")->spec.taints.empty());
}

TEST_F(NodeLifecycleTest, MarksASilentNodeAndItsPodsThenEvictsThem) {
  pass(4100ms);
  EXPECT_EQ(ready(), "Unknown");
  const auto node = api.find<api::Node>("", "node1");
  ASSERT_EQ(node->spec.taints.size(), 2U);
  EXPECT_EQ(node->spec.taints[0].key, "node.kubernetes.io/unreachable");
  EXPECT_EQ(api.find<api::Pod>("default", "web")->status.conditions[0].status, "False");
  EXPECT_TRUE(pod_exists());
  pass(5100ms);
  EXPECT_FALSE(pod_exists());
}

TEST_F(NodeLifecycleTest, TakesTheTaintsAwayWhenTheNodeIsBack) {
  pass(4100ms);
  auto node = *api.find<api::Node>("", "node1");
  node.status.conditions[0].status = "True";
  api.put(node);
  renew();
  client::settle(loop);
  EXPECT_TRUE(api.find<api::Node>("", "node1")->spec.taints.empty());
  EXPECT_TRUE(pod_exists());
}

TEST_F(NodeLifecycleTest, EvictsNothingWhileNoNodeIsReady) {
  node2_lives = false;
  set_ready("node2", "False");
  pass(4100ms);
  EXPECT_EQ(ready(), "Unknown");
  pass(60s);
  EXPECT_TRUE(pod_exists());
  node2_lives = true;
  set_ready("node2", "True");
  renew("node2");
  client::settle(loop);
  pass(4900ms);
  EXPECT_TRUE(pod_exists()) << "its time began when the first node was ready";
  pass(200ms);
  EXPECT_FALSE(pod_exists());
}

TEST(EvictionDelay, IsTheShortestOverTaintsOfTheLongestToleration) {
  api::Pod pod;
  const std::vector<api::Taint> taints = {{"a", "", "NoExecute", {}}, {"b", "", "NoSchedule", {}}};
  EXPECT_EQ(eviction_delay(pod, taints, 1h), 0ms);
  pod.spec.tolerations.push_back({.key = "a", .operator_ = "Exists", .toleration_seconds = 7});
  EXPECT_EQ(eviction_delay(pod, taints, 1h), 7000ms);
  pod.spec.tolerations.push_back({.key = "a", .operator_ = "Exists"});
  EXPECT_EQ(eviction_delay(pod, taints, 1h), std::nullopt);
  EXPECT_EQ(eviction_delay(pod, {}, 1h), std::nullopt);
}

}  // namespace
}  // namespace fairlead::controllers
