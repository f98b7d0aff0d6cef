#include "controllers/scheduler/scheduler.h"

#include <gtest/gtest.h>

#include "client/memory_api.h"
#include "client/testing.h"

namespace fairlead::controllers {
namespace {

api::Node ready_node(std::string name) {
  api::Node n;
  n.metadata.name = std::move(name);
  n.status.allocatable = {{"cpu", {"4"}}, {"memory", {"8Gi"}}, {"pods", {"110"}}};
  n.status.conditions.push_back({.type = "Ready", .status = "True"});
  return n;
}

api::Pod pending(std::string name) {
  api::Pod p;
  p.metadata.name = std::move(name);
  p.metadata.namespace_ = "default";
  p.spec.containers.emplace_back().name = "c";
  return p;
}

class SchedulerTest : public testing::Test {
 protected:
  void start() {
    for (auto* informer : informers.all()) group.spawn("informer", informer->run());
    group.spawn("scheduler", scheduler.run());
    client::settle(loop);
  }
  ~SchedulerTest() override { client::stop(loop, group); }
  std::string node_of(const std::string& pod) { return api.find<api::Pod>("default", pod)->spec.node_name; }

  rt::Loop loop;
  FakeClock clock;
  client::MemoryApi api{loop, clock};
  client::SharedInformers informers{loop, api};
  std::vector<std::string> reports;
  Scheduler scheduler{loop, api, informers, clock,
                      [this](const api::Pod& pod, std::string_view, std::string_view reason, std::string message) {
                        reports.push_back(fmt::format("{} {}: {}", pod.metadata.name, reason, message));
                      }};
  rt::TaskGroup group{loop};
};

TEST_F(SchedulerTest, BindsPodsAndSaysSo) {
  api.put(ready_node("node1"));
  api.put(pending("a"));
  start();
  EXPECT_EQ(node_of("a"), "node1");
  EXPECT_EQ(reports, std::vector<std::string>{"a Scheduled: Successfully assigned default/a to node1"});
}

TEST_F(SchedulerTest, TellsWhyAPodWaitsAndTriesAgainWhenANodeComes) {
  api.put(pending("a"));
  start();
  EXPECT_EQ(node_of("a"), "");
  EXPECT_EQ(reports, std::vector<std::string>{"a FailedScheduling: no nodes available to schedule pods"});
  const auto waiting = api.find<api::Pod>("default", "a");
  ASSERT_EQ(waiting->status.conditions.size(), 1U);
  EXPECT_EQ(waiting->status.conditions[0].reason, "Unschedulable");
  api.put(ready_node("node1"));
  client::settle(loop);
  EXPECT_EQ(node_of("a"), "node1");
}

TEST_F(SchedulerTest, LeavesAlonePodsOfOtherSchedulersAndGatedOnes) {
  api.put(ready_node("node1"));
  auto other = pending("other");
  other.spec.scheduler_name = "mine";
  api.put(other);
  auto gated = pending("gated");
  gated.spec.scheduling_gates.emplace_back().name = "wait";
  api.put(gated);
  start();
  EXPECT_EQ(node_of("other"), "");
  EXPECT_EQ(node_of("gated"), "");
}

TEST_F(SchedulerTest, RetriesABindingThatFailed) {
  api.put(ready_node("node1"));
  int failures = 1;
  api.intercept = [&](std::string_view verb, const api::KindInfo&, std::string_view) -> std::optional<Error> {
    if (verb == "bind" && failures-- > 0) return Error{Code::kUnavailable, "try again", {}};
    return std::nullopt;
  };
  api.put(pending("a"));
  start();
  EXPECT_EQ(node_of("a"), "");
  clock.advance(std::chrono::seconds(1));
  api.put(pending("b"));  // wakes the queue
  client::settle(loop);
  EXPECT_EQ(node_of("a"), "node1");
  EXPECT_EQ(node_of("b"), "node1");
}

}  // namespace
}  // namespace fairlead::controllers
