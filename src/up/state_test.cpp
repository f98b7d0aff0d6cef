#include "up/state.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/text.h"
#include "up/teardown.h"

namespace fairlead::up {
namespace {

class StateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fairlead-state-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    dir_ = name;
    ref_.name = "demo";
    ref_.places = {dir_ + "/var", dir_ + "/run", dir_ + "/netns"};
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  State sample() const {
    auto s = describe(*plan_topology("demo", 4, 2, *Cidr::parse("10.244.0.0/16")), true, 40001, "boot-1");
    s.processes["server"] = {123, 456};
    s.processes["agent node1"] = {124, 457};
    return s;
  }
  std::string dir_;
  ClusterRef ref_;
};

TEST_F(StateTest, ReadsBackWhatItWrites) {
  const auto state = sample();
  const auto back = parse_state(to_json(state));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, state);
  const Layout layout{dir_};
  EXPECT_EQ(load_state(layout).error().code, Code::kNotFound);
  ASSERT_TRUE(save_state(layout, state));
  EXPECT_EQ(load_state(layout), state);
}

TEST_F(StateTest, DamagedFilesAreRefused) {
  for (const auto* bad :
       {"", "[]", "{", "{}", R"({"cluster":"x","nodes":0})", R"({"cluster":"x","nodes":1,"fabricIndex":999})"}) {
    EXPECT_FALSE(parse_state(bad)) << bad;
  }
  // Unknown or oddly typed parts do not keep `down` from what it can read.
  EXPECT_TRUE(
      parse_state(R"({"cluster":"x","nodes":1,"fabricIndex":0,"links":[1,"a"],"processes":{"server":7},"later":{}})"));
}

TEST_F(StateTest, ADataDirectoryElsewhereIsFoundByName) {
  EXPECT_EQ(data_dir_of(ref_), dir_ + "/var/demo");
  auto elsewhere = ref_;
  elsewhere.data_dir = dir_ + "/other/../elsewhere";
  EXPECT_EQ(data_dir_of(elsewhere), dir_ + "/elsewhere");
  ASSERT_TRUE(register_data_dir(ref_, dir_ + "/elsewhere"));
  EXPECT_EQ(data_dir_of(ref_), dir_ + "/elsewhere");
  ASSERT_TRUE(make_directory(dir_ + "/elsewhere"));
  ASSERT_TRUE(save_state(Layout{dir_ + "/elsewhere"}, sample()));
  const auto third = register_data_dir(ref_, dir_ + "/third");
  ASSERT_FALSE(third);
  EXPECT_NE(third.error().message.find(dir_ + "/elsewhere"), std::string::npos);
  unregister_data_dir(ref_);
  EXPECT_EQ(data_dir_of(ref_), dir_ + "/var/demo");
}

TEST_F(StateTest, TheLockHasOneHolderAndLeavesNothing) {
  const auto path = lock_path(ref_);
  {
    auto lock = FileLock::acquire(path, false);
    ASSERT_TRUE(lock);
    EXPECT_EQ(FileLock::holder(path), ::getpid());
    const auto second = FileLock::acquire(path, false);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::kAlreadyExists);
  }
  EXPECT_EQ(FileLock::holder(path), std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/run"));
  EXPECT_TRUE(FileLock::acquire(path, true));
}

constexpr std::string_view kMounts =
    "22 27 0:21 / /proc rw - proc proc rw\n"
    "50 27 0:30 / /data/demo/nodes/node1/containerd/state/rootfs rw - overlay overlay rw\n"
    "51 27 0:31 / /data/demo/nodes/node1/containerd/state/rootfs/dev rw - tmpfs tmpfs rw\n"
    "52 27 0:32 / /data/demo\\040two rw - tmpfs tmpfs rw\n"
    "53 27 0:33 / /data/demolition rw - tmpfs tmpfs rw\n";

TEST(MountsBelow, InnermostFirstAndOnlyWithinTheDirectory) {
  EXPECT_EQ(mounts_below(kMounts, "/data/demo"),
            (std::vector<std::string>{"/data/demo/nodes/node1/containerd/state/rootfs/dev",
                                      "/data/demo/nodes/node1/containerd/state/rootfs"}));
  EXPECT_EQ(mounts_below(kMounts, "/data/demo two"), (std::vector<std::string>{"/data/demo two"}));
}

TEST(CniResults, BelongToTheSandboxInTheirName) {
  const std::set<std::string> ours = {"02eccf8154aa", "7339ab5aa1c3"};
  EXPECT_TRUE(is_cni_result_of("fairlead-02eccf8154aa-eth0", ours));
  EXPECT_TRUE(is_cni_result_of("cni-loopback-7339ab5aa1c3-lo", ours));
  EXPECT_FALSE(is_cni_result_of("fairlead-aaaaaaaaaaaa-eth0", ours));
}

HostView busy_host() {
  HostView h;
  h.boot_id = "boot-1";
  h.mountinfo = kMounts;
  h.namespaces = {"demo-node1", "demo-node2", "demo2-node1", "other"};
  h.links = {"lo", "eth0", "fl-demo", "fv-demo-2", "fv-demo-1", "fl-demo2", "fv-demo2-1"};
  return h;
}

TEST_F(StateTest, RemovalListsWhatTheStateListsAndIsThere) {
  auto state = sample();
  state.links.push_back("old-name-1");
  auto host = busy_host();
  host.links.emplace_back("old-name-1");
  const auto r = plan_removal(ref_, "/data/demo", state, host);
  EXPECT_EQ(r.processes.size(), 2U);
  EXPECT_EQ(r.cgroup, "/fairlead-demo");
  EXPECT_EQ(r.namespaces, (std::vector<std::string>{"demo-node1", "demo-node2"}));
  EXPECT_EQ(r.links, (std::vector<std::string>{"fv-demo-1", "fv-demo-2", "old-name-1", "fl-demo"}));
  EXPECT_EQ(r.nft_table, "fairlead_demo");
  EXPECT_EQ(r.mounts.size(), 2U);
}

TEST_F(StateTest, RemovalNeedsNoState) {
  const auto r = plan_removal(ref_, "/data/demo", std::nullopt, busy_host());
  EXPECT_TRUE(r.processes.empty());
  EXPECT_EQ(r.cgroup, "/fairlead-demo");
  EXPECT_EQ(r.namespaces, (std::vector<std::string>{"demo-node1", "demo-node2"}));
  EXPECT_EQ(r.links, (std::vector<std::string>{"fv-demo-1", "fv-demo-2", "fl-demo"}));
  EXPECT_EQ(r.nft_table, "fairlead_demo");
}

TEST_F(StateTest, ProcessIdsOfAnotherBootAreLeftAlone) {
  auto host = busy_host();
  host.boot_id = "boot-2";
  EXPECT_TRUE(plan_removal(ref_, "/data/demo", sample(), host).processes.empty());
}

TEST_F(StateTest, WithoutEgressThereIsNoTableToRemove) {
  auto state = sample();
  state.egress = false;
  EXPECT_EQ(plan_removal(ref_, "/data/demo", state, busy_host()).nft_table, "");
}

}  // namespace
}  // namespace fairlead::up
