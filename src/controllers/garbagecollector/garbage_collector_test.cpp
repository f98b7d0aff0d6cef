#include "controllers/garbagecollector/garbage_collector.h"

#include <gtest/gtest.h>

#include "api/kinds/pod.h"
#include "api/kinds/replicaset.h"
#include "client/memory_api.h"
#include "client/testing.h"

namespace fairlead::controllers {
namespace {

class GarbageCollectorTest : public testing::Test {
 protected:
  std::string owner(std::vector<std::string> finalizers = {}, bool deleted = false) {
    api::ReplicaSet rs;
    rs.metadata.name = "rs";
    rs.metadata.namespace_ = "default";
    rs.metadata.uid = "uid-rs";
    rs.metadata.finalizers = std::move(finalizers);
    if (deleted) rs.metadata.deletion_timestamp.at = clock.now();
    api.put(rs);
    return "uid-rs";
  }
  void owned_pod(const std::string& name, const std::string& owner_uid, bool blocks = true) {
    api::Pod p;
    p.metadata.name = name;
    p.metadata.namespace_ = "default";
    p.metadata.owner_references.push_back({.api_version = "apps/v1",
                                           .kind = "ReplicaSet",
                                           .name = "rs",
                                           .uid = owner_uid,
                                           .controller = true,
                                           .block_owner_deletion = blocks});
    p.metadata.uid = "uid-" + name;
    api.put(p);
  }
  void start() {
    for (auto* informer : informers.all()) group.spawn("informer", informer->run());
    group.spawn("gc", gc.run());
    client::settle(loop);
  }
  ~GarbageCollectorTest() override { client::stop(loop, group); }
  bool exists(const std::string& pod) { return api.find<api::Pod>("default", pod) != nullptr; }

  rt::Loop loop;
  FakeClock clock;
  client::MemoryApi api{loop, clock};
  client::SharedInformers informers{loop, api};
  GarbageCollector gc{loop, api, informers, clock};
  rt::TaskGroup group{loop};
};

TEST_F(GarbageCollectorTest, DeletesWhatHasLostItsOwnerAndNothingElse) {
  owner();
  owned_pod("kept", "uid-rs");
  owned_pod("stale", "uid-of-an-earlier-rs");
  start();
  EXPECT_TRUE(exists("kept"));
  EXPECT_FALSE(exists("stale"));
  api.drop(api::kind_of<api::ReplicaSet>(), "default", "rs");
  client::settle(loop);
  EXPECT_FALSE(exists("kept"));
}

TEST_F(GarbageCollectorTest, ForegroundDeletionTakesDependentsFirst) {
  owner({"foregroundDeletion"}, true);
  owned_pod("a", "uid-rs");
  start();
  EXPECT_FALSE(exists("a"));
  EXPECT_EQ(api.find<api::ReplicaSet>("default", "rs"), nullptr);
}

TEST_F(GarbageCollectorTest, OrphaningLeavesDependentsWithoutTheReference) {
  owner({"orphan"}, true);
  owned_pod("a", "uid-rs");
  start();
  ASSERT_TRUE(exists("a"));
  EXPECT_TRUE(api.find<api::Pod>("default", "a")->metadata.owner_references.empty());
  EXPECT_EQ(api.find<api::ReplicaSet>("default", "rs"), nullptr);
}

TEST_F(GarbageCollectorTest, KeepsWhatAnUnknownKindOwns) {
  api::Pod p;
  p.metadata.name = "custom";
  p.metadata.namespace_ = "default";
  p.metadata.owner_references.push_back({.api_version = "example.com/v1", .kind = "Thing", .name = "t", .uid = "u"});
  api.put(p);
  start();
  EXPECT_TRUE(exists("custom"));
}

}  // namespace
}  // namespace fairlead::controllers
