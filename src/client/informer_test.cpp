#include "client/informer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/kinds/pod.h"
#include "api/kinds/service.h"
#include "client/memory_api.h"
#include "client/testing.h"

namespace fairlead::client {
namespace {

using testing::ElementsAre;

api::Pod pod(std::string name, std::string node = "") {
  api::Pod p;
  p.metadata.namespace_ = "default";
  p.metadata.name = std::move(name);
  p.spec.node_name = std::move(node);
  return p;
}

struct InformerTest : testing::Test {
  FakeClock clock;
  rt::Loop loop;
  MemoryApi api{loop, clock};
  rt::TaskGroup group{loop};
  std::vector<std::string> seen;

  void record(Informer<api::Pod>& pods) {
    pods.on_change([this](const api::Pod* old, const api::Pod* now) {
      seen.push_back((!old ? "+" : !now ? "-" : "~") + (now ? now : old)->metadata.name);
    });
  }
  std::vector<std::string> take() { return std::exchange(seen, {}); }
  void TearDown() override { stop(loop, group); }
};

TEST_F(InformerTest, DeliversTheListAndThenChanges) {
  api.put(pod("a"));
  Informer<api::Pod> pods(loop, api);
  record(pods);
  group.spawn("pods", pods.run());
  EXPECT_FALSE(pods.has_synced());
  settle(loop);
  EXPECT_TRUE(pods.has_synced());
  EXPECT_THAT(take(), ElementsAre("+a"));

  api.put(pod("b"));
  api.put(pod("a", "node1"));
  settle(loop);
  EXPECT_THAT(take(), ElementsAre("+b", "~a"));
  EXPECT_EQ(pods.get("default/a")->spec.node_name, "node1");

  api.drop(api::kind_of<api::Pod>(), "default", "a");
  settle(loop);
  EXPECT_THAT(take(), ElementsAre("-a"));
  EXPECT_EQ(pods.get("default", "a"), nullptr);
  EXPECT_EQ(pods.size(), 1U);
}

TEST_F(InformerTest, ALateHandlerHearsOfWhatIsKnown) {
  api.put(pod("a"));
  Informer<api::Pod> pods(loop, api);
  group.spawn("pods", pods.run());
  settle(loop);
  record(pods);
  EXPECT_THAT(take(), ElementsAre("+a"));
}

TEST_F(InformerTest, ARelistGivesTheDeltasThatTheWatchMissed) {
  api.put(pod("gone"));
  api.put(pod("same"));
  api.put(pod("moved"));
  api.put(pod("remade"));
  Informer<api::Pod> pods(loop, api, {.backoff = {.first = {}}});
  record(pods);
  group.spawn("pods", pods.run());
  settle(loop);
  take();

  api.break_watches({Code::kExpired, "too old", {}});
  api.drop(api::kind_of<api::Pod>(), "default", "gone");
  api.drop(api::kind_of<api::Pod>(), "default", "remade");
  api.put(pod("moved", "node2"));
  api.put(pod("new"));
  api.put(pod("remade"));
  settle(loop);
  EXPECT_THAT(take(), ElementsAre("-gone", "~moved", "+new", "-remade", "+remade"));
}

TEST_F(InformerTest, KeepsTheLastStateWhileTheApiIsAwayAndComesBack) {
  api.put(pod("a"));
  Informer<api::Pod> pods(loop, api, {.backoff = {.first = {}, .longest = {}}});
  record(pods);
  group.spawn("pods", pods.run());
  settle(loop);
  take();

  int attempts = 0;
  api.intercept = [&](const auto&...) -> std::optional<Error> {
    if (++attempts > 5) return std::nullopt;
    return Error{Code::kUnavailable, "connection refused", {}};
  };
  api.break_watches({Code::kUnavailable, "reset", {}});
  api.put(pod("b"));
  settle(loop);
  EXPECT_GT(attempts, 5);
  EXPECT_THAT(take(), ElementsAre("+b"));
  EXPECT_TRUE(pods.connected());
  EXPECT_NE(pods.get("default/a"), nullptr);
}

TEST_F(InformerTest, ASelectorMakesLeavingObjectsDeleted) {
  api.put(pod("a", "node1"));
  Informer<api::Pod> pods(loop, api, {.ns = "default", .label_selector = "app=web"});
  record(pods);
  group.spawn("pods", pods.run());
  settle(loop);
  auto labelled = pod("a", "node1");
  labelled.metadata.labels["app"] = "web";
  api.put(labelled);
  settle(loop);
  api.put(pod("a", "node1"));
  settle(loop);
  EXPECT_THAT(take(), ElementsAre("+a", "-a"));
}

TEST_F(InformerTest, AnIndexFollowsTheStore) {
  Informer<api::Pod> pods(loop, api);
  Index by_node(pods.base(),
                [](const api::Object& o) { return std::vector<std::string>{o.as<api::Pod>().spec.node_name}; });
  group.spawn("pods", pods.run());
  api.put(pod("a", "node1"));
  api.put(pod("b", "node1"));
  settle(loop);
  EXPECT_EQ(by_node.find("node1").size(), 2U);
  api.put(pod("b", "node2"));
  settle(loop);
  EXPECT_EQ(by_node.find("node1").size(), 1U);
  EXPECT_EQ(by_node.find("node2").begin()->first, "default/b");
}

TEST_F(InformerTest, ListsOneNamespaceOnly) {
  auto other = pod("a");
  other.metadata.namespace_ = "default-2";
  api.put(other);
  api.put(pod("b"));
  Informer<api::Pod> pods(loop, api);
  group.spawn("pods", pods.run());
  settle(loop);
  const auto here = pods.in_namespace("default");
  ASSERT_EQ(here.size(), 1U);
  EXPECT_EQ(here[0]->metadata.name, "b");
}

TEST_F(InformerTest, AStaleUpdateIsAConflict) {
  const auto first = api.put(pod("a"));
  api.put(pod("a", "node1"));
  auto result = run_now(loop, update(api, *first));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kConflict);
}

}  // namespace
}  // namespace fairlead::client
