#include "controllers/deployment/plan.h"

#include <gmock/gmock.h>

#include "controllers/common/owners.h"
#include "controllers/common/testing.h"
#include "controllers/deployment/status.h"

namespace fairlead::controllers {
namespace {

using namespace std::chrono_literals;

const WallTime kNow{std::chrono::hours(24 * 365 * 50)};

// A set of the Deployment's own, all pods as given.
api::ReplicaSet set_of(const api::Deployment& d, const std::string& image, int size, int available, int revision) {
  api::ReplicaSet set;
  set.spec.template_ = web_template(image);
  const std::string hash = template_hash(set.spec.template_, std::nullopt);
  set.metadata.name = "web-" + hash;
  set.metadata.uid = set.metadata.name;
  set.metadata.namespace_ = "default";
  set.metadata.creation_timestamp.at = kNow - 1h + std::chrono::minutes(revision);
  set.metadata.owner_references.push_back(controller_reference(d));
  set.metadata.annotations[kRevision] = std::to_string(revision);
  set.spec.template_.metadata.labels[kTemplateHash] = hash;
  set.spec.replicas = size;
  set_replicas_annotations(set, replicas_of(d), replicas_of(d) + max_surge(d));
  set.status.replicas = size;
  set.status.ready_replicas = set.status.available_replicas = available;
  return set;
}
ReplicaSetPtr ptr(api::ReplicaSet set) { return std::make_shared<api::ReplicaSet>(std::move(set)); }

// "web:1 3->2" for each update of a size.
std::vector<std::string> sizes(const DeploymentPlan& plan, const std::vector<ReplicaSetPtr>& before) {
  std::vector<std::string> out;
  for (const auto& next : plan.update) {
    for (const auto& set : before) {
      if (set->metadata.name == next.metadata.name && set->spec.replicas != next.spec.replicas) {
        out.push_back(fmt::format("{} {}->{}", set->spec.template_.spec.containers[0].image, *set->spec.replicas,
                                  *next.spec.replicas));
      }
    }
  }
  return out;
}

TEST(Fenceposts, SurgeRoundsUpAndUnavailableDown) {
  auto d = web_deployment(3);
  EXPECT_EQ(max_surge(d), 1);
  EXPECT_EQ(max_unavailable(d), 0);
  d.spec.strategy.rolling_update->max_surge = api::IntOrString(0);
  EXPECT_EQ(max_unavailable(d), 1);
  d.spec.strategy.rolling_update->max_unavailable = api::IntOrString(50);
  EXPECT_EQ(max_unavailable(d), 3);
}

TEST(TemplateHash, IsSafeAndDependsOnTemplateAndCollisions) {
  const std::string a = template_hash(web_template("web:1"), std::nullopt);
  EXPECT_EQ(a, template_hash(web_template("web:1"), std::nullopt));
  EXPECT_NE(a, template_hash(web_template("web:2"), std::nullopt));
  EXPECT_NE(a, template_hash(web_template("web:1"), 1));
  EXPECT_EQ(a.find_first_not_of("bcdfghjklmnpqrstvwxz2456789"), std::string::npos);
}

TEST(PlanDeployment, TheFirstSetIsMadeInFullSize) {
  auto d = web_deployment(3);
  d.metadata.uid = "d";
  d.metadata.annotations["kubernetes.io/change-cause"] = "first";
  const auto plan = plan_deployment(d, {}, false, kNow);
  ASSERT_TRUE(plan.create);
  const std::string hash = template_hash(d.spec.template_, std::nullopt);
  EXPECT_EQ(plan.create->metadata.name, "web-" + hash);
  EXPECT_EQ(plan.create->spec.replicas, 3);
  EXPECT_EQ(plan.create->metadata.labels.at(kTemplateHash), hash);
  EXPECT_EQ(plan.create->spec.selector->match_labels.at(kTemplateHash), hash);
  EXPECT_EQ(plan.create->spec.template_.metadata.labels.at(kTemplateHash), hash);
  EXPECT_EQ(plan.create->metadata.annotations.at(kRevision), "1");
  EXPECT_EQ(plan.create->metadata.annotations.at(kDesiredReplicas), "3");
  EXPECT_EQ(plan.create->metadata.annotations.at(kMaxReplicas), "4");
  EXPECT_EQ(plan.create->metadata.annotations.at("kubernetes.io/change-cause"), "first");
  EXPECT_EQ(controller_of(plan.create->metadata)->uid, "d");
  EXPECT_EQ(plan.revision, 1);
  ASSERT_EQ(plan.events.size(), 1U);
  EXPECT_EQ(plan.events[0].message, "Scaled up replica set web-" + hash + " from 0 to 3");
  EXPECT_EQ(find_condition(plan.status, "Progressing")->reason, "NewReplicaSetCreated");
  EXPECT_EQ(find_condition(plan.status, "Available")->status, "False");
}

struct RollCase {
  const char* name;
  int replicas;
  int old_size, old_available;
  int new_size, new_available;
  std::vector<std::string> expected;
};

struct Rolling : testing::TestWithParam<RollCase> {};

TEST_P(Rolling, Step) {
  const auto& c = GetParam();
  auto d = web_deployment(c.replicas);
  d.spec.template_ = web_template("web:2");
  const std::vector<ReplicaSetPtr> sets = {ptr(set_of(d, "web:1", c.old_size, c.old_available, 1)),
                                           ptr(set_of(d, "web:2", c.new_size, c.new_available, 2))};
  EXPECT_EQ(sizes(plan_deployment(d, sets, true, kNow), sets), c.expected) << c.name;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Rolling,
    testing::Values(RollCase{"the surge comes first", 3, 3, 3, 0, 0, {"web:2 0->1"}},
                    RollCase{"nothing goes until the new pod is available", 3, 3, 3, 1, 0, {}},
                    RollCase{"then one old pod goes", 3, 3, 3, 1, 1, {"web:1 3->2"}},
                    RollCase{"and one new one comes", 3, 2, 2, 1, 1, {"web:2 1->2"}},
                    RollCase{"the last old pod", 3, 1, 1, 3, 3, {"web:1 1->0"}}, RollCase{"done", 3, 0, 0, 3, 3, {}},
                    RollCase{"old pods that never became available go at once", 4, 4, 2, 2, 2, {"web:1 4->1"}},
                    RollCase{"ten: a quarter may be missing", 10, 10, 10, 3, 0, {"web:1 10->8"}},
                    RollCase{"a new set that is too large shrinks", 2, 0, 0, 5, 5, {"web:2 5->2"}}));

TEST(PlanDeployment, RecreateWaitsForTheLastOldPod) {
  auto d = web_deployment(3);
  d.spec.strategy = {};
  d.spec.strategy.type = "Recreate";
  d.spec.template_ = web_template("web:2");
  auto old = set_of(d, "web:1", 3, 3, 1);
  auto sets = std::vector<ReplicaSetPtr>{ptr(old)};
  auto plan = plan_deployment(d, sets, true, kNow);
  EXPECT_THAT(sizes(plan, sets), testing::ElementsAre("web:1 3->0"));
  EXPECT_FALSE(plan.create);

  old.spec.replicas = 0;
  old.status = {};
  sets = {ptr(old)};
  EXPECT_FALSE(plan_deployment(d, sets, true, kNow).create);
  plan = plan_deployment(d, sets, false, kNow);
  ASSERT_TRUE(plan.create);
  EXPECT_EQ(plan.create->spec.replicas, 3);
  EXPECT_EQ(plan.revision, 2);
}

TEST(PlanDeployment, ARollbackUsesTheOldSetAgainUnderANewRevision) {
  auto d = web_deployment(2);
  d.spec.template_ = web_template("web:1");
  d.metadata.annotations[kRevision] = "2";
  const std::vector<ReplicaSetPtr> sets = {ptr(set_of(d, "web:1", 0, 0, 1)), ptr(set_of(d, "web:2", 2, 2, 2))};
  const auto plan = plan_deployment(d, sets, true, kNow);
  EXPECT_FALSE(plan.create);
  ASSERT_EQ(plan.update.size(), 1U);
  EXPECT_EQ(plan.update[0].metadata.annotations.at(kRevision), "3");
  EXPECT_EQ(plan.update[0].metadata.annotations.at(kRevisionHistory), "1");
  EXPECT_EQ(plan.revision, 3);
  EXPECT_THAT(sizes(plan, sets), testing::ElementsAre("web:1 0->1"));
}

TEST(PlanDeployment, ScalingInTheMiddleOfARolloutIsProportional) {
  auto d = web_deployment(10);
  d.spec.strategy.rolling_update->max_surge = api::IntOrString(3);
  d.spec.strategy.rolling_update->max_unavailable = api::IntOrString(2);
  d.spec.template_ = web_template("web:2");
  const std::vector<ReplicaSetPtr> sets = {ptr(set_of(d, "web:1", 8, 8, 1)), ptr(set_of(d, "web:2", 5, 0, 2))};
  d.spec.replicas = 15;
  // The example of Kubernetes' documentation: 10 -> 15 with a surge of 3 gives 11 and 7.
  EXPECT_THAT(sizes(plan_deployment(d, sets, true, kNow), sets), testing::ElementsAre("web:1 8->11", "web:2 5->7"));
}

TEST(PlanDeployment, ScalingASettledDeploymentChangesItsOneSet) {
  auto d = web_deployment(3);
  const std::vector<ReplicaSetPtr> sets = {ptr(set_of(d, "web:1", 3, 3, 1))};
  d.spec.replicas = 1;
  EXPECT_THAT(sizes(plan_deployment(d, sets, false, kNow), sets), testing::ElementsAre("web:1 3->1"));
  d.spec.replicas = 7;
  EXPECT_THAT(sizes(plan_deployment(d, sets, false, kNow), sets), testing::ElementsAre("web:1 3->7"));
}

TEST(PlanDeployment, APausedDeploymentScalesButDoesNotRoll) {
  auto d = web_deployment(3);
  d.spec.paused = true;
  d.spec.template_ = web_template("web:2");
  const std::vector<ReplicaSetPtr> sets = {ptr(set_of(d, "web:1", 3, 3, 1))};
  auto plan = plan_deployment(d, sets, false, kNow);
  EXPECT_FALSE(plan.create);
  EXPECT_TRUE(sizes(plan, sets).empty());
  EXPECT_EQ(find_condition(plan.status, "Progressing")->reason, "DeploymentPaused");
  d.spec.replicas = 5;
  EXPECT_THAT(sizes(plan_deployment(d, sets, false, kNow), sets), testing::ElementsAre("web:1 3->5"));
}

TEST(PlanDeployment, OldSetsBeyondTheHistoryLimitGo) {
  auto d = web_deployment(1);
  d.spec.revision_history_limit = 2;
  d.spec.template_ = web_template("web:9");
  d.metadata.annotations[kRevision] = "9";
  std::vector<ReplicaSetPtr> sets;
  for (int i = 5; i <= 8; ++i) sets.push_back(ptr(set_of(d, "web:" + std::to_string(i), 0, 0, i)));
  sets.push_back(ptr(set_of(d, "web:9", 1, 1, 9)));
  const auto plan = plan_deployment(d, sets, false, kNow);
  ASSERT_EQ(plan.remove.size(), 2U);
  EXPECT_EQ(revision_of(plan.remove[0]->metadata), 5);
  EXPECT_EQ(revision_of(plan.remove[1]->metadata), 6);
}

TEST(DeploymentStatus, TellsProgressCompletionAndTheDeadline) {
  auto d = web_deployment(2);
  d.metadata.generation = 1;
  auto set = set_of(d, "web:1", 2, 1, 1);
  auto plan = plan_deployment(d, {ptr(set)}, false, kNow);
  EXPECT_EQ(find_condition(plan.status, "Progressing")->reason, "ReplicaSetUpdated");
  EXPECT_EQ(plan.status.unavailable_replicas, 1);
  EXPECT_EQ(plan.check_again, 601s);

  d.status = plan.status;
  plan = plan_deployment(d, {ptr(set)}, false, kNow + 601s);
  EXPECT_EQ(find_condition(plan.status, "Progressing")->reason, "ProgressDeadlineExceeded");
  EXPECT_EQ(find_condition(plan.status, "Progressing")->status, "False");
  EXPECT_EQ(find_condition(plan.status, "Progressing")->message,
            "ReplicaSet \"" + set.metadata.name + "\" has timed out progressing.");

  set.status.available_replicas = set.status.ready_replicas = 2;
  plan = plan_deployment(d, {ptr(set)}, false, kNow + 2s);
  EXPECT_EQ(find_condition(plan.status, "Progressing")->reason, "NewReplicaSetAvailable");
  EXPECT_EQ(find_condition(plan.status, "Available")->status, "True");
  EXPECT_EQ(plan.status.available_replicas, 2);
  EXPECT_FALSE(plan.check_again);
}

}  // namespace
}  // namespace fairlead::controllers
