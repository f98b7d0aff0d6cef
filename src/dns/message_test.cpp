#include "dns/message.h"

#include <gtest/gtest.h>

#include <random>

#include "dns/testing/fixture.h"

namespace fairlead::dns {
namespace {

using testing::query_bytes;

Message sample_answer() {
  Message m;
  m.header = {.id = 77, .flags = flag::kResponse | flag::kRecursionDesired};
  const Name web = *Name::parse("web.default.svc.cluster.local");
  m.questions = {{web, RecordType::kA, kClassIn}};
  m.answers = {
      {web, RecordType::kCname, kClassIn, 30, rdata::Cname{*Name::parse("www.example.com")}},
      {*Name::parse("www.example.com"), RecordType::kA, kClassIn, 300, rdata::A{{192, 0, 2, 1}}},
      {*Name::parse("www.example.com"), RecordType::kAaaa, kClassIn, 300, rdata::Aaaa{{0x20, 1, 0xd, 0xb8}}},
      {*Name::parse("_http._tcp.web"), RecordType::kSrv, kClassIn, 5, rdata::Srv{0, 100, 80, web}},
      {*Name::parse("1.0.0.10.in-addr.arpa"), RecordType::kPtr, kClassIn, 5, rdata::Ptr{web}},
      {web, RecordType::kTxt, kClassIn, 5, rdata::Txt{{"1.1.0", ""}}},
      {web, static_cast<RecordType>(65280), kClassIn, 5, rdata::Unknown{"\x01\x02"}},
  };
  m.authorities = {
      {*Name::parse("example.com"), RecordType::kNs, kClassIn, 60, rdata::Ns{*Name::parse("ns1.example.com")}},
      {*Name::parse("example.com"), RecordType::kSoa, kClassIn, 60,
       rdata::Soa{*Name::parse("ns1.example.com"), *Name::parse("hostmaster.example.com"), 1, 2, 3, 4, 5}},
  };
  m.edns = Edns{.udp_size = 1232};
  return m;
}

TEST(Message, SurvivesWritingAndReading) {
  const auto bytes = sample_answer().write();
  ASSERT_TRUE(bytes) << bytes.error().message;
  const auto back = Message::parse(*bytes);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->to_string(), sample_answer().to_string());
  EXPECT_EQ(back->edns->udp_size, 1232);
  EXPECT_EQ(*back->write(), *bytes);
}

TEST(Message, NamesAreCompressed) {
  Message m = sample_answer();
  m.answers.resize(2);
  m.authorities.clear();
  m.edns.reset();
  const auto bytes = m.write();
  ASSERT_TRUE(bytes);
  // Owner of the first record and of the second are pointers: 12 + 31 + 4, 2 + 10 + 17, 2 + 10 + 4.
  EXPECT_EQ(bytes->size(), 12U + 31 + 4 + 2 + 10 + 17 + 2 + 10 + 4);
}

TEST(Message, EveryTruncationIsRefused) {
  const auto bytes = *sample_answer().write();
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(Message::parse(std::span(bytes).first(n))) << n;
  }
}

TEST(Message, RandomBytesAndDamagedMessagesAreHandled) {
  std::mt19937 random(1);
  const auto good = *sample_answer().write();
  size_t parsed = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::vector<uint8_t> bytes;
    if (i % 2 == 0) {
      bytes.resize(random() % 80);
      for (auto& b : bytes) b = static_cast<uint8_t>(random());
    } else {
      bytes = good;
      for (unsigned k = 0; k <= random() % 4; ++k) bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
    }
    Query query;
    (void)Query::parse(bytes, query);
    const auto message = Message::parse(bytes);
    if (!message) continue;
    ++parsed;
    (void)message->to_string();
    (void)message->write();
  }
  EXPECT_GT(parsed, 0U);
}

TEST(Message, CompressionPointersOnlyLeadBackwards) {
  const auto with_name = [](std::vector<uint8_t> name) {
    std::vector<uint8_t> m = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    m.insert(m.end(), name.begin(), name.end());
    m.insert(m.end(), {0, 1, 0, 1});
    return m;
  };
  EXPECT_FALSE(Message::parse(with_name({0xc0, 12})));          // to itself
  EXPECT_FALSE(Message::parse(with_name({0xc0, 14, 0})));       // forwards
  EXPECT_FALSE(Message::parse(with_name({1, 'a', 0xc0, 12})));  // into its own labels
  EXPECT_FALSE(Message::parse(with_name({0x40, 0})));           // a label type that does not exist
  EXPECT_TRUE(Message::parse(with_name({1, 'a', 0})));
  Query query;
  EXPECT_EQ(Query::parse(with_name({0xc0, 12}), query), Query::Verdict::kFormErr);
}

TEST(Message, NamesOver255BytesAreRefused) {
  std::vector<uint8_t> m = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  for (int i = 0; i < 4; ++i) {
    m.push_back(63);
    m.insert(m.end(), 63, 'a');
  }
  m.insert(m.end(), {0, 0, 1, 0, 1});
  EXPECT_FALSE(Message::parse(m));
  EXPECT_FALSE(Name::parse(std::string(256, 'a')));
  EXPECT_FALSE(Name::parse(std::string(64, 'a')));
  EXPECT_FALSE(Name::parse("a..b"));
  EXPECT_FALSE(Name::parse(""));
}

TEST(Message, AnnouncedCountsAreNotBelieved) {
  std::vector<uint8_t> m = {0, 1, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  EXPECT_FALSE(Message::parse(m));
}

TEST(Name, TextFormsAreKept) {
  EXPECT_EQ(Name::parse("Web.Default")->to_string(), "Web.Default.");
  EXPECT_EQ(Name::parse(".")->to_string(), ".");
  EXPECT_EQ(Name::parse("a\\.b.c")->to_string(), "a\\.b.c.");
  EXPECT_EQ(Name::parse("\\000\\255")->to_string(), "\\000\\255.");
  EXPECT_TRUE(Name::parse("WEB.default")->equals(*Name::parse("web.DEFAULT.")));
  EXPECT_FALSE(*Name::parse("WEB") == *Name::parse("web"));
  EXPECT_TRUE(Name::parse("a.cluster.LOCAL")->is_within(*Name::parse("Cluster.local")));
  EXPECT_FALSE(Name::parse("acluster.local")->is_within(*Name::parse("cluster.local")));
}

TEST(Query, VerdictsOfMalformedQueries) {
  const auto good = query_bytes("web.default", RecordType::kA);
  Query q;
  EXPECT_EQ(Query::parse(good, q), Query::Verdict::kOk);
  EXPECT_EQ(q.question.name.to_string(), "web.default.");
  ASSERT_TRUE(q.edns);
  EXPECT_EQ(q.edns->udp_size, kDefaultUdpSize);
  for (size_t n = 0; n < good.size(); ++n) {
    EXPECT_EQ(Query::parse(std::span(good).first(n), q), n < 12 ? Query::Verdict::kDrop : Query::Verdict::kFormErr)
        << n;
  }
  auto response = good;
  response[2] |= 0x80;
  EXPECT_EQ(Query::parse(response, q), Query::Verdict::kDrop);
  auto notify = good;
  notify[2] |= 0x20;
  EXPECT_EQ(Query::parse(notify, q), Query::Verdict::kNotImp);
  auto two_questions = good;
  two_questions[5] = 2;
  EXPECT_EQ(Query::parse(two_questions, q), Query::Verdict::kFormErr);
  auto version = good;
  version[good.size() - 5] = 1;
  EXPECT_EQ(Query::parse(version, q), Query::Verdict::kBadVers);
}

TEST(Query, ErrorsKeepIdQuestionAndEdns) {
  auto bytes = query_bytes("Web.Default", RecordType::kSrv);
  bytes[bytes.size() - 5] = 7;  // EDNS version
  Query q;
  ASSERT_EQ(Query::parse(bytes, q), Query::Verdict::kBadVers);
  std::vector<uint8_t> out(512);
  out.resize(write_error(q, Rcode::kBadVers, out));
  const auto m = Message::parse(out);
  ASSERT_TRUE(m);
  EXPECT_EQ(m->rcode(), Rcode::kBadVers);
  EXPECT_EQ(m->header.id, 0x1234);
  ASSERT_EQ(m->questions.size(), 1U);
  EXPECT_EQ(m->questions[0].name.to_string(), "Web.Default.");
  ASSERT_TRUE(m->edns);
  EXPECT_EQ(m->edns->version, 0);
}

TEST(Query, UdpLimitFollowsTheClientWithinBounds) {
  Query q;
  EXPECT_EQ(q.udp_limit(1232), 512U);
  q.edns = Edns{.udp_size = 100};
  EXPECT_EQ(q.udp_limit(1232), 512U);
  q.edns->udp_size = 900;
  EXPECT_EQ(q.udp_limit(1232), 900U);
  q.edns->udp_size = 65535;
  EXPECT_EQ(q.udp_limit(1232), 1232U);
}

}  // namespace
}  // namespace fairlead::dns
