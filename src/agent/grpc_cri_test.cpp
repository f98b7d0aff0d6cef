// Calls to a real containerd, private to this test: its own network namespace, root, state and socket.
#include "agent/grpc_cri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "agent/containerd_config.h"
#include "base/text.h"
#include "net/netns.h"
#include "net/process.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class GrpcCriTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    auto ns = net::create_anonymous_netns();
    if (!ns) GTEST_SKIP() << "needs a network namespace: " << ns.error().message;
    netns_ = *std::move(ns);
    dir_ = "/tmp/fl-cri-" + random_suffix(8);
    std::filesystem::create_directories(dir_ + "/cni");
    ContainerdOptions o{.root = dir_ + "/root",
                        .state = dir_ + "/state",
                        .socket = socket(),
                        .cni_conf_dir = dir_ + "/cni",
                        .runc_root = dir_ + "/runc"};
    o.restrict_oom_score_adj = true;
    ASSERT_TRUE(write_file_atomically(dir_ + "/config.toml", render_containerd_config(o)));
    start_containerd();
  }
  void TearDown() override {
    kill_containerd();
    if (!dir_.empty()) std::filesystem::remove_all(dir_);
  }

  [[nodiscard]] std::string socket() const { return dir_ + "/c.sock"; }
  void start_containerd() {
    net::SpawnOptions o;
    o.argv = {"containerd", "--config", dir_ + "/config.toml"};
    o.netns_fd = netns_.get();
    o.stdout_file = o.stderr_file = dir_ + "/log";
    auto process = net::Process::spawn(o);
    if (!process) GTEST_SKIP() << "no containerd: " << process.error().message;
    containerd_.emplace(*std::move(process));
  }
  void kill_containerd() {
    if (!containerd_) return;
    (void)containerd_->signal(SIGKILL);
    rt::Loop loop;
    (void)rt::run(loop, containerd_->wait(loop));
    containerd_.reset();
  }

  std::string dir_;
  Fd netns_;
  std::optional<net::Process> containerd_;
};

rt::Task<Result<CriVersion>> version_when_up(Cri& cri) {
  Result<CriVersion> version = fail(Code::kUnavailable, "");
  for (int i = 0; i < 400; ++i) {
    version = co_await cri.version();
    if (version || version.error().code != Code::kUnavailable) break;
    co_await rt::sleep(25ms);
  }
  co_return version;
}

rt::Task<> talk(rt::Loop& loop, std::string socket) {
  auto cri = make_grpc_cri(loop, socket);
  auto version = co_await version_when_up(*cri);
  EXPECT_TRUE(version) << version.error().message;
  if (!version) co_return;
  EXPECT_EQ(version->runtime_name, "containerd");
  auto sandboxes = co_await cri->list_sandboxes("");
  EXPECT_TRUE(sandboxes && sandboxes->empty());
  auto containers = co_await cri->list_containers("u1");
  EXPECT_TRUE(containers && containers->empty());
  auto image = co_await cri->image_status("localhost/absent:1");
  EXPECT_TRUE(image && !*image);
  auto status = co_await cri->container_status("absent");
  EXPECT_FALSE(status);
  EXPECT_EQ(status ? Code::kInternal : status.error().code, Code::kNotFound);
  auto removed = co_await cri->remove_sandbox("absent");
  EXPECT_TRUE(removed);
}

TEST_F(GrpcCriTest, TalksToContainerd) {
  rt::Loop loop;
  rt::run(loop, talk(loop, socket()));
}

rt::Task<> pull_without_network(rt::Loop& loop, std::string socket) {
  auto cri = make_grpc_cri(loop, socket);
  (void)co_await version_when_up(*cri);
  auto pulled = co_await cri->pull_image("localhost:1/absent:1", std::nullopt);
  EXPECT_FALSE(pulled);
  EXPECT_THAT(pulled ? "" : pulled.error().message, HasSubstr("localhost:1/absent:1"));
}

TEST_F(GrpcCriTest, SaysWhyAPullFailed) {
  rt::Loop loop;
  rt::run(loop, pull_without_network(loop, socket()));
}

rt::Task<> watch(Cri& cri, bool& ended) {
  struct Mark {
    bool& flag;
    ~Mark() { flag = true; }
  } mark{ended};
  for (;;) {
    const std::function<void()> ignore = [] {};
    (void)co_await cri.watch_events(ignore);
    co_await rt::sleep(10ms);
  }
}

rt::Task<> list_forever(Cri& cri) {
  for (;;) {
    (void)co_await cri.list_containers("");
  }
}

rt::Task<> cancel_everything(rt::Loop& loop, std::string socket) {
  auto cri = make_grpc_cri(loop, socket);
  (void)co_await version_when_up(*cri);
  bool ended = false;
  rt::TaskGroup group(loop);
  group.spawn("watch", watch(*cri, ended));
  for (int i = 0; i < 8; ++i) group.spawn("list", list_forever(*cri));
  co_await rt::sleep(50ms);
  co_await group.shutdown();
  EXPECT_TRUE(ended);
  // Calls that were abandoned a moment ago may still be in gRPC's hands when the client goes.
  cri.reset();
}

TEST_F(GrpcCriTest, CancelsCallsAndStreamsAndShutsDown) {
  for (int i = 0; i < 3; ++i) {
    rt::Loop loop;
    rt::run(loop, cancel_everything(loop, socket()));
  }
}

rt::Task<> until_away(Cri& cri) {
  for (;;) {
    auto version = co_await cri.version();
    if (!version) {
      EXPECT_EQ(version.error().code, Code::kUnavailable);
      co_return;
    }
    co_await rt::sleep(5ms);
  }
}

TEST_F(GrpcCriTest, ComesBackAfterContainerdWasKilled) {
  rt::Loop loop;
  auto cri = make_grpc_cri(loop, socket());
  EXPECT_TRUE(rt::run(loop, version_when_up(*cri)));
  kill_containerd();
  rt::run(loop, until_away(*cri));
  start_containerd();
  EXPECT_TRUE(rt::run(loop, version_when_up(*cri)));
}

}  // namespace
}  // namespace fairlead::agent
