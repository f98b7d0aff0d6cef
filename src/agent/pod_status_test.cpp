#include "agent/pod_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/pod_testing.h"

namespace fairlead::agent {
namespace {

using State = ContainerState;
using testing::HasSubstr;
using namespace std::chrono_literals;

NodeFacts node() {
  return {.name = "node1", .ip = "10.84.0.11", .dns = {}, .resolv_conf = {}, .cgroup_parent = "", .pods_dir = "/d"};
}
api::PodStatus status(const api::Pod& pod, const PodState& state, bool terminating = false, WallTime now = kNow) {
  return pod_status(pod, state, node(), terminating, now);
}
const api::PodCondition& condition(const api::PodStatus& s, std::string_view type) {
  for (const auto& c : s.conditions) {
    if (c.type == type) return c;
  }
  ADD_FAILURE() << "no condition " << type;
  static const api::PodCondition kNone;
  return kNone;
}

TEST(PodStatus, IsPendingBeforeAnythingRuns) {
  const auto s = status(test_pod(), {});
  EXPECT_EQ(s.phase, "Pending");
  EXPECT_EQ(s.host_ip, "10.84.0.11");
  EXPECT_EQ(s.pod_ip, "");
  EXPECT_EQ(s.qos_class, "BestEffort");
  EXPECT_EQ(s.start_time.at, kNow);
  EXPECT_EQ(s.container_statuses[0].state.waiting->reason, "ContainerCreating");
  EXPECT_EQ(condition(s, "Ready").status, "False");
  EXPECT_EQ(condition(s, "Ready").message, "containers with unready status: [web]");
  EXPECT_EQ(condition(s, "PodScheduled").status, "True");
  EXPECT_EQ(condition(s, "Initialized").status, "True");
  EXPECT_EQ(condition(s, "PodReadyToStartContainers").status, "False");
}

TEST(PodStatus, IsRunningAndReadyWithItsAddress) {
  const auto s = status(test_pod(), test_state({test_instance("web", 0, State::kRunning)}));
  EXPECT_EQ(s.phase, "Running");
  EXPECT_EQ(s.pod_ip, "10.244.1.5");
  EXPECT_EQ(s.pod_ips[0].ip, "10.244.1.5");
  const auto& c = s.container_statuses[0];
  EXPECT_TRUE(c.ready);
  EXPECT_TRUE(*c.started);
  EXPECT_EQ(c.container_id, "containerd://web0");
  EXPECT_EQ(c.image_id, "sha256:1");
  EXPECT_TRUE(c.state.running);
  EXPECT_EQ(condition(s, "Ready").status, "True");
  EXPECT_EQ(condition(s, "ContainersReady").status, "True");
}

TEST(PodStatus, WaitsForProbes) {
  api::Pod pod = test_pod();
  pod.spec.containers[0].readiness_probe.emplace();
  PodState state = test_state({test_instance("web", 0, State::kRunning)});
  EXPECT_EQ(condition(status(pod, state), "Ready").status, "False");
  state.probes["web0"].ready = true;
  EXPECT_EQ(condition(status(pod, state), "Ready").status, "True");
  pod.spec.containers[0].startup_probe.emplace();
  EXPECT_FALSE(*status(pod, state).container_statuses[0].started);
  EXPECT_EQ(condition(status(pod, state), "Ready").status, "False");
}

TEST(PodStatus, ShowsWhyAnImageIsMissing) {
  PodState state = test_state({});
  state.troubles["web"] = {"ErrImagePull", "no such host", kNow + 10s};
  const auto s = status(test_pod(), state);
  EXPECT_EQ(s.phase, "Pending");
  EXPECT_EQ(s.container_statuses[0].state.waiting->reason, "ErrImagePull");
  EXPECT_EQ(s.container_statuses[0].state.waiting->message, "no such host");
}

TEST(PodStatus, ShowsCrashesWithTheirLastState) {
  const auto s = status(
      test_pod(), test_state({test_instance("web", 1, State::kExited, 3), test_instance("web", 0, State::kExited, 2)}));
  EXPECT_EQ(s.phase, "Running");
  const auto& c = s.container_statuses[0];
  EXPECT_EQ(c.state.waiting->reason, "CrashLoopBackOff");
  EXPECT_THAT(c.state.waiting->message,
              HasSubstr("back-off 10s restarting failed container=web pod=web-1_default(u1)"));
  EXPECT_EQ(c.last_state.terminated->exit_code, 3);
  EXPECT_EQ(c.restart_count, 1);
  const auto first = status(test_pod(), test_state({test_instance("web", 0, State::kExited, 3)}));
  EXPECT_EQ(first.container_statuses[0].state.terminated->exit_code, 3);
}

TEST(PodStatus, EndsAsItsContainersDid) {
  EXPECT_EQ(status(test_pod({"web"}, "Never"), test_state({test_instance("web", 0, State::kExited, 0)})).phase,
            "Succeeded");
  const auto failed = status(test_pod({"web"}, "Never"), test_state({test_instance("web", 0, State::kExited, 1)}));
  EXPECT_EQ(failed.phase, "Failed");
  EXPECT_EQ(failed.container_statuses[0].state.terminated->reason, "Error");
  EXPECT_EQ(condition(failed, "Ready").reason, "PodFailed");
  // A deleted pod of policy Always ends too.
  EXPECT_EQ(status(test_pod(), test_state({test_instance("web", 0, State::kExited, 0)}), true).phase, "Succeeded");
}

TEST(PodStatus, StaysReadyWhileItServesAndEnds) {
  const auto s = status(test_pod(), test_state({test_instance("web", 0, State::kRunning)}), true);
  EXPECT_EQ(s.phase, "Running");
  EXPECT_EQ(condition(s, "Ready").status, "True");
}

TEST(PodStatus, ReportsInitContainers) {
  api::Pod pod = test_pod();
  pod.spec.init_containers = {test_container("i1")};
  const auto before = status(pod, test_state({test_instance("i1", 0, State::kRunning)}));
  EXPECT_EQ(before.phase, "Pending");
  EXPECT_EQ(before.container_statuses[0].state.waiting->reason, "PodInitializing");
  EXPECT_EQ(condition(before, "Initialized").message, "containers with incomplete status: [i1]");
  const auto after =
      status(pod, test_state({test_instance("i1", 0, State::kExited), test_instance("web", 0, State::kRunning)}));
  EXPECT_EQ(after.phase, "Running");
  EXPECT_TRUE(after.init_container_statuses[0].ready);
  EXPECT_EQ(condition(after, "Initialized").status, "True");
}

TEST(PodStatus, IsNotRunningBeforePostStartHasEnded) {
  PodState state = test_state({test_instance("web", 0, State::kRunning)});
  state.probes["web0"].hook_running = true;
  const auto s = status(test_pod(), state);
  EXPECT_EQ(s.container_statuses[0].state.waiting->reason, "ContainerCreating");
  EXPECT_EQ(s.phase, "Pending");
}

TEST(PodStatus, ShowsWhyAContainerCouldNotBeRunAndThenThatItBacksOff) {
  PodState state = test_state({test_instance("web", 1, State::kExited, 128)});
  state.troubles["web"] = {"RunContainerError", "no such file", kNow + 2s};
  EXPECT_EQ(status(test_pod(), state).container_statuses[0].state.waiting->reason, "RunContainerError");
  const auto later = status(test_pod(), state, false, kNow + 3s);
  EXPECT_EQ(later.container_statuses[0].state.waiting->reason, "CrashLoopBackOff");
}

TEST(PodStatus, SaysWhyTheAgentEndedThePod) {
  PodState state = test_state({test_instance("web", 0, State::kRunning)});
  state.verdict = Verdict{"Evicted", "too much"};
  const auto s = status(test_pod(), state);
  EXPECT_EQ(s.phase, "Failed");
  EXPECT_EQ(s.reason, "Evicted");
  EXPECT_EQ(s.message, "too much");
  EXPECT_EQ(condition(s, "DisruptionTarget").reason, "TerminationByKubelet");
}

TEST(PodStatus, KeepsTransitionTimesAndForeignConditions) {
  api::Pod pod = test_pod();
  const PodState state = test_state({test_instance("web", 0, State::kRunning)});
  pod.status = status(pod, state);
  api::PodCondition foreign;
  foreign.type = "example.com/gate";
  foreign.status = "True";
  pod.status.conditions.push_back(foreign);
  const auto later = status(pod, state, false, kNow + 100s);
  EXPECT_EQ(condition(later, "Ready").last_transition_time.at, kNow);
  EXPECT_EQ(condition(later, "example.com/gate").status, "True");
  EXPECT_EQ(later, pod.status);
}

TEST(PodStatus, HonoursReadinessGates) {
  api::Pod pod = test_pod();
  pod.spec.readiness_gates = {{"example.com/gate"}};
  const PodState state = test_state({test_instance("web", 0, State::kRunning)});
  EXPECT_EQ(condition(status(pod, state), "Ready").reason, "ReadinessGatesNotReady");
  api::PodCondition gate;
  gate.type = "example.com/gate";
  gate.status = "True";
  pod.status.conditions = {gate};
  EXPECT_EQ(condition(status(pod, state), "Ready").status, "True");
}

}  // namespace
}  // namespace fairlead::agent
