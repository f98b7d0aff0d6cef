#include "proxy/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "api/kinds/event.h"
#include "base/fd.h"
#include "client/memory_api.h"
#include "net/http_client.h"
#include "proxy/model/testing.h"
#include "proxy/planes.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::proxy {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

rt::Task<> run_and_check(rt::Loop& loop, client::Api& api, ProxyConfig config, ProxyStatus& status) {
  auto ended = co_await run_proxy(loop, api, std::move(config), &status);
  EXPECT_TRUE(ended.has_value()) << ended.error().message;
}

// A proxy on an API in memory, whose plane only remembers what it was told.
class ProxyTest : public ::testing::Test {
 public:
  ProxyTest() : api_(loop_, clock_) {
    config_.node_name = "node1";
    config_.healthz = config_.metrics = Endpoint{IpAddress::v4(0x7f000001), 0};
    config_.make_plane = [this](rt::Loop&, const PlaneOptions&) { return std::make_unique<FakePlane>(*this); };
  }

  struct FakePlane final : Plane {
    explicit FakePlane(ProxyTest& t) : test(t) {}
    [[nodiscard]] std::string_view name() const override { return "fake"; }
    [[nodiscard]] Capabilities capabilities() const override { return {}; }
    rt::Task<Probe> probe() override { co_return Probe{true, "always"}; }
    rt::Task<Result<>> sync_full(const ServiceTable& table) override {
      if (test.fail_full_ > 0) {
        --test.fail_full_;
        co_return fail(Code::kInternal, "no");
      }
      test.writes_.push_back(fmt::format("full {}", table.ports.size()));
      test.intact_ = true;
      co_return Result<>{};
    }
    rt::Task<Result<>> apply(const Delta& delta) override {
      if (std::exchange(test.fail_next_, false)) co_return fail(Code::kInternal, "no");
      std::string text = "delta";
      for (const Change& c : delta.changes)
        text +=
            fmt::format(" {}{}", c.key.to_string(), c.after ? fmt::format("={}", c.after->cluster.size()) : " gone");
      test.writes_.push_back(text);
      co_return Result<>{};
    }
    rt::Task<Result<bool>> intact() override { co_return test.intact_; }
    rt::Task<Result<>> cleanup() override { co_return Result<>{}; }
    ProxyTest& test;
  };

  // Runs `body` beside a proxy, which is cancelled when it returns.
  void with_proxy(rt::Task<> (ProxyTest::*body)()) { rt::run(loop_, beside(body)); }
  rt::Task<> beside(rt::Task<> (ProxyTest::*body)()) {
    rt::TaskGroup group(loop_);
    group.spawn("proxy", run_and_check(loop_, api_, config_, status_));
    co_await (this->*body)();
    co_await group.shutdown();
  }
  // Until it holds; a minute is never.
  rt::Task<> until(std::function<bool()> holds) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!holds() && std::chrono::steady_clock::now() < deadline) co_await rt::sleep(1ms);
    EXPECT_TRUE(holds());
  }
  rt::Task<net::HttpResponse> get(Endpoint at, std::string path) {
    auto http = net::HttpClient::create(loop_, {.base_url = "http://" + at.to_string()});
    check(http.has_value(), "client");
    net::HttpCall call;
    call.target = std::move(path);
    auto response = co_await (*http)->request(std::move(call));
    if (!response) co_return net::HttpResponse{};
    co_return std::move(*response);
  }

  rt::Task<> changes_become_deltas();
  rt::Task<> waits_for_both_lists();
  rt::Task<> failures_are_repaired();
  rt::Task<> first_sync_is_tried_again();
  rt::Task<> lost_rules_are_noticed();
  rt::Task<> health_and_metrics();
  rt::Task<> health_check_ports();
  rt::Task<> problems_become_events();
  rt::Task<> waits_for_node_cidrs();

  SystemClock clock_;
  rt::Loop loop_;
  client::MemoryApi api_;
  ProxyConfig config_;
  ProxyStatus status_;
  std::vector<std::string> writes_;
  int fail_full_ = 0;
  bool fail_next_ = false;
  bool intact_ = true;
  bool slices_away_ = false;
  int slices_asked_ = 0;
};

rt::Task<> ProxyTest::changes_become_deltas() {
  co_await until([&] { return status_.synced; });
  EXPECT_THAT(writes_, ::testing::ElementsAre("full 1"));
  api_.put(testing::make_slice("web-1", "web", {testing::endpoint("10.244.1.2")}));
  co_await until([&] { return status_.partial_syncs == 1; });
  api_.put(testing::make_slice("web-1", "web", {testing::endpoint("10.244.1.2"), testing::endpoint("10.244.1.3")}));
  co_await until([&] { return status_.partial_syncs == 2; });
  api_.drop(api::kind_of<api::Service>(), "default", "web");
  co_await until([&] { return status_.partial_syncs == 3; });
  EXPECT_THAT(writes_, ::testing::ElementsAre("full 1", "delta default/web:http=1", "delta default/web:http=2",
                                              "delta default/web:http gone"));
}
TEST_F(ProxyTest, ChangesBecomeDeltas) {
  api_.put(testing::web());
  with_proxy(&ProxyTest::changes_become_deltas);
}

rt::Task<> ProxyTest::waits_for_both_lists() {
  co_await until([&] { return slices_asked_ >= 3; });
  EXPECT_THAT(writes_, IsEmpty());
  EXPECT_FALSE(status_.synced);
  const auto health = co_await get(*status_.healthz, "/healthz");
  EXPECT_EQ(health.status, 503);
  slices_away_ = false;
  co_await until([&] { return status_.synced; });
  EXPECT_THAT(writes_, ::testing::ElementsAre("full 1"));
}
TEST_F(ProxyTest, NothingIsWrittenBeforeBothListsAreThere) {
  api_.put(testing::web());
  slices_away_ = true;
  api_.intercept = [&](std::string_view verb, const api::KindInfo& kind, std::string_view) -> std::optional<Error> {
    if (verb != "list" || &kind != &api::kind_of<api::EndpointSlice>()) return std::nullopt;
    ++slices_asked_;
    if (slices_away_) return Error{Code::kUnavailable, "away", {}};
    return std::nullopt;
  };
  with_proxy(&ProxyTest::waits_for_both_lists);
}

rt::Task<> ProxyTest::failures_are_repaired() {
  co_await until([&] { return status_.synced; });
  fail_next_ = true;
  api_.put(testing::web());
  co_await until([&] { return status_.full_syncs == 2; });
  EXPECT_EQ(status_.failures, 1U);
  EXPECT_THAT(writes_, ::testing::ElementsAre("full 0", "full 1"));
}
TEST_F(ProxyTest, AFailedChangeIsRepairedByAFullSync) { with_proxy(&ProxyTest::failures_are_repaired); }

rt::Task<> ProxyTest::first_sync_is_tried_again() {
  co_await until([&] { return status_.synced; });
  EXPECT_EQ(status_.failures, 2U);
}
TEST_F(ProxyTest, TheFirstSyncIsTriedUntilItWorks) {
  fail_full_ = 2;
  with_proxy(&ProxyTest::first_sync_is_tried_again);
}

rt::Task<> ProxyTest::lost_rules_are_noticed() {
  co_await until([&] { return status_.synced; });
  intact_ = false;
  co_await until([&] { return status_.repairs == 1 && status_.full_syncs == 2; });
  EXPECT_TRUE(intact_);
}
TEST_F(ProxyTest, LostRulesAreNoticedAndRepaired) {
  config_.check_period = 5ms;
  with_proxy(&ProxyTest::lost_rules_are_noticed);
}

rt::Task<> ProxyTest::health_and_metrics() {
  co_await until([&] { return status_.synced; });
  const auto healthz = co_await get(*status_.healthz, "/healthz");
  EXPECT_EQ(healthz.status, 200);
  EXPECT_THAT(healthz.body, HasSubstr("\"nodeEligible\": true"));
  api::Node node;
  node.metadata.name = "node1";
  api::Taint taint;
  taint.key = "ToBeDeletedByClusterAutoscaler";
  node.spec.taints.push_back(taint);
  api_.put(node);
  int status = 0;
  for (int i = 0; i < 10'000 && status != 503; ++i) {
    const auto again = co_await get(*status_.healthz, "/healthz");
    status = again.status;
  }
  EXPECT_EQ(status, 503);
  const auto livez = co_await get(*status_.healthz, "/livez");
  EXPECT_EQ(livez.status, 200);
  const auto metrics = co_await get(*status_.metrics, "/metrics");
  EXPECT_THAT(metrics.body, HasSubstr("kubeproxy_sync_proxy_rules_duration_seconds_count "));
  EXPECT_THAT(metrics.body, HasSubstr("kubeproxy_network_programming_duration_seconds_bucket{le=\"0.25\"} "));
  EXPECT_THAT(metrics.body, HasSubstr("kubeproxy_proxy_healthz_total{code=\"200\"} 1\n"));
  const auto mode = co_await get(*status_.metrics, "/proxyMode");
  EXPECT_EQ(mode.body, "fake");
  const auto missing = co_await get(*status_.healthz, "/nothing");
  EXPECT_EQ(missing.status, 404);
}
TEST_F(ProxyTest, AnswersHealthAndMetrics) { with_proxy(&ProxyTest::health_and_metrics); }

// A port that is free now.
uint16_t free_port() {
  const Fd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 at{};
  at.sin6_family = AF_INET6;
  socklen_t size = sizeof at;
  check(bind(fd.get(), reinterpret_cast<sockaddr*>(&at), size) == 0, "bind");
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size);
  return ntohs(at.sin6_port);
}

rt::Task<> ProxyTest::health_check_ports() {
  co_await until([&] { return status_.synced; });
  api::Service s = testing::web();
  s.spec.type = "LoadBalancer";
  s.spec.external_traffic_policy = "Local";
  s.spec.health_check_node_port = free_port();
  const Endpoint at{IpAddress::v4(0x7f000001), static_cast<uint16_t>(s.spec.health_check_node_port)};
  api_.put(s);
  co_await until([&] { return status_.partial_syncs == 1; });
  const auto none = co_await get(at, "/");
  EXPECT_EQ(none.status, 503);
  api_.put(testing::make_slice("web-1", "web",
                               {testing::endpoint("10.244.1.2", "node1"), testing::endpoint("10.244.2.2", "node2")}));
  co_await until([&] { return status_.partial_syncs == 2; });
  const auto one = co_await get(at, "/");
  EXPECT_EQ(one.status, 200);
  EXPECT_THAT(one.body, HasSubstr("\"localEndpoints\": 1,"));
  EXPECT_EQ(one.headers.get("X-Load-Balancing-Endpoint-Weight"), "1");
  s.spec.external_traffic_policy = "Cluster";
  api_.put(s);
  co_await until([&] { return status_.partial_syncs == 3; });
  const auto gone = co_await get(at, "/");
  EXPECT_EQ(gone.status, 0) << "nobody listens any more";
}
TEST_F(ProxyTest, AnswersHealthCheckNodePorts) { with_proxy(&ProxyTest::health_check_ports); }

rt::Task<> ProxyTest::problems_become_events() {
  co_await until([&] { return status_.synced; });
  EXPECT_EQ(status_.problems, 1U);
  EXPECT_THAT(writes_, ::testing::ElementsAre("full 1"));
  co_await until([&] { return !api_.all<api::Event>().empty(); });
  EXPECT_THAT(api_.all<api::Event>()[0]->message, HasSubstr("spec.externalIPs[0]"));
}
TEST_F(ProxyTest, ProblemsBecomeEventsAndTheRestIsProgrammed) {
  api::Service s = testing::web();
  s.spec.external_ips = {"nonsense"};
  api_.put(s);
  with_proxy(&ProxyTest::problems_become_events);
}

rt::Task<> ProxyTest::waits_for_node_cidrs() {
  co_await until([&] { return status_.service_changes == 1; });
  EXPECT_THAT(writes_, IsEmpty());
  api::Node node;
  node.metadata.name = "node1";
  node.spec.pod_cidrs = {"10.244.1.0/24"};
  api_.put(node);
  co_await until([&] { return status_.synced; });
}
TEST_F(ProxyTest, WaitsForTheNodesPodCidrs) {
  config_.detect_local_by_node_cidr = true;
  api_.put(testing::web());
  with_proxy(&ProxyTest::waits_for_node_cidrs);
}

TEST(ChoosePlane, NamesTheModesThatThereAre) {
  rt::Loop loop;
  const auto chosen = rt::run(loop, choose_plane(loop, "ebpff", {}));
  ASSERT_FALSE(chosen.has_value());
  EXPECT_THAT(chosen.error().message, HasSubstr("\"ebpff\" is not one of auto, iptables"));
}

}  // namespace
}  // namespace fairlead::proxy
