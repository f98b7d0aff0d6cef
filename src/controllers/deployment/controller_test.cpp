#include "controllers/deployment/controller.h"

#include <gmock/gmock.h>

#include "api/kinds/event.h"
#include "controllers/common/owners.h"
#include "controllers/common/testing.h"
#include "controllers/replicaset/controller.h"

namespace fairlead::controllers {
namespace {

// With the real ReplicaSet controller below it.
struct DeploymentTest : ControllerTest {
  std::optional<DeploymentController> controller;
  std::optional<ReplicaSetController> sets;
  void SetUp() override {
    controller.emplace(context);
    sets.emplace(context);
    group.spawn("deployment", controller->run(2));
    group.spawn("replicaset", sets->run(2));
    start();
  }
  std::shared_ptr<const api::Deployment> deployment() { return api.find<api::Deployment>("default", "web"); }
  void create(const api::Deployment& d) {
    ASSERT_TRUE(client::run_now(loop, client::create(api, d)));
    settle();
  }
  void change(const std::function<void(api::Deployment&)>& f) {
    auto next = *deployment();
    f(next);
    const auto updated = client::run_now(loop, client::update(api, next));
    ASSERT_TRUE(updated) << updated.error().message;
    settle();
  }
  // Lets pods become ready and deletions finish until nothing changes; never fewer than `least` pods ready meanwhile.
  void roll_out(int least) {
    for (int i = 0; i < 40; ++i) {
      int ready = 0;
      for (const auto& pod : api.all<api::Pod>()) ready += is_ready(*pod) && is_active(*pod) ? 1 : 0;
      EXPECT_GE(ready, least);
      const int64_t before = api.revision();
      make_all_ready();
      finish_deletions();
      if (api.revision() == before) return;
    }
    ADD_FAILURE() << "the rollout does not end";
  }
};

TEST_F(DeploymentTest, ThreeReplicasAndTheirStatus) {
  create(web_deployment(3));
  EXPECT_EQ(api.all<api::ReplicaSet>().size(), 1U);
  EXPECT_EQ(active_pods(), 3U);
  EXPECT_EQ(deployment()->metadata.annotations.at(kRevision), "1");
  roll_out(0);
  EXPECT_EQ(deployment()->status.available_replicas, 3);
  EXPECT_EQ(deployment()->status.updated_replicas, 3);
  EXPECT_EQ(deployment()->status.observed_generation, deployment()->metadata.generation);
  EXPECT_EQ(find_condition(deployment()->status, "Progressing")->reason, "NewReplicaSetAvailable");
}

TEST_F(DeploymentTest, ANewImageRollsOutWithoutAGapAndBack) {
  create(web_deployment(4));
  roll_out(0);
  change([](api::Deployment& d) { d.spec.template_.spec.containers[0].image = "web:2"; });
  roll_out(3);
  EXPECT_EQ(active_pods(), 4U);
  for (const auto& pod : api.all<api::Pod>()) EXPECT_EQ(pod->spec.containers[0].image, "web:2");
  EXPECT_EQ(deployment()->metadata.annotations.at(kRevision), "2");
  change([](api::Deployment& d) { d.spec.template_.spec.containers[0].image = "web:1"; });
  roll_out(3);
  EXPECT_EQ(api.all<api::ReplicaSet>().size(), 2U);
  EXPECT_EQ(deployment()->metadata.annotations.at(kRevision), "3");
}

TEST_F(DeploymentTest, RecreateNeverRunsBothVersions) {
  auto d = web_deployment(2);
  d.spec.strategy = {};
  d.spec.strategy.type = "Recreate";
  create(d);
  make_all_ready();
  change([](api::Deployment& next) { next.spec.template_.spec.containers[0].image = "web:2"; });
  EXPECT_EQ(active_pods(), 0U);
  for (const auto& pod : api.all<api::Pod>()) EXPECT_EQ(pod->spec.containers[0].image, "web:1");
  finish_deletions();
  EXPECT_EQ(active_pods(), 2U);
  for (const auto& pod : api.all<api::Pod>()) EXPECT_EQ(pod->spec.containers[0].image, "web:2");
}

TEST_F(DeploymentTest, ATakenNameIsACollisionAndAnotherHashIsUsed) {
  const auto defaulted = api::make_object(web_deployment(1));
  defaulted->kind().set_defaults(*defaulted);
  const std::string hash = template_hash(defaulted->as<api::Deployment>().spec.template_, std::nullopt);
  auto stranger = web_set(0, "web-" + hash);
  stranger.spec.selector->match_labels["app"] = "other";
  stranger.spec.template_.metadata.labels["app"] = "other";
  api.put(stranger);
  create(web_deployment(1));
  EXPECT_EQ(deployment()->status.collision_count, 1);
  EXPECT_EQ(active_pods(), 1U);
}

TEST_F(DeploymentTest, AnOrphanedSetIsAdopted) {
  auto set = web_set(2, "web-old");
  set.metadata.labels["app"] = "web";
  api.put(set);
  settle();
  create(web_deployment(2));
  EXPECT_EQ(controller_of(api.find<api::ReplicaSet>("default", "web-old")->metadata)->uid, deployment()->metadata.uid);
  EXPECT_EQ(api.all<api::ReplicaSet>().size(), 1U);
}

TEST_F(DeploymentTest, SaysWhatItScaled) {
  create(web_deployment(3));
  std::vector<std::string> said;
  for (const auto& event : api.all<api::Event>()) {
    if (event->reason == "ScalingReplicaSet") said.push_back(event->message);
  }
  const std::string hash = template_hash(deployment()->spec.template_, std::nullopt);
  EXPECT_THAT(said, testing::ElementsAre("Scaled up replica set web-" + hash + " from 0 to 3"));
}

}  // namespace
}  // namespace fairlead::controllers
