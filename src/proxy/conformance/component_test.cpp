// The whole proxy, from the API to packets: started, cancelled and started again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/memory_api.h"
#include "net/process.h"
#include "proxy/conformance/rig.h"
#include "proxy/proxy.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::proxy::conformance {
namespace {

using namespace std::chrono_literals;

class Component : public ::testing::Test {
 public:
  Component() : api_(loop_, clock_) {}
  void SetUp() override {
    auto lab = Lab::create();
    if (!lab) GTEST_SKIP() << "needs root and network namespaces: " << lab.error().message;
    lab_ = std::move(*lab);
    config_.node_name = "node1";
    config_.mode = "iptables";
    config_.healthz.reset();
    config_.metrics.reset();
    config_.check_period = 20ms;
    config_.plane.netns_fd = lab_->node();
    config_.plane.detect_local = {.mode = DetectLocal::Mode::kCidr, .cidrs = {*Cidr::parse(kClusterCidr)}};
    config_.plane.service_cidrs = {*Cidr::parse("10.96.0.0/12")};
  }

  rt::Task<> proxy() {
    status_ = {};
    auto ended = co_await run_proxy(loop_, api_, config_, &status_);
    EXPECT_TRUE(ended.has_value()) << ended.error().message;
  }
  // Runs `body` beside a proxy, which is cancelled when it returns, as at an orderly end.
  void with_proxy(rt::Task<> (Component::*body)()) { rt::run(loop_, beside(body)); }
  rt::Task<> beside(rt::Task<> (Component::*body)()) {
    rt::TaskGroup group(loop_);
    group.spawn("proxy", proxy());
    co_await until([this] { return status_.synced; });
    co_await (this->*body)();
    co_await group.shutdown();
  }
  rt::Task<> until(std::function<bool()> holds) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!holds() && std::chrono::steady_clock::now() < deadline) co_await rt::sleep(1ms);
    EXPECT_TRUE(holds()) << "full " << status_.full_syncs << " partial " << status_.partial_syncs << " failures "
                         << status_.failures << " repairs " << status_.repairs;
  }
  std::string ask() { return tcp_ask(lab_->client(), {*IpAddress::parse("10.96.0.10"), 80}).to_string(); }

  rt::Task<> deploy();
  rt::Task<> nothing() { co_return; }
  rt::Task<> flush();

  SystemClock clock_;
  rt::Loop loop_;
  client::MemoryApi api_;
  std::unique_ptr<Lab> lab_;
  ProxyConfig config_;
  ProxyStatus status_;
};

rt::Task<> Component::deploy() {
  api_.put(testing::web());
  co_await until([this] { return status_.partial_syncs == 1; });
  EXPECT_EQ(ask(), "refused");
  api_.put(Rig::slice(*lab_, "web", {"0"}));
  co_await until([this] { return status_.partial_syncs == 2; });
  EXPECT_THAT(ask(), ::testing::StartsWith("a saw"));
}

TEST_F(Component, TrafficGoesOnWithoutItAndANewOneTakesOver) {
  with_proxy(&Component::deploy);
  EXPECT_THAT(ask(), ::testing::StartsWith("a saw")) << "the rules stay";
  api_.put(Rig::slice(*lab_, "web", {"1"}));
  EXPECT_THAT(ask(), ::testing::StartsWith("a saw")) << "nobody noticed yet";
  with_proxy(&Component::nothing);
  EXPECT_THAT(ask(), ::testing::StartsWith("b saw"));
}

rt::Task<> Component::flush() {
  co_await deploy();
  net::SpawnOptions spawn;
  spawn.argv = {"iptables", "-t", "nat", "-F"};
  spawn.netns_fd = lab_->node();
  auto flushed = co_await net::run_ok(loop_, std::move(spawn));
  EXPECT_TRUE(flushed.has_value());
  co_await until([this] { return status_.repairs == 1 && status_.full_syncs == 2; });
  EXPECT_THAT(ask(), ::testing::StartsWith("a saw"));
}

TEST_F(Component, FlushedRulesComeBack) { with_proxy(&Component::flush); }

}  // namespace
}  // namespace fairlead::proxy::conformance
