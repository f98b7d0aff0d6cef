#include "controllers/replicaset/controller.h"

#include <gmock/gmock.h>

#include "api/kinds/event.h"
#include "controllers/common/owners.h"
#include "controllers/common/testing.h"

namespace fairlead::controllers {
namespace {

using namespace std::chrono_literals;

struct ReplicaSetTest : ControllerTest {
  std::optional<ReplicaSetController> controller;
  void SetUp() override {
    controller.emplace(context);
    group.spawn("replicaset", controller->run(2));
    start();
  }
  std::shared_ptr<const api::ReplicaSet> set() { return api.find<api::ReplicaSet>("default", "web"); }
  void resize(int replicas) {
    auto next = *set();
    next.spec.replicas = replicas;
    ASSERT_TRUE(client::run_now(loop, client::update(api, next)));
    settle();
  }
};

TEST_F(ReplicaSetTest, CreatesOwnedPodsOnce) {
  api.put(web_set(3));
  settle();
  const auto pods = api.all<api::Pod>();
  ASSERT_EQ(pods.size(), 3U);
  for (const auto& pod : pods) {
    EXPECT_TRUE(pod->metadata.name.starts_with("web-"));
    EXPECT_EQ(pod->metadata.labels.at("app"), "web");
    const auto* owner = controller_of(pod->metadata);
    ASSERT_NE(owner, nullptr);
    EXPECT_EQ(owner->uid, set()->metadata.uid);
    EXPECT_TRUE(owner->block_owner_deletion.value_or(false));
  }
  EXPECT_EQ(set()->status.replicas, 3);
  EXPECT_EQ(set()->status.ready_replicas, 0);
  EXPECT_EQ(api.all<api::Event>().size(), 3U);
}

TEST_F(ReplicaSetTest, DoesNotCreateAgainWhileTheCacheIsBehind) {
  api.put(web_set(3));
  // Reconciles between any two steps, so also between a pod's creation and the event that shows it.
  loop.context().restart();
  for (int i = 0; i < 2000 && loop.context().poll_one() != 0; ++i) controller->queue().add("default/web");
  settle();
  EXPECT_EQ(api.all<api::Pod>().size(), 3U);
}

TEST_F(ReplicaSetTest, ReportsReadiness) {
  api.put(web_set(2));
  settle();
  make_all_ready();
  EXPECT_EQ(set()->status.ready_replicas, 2);
  EXPECT_EQ(set()->status.available_replicas, 2);
}

TEST_F(ReplicaSetTest, BecomesAvailableAfterMinReadySeconds) {
  auto s = web_set(1);
  s.spec.min_ready_seconds = 10;
  api.put(s);
  settle();
  make_all_ready();
  EXPECT_EQ(set()->status.available_replicas, 0);
  clock.advance(11s);
  controller->queue().wake();
  settle();
  EXPECT_EQ(set()->status.available_replicas, 1);
}

TEST_F(ReplicaSetTest, ReplacesADeletedPodAtOnce) {
  api.put(web_set(2));
  settle();
  make_all_ready();
  const auto victim = api.all<api::Pod>()[0];
  EXPECT_TRUE(client::run_now(loop, api.remove(api::kind_of<api::Pod>(), "default", victim->metadata.name, {})));
  settle();
  EXPECT_EQ(active_pods(), 2U);
  EXPECT_EQ(api.all<api::Pod>().size(), 3U);
  EXPECT_EQ(set()->status.terminating_replicas, 1);
}

TEST_F(ReplicaSetTest, ShrinksAndGrows) {
  api.put(web_set(5));
  settle();
  make_all_ready();
  resize(2);
  EXPECT_EQ(active_pods(), 2U);
  resize(4);
  EXPECT_EQ(active_pods(), 4U);
  EXPECT_EQ(set()->status.observed_generation, set()->metadata.generation);
}

TEST_F(ReplicaSetTest, AdoptsOrphansAndReleasesWhatNoLongerMatches) {
  api::Pod orphan;
  orphan.metadata.namespace_ = "default";
  orphan.metadata.name = "orphan";
  orphan.metadata.labels["app"] = "web";
  api.put(orphan);
  api.put(web_set(1));
  settle();
  ASSERT_EQ(api.all<api::Pod>().size(), 1U);
  EXPECT_EQ(controller_of(api.all<api::Pod>()[0]->metadata)->uid, set()->metadata.uid);

  auto quarantined = *api.all<api::Pod>()[0];
  quarantined.metadata.labels["app"] = "debug";
  api.put(quarantined);
  settle();
  EXPECT_EQ(api.all<api::Pod>().size(), 2U);
  EXPECT_EQ(controller_of(api.find<api::Pod>("default", "orphan")->metadata), nullptr);
}

TEST_F(ReplicaSetTest, SaysWhyPodsCannotBeCreatedAndTriesAgain) {
  api.intercept = [](std::string_view verb, const api::KindInfo& kind, std::string_view) -> std::optional<Error> {
    if (verb == "create" && kind.kind == "Pod") return Error{Code::kForbidden, "exceeded quota", {}};
    return std::nullopt;
  };
  api.put(web_set(10));
  settle();
  ASSERT_EQ(set()->status.conditions.size(), 1U);
  EXPECT_EQ(set()->status.conditions[0].reason, "FailedCreate");
  EXPECT_EQ(set()->status.conditions[0].message, "exceeded quota");
  EXPECT_EQ(api.all<api::Event>().at(0)->message, "Error creating: exceeded quota");
  api.intercept = nullptr;
  clock.advance(1min);
  controller->queue().wake();
  settle();
  EXPECT_EQ(active_pods(), 10U);
  EXPECT_TRUE(set()->status.conditions.empty());
}

TEST_F(ReplicaSetTest, LeavesThePodsOfADeletedSetToTheGarbageCollector) {
  auto s = web_set(2);
  s.metadata.finalizers = {"foregroundDeletion"};
  s.metadata.deletion_timestamp.at = clock.now();
  api.put(s);
  settle();
  EXPECT_TRUE(api.all<api::Pod>().empty());
}

}  // namespace
}  // namespace fairlead::controllers
