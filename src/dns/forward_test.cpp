#include "dns/forward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/resolv_conf.h"
#include "dns/testing/fixture.h"
#include "dns/testing/network.h"
#include "rt/time.h"

namespace fairlead::dns {
namespace {

using namespace std::chrono_literals;
using testing::answer_with;
using ::testing::ElementsAre;
using testing::failure;
using testing::FakeUpstream;
using testing::make_query;

struct Rig {
  explicit Rig(ForwardConfig config) : forwarder(loop, domain, clock, std::move(config)) {}
  static ForwardConfig to(std::vector<Endpoint> upstreams) { return {.upstreams = std::move(upstreams)}; }
  rt::Loop& loop = shared_loop();
  static rt::Loop& shared_loop() {
    static rt::Loop loop;
    return loop;
  }
  SystemClock clock;
  RcuDomain domain;
  Forwarder forwarder;
};

// The answer as text, "SERVFAIL (none)" for null.
struct Asked {
  explicit Asked(rt::Loop& loop) : done(loop) {}
  rt::Event done;
  std::optional<testing::Shown> shown;
  bool called = false;
};

void start(Forwarder& forwarder, Asked& asked, std::string_view name, RecordType type = RecordType::kA) {
  const Query query = make_query(name, type);
  forwarder.ask(query.question, false, false, [&asked, query](const StoredAnswer* answer) {
    check(!asked.called, "called once");
    asked.called = true;
    if (answer) {
      std::vector<uint8_t> buffer(kMaxMessage);
      const size_t n = render_answer(*answer, query, SystemClock().mono(), buffer, kMaxMessage);
      asked.shown = testing::show(std::span(buffer).first(n));
    }
    asked.done.notify();
  });
}

rt::Task<> wait(Asked& asked) {
  while (!asked.called) co_await asked.done.wait();
}

std::string first_of(const Asked& asked) {
  if (!asked.shown) return "none";
  return asked.shown->answer.empty() ? asked.shown->rcode : asked.shown->answer[0];
}

rt::Task<> asks_once_and_caches() {
  auto& loop = Rig::shared_loop();
  FakeUpstream upstream(loop, [](const Query& q, bool) { return answer_with(q, {"192.0.2.1"}); });
  Rig rig(Rig::to({upstream.endpoint()}));
  Asked a(loop), b(loop), c(loop);
  start(rig.forwarder, a, "www.example.com");
  start(rig.forwarder, b, "WWW.example.com");
  co_await wait(a);
  co_await wait(b);
  EXPECT_EQ(first_of(a), "www.example.com. 300 A 192.0.2.1");
  EXPECT_EQ(first_of(b), "WWW.example.com. 300 A 192.0.2.1");
  start(rig.forwarder, c, "www.EXAMPLE.com");
  EXPECT_TRUE(c.called);
  EXPECT_EQ(first_of(c), "www.EXAMPLE.com. 300 A 192.0.2.1");
  EXPECT_EQ(upstream.asked.size(), 1U);
  EXPECT_EQ(rig.forwarder.stats().coalesced.load(), 1U);
  co_await rig.forwarder.shutdown();
  co_await upstream.shutdown();
}

TEST(Forward, IdenticalQuestionsAreAskedOnceAndKept) { rt::run(Rig::shared_loop(), asks_once_and_caches()); }

rt::Task<> tries_the_next(bool silent) {
  auto& loop = Rig::shared_loop();
  FakeUpstream bad(loop, [silent](const Query& q, bool) {
    return silent ? std::nullopt : std::optional(failure(q, Rcode::kServFail));
  });
  FakeUpstream good(loop, [](const Query& q, bool) { return answer_with(q, {"192.0.2.1"}); });
  auto config = Rig::to({bad.endpoint(), good.endpoint()});
  config.attempt_limit = 50ms;
  Rig rig(std::move(config));
  for (int i = 0; i < 8; ++i) {
    Asked a(loop);
    start(rig.forwarder, a, fmt::format("n{}.example.com", i));
    co_await wait(a);
    EXPECT_EQ(first_of(a), fmt::format("n{}.example.com. 300 A 192.0.2.1", i));
  }
  EXPECT_EQ(good.asked.size(), 8U);
  co_await rig.forwarder.shutdown();
  co_await bad.shutdown();
  co_await good.shutdown();
}

TEST(Forward, AnUpstreamThatIsSilentIsPassedOver) { rt::run(Rig::shared_loop(), tries_the_next(true)); }
TEST(Forward, AnUpstreamThatFailsIsPassedOver) { rt::run(Rig::shared_loop(), tries_the_next(false)); }

rt::Task<> all_fail() {
  auto& loop = Rig::shared_loop();
  FakeUpstream bad(loop, [](const Query& q, bool) { return failure(q, Rcode::kRefused); });
  Rig rig(Rig::to({bad.endpoint()}));
  Asked a(loop);
  start(rig.forwarder, a, "www.example.com");
  co_await wait(a);
  EXPECT_EQ(first_of(a), "REFUSED");  // what the upstream says is passed on
  EXPECT_EQ(bad.asked.size(), 1U);
  EXPECT_EQ(rig.forwarder.cache().size(), 0U);
  co_await rig.forwarder.shutdown();
  co_await bad.shutdown();
}

TEST(Forward, TheLastRefusalIsPassedOnAndNotKept) { rt::run(Rig::shared_loop(), all_fail()); }

rt::Task<> nobody_answers() {
  auto& loop = Rig::shared_loop();
  FakeUpstream silent(loop, [](const Query&, bool) { return std::nullopt; });
  auto config = Rig::to({silent.endpoint()});
  config.attempt_limit = 10ms;
  config.total_limit = 30ms;
  Rig rig(std::move(config));
  Asked a(loop);
  start(rig.forwarder, a, "www.example.com");
  co_await wait(a);
  EXPECT_EQ(first_of(a), "none");
  EXPECT_GE(silent.asked.size(), 2U);
  co_await rig.forwarder.shutdown();
  co_await silent.shutdown();
}

TEST(Forward, SilenceEndsWithNothing) { rt::run(Rig::shared_loop(), nobody_answers()); }

rt::Task<> bounds() {
  auto& loop = Rig::shared_loop();
  FakeUpstream silent(loop, [](const Query&, bool) { return std::nullopt; });
  auto config = Rig::to({silent.endpoint()});
  config.max_in_flight = 2;
  config.max_waiting = 3;
  Rig rig(std::move(config));
  Asked a(loop), b(loop), c(loop), d(loop), e(loop);
  start(rig.forwarder, a, "a.example.com");
  start(rig.forwarder, b, "b.example.com");
  start(rig.forwarder, c, "c.example.com");
  EXPECT_TRUE(c.called) << "a third question";
  EXPECT_FALSE(c.shown);
  start(rig.forwarder, d, "a.example.com");
  EXPECT_FALSE(d.called);
  start(rig.forwarder, e, "a.example.com");
  EXPECT_TRUE(e.called) << "a fourth client";
  EXPECT_EQ(rig.forwarder.stats().rejected.load(), 2U);
  co_await rig.forwarder.shutdown();
  EXPECT_TRUE(a.called && b.called && d.called) << "shutdown answers those who wait";
  co_await silent.shutdown();
}

TEST(Forward, BeyondItsBoundsItRefusesAtOnce) { rt::run(Rig::shared_loop(), bounds()); }

rt::Task<> truncated() {
  auto& loop = Rig::shared_loop();
  FakeUpstream upstream(loop, [](const Query& q, bool tcp) {
    Message m = answer_with(q, {});
    if (!tcp) {
      m.header.flags |= flag::kTruncated;
      return m;
    }
    std::vector<std::string> many;
    for (int i = 0; i < 200; ++i) many.push_back(fmt::format("192.0.2.{}", i));
    return answer_with(q, many);
  });
  Rig rig(Rig::to({upstream.endpoint()}));
  Asked a(loop);
  start(rig.forwarder, a, "big.example.com");
  co_await wait(a);
  EXPECT_TRUE(a.shown && a.shown->answer.size() == 200U && !a.shown->truncated);
  EXPECT_THAT(upstream.asked, ElementsAre("udp big.example.com. A", "tcp big.example.com. A"));
  co_await rig.forwarder.shutdown();
  co_await upstream.shutdown();
}

TEST(Forward, CutAnswersAreFetchedOverTcp) { rt::run(Rig::shared_loop(), truncated()); }

rt::Task<> nonsense() {
  auto& loop = Rig::shared_loop();
  int n = 0;
  FakeUpstream upstream(loop, [&n](const Query& q, bool) -> std::optional<Message> {
    Message m = answer_with(q, {"192.0.2.66"});
    switch (n++) {
      case 0:
        m.header.id ^= 1;
        break;  // a forgery
      case 1:
        m.questions[0].name = *Name::parse("other.example.com");
        break;  // another question
      case 2:
        m.questions[0].type = RecordType::kAaaa;
        break;
      default:
        return answer_with(q, {"192.0.2.1"});
    }
    return m;
  });
  auto config = Rig::to({upstream.endpoint()});
  config.attempt_limit = 20ms;
  Rig rig(std::move(config));
  Asked a(loop);
  start(rig.forwarder, a, "www.example.com");
  co_await wait(a);
  EXPECT_EQ(first_of(a), "www.example.com. 300 A 192.0.2.1");
  co_await rig.forwarder.shutdown();
  co_await upstream.shutdown();
}

TEST(Forward, AnswersToOtherQuestionsAreNotBelieved) { rt::run(Rig::shared_loop(), nonsense()); }

rt::Task<> old_server() {
  auto& loop = Rig::shared_loop();
  FakeUpstream upstream(
      loop, [](const Query& q, bool) { return q.edns ? failure(q, Rcode::kFormErr) : answer_with(q, {"192.0.2.1"}); });
  Rig rig(Rig::to({upstream.endpoint()}));
  Asked a(loop);
  start(rig.forwarder, a, "www.example.com");
  co_await wait(a);
  EXPECT_EQ(first_of(a), "www.example.com. 300 A 192.0.2.1");
  co_await rig.forwarder.shutdown();
  co_await upstream.shutdown();
}

TEST(Forward, ServersWithoutEdnsAreAskedWithoutIt) { rt::run(Rig::shared_loop(), old_server()); }

rt::Task<> loop_is_found() {
  auto& loop = Rig::shared_loop();
  Forwarder* self = nullptr;
  // An upstream that sends what it gets back to us, as a host's stub resolver would.
  FakeUpstream mirror(loop, [&self](const Query& q, bool) -> std::optional<Message> {
    self->saw_query(q);
    return failure(q, Rcode::kServFail);
  });
  Rig rig(Rig::to({mirror.endpoint()}));
  self = &rig.forwarder;
  rig.forwarder.start_probes();
  while (!rig.forwarder.looping(0)) co_await rt::sleep(1ms);
  Asked a(loop);
  start(rig.forwarder, a, "www.example.com");
  co_await wait(a);
  EXPECT_EQ(first_of(a), "none");
  EXPECT_TRUE(mirror.asked.empty());
  co_await rig.forwarder.shutdown();
  co_await mirror.shutdown();
}

TEST(Forward, AnUpstreamThatAsksUsBackIsNotUsed) { rt::run(Rig::shared_loop(), loop_is_found()); }

// ---- stored answers

std::unique_ptr<StoredAnswer> stored(const Message& m, const Query& q, MonoTime now,
                                     std::chrono::seconds limit = 3600s) {
  const AskKey key(q.lower, q.question.type, false, false);
  auto out = store_answer(*m.write(), q.question, key, now, limit);
  check(out.has_value(), out ? "" : out.error().message);
  return std::move(*out);
}

TEST(StoredAnswer, TtlsCountDownAndEnd) {
  FakeClock clock;
  const Query q = make_query("www.example.com", RecordType::kA);
  const auto s = stored(answer_with(q, {"192.0.2.1"}, 60), q, clock.mono());
  clock.advance(10s);
  std::vector<uint8_t> buffer(512);
  const size_t n = render_answer(*s, q, clock.mono(), buffer, 512);
  EXPECT_THAT(testing::show(std::span(buffer).first(n)).answer, ElementsAre("www.example.com. 50 A 192.0.2.1"));
  EXPECT_TRUE(s->fresh(clock.mono()));
  clock.advance(50s);
  EXPECT_FALSE(s->fresh(clock.mono()));
}

TEST(StoredAnswer, NegativeAnswersLiveAsTheirSoaSays) {
  const MonoTime now = FakeClock().mono();
  const Query q = make_query("nope.example.com", RecordType::kA);
  Message m = failure(q, Rcode::kNxDomain);
  EXPECT_EQ(stored(m, q, now)->lifetime, 0s);
  m.authorities = {{*Name::parse("example.com"), RecordType::kSoa, kClassIn, 900, rdata::Soa{.minimum = 20}}};
  EXPECT_EQ(stored(m, q, now)->lifetime, 20s);
  EXPECT_EQ(stored(m, q, now, 5s)->lifetime, 5s);
  EXPECT_EQ(stored(failure(q, Rcode::kServFail), q, now)->lifetime, 0s);
}

TEST(StoredAnswer, IsCutAtWholeRecordsToWhatTheClientTakes) {
  const MonoTime now = FakeClock().mono();
  const Query with_edns = make_query("www.example.com", RecordType::kA);
  const Query plain = make_query("www.example.com", RecordType::kA, 0);
  std::vector<std::string> many;
  for (int i = 0; i < 100; ++i) many.push_back(fmt::format("192.0.2.{}", i));
  const auto s = stored(answer_with(with_edns, many), with_edns, now);
  std::vector<uint8_t> buffer(kMaxMessage);
  for (const Query* q : {&with_edns, &plain}) {
    for (size_t limit = 512; limit < 560; ++limit) {
      const size_t n = render_answer(*s, *q, now, buffer, limit);
      ASSERT_LE(n, limit);
      const auto shown = testing::show(std::span(buffer).first(n));
      EXPECT_TRUE(shown.truncated);
      EXPECT_GE(shown.answer.size(), 28U);
      EXPECT_EQ(shown.message.edns.has_value(), q->edns.has_value());
    }
  }
}

TEST(StoredAnswer, ChainsAreWrittenInFrontOfIt) {
  const MonoTime now = FakeClock().mono();
  const Query target = make_query("ext.interwebs.test", RecordType::kA);
  const auto s = stored(answer_with(target, {"192.0.2.9"}), target, now);
  const Query q = make_query("external.testns.svc.cluster.local", RecordType::kA);
  std::vector<uint8_t> buffer(kMaxMessage);
  const std::vector<Name> chain = {*Name::parse("ext.interwebs.test")};
  const size_t n = render_chased(*s, q, chain, 5, now, buffer, 512);
  const auto shown = testing::show(std::span(buffer).first(n));
  EXPECT_THAT(shown.answer, ElementsAre("ext.interwebs.test. 300 A 192.0.2.9",
                                        "external.testns.svc.cluster.local. 5 CNAME ext.interwebs.test."));
}

TEST(AnswerCache, StaysWithinItsBoundsAndKeepsWhatIsUsed) {
  FakeClock clock;
  RcuDomain domain;
  AnswerCache cache(domain, 100, 1 << 20);
  const Query hot = make_query("hot.example.com", RecordType::kA);
  const AskKey hot_key(hot.lower, RecordType::kA, false, false);
  cache.put(stored(answer_with(hot, {"192.0.2.1"}), hot, clock.mono()));
  for (int i = 0; i < 1000; ++i) {
    const Query q = make_query(fmt::format("n{}.example.com", i), RecordType::kA);
    cache.put(stored(answer_with(q, {"192.0.2.1"}), q, clock.mono()));
    EXPECT_NE(cache.find(hot_key, clock.mono()), nullptr) << i;
    EXPECT_LE(cache.size(), 100U);
  }
}

TEST(ResolvConf, NameserversAreReadInOrder) {
  const auto found = parse_resolv_conf(
      "# comment\nnameserver 10.0.0.2\nsearch example.com\nnameserver\t2001:db8::1 # second\n"
      "nameserver fe80::1%eth0\nnameserver 10.0.0.2\nnameservers 1.2.3.4\noptions ndots:5\n nameserver 10.0.0.3");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].to_string(), "10.0.0.2:53");
  EXPECT_EQ(found[1].to_string(), "[2001:db8::1]:53");
  EXPECT_EQ(found[2].to_string(), "10.0.0.3:53");
  EXPECT_EQ(parse_upstream("10.0.0.2:5353")->to_string(), "10.0.0.2:5353");
  EXPECT_EQ(parse_upstream("[2001:db8::1]:54")->to_string(), "[2001:db8::1]:54");
  EXPECT_EQ(parse_upstream("2001:db8::1")->to_string(), "[2001:db8::1]:53");
  for (const char* bad : {"", "example.com", "10.0.0.2:0", "10.0.0.2:", "10.0.0.2:65536", "[2001:db8::1", "1.2.3"}) {
    EXPECT_FALSE(parse_upstream(bad)) << bad;
  }
}

}  // namespace
}  // namespace fairlead::dns
