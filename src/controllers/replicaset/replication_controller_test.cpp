// The same controller, keeping ReplicationControllers.
#include "api/kinds/replicationcontroller.h"
#include "controllers/common/owners.h"
#include "controllers/common/testing.h"
#include "controllers/replicaset/controller.h"

namespace fairlead::controllers {
namespace {

struct ReplicationControllerTest : ControllerTest {
  std::optional<ReplicaSetController> controller;
  std::optional<ReplicaSetController> sets;
  void SetUp() override {
    controller.emplace(context, replication_controllers());
    sets.emplace(context);
    group.spawn("replicationcontroller", controller->run(2));
    group.spawn("replicaset", sets->run(2));
    start();
    api::ReplicationController rc;
    rc.metadata.namespace_ = "default";
    rc.metadata.name = "web";
    rc.spec.replicas = 2;
    rc.spec.selector = {{"app", "web"}};
    rc.spec.template_ = web_template();
    api.put(rc);
    settle();
  }
  std::shared_ptr<const api::ReplicationController> rc() {
    return api.find<api::ReplicationController>("default", "web");
  }
};

TEST_F(ReplicationControllerTest, KeepsItsPodsAndReportsThem) {
  ASSERT_EQ(active_pods(), 2U);
  for (const auto& pod : api.all<api::Pod>()) {
    const auto* owner = controller_of(pod->metadata);
    ASSERT_NE(owner, nullptr);
    EXPECT_EQ(owner->kind, "ReplicationController");
    EXPECT_EQ(owner->api_version, "v1");
    EXPECT_EQ(owner->uid, rc()->metadata.uid);
  }
  make_all_ready();
  EXPECT_EQ(rc()->status.replicas, 2);
  EXPECT_EQ(rc()->status.ready_replicas, 2);
  EXPECT_EQ(rc()->status.observed_generation, rc()->metadata.generation);
}

TEST_F(ReplicationControllerTest, ScalesAndReplaces) {
  make_all_ready();
  auto next = *rc();
  next.spec.replicas = 3;
  ASSERT_TRUE(client::run_now(loop, client::update(api, next)));
  settle();
  EXPECT_EQ(active_pods(), 3U);
  api.drop(api::kind_of<api::Pod>(), "default", api.all<api::Pod>().front()->metadata.name);
  settle();
  EXPECT_EQ(active_pods(), 3U);
}

TEST_F(ReplicationControllerTest, WritesNoStatusThatSaysNothingNew) {
  make_all_ready();
  const auto version = rc()->metadata.resource_version;
  controller->queue().add("default/web");
  settle();
  EXPECT_EQ(rc()->metadata.resource_version, version);
}

}  // namespace
}  // namespace fairlead::controllers
