// The component over an API in memory: what clients see while the cluster becomes known, changes, and the API is away.
#include "dns/dns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/kinds/namespace.h"
#include "client/memory_api.h"
#include "dns/testing/fixture.h"
#include "dns/testing/network.h"
#include "net/http_client.h"
#include "rt/time.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;
using testing::answer_with;
using ::testing::ElementsAre;
using testing::FakeUpstream;
using ::testing::HasSubstr;
using testing::query_bytes;
using testing::show;
using enum RecordType;

const Endpoint kFreePort{IpAddress::v4(INADDR_LOOPBACK), 0};

DnsConfig config(std::vector<Endpoint> upstreams = {}) {
  return {.listen = {kFreePort},
          .ttl = 5,
          .upstreams = std::move(upstreams),
          .resolv_conf = "",
          .health = kFreePort,
          .ready = kFreePort,
          .metrics = kFreePort,
          .workers = 1};
}

api::Namespace make_namespace(std::string name) {
  api::Namespace ns;
  ns.metadata.name = std::move(name);
  return ns;
}

rt::Task<testing::Shown> ask(const Dns& dns, std::string name, RecordType type = kA) {
  const auto answer = co_await testing::udp_exchange(dns.endpoints()[0], query_bytes(name, type));
  if (!answer) co_return testing::Shown{.rcode = "silence"};
  co_return show(*answer);
}

// Asks until the answer is as expected; the test's own time limit ends it otherwise.
rt::Task<> until(const Dns& dns, std::string name, std::string rcode, std::string answer) {
  for (;;) {
    const auto shown = co_await ask(dns, name);
    const std::string first = shown.answer.empty() ? "" : shown.answer[0];
    if (shown.rcode == rcode && first == answer) co_return;
    co_await rt::sleep(1ms);
  }
}

rt::Task<std::string> http_get(rt::Loop& loop, Endpoint at, std::string path) {
  auto client = net::HttpClient::create(loop, {.base_url = "http://" + at.to_string()});
  net::HttpCall call{.target = std::move(path)};
  const auto response = co_await (*client)->request(std::move(call));
  if (!response) co_return response.error().message;
  co_return fmt::format("{} {}", response->status, response->body);
}

// Braced lists stay outside of coroutines: g++ 12 cannot compile all of them there.
void fill(client::MemoryApi& api) {
  api.put(make_namespace("default"));
  api.put(testing::cluster_ip_service("default", "web", {"10.96.0.7"}, {testing::port("http", "TCP", 80)}));
  api.put(testing::headless_service("default", "db"));
  api.put(testing::slice("default", "db-1", "db", {{"10.1.0.1", "db-0"}}, {}));
}

void put_service(client::MemoryApi& api, std::string name, std::string ip) {
  api.put(testing::cluster_ip_service("default", std::move(name), {std::move(ip)}, {testing::port("http", "TCP", 80)}));
}

std::vector<Endpoint> one(Endpoint e) { return {e}; }

Message fixed(const Query& q, bool) { return answer_with(q, {"192.0.2.1"}); }

rt::Task<> life(rt::Loop& loop) {
  SystemClock clock;
  client::MemoryApi api(loop, clock);
  bool away = true;
  api.intercept = [&away](std::string_view, const api::KindInfo&, std::string_view) -> std::optional<Error> {
    if (away) return Error{Code::kUnavailable, "the API is away", {}};
    return std::nullopt;
  };
  fill(api);
  FakeUpstream upstream(loop, fixed);
  auto made = co_await Dns::create(loop, api, clock, config(one(upstream.endpoint())));
  EXPECT_TRUE(made) << made.error().message;
  if (!made) co_return;
  auto& dns = **made;

  // Before the cluster is known: SERVFAIL for its names, everything else works.
  auto shown = co_await ask(dns, "web.default.svc.cluster.local");
  EXPECT_EQ(shown.rcode, "SERVFAIL");
  shown = co_await ask(dns, "www.example.com");
  EXPECT_EQ(shown.answer.size(), 1U);
  std::string http = co_await http_get(loop, *dns.ready_endpoint(), "/ready");
  EXPECT_EQ(http, "503 kubernetes");
  http = co_await http_get(loop, *dns.health_endpoint(), "/health");
  EXPECT_EQ(http, "200 OK");

  away = false;
  co_await dns.wait_ready();
  http = co_await http_get(loop, *dns.ready_endpoint(), "/ready");
  EXPECT_EQ(http, "200 OK");
  co_await until(dns, "web.default.svc.cluster.local", "NOERROR", "web.default.svc.cluster.local. 5 A 10.96.0.7");
  co_await until(dns, "db-0.db.default.svc.cluster.local", "NOERROR",
                 "db-0.db.default.svc.cluster.local. 5 A 10.1.0.1");
  co_await until(dns, "default.svc.cluster.local", "NOERROR", "");
  co_await until(dns, "other.svc.cluster.local", "NXDOMAIN", "");

  // Changes arrive.
  put_service(api, "web", "10.96.0.8");
  co_await until(dns, "web.default.svc.cluster.local", "NOERROR", "web.default.svc.cluster.local. 5 A 10.96.0.8");
  api.drop(api::kind_of<api::EndpointSlice>(), "default", "db-1");
  co_await until(dns, "db.default.svc.cluster.local", "NXDOMAIN", "");

  // The API goes away: what was known stays. It comes back: what changed meanwhile is seen.
  away = true;
  api.break_watches(Error{Code::kExpired, "too old", {}});
  shown = co_await ask(dns, "web.default.svc.cluster.local");
  EXPECT_EQ(shown.answer.size(), 1U);
  put_service(api, "new", "10.96.0.9");
  api.drop(api::kind_of<api::Service>(), "default", "web");
  shown = co_await ask(dns, "web.default.svc.cluster.local");
  EXPECT_EQ(shown.answer.size(), 1U);
  http = co_await http_get(loop, *dns.ready_endpoint(), "/ready");
  EXPECT_EQ(http, "200 OK");
  away = false;
  co_await until(dns, "new.default.svc.cluster.local", "NOERROR", "new.default.svc.cluster.local. 5 A 10.96.0.9");
  co_await until(dns, "web.default.svc.cluster.local", "NXDOMAIN", "");

  http = co_await http_get(loop, *dns.metrics_endpoint(), "/metrics");
  EXPECT_THAT(http, HasSubstr("coredns_dns_requests_total"));
  EXPECT_THAT(http, HasSubstr("coredns_cache_entries"));
  co_await dns.shutdown();
  co_await upstream.shutdown();
}

TEST(Dns, KnowsTheClusterAndKeepsWhatItKnows) {
  rt::Loop loop;
  rt::run(loop, life(loop));
}

rt::Task<> bad_config(rt::Loop& loop) {
  SystemClock clock;
  client::MemoryApi api(loop, clock);
  auto c = config();
  c.cluster_domain = "cluster..local";
  auto made = co_await Dns::create(loop, api, clock, c);
  EXPECT_FALSE(made);
  EXPECT_EQ(made.error().message, "cluster domain: domain name \"cluster..local\": empty label");
  c = config();
  c.cluster_domain = ".";
  made = co_await Dns::create(loop, api, clock, c);
  EXPECT_FALSE(made);
  c = config();
  c.resolv_conf = "/nonexistent/resolv.conf";
  made = co_await Dns::create(loop, api, clock, c);
  EXPECT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("/nonexistent/resolv.conf"));
  // A port that is taken: the error names it, and what had started ends.
  auto first = co_await Dns::create(loop, api, clock, config());
  EXPECT_TRUE(first);
  c = config();
  c.metrics = (*first)->metrics_endpoint();
  made = co_await Dns::create(loop, api, clock, c);
  EXPECT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr((*first)->metrics_endpoint()->to_string()));
  co_await (*first)->shutdown();
}

TEST(Dns, WrongConfigurationsAreNamed) {
  rt::Loop loop;
  rt::run(loop, bad_config(loop));
}

rt::Task<> self_as_upstream(rt::Loop& loop) {
  SystemClock clock;
  client::MemoryApi api(loop, clock);
  auto first = co_await Dns::create(loop, api, clock, config());
  // Its own address among the upstreams is left out, so the question ends at once.
  auto c = config();
  c.listen = one((*first)->endpoints()[0]);
  c.upstreams = one((*first)->endpoints()[0]);
  co_await (*first)->shutdown();
  first->reset();
  auto second = co_await Dns::create(loop, api, clock, c);
  EXPECT_TRUE(second);
  const auto shown = co_await ask(**second, "www.example.com");
  EXPECT_EQ(shown.rcode, "SERVFAIL");
  co_await (*second)->shutdown();
}

TEST(Dns, DoesNotForwardToItself) {
  rt::Loop loop;
  rt::run(loop, self_as_upstream(loop));
}

rt::Task<> cancelled(rt::Loop& loop) {
  SystemClock clock;
  client::MemoryApi api(loop, clock);
  rt::TaskGroup group(loop);
  bool ended = false;
  struct Runner {
    static rt::Task<> run(rt::Loop& l, client::Api& a, bool& done) {
      try {
        const auto result = co_await run_dns(l, a, config());
        EXPECT_TRUE(result) << result.error().message;
      } catch (const boost::system::system_error&) {
        done = true;
        throw;
      }
    }
  };
  group.spawn("dns", Runner::run(loop, api, ended));
  co_await rt::sleep(1ms);
  co_await group.shutdown();
  EXPECT_TRUE(ended);
}

TEST(Dns, EndsWhenCancelled) {
  rt::Loop loop;
  rt::run(loop, cancelled(loop));
}

}  // namespace
}  // namespace fairlead::dns
