#include "client/events.h"

#include <gtest/gtest.h>

#include "api/kinds/event.h"
#include "api/kinds/pod.h"
#include "client/memory_api.h"
#include "client/testing.h"

namespace fairlead::client {
namespace {

struct EventsTest : testing::Test {
  FakeClock clock;
  rt::Loop loop;
  MemoryApi api{loop, clock};
  rt::TaskGroup group{loop};
  EventRecorder events{loop, api, clock, "kubelet", "node1"};
  std::shared_ptr<const api::Pod> pod;

  void SetUp() override {
    api::Pod p;
    p.metadata.name = "web";
    pod = api.put(p);
    group.spawn("events", events.run());
  }
  void TearDown() override { stop(loop, group); }
};

TEST_F(EventsTest, WritesWhoSaidWhatAboutWhom) {
  events.warning(*pod, "Failed", "no such image");
  settle(loop);
  const auto all = api.all<api::Event>();
  ASSERT_EQ(all.size(), 1U);
  const api::Event& e = *all[0];
  EXPECT_EQ(e.metadata.namespace_, "default");
  EXPECT_TRUE(e.metadata.name.starts_with("web."));
  EXPECT_EQ(e.involved_object.kind, "Pod");
  EXPECT_EQ(e.involved_object.api_version, "v1");
  EXPECT_EQ(e.involved_object.uid, pod->metadata.uid);
  EXPECT_EQ(e.type, "Warning");
  EXPECT_EQ(e.reason, "Failed");
  EXPECT_EQ(e.message, "no such image");
  EXPECT_EQ(e.source.component, "kubelet");
  EXPECT_EQ(e.source.host, "node1");
  EXPECT_EQ(e.count, 1);
}

TEST_F(EventsTest, RepeatsRaiseTheCount) {
  for (int i = 0; i < 3; ++i) events.normal(*pod, "Pulled", "again");
  events.normal(*pod, "Pulled", "something else");
  settle(loop);
  const auto all = api.all<api::Event>();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(std::max(all[0]->count, all[1]->count), 3);
}

TEST_F(EventsTest, AnEventThatExpiredIsWrittenAnew) {
  events.normal(*pod, "Pulled", "again");
  settle(loop);
  const auto first = api.all<api::Event>().at(0);
  api.drop(api::kind_of<api::Event>(), "default", first->metadata.name);
  events.normal(*pod, "Pulled", "again");
  settle(loop);
  ASSERT_EQ(api.all<api::Event>().size(), 1U);
  EXPECT_EQ(api.all<api::Event>()[0]->count, 1);
}

TEST_F(EventsTest, AFloodAboutOneObjectIsCutOff) {
  for (int i = 0; i < 100; ++i) events.normal(*pod, "Noise", "number " + std::to_string(i));
  settle(loop);
  EXPECT_EQ(api.all<api::Event>().size(), 25U);
  clock.advance(std::chrono::minutes(10));
  for (int i = 100; i < 200; ++i) events.normal(*pod, "Noise", "number " + std::to_string(i));
  settle(loop);
  EXPECT_EQ(api.all<api::Event>().size(), 27U);
}

}  // namespace
}  // namespace fairlead::client
