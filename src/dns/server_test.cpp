// The server over loopback: real sockets, real threads.
#include "dns/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdio>

#include "dns/testing/fixture.h"
#include "dns/testing/network.h"
#include "rt/blocking.h"
#include "rt/time.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;
using testing::answer_with;
using ::testing::ElementsAre;
using testing::FakeUpstream;
using testing::framed;
using ::testing::HasSubstr;
using testing::query_bytes;
using testing::show;
using enum RecordType;

const Endpoint kFreePort{IpAddress::v4(INADDR_LOOPBACK), 0};

ServerConfig listen_on(IpAddress address) { return {.listen = {{address, 0}}, .workers = 1}; }

struct Rig {
  Rig(rt::Loop& loop, std::vector<Endpoint> upstreams, ServerConfig config = {.listen = {kFreePort}, .workers = 2})
      : zone({.domain = *Name::parse("cluster.local"), .ttl = 5}),
        forwarder(loop, zone.rcu(), clock, {.upstreams = std::move(upstreams), .attempt_limit = 100ms}),
        metrics("dns://:53") {
    testing::fill_fixture(zone);
    auto made = Server::create(loop, zone, forwarder, metrics, clock, std::move(config));
    check(made.has_value(), made ? "" : made.error().message);
    server = std::move(*made);
    server->start();
  }
  [[nodiscard]] Endpoint at() const { return server->endpoints()[0]; }
  rt::Task<> stop() {
    co_await server->shutdown(1s);
    co_await forwarder.shutdown();
  }
  SystemClock clock;
  Zone zone;
  Forwarder forwarder;
  Metrics metrics;
  std::unique_ptr<Server> server;
};

rt::Task<testing::Shown> ask(Endpoint server, std::string name, RecordType type, uint16_t size = kDefaultUdpSize) {
  const auto answer = co_await testing::udp_exchange(server, query_bytes(name, type, size));
  if (!answer) co_return testing::Shown{.rcode = "silence"};
  co_return show(*answer);
}

rt::Task<> answers_udp(rt::Loop& loop) {
  FakeUpstream upstream(loop, [](const Query& q, bool) { return answer_with(q, {"192.0.2.1"}); });
  Rig rig(loop, {upstream.endpoint()});
  auto shown = co_await ask(rig.at(), "svc1.testns.svc.cluster.local", kA);
  EXPECT_THAT(shown.answer, ElementsAre("svc1.testns.svc.cluster.local. 5 A 10.96.0.100"));
  shown = co_await ask(rig.at(), "nope.testns.svc.cluster.local", kA);
  EXPECT_EQ(shown.rcode, "NXDOMAIN");
  for (int i = 0; i < 3; ++i) {
    shown = co_await ask(rig.at(), "www.example.com", kA);
    EXPECT_THAT(shown.answer, ElementsAre("www.example.com. 300 A 192.0.2.1"));
  }
  EXPECT_EQ(upstream.asked.size(), 1U);
  shown = co_await ask(rig.at(), "external.testns.svc.cluster.local", kA);
  EXPECT_THAT(shown.answer, ElementsAre("ext.interwebs.test. 300 A 192.0.2.1",
                                        "external.testns.svc.cluster.local. 5 CNAME ext.interwebs.test."));
  shown = co_await ask(rig.at(), "external.testns.svc.cluster.local", kA);  // from the cache
  EXPECT_EQ(shown.answer.size(), 2U);
  EXPECT_EQ(upstream.asked.size(), 2U);
  const std::string text = rig.metrics.render(rig.forwarder.stats(), rig.forwarder.cache().size());
  EXPECT_THAT(text, HasSubstr("coredns_dns_requests_total{family=\"1\",proto=\"udp\",server=\"dns://"
                              ":53\",view=\"\",zone=\".\",type=\"A\"} 7"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "coredns_dns_responses_total{plugin=\"\",rcode=\"NOERROR\",server=\"dns://:53\",view=\"\",zone=\".\"} 6"));
  EXPECT_THAT(text, HasSubstr("rcode=\"NXDOMAIN\",server=\"dns://:53\",view=\"\",zone=\".\"} 1"));
  EXPECT_THAT(text,
              HasSubstr("coredns_dns_request_duration_seconds_count{server=\"dns://:53\",view=\"\",zone=\".\"} 7"));
  co_await rig.stop();
  co_await upstream.shutdown();
}

TEST(Server, AnswersFromTheZoneAndFromUpstreams) {
  rt::Loop loop;
  rt::run(loop, answers_udp(loop));
}

rt::Task<> no_upstream(rt::Loop& loop) {
  Rig rig(loop, {});
  auto shown = co_await ask(rig.at(), "www.example.com", kA);
  EXPECT_EQ(shown.rcode, "SERVFAIL");
  shown = co_await ask(rig.at(), "external.testns.svc.cluster.local", kA);
  EXPECT_EQ(shown.rcode, "SERVFAIL");
  shown = co_await ask(rig.at(), "svc1.testns.svc.cluster.local", kAxfr);
  EXPECT_EQ(shown.rcode, "REFUSED");
  co_await rig.stop();
}

TEST(Server, WithoutUpstreamsOtherNamesAreServfailAtOnce) {
  rt::Loop loop;
  rt::run(loop, no_upstream(loop));
}

rt::Task<> tcp_pipelined(rt::Loop& loop) {
  FakeUpstream upstream(loop, [](const Query& q, bool) { return answer_with(q, {"192.0.2.1"}); });
  Rig rig(loop, {upstream.endpoint()});
  std::vector<uint8_t> bytes;
  for (uint16_t i = 0; i < 300; ++i) {
    const auto name = i % 3 == 0 ? fmt::format("n{}.example.com", i) : std::string("svc1.testns.svc.cluster.local");
    const auto one = framed(query_bytes(name, kA, 0, i));
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  const auto answers = co_await testing::tcp_exchange(rig.at(), bytes, 300);
  EXPECT_EQ(answers.size(), 300U);
  std::set<uint16_t> ids;
  for (const auto& answer : answers) {
    const auto shown = show(answer);
    EXPECT_EQ(shown.answer.size(), 1U);
    ids.insert(shown.message.header.id);
  }
  EXPECT_EQ(ids.size(), 300U);
  co_await rig.stop();
  co_await upstream.shutdown();
}

TEST(Server, TcpQuestionsArePipelinedAndAllAnswered) {
  rt::Loop loop;
  rt::run(loop, tcp_pipelined(loop));
}

rt::Task<> large_answers(rt::Loop& loop) {
  Rig rig(loop, {});
  std::vector<testing::TestEndpoint> endpoints;
  for (int i = 1; i <= 200; ++i) endpoints.push_back({fmt::format("10.1.0.{}", i)});
  rig.zone.set_service(testing::headless_service("testns", "large"));
  rig.zone.set_slice(testing::slice("testns", "large-a", "large", endpoints, {}));
  const std::string name = "large.testns.svc.cluster.local";
  const auto plain = co_await testing::udp_exchange(rig.at(), query_bytes(name, kA, 0));
  EXPECT_TRUE(plain && plain->size() <= 512U && show(*plain).truncated && !show(*plain).message.edns);
  const auto edns = co_await testing::udp_exchange(rig.at(), query_bytes(name, kA, 4096));
  EXPECT_TRUE(edns && edns->size() > 512U && edns->size() <= 1232U && show(*edns).truncated);
  const auto whole = co_await testing::tcp_exchange(rig.at(), framed(query_bytes(name, kA)), 1);
  EXPECT_EQ(whole.size(), 1U);
  if (whole.size() == 1) {
    EXPECT_EQ(show(whole[0]).answer.size(), 200U);
    EXPECT_FALSE(show(whole[0]).truncated);
  }
  co_await rig.stop();
}

TEST(Server, LargeAnswersAreCutOverUdpAndWholeOverTcp) {
  rt::Loop loop;
  rt::run(loop, large_answers(loop));
}

rt::Task<> tcp_bounds(rt::Loop& loop) {
  ServerConfig config{.listen = {kFreePort}, .workers = 1};
  config.tcp.connections = 4;
  Rig rig(loop, {}, std::move(config));
  // Connections that ask nothing give way to those that do.
  std::vector<std::unique_ptr<rt::asio::ip::tcp::socket>> idle;
  for (int i = 0; i < 20; ++i) {
    idle.push_back(std::make_unique<rt::asio::ip::tcp::socket>(loop.executor()));
    idle.back()->connect({rt::asio::ip::address_v4::loopback(), rig.at().port});
  }
  const auto one =
      co_await testing::tcp_exchange(rig.at(), framed(query_bytes("svc1.testns.svc.cluster.local", kA)), 1);
  EXPECT_EQ(one.size(), 1U);
  // What is no query ends the connection.
  const std::vector<uint8_t> nonsense = {1, 2, 3};
  const auto none = co_await testing::tcp_exchange(rig.at(), framed(nonsense), 1);
  EXPECT_TRUE(none.empty());
  co_await rig.stop();
}

TEST(Server, TcpConnectionsAreBoundedAndNonsenseEndsThem) {
  rt::Loop loop;
  rt::run(loop, tcp_bounds(loop));
}

std::vector<std::string> own_addresses() { return {"127.0.0.1", "127.0.0.53", "127.1.2.3"}; }

rt::Task<> wildcard(rt::Loop& loop) {
  Rig rig(loop, {}, listen_on(IpAddress::v4(0)));
  // Connected sockets only take what comes from the address they asked.
  const std::vector<std::string> addresses = own_addresses();
  for (const auto& address : addresses) {
    const Endpoint at{*IpAddress::parse(address), rig.at().port};
    const auto shown = co_await ask(at, "svc1.testns.svc.cluster.local", kA);
    EXPECT_EQ(shown.answer.size(), 1U) << address;
  }
  co_await rig.stop();
}

TEST(Server, RepliesComeFromTheAddressThatWasAsked) {
  rt::Loop loop;
  rt::run(loop, wildcard(loop));
}

rt::Task<> ipv6(rt::Loop& loop) {
  Rig rig(loop, {}, listen_on(IpAddress()));
  const Endpoint at{*IpAddress::parse("::1"), rig.at().port};
  const auto shown = co_await ask(at, "svc1.testns.svc.cluster.local", kA);
  EXPECT_EQ(shown.answer.size(), 1U);
  co_await rig.stop();
}

TEST(Server, AnswersOverIpv6) {
  Fd probe(::socket(AF_INET6, SOCK_DGRAM, 0));
  const SocketAddress loopback(Endpoint{*IpAddress::parse("::1"), 0});
  if (!probe || ::bind(probe.get(), loopback.raw(), loopback.size) != 0) GTEST_SKIP() << "no IPv6 here";
  rt::Loop loop;
  rt::run(loop, ipv6(loop));
}

// What the kernel has accepted before shutdown is answered.
rt::Task<> shutdown_answers(rt::Loop& loop) {
  Rig rig(loop, {});
  rt::asio::ip::udp::socket client(loop.executor());
  client.open(rt::asio::ip::udp::v4());
  client.connect({rt::asio::ip::address_v4::loopback(), rig.at().port});
  const auto query = query_bytes("svc1.testns.svc.cluster.local", kA);
  for (int i = 0; i < 200; ++i) client.send(rt::asio::buffer(query));
  co_await rig.stop();
  client.non_blocking(true);
  int answers = 0;
  std::vector<uint8_t> buffer(2048);
  boost::system::error_code error;
  while (client.receive(rt::asio::buffer(buffer), 0, error) > 0 && !error) ++answers;
  EXPECT_EQ(answers, 200);
}

TEST(Server, ShutdownAnswersWhatWasReceived) {
  rt::Loop loop;
  rt::run(loop, shutdown_answers(loop));
}

rt::Task<> late_answers(rt::Loop& loop) {
  // The upstream answers only once shutdown has begun.
  bool stopping = false;
  FakeUpstream upstream(loop, [&](const Query& q, bool) -> std::optional<Message> {
    if (!stopping) return std::nullopt;
    return answer_with(q, {"192.0.2.1"});
  });
  Rig rig(loop, {upstream.endpoint()});
  rt::asio::ip::udp::socket client(loop.executor());
  client.open(rt::asio::ip::udp::v4());
  client.connect({rt::asio::ip::address_v4::loopback(), rig.at().port});
  client.send(rt::asio::buffer(query_bytes("www.example.com", kA)));
  while (upstream.asked.empty()) co_await rt::sleep(1ms);
  stopping = true;
  co_await rig.stop();
  client.non_blocking(true);
  std::vector<uint8_t> buffer(2048);
  boost::system::error_code error;
  const size_t n = client.receive(rt::asio::buffer(buffer), 0, error);
  EXPECT_FALSE(error);
  if (!error) {
    EXPECT_EQ(show(std::span(buffer).first(n)).answer.size(), 1U);
  }
  co_await upstream.shutdown();
}

TEST(Server, ShutdownWaitsForUpstreams) {
  rt::Loop loop;
  rt::run(loop, late_answers(loop));
}

TEST(Server, AddressesInUseAreNamed) {
  rt::Loop loop;
  // Bound without SO_REUSEPORT, as another program would.
  Fd taken(::socket(AF_INET, SOCK_STREAM, 0));
  const SocketAddress any(kFreePort);
  ASSERT_EQ(::bind(taken.get(), any.raw(), any.size), 0);
  ASSERT_EQ(::listen(taken.get(), 1), 0);
  Zone zone({.domain = *Name::parse("cluster.local")});
  SystemClock clock;
  Forwarder forwarder(loop, zone.rcu(), clock, {});
  Metrics metrics("dns://:53");
  const auto where = *local_endpoint(taken.get());
  const auto server = Server::create(loop, zone, forwarder, metrics, clock, {.listen = {where}});
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().message, fmt::format("listen on {} (TCP): Address already in use", where));
}

std::string run_dig(const std::string& arguments) {
  std::string out;
  FILE* pipe = ::popen(("dig +time=5 +tries=1 " + arguments + " 2>&1").c_str(), "r");
  if (!pipe) return out;
  std::array<char, 4096> buffer;
  while (const size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), n);
  ::pclose(pipe);
  return out;
}

rt::Task<std::string> dig(rt::BlockingPool& pool, Endpoint at, std::string arguments) {
  const std::string all = fmt::format("@{} -p {} {}", at.address, at.port, arguments);
  auto call = [all] { return run_dig(all); };
  auto out = co_await rt::blocking(pool, std::move(call));
  co_return out;
}

rt::Task<> with_dig(rt::Loop& loop) {
  rt::BlockingPool pool(1);
  Rig rig(loop, {});
  std::string out = co_await dig(pool, rig.at(), "+short svc1.testns.svc.cluster.local");
  EXPECT_EQ(out, "10.96.0.100\n");
  out = co_await dig(pool, rig.at(), "+short +tcp SVC1.testns.svc.cluster.local");
  EXPECT_EQ(out, "10.96.0.100\n");
  out = co_await dig(pool, rig.at(), "+short -x 10.96.0.100");
  EXPECT_EQ(out, "svc1.testns.svc.cluster.local.\n");
  out = co_await dig(pool, rig.at(), "+short SRV _http._tcp.svc1.testns.svc.cluster.local");
  EXPECT_EQ(out, "0 100 80 svc1.testns.svc.cluster.local.\n");
  out = co_await dig(pool, rig.at(), "+short TXT dns-version.cluster.local");
  EXPECT_EQ(out, "\"1.1.0\"\n");
  out = co_await dig(pool, rig.at(), "nope.testns.svc.cluster.local");
  EXPECT_THAT(out, HasSubstr("status: NXDOMAIN"));
  EXPECT_THAT(out, HasSubstr("hostmaster.cluster.local."));
  EXPECT_THAT(out, ::testing::Not(HasSubstr("recursion requested but not available")));
  EXPECT_THAT(out, ::testing::Not(HasSubstr("malformed")));
  out = co_await dig(pool, rig.at(), "+edns=1 +noednsneg svc1.testns.svc.cluster.local");
  EXPECT_THAT(out, HasSubstr("status: BADVERS"));
  out = co_await dig(pool, rig.at(), "CH TXT version.bind");
  EXPECT_THAT(out, HasSubstr("status: REFUSED"));
  co_await rig.stop();
}

TEST(Server, DigAgrees) {
  if (std::system("dig -v >/dev/null 2>&1") != 0) GTEST_SKIP() << "dig is not installed";
  rt::Loop loop;
  rt::run(loop, with_dig(loop));
}

}  // namespace
}  // namespace fairlead::dns
