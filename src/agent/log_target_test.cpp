#include "agent/log_target.h"

#include <gtest/gtest.h>

#include "agent/pod_testing.h"

namespace fairlead::agent {
namespace {

api::Pod waiting_pod(std::string reason) {
  api::Pod pod = test_pod();
  auto& status = pod.status.container_statuses.emplace_back();
  status.name = "web";
  status.state.waiting.emplace().reason = std::move(reason);
  return pod;
}

TEST(LogTarget, IsTheNewestInstanceThatHasRun) {
  const auto running = test_instance("web", 2, ContainerState::kRunning);
  const auto ended = test_instance("web", 1, ContainerState::kExited, 1);
  const auto created = test_instance("web", 3, ContainerState::kCreated);
  const auto other = test_instance("other", 4, ContainerState::kRunning);
  EXPECT_EQ(*choose_log_instance(test_pod(), "web", {other, running, ended}, false), "web2");
  EXPECT_EQ(*choose_log_instance(test_pod(), "web", {created, ended}, false), "web1");
  EXPECT_EQ(*choose_log_instance(test_pod(), "web", {other, running, ended}, true), "web1");
}

TEST(LogTarget, BetweenTwoRunsTheEndedOneIsThePreviousToo) {
  api::Pod pod = waiting_pod("CrashLoopBackOff");
  pod.status.container_statuses[0].last_state.terminated.emplace().container_id = "containerd://web2";
  const auto ended = test_instance("web", 2, ContainerState::kExited, 1);
  const auto older = test_instance("web", 1, ContainerState::kExited, 1);
  EXPECT_EQ(*choose_log_instance(pod, "web", {ended, older}, false), "web2");
  EXPECT_EQ(*choose_log_instance(pod, "web", {ended, older}, true), "web2");
}

TEST(LogTarget, SaysWhatTheContainerWaitsFor) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"ContainerCreating", "ContainerCreating"},
      {"PodInitializing", "PodInitializing"},
      {"ErrImagePull", "image can't be pulled"},
      {"ImagePullBackOff", "trying and failing to pull image"},
      {"CreateContainerConfigError", "CreateContainerConfigError"},
  };
  for (const auto& [reason, text] : cases) {
    const auto id = choose_log_instance(waiting_pod(reason), "web", {}, false);
    ASSERT_FALSE(id);
    EXPECT_EQ(id.error().code, Code::kBadRequest);
    EXPECT_EQ(id.error().message, "container \"web\" in pod \"web-1\" is waiting to start: " + text);
  }
}

TEST(LogTarget, SaysThatThereWasNoPreviousInstance) {
  const auto running = test_instance("web", 0, ContainerState::kRunning);
  EXPECT_EQ(choose_log_instance(test_pod(), "web", {running}, true).error().message,
            "previous terminated container \"web\" in pod \"web-1\" not found");
}

}  // namespace
}  // namespace fairlead::agent
