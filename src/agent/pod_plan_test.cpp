#include "agent/pod_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/pod_testing.h"

namespace fairlead::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using State = ContainerState;
using namespace std::chrono_literals;

std::vector<Action> actions(const api::Pod& pod, const PodState& state) { return plan_pod(pod, state, kNow).actions; }

TEST(PodPlan, MakesTheSandboxFirstThenEveryContainer) {
  const api::Pod pod = test_pod({"web", "log"});
  EXPECT_THAT(actions(pod, {}), ElementsAre(Action(RunSandbox{0})));
  EXPECT_THAT(actions(pod, test_state({})),
              ElementsAre(Action(StartContainer{"web", 0}), Action(StartContainer{"log", 0})));
}

TEST(PodPlan, AdoptsWhatRuns) {
  const api::Pod pod = test_pod();
  EXPECT_THAT(actions(pod, test_state({test_instance("web", 4, State::kRunning)})), IsEmpty());
  EXPECT_THAT(actions(pod, test_state({test_instance("web", 0, State::kCreated)})),
              ElementsAre(Action(StartCreated{"web0", "web"})));
}

TEST(PodPlan, RestartsAtOnceThenBacksOff) {
  const api::Pod pod = test_pod();
  EXPECT_THAT(actions(pod, test_state({test_instance("web", 0, State::kExited, 1)})),
              ElementsAre(Action(StartContainer{"web", 1})));
  const Plan waits = plan_pod(pod, test_state({test_instance("web", 1, State::kExited, 1)}), kNow);
  EXPECT_THAT(waits.actions, IsEmpty());
  EXPECT_EQ(waits.again_at, kNow - 1s + 10s);
  EXPECT_THAT(plan_pod(pod, test_state({test_instance("web", 1, State::kExited, 1)}), kNow + 9s).actions,
              ElementsAre(Action(StartContainer{"web", 2})));
}

TEST(PodPlan, BackOffDoublesToFiveMinutesAndStartsAnew) {
  EXPECT_EQ(crash_delay(0, 0), 0s);
  EXPECT_EQ(crash_delay(1, 0), 10s);
  EXPECT_EQ(crash_delay(2, 0), 20s);
  EXPECT_EQ(crash_delay(5, 0), 160s);
  EXPECT_EQ(crash_delay(6, 0), 300s);
  EXPECT_EQ(crash_delay(4'000'000'000, 0), 300s);
  EXPECT_EQ(crash_delay(7, 7), 0s);
  EXPECT_EQ(crash_delay(8, 7), 10s);
}

TEST(PodPlan, BackOffStartsAnewOnlyAfterALongRun) {
  CriContainer instance = test_instance("web", 3, State::kExited, 1);
  EXPECT_FALSE(ran_long(instance));
  instance.started_at = instance.finished_at - 10min;
  EXPECT_TRUE(ran_long(instance));
  instance.started_at = WallTime{};  // it could not be started
  EXPECT_FALSE(ran_long(instance));
}

TEST(PodPlan, FollowsTheRestartPolicy) {
  struct Case {
    std::string policy;
    int32_t code;
    bool restarted;
  };
  for (const Case& c : {Case{"Always", 0, true},
                        {"Always", 1, true},
                        {"OnFailure", 0, false},
                        {"OnFailure", 1, true},
                        {"Never", 1, false}}) {
    const api::Pod pod = test_pod({"web"}, c.policy);
    const PodState state = test_state({test_instance("web", 0, State::kExited, c.code)});
    EXPECT_EQ(has_ended(pod, state), !c.restarted) << c.policy << c.code;
    if (c.restarted) {
      EXPECT_THAT(actions(pod, state), ElementsAre(Action(StartContainer{"web", 1}))) << c.policy;
    } else {
      EXPECT_THAT(actions(pod, state), ElementsAre(Action(StopSandbox{"s0"}))) << c.policy;
    }
  }
}

TEST(PodPlan, DoesNotEndWhileAContainerRuns) {
  const api::Pod pod = test_pod({"a", "b"}, "Never");
  const PodState state = test_state({test_instance("a", 0, State::kExited), test_instance("b", 0, State::kRunning)});
  EXPECT_FALSE(has_ended(pod, state));
  EXPECT_THAT(actions(pod, state), IsEmpty());
}

TEST(PodPlan, RenewsADeadSandboxAndItsContainers) {
  const api::Pod pod = test_pod();
  PodState state = test_state({test_instance("web", 2, State::kExited, 255)});
  state.sandboxes = {test_sandbox(0, false)};
  EXPECT_THAT(actions(pod, state), ElementsAre(Action(StopSandbox{"s0"}), Action(RunSandbox{1})));
  state.sandboxes = {test_sandbox(1), test_sandbox(0, false)};
  EXPECT_THAT(actions(pod, state), ElementsAre(Action(StartContainer{"web", 3})));  // no back-off: it did not crash
}

TEST(PodPlan, WaitsBeforeItTriesAgainWhatFailed) {
  const api::Pod pod = test_pod();
  PodState state = test_state({});
  state.troubles["web"] = {"ImagePullBackOff", "", kNow + 7s};
  const Plan plan = plan_pod(pod, state, kNow);
  EXPECT_THAT(plan.actions, IsEmpty());
  EXPECT_EQ(plan.again_at, kNow + 7s);
  EXPECT_THAT(plan_pod(pod, state, kNow + 7s).actions, ElementsAre(Action(StartContainer{"web", 0})));
}

TEST(PodPlan, RunsInitContainersInOrder) {
  api::Pod pod = test_pod();
  pod.spec.init_containers = {test_container("i1"), test_container("i2")};
  EXPECT_THAT(actions(pod, test_state({})), ElementsAre(Action(StartContainer{"i1", 0})));
  EXPECT_THAT(actions(pod, test_state({test_instance("i1", 0, State::kRunning)})), IsEmpty());
  EXPECT_THAT(actions(pod, test_state({test_instance("i1", 0, State::kExited)})),
              ElementsAre(Action(StartContainer{"i2", 0})));
  EXPECT_THAT(
      actions(pod, test_state({test_instance("i1", 0, State::kExited), test_instance("i2", 0, State::kExited, 1)})),
      ElementsAre(Action(StartContainer{"i2", 1})));
  EXPECT_THAT(
      actions(pod, test_state({test_instance("i1", 0, State::kExited), test_instance("i2", 0, State::kExited)})),
      ElementsAre(Action(StartContainer{"web", 0})));
  pod.spec.restart_policy = "Never";
  EXPECT_TRUE(has_ended(pod, test_state({test_instance("i1", 0, State::kExited, 1)})));
}

TEST(PodPlan, KeepsSidecarsRunning) {
  api::Pod pod = test_pod();
  pod.spec.init_containers = {test_container("side")};
  pod.spec.init_containers[0].restart_policy = "Always";
  EXPECT_THAT(actions(pod, test_state({})), ElementsAre(Action(StartContainer{"side", 0})));
  EXPECT_THAT(actions(pod, test_state({test_instance("side", 0, State::kRunning)})),
              ElementsAre(Action(StartContainer{"web", 0})));
  EXPECT_THAT(
      actions(pod, test_state({test_instance("side", 0, State::kExited), test_instance("web", 0, State::kRunning)})),
      ElementsAre(Action(StartContainer{"side", 1})));
}

TEST(PodPlan, StopsWhatFailedItsProbeOrChanged) {
  api::Pod pod = test_pod();
  PodState state = test_state({test_instance("web", 0, State::kRunning)});
  state.probes["web0"] = {
      .started = true, .ready = false, .hook_running = false, .doomed = Doom{"liveness probe failed", 5}};
  EXPECT_THAT(actions(pod, state), ElementsAre(Action(StopContainer{"web0", "web", "liveness probe failed", 5})));
  state.probes.clear();
  state.containers[0].annotations[kHashAnnotation] = container_hash(pod.spec.containers[0]);
  EXPECT_THAT(actions(pod, state), IsEmpty());
  pod.spec.containers[0].image = "localhost/web:2";
  EXPECT_EQ(actions(pod, state).size(), 1U);
}

TEST(PodPlan, WaitsForPostStartBeforeItStartsTheNext) {
  const api::Pod pod = test_pod({"web", "log"});
  PodState state = test_state({test_instance("web", 0, State::kRunning)});
  state.probes["web0"].hook_running = true;
  EXPECT_THAT(actions(pod, state), IsEmpty());
  state.probes["web0"].hook_running = false;
  EXPECT_THAT(actions(pod, state), ElementsAre(Action(StartContainer{"log", 0})));
}

TEST(PodPlan, StopsSidecarsLastAndInReverse) {
  api::Pod pod = test_pod({"web"}, "Never");
  pod.spec.init_containers = {test_container("s1"), test_container("s2")};
  for (auto& c : pod.spec.init_containers) c.restart_policy = "Always";
  const PodState state = test_state({test_instance("s1", 0, State::kRunning), test_instance("s2", 0, State::kRunning),
                                     test_instance("web", 0, State::kExited)});
  EXPECT_THAT(actions(pod, state),
              ElementsAre(Action(StopContainer{"s20", "s2", "Stopping container s2", {}}),
                          Action(StopContainer{"s10", "s1", "Stopping container s1", {}}), Action(StopSandbox{"s0"})));
}

TEST(PodPlan, EndsWhatIsJudgedOrHasEndedForTheApi) {
  api::Pod pod = test_pod();
  PodState state = test_state({test_instance("web", 0, State::kRunning)});
  state.verdict = Verdict{"DeadlineExceeded", "too long"};
  EXPECT_THAT(actions(pod, state), ElementsAre(Action(StopContainer{"web0", "web", "Stopping container web", {}}),
                                               Action(StopSandbox{"s0"})));
  state.verdict.reset();
  pod.status.phase = "Failed";
  EXPECT_EQ(actions(pod, state).size(), 2U);
}

TEST(PodPlan, FollowsTheContainersOwnRules) {
  api::Pod pod = test_pod({"web"}, "Never");
  api::Container& c = pod.spec.containers[0];
  c.restart_policy = "Never";
  auto& rule = c.restart_policy_rules.emplace_back();
  rule.action = "Restart";
  rule.exit_codes.emplace().operator_ = "In";
  rule.exit_codes->values = {42};
  EXPECT_TRUE(restarts(pod, c, 42));
  EXPECT_FALSE(restarts(pod, c, 1));
  c.restart_policy_rules[0].exit_codes->operator_ = "NotIn";
  EXPECT_FALSE(restarts(pod, c, 42));
  EXPECT_TRUE(restarts(pod, c, 1));
  c.restart_policy = "OnFailure";
  EXPECT_TRUE(restarts(pod, c, 42));
  EXPECT_TRUE(restarts(pod, c, 0));  // by the rule
}

TEST(PodPlan, KeepsTwoDeadInstances) {
  const api::Pod pod = test_pod();
  const PodState state = test_state({test_instance("web", 3, State::kRunning), test_instance("web", 2, State::kExited),
                                     test_instance("web", 1, State::kExited), test_instance("web", 0, State::kExited)});
  EXPECT_THAT(actions(pod, state), ElementsAre(Action(RemoveContainer{"web0"})));
}

}  // namespace
}  // namespace fairlead::agent
