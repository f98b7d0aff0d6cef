#include "controllers/replicaset/plan.h"

#include <gtest/gtest.h>

#include "controllers/common/testing.h"

namespace fairlead::controllers {
namespace {

using namespace std::chrono_literals;

const WallTime kNow{std::chrono::hours(24 * 365 * 50)};

struct PodIs {
  std::string name;
  std::string node = "node1";
  std::string phase = "Running";
  bool ready = true;
  std::chrono::seconds ready_for = 1h;
  std::string cost = {};
  int restarts = 0;
  std::chrono::seconds age = 2h;
  bool terminating = false;
};

PodPtr make(const PodIs& is) {
  auto pod = std::make_shared<api::Pod>();
  pod->metadata.name = pod->metadata.uid = is.name;
  pod->metadata.labels["app"] = "web";
  pod->spec.node_name = is.node;
  pod->status.phase = is.phase;
  pod->metadata.creation_timestamp.at = kNow - is.age;
  if (!is.cost.empty()) pod->metadata.annotations["controller.kubernetes.io/pod-deletion-cost"] = is.cost;
  if (is.terminating) pod->metadata.deletion_timestamp.at = kNow;
  pod->status.container_statuses.emplace_back().restart_count = is.restarts;
  api::PodCondition ready;
  ready.type = "Ready";
  ready.status = is.ready ? "True" : "False";
  set_condition(*pod, ready, kNow - is.ready_for);
  return pod;
}

TEST(PlanReplicas, CountsOnlyActivePods) {
  const std::vector<PodPtr> pods = {make({.name = "a"}), make({.name = "b", .terminating = true}),
                                    make({.name = "c", .phase = "Failed"})};
  const auto plan = plan_replicas(web_set(3), pods, {}, kNow);
  EXPECT_EQ(plan.create, 2);
  EXPECT_TRUE(plan.remove.empty());
}

TEST(PlanReplicas, NeverMoreThanABurstAtOnce) {
  EXPECT_EQ(plan_replicas(web_set(100000), {}, {}, kNow).create, kReplicaSetBurst);
}

TEST(PlanReplicas, DeletesInKubernetesOrder) {
  struct Case {
    const char* why;
    PodIs first;
    PodIs second;
  };
  const Case kCases[] = {
      {"unassigned before assigned", {.name = "z", .node = "", .phase = "Pending", .ready = false}, {.name = "a"}},
      {"pending before running", {.name = "z", .phase = "Pending"}, {.name = "a"}},
      {"unknown before running", {.name = "z", .phase = "Unknown"}, {.name = "a"}},
      {"not ready before ready", {.name = "z", .ready = false}, {.name = "a"}},
      {"cheaper before dearer", {.name = "z", .cost = "-5"}, {.name = "a"}},
      {"on the fuller node", {.name = "z", .node = "full"}, {.name = "a", .node = "empty"}},
      {"ready for much less time", {.name = "z", .ready_for = 10s}, {.name = "a", .ready_for = 1h}},
      {"restarted more often", {.name = "z", .restarts = 3}, {.name = "a"}},
      {"much younger", {.name = "z", .age = 10s}, {.name = "a"}},
      {"by uid at last", {.name = "a"}, {.name = "z"}},
  };
  const std::unordered_map<std::string, int> on_node = {{"full", 3}, {"empty", 1}, {"node1", 2}};
  for (const auto& c : kCases) {
    EXPECT_TRUE(goes_first(*make(c.first), *make(c.second), on_node, kNow)) << c.why;
    EXPECT_FALSE(goes_first(*make(c.second), *make(c.first), on_node, kNow)) << c.why;
    const auto plan = plan_replicas(web_set(1), {make(c.second), make(c.first)}, on_node, kNow);
    ASSERT_EQ(plan.remove.size(), 1U) << c.why;
    EXPECT_EQ(plan.remove[0]->metadata.name, c.first.name) << c.why;
  }
}

TEST(ComputeStatus, CountsReadyAvailableAndFullyLabelled) {
  auto set = web_set(3);
  set.metadata.generation = 4;
  set.spec.min_ready_seconds = 60;
  set.spec.template_.metadata.labels["tier"] = "front";
  auto labelled = std::make_shared<api::Pod>(*make({.name = "c"}));
  labelled->metadata.labels["tier"] = "front";
  const std::vector<PodPtr> pods = {make({.name = "a", .ready = false}), make({.name = "b", .ready_for = 59s}),
                                    labelled, make({.name = "d", .terminating = true})};
  const auto status = compute_status(set, pods, std::nullopt, kNow);
  EXPECT_EQ(status.replicas, 3);
  EXPECT_EQ(status.ready_replicas, 2);
  EXPECT_EQ(status.available_replicas, 1);
  EXPECT_EQ(status.fully_labeled_replicas, 1);
  EXPECT_EQ(status.terminating_replicas, 1);
  EXPECT_EQ(status.observed_generation, 4);
  EXPECT_EQ(next_available(set, pods, kNow), 1s);
}

TEST(ComputeStatus, AFailureIsAConditionUntilItIsOver) {
  auto set = web_set(1);
  set.status = compute_status(set, {}, ReplicaFailure{"FailedCreate", "quota"}, kNow);
  ASSERT_EQ(set.status.conditions.size(), 1U);
  EXPECT_EQ(set.status.conditions[0].type, "ReplicaFailure");
  EXPECT_EQ(set.status.conditions[0].message, "quota");
  EXPECT_TRUE(compute_status(set, {}, std::nullopt, kNow).conditions.empty());
}

}  // namespace
}  // namespace fairlead::controllers
