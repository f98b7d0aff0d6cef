#include "dns/zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <thread>

#include "dns/reverse.h"
#include "dns/testing/fixture.h"

namespace fairlead::dns {
namespace {

using testing::ask;
using testing::cluster_ip_service;
using ::testing::ElementsAre;
using testing::external_service;
using testing::fill_fixture;
using testing::headless_service;
using ::testing::IsEmpty;
using testing::make_query;
using testing::port;
using testing::slice;
using enum RecordType;

ZoneConfig config(PodsMode pods = PodsMode::kInsecure) {
  return {.domain = *Name::parse("cluster.local"), .ttl = 5, .pods = pods};
}

using Strings = std::vector<std::string>;
const std::string kSoaLine = "cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local.";

struct Case {
  std::string name;
  RecordType type;
  std::string rcode;
  Strings answer;
  Strings additional = {};
};

// Names are below cluster.local unless they end with a dot.
const Case kCases[] = {
    // ClusterIP Services
    {"svc1.testns.svc", kA, "NOERROR", {"svc1.testns.svc.cluster.local. 5 A 10.96.0.100"}},
    {"svc1.testns.svc", kAaaa, "NOERROR", {}},
    {"svc1.testns.svc", kTxt, "NOERROR", {}},
    {"svc1.testns.svc", kMx, "NOERROR", {}},
    {"svc1.testns.svc", kCname, "NOERROR", {}},
    {"svc1.testns.svc", kAny, "NOERROR", {}},
    {"svc1.testns.svc",
     kSrv,
     "NOERROR",
     {"svc1.testns.svc.cluster.local. 5 SRV 0 50 443 svc1.testns.svc.cluster.local.",
      "svc1.testns.svc.cluster.local. 5 SRV 0 50 80 svc1.testns.svc.cluster.local."},
     {"svc1.testns.svc.cluster.local. 5 A 10.96.0.100"}},
    {"_http._tcp.svc1.testns.svc",
     kSrv,
     "NOERROR",
     {"_http._tcp.svc1.testns.svc.cluster.local. 5 SRV 0 100 80 svc1.testns.svc.cluster.local."},
     {"svc1.testns.svc.cluster.local. 5 A 10.96.0.100"}},
    {"_http._tcp.svc1.testns.svc", kA, "NOERROR", {"_http._tcp.svc1.testns.svc.cluster.local. 5 A 10.96.0.100"}},
    {"_http._udp.svc1.testns.svc", kSrv, "NXDOMAIN", {}},
    {"_ftp._tcp.svc1.testns.svc", kSrv, "NXDOMAIN", {}},
    {"http.tcp.svc1.testns.svc", kSrv, "NXDOMAIN", {}},
    {"_tcp.svc1.testns.svc", kSrv, "NOERROR", {}},
    {"_udp.svc1.testns.svc", kSrv, "NXDOMAIN", {}},
    {"x._http._tcp.svc1.testns.svc", kSrv, "NXDOMAIN", {}},
    {"172-0-0-1.svc1.testns.svc", kA, "NOERROR", {"172-0-0-1.svc1.testns.svc.cluster.local. 5 A 172.0.0.1"}},
    {"172-0-0-9.svc1.testns.svc", kA, "NXDOMAIN", {}},
    {"dual.testns.svc", kA, "NOERROR", {"dual.testns.svc.cluster.local. 5 A 10.96.0.101"}},
    {"dual.testns.svc", kAaaa, "NOERROR", {"dual.testns.svc.cluster.local. 5 AAAA fd00:96::101"}},
    {"_._tcp.dual.testns.svc", kSrv, "NXDOMAIN", {}},
    {"pending.testns.svc", kA, "NXDOMAIN", {}},
    {"svc2.testns.svc", kA, "NXDOMAIN", {}},
    {"svc1.nons.svc", kA, "NXDOMAIN", {}},
    {"svc1", kA, "NXDOMAIN", {}},
    {"svc1.testns", kA, "NXDOMAIN", {}},
    // Headless Services
    {"hdls1.testns.svc",
     kA,
     "NOERROR",
     {"hdls1.testns.svc.cluster.local. 5 A 172.0.0.2", "hdls1.testns.svc.cluster.local. 5 A 172.0.0.3",
      "hdls1.testns.svc.cluster.local. 5 A 172.0.0.4", "hdls1.testns.svc.cluster.local. 5 A 172.0.0.5"}},
    {"hdls1.testns.svc",
     kAaaa,
     "NOERROR",
     {"hdls1.testns.svc.cluster.local. 5 AAAA 5678:abcd::1", "hdls1.testns.svc.cluster.local. 5 AAAA 5678:abcd::2"}},
    {"172-0-0-2.hdls1.testns.svc", kA, "NOERROR", {"172-0-0-2.hdls1.testns.svc.cluster.local. 5 A 172.0.0.2"}},
    {"172-0-0-4.hdls1.testns.svc", kA, "NXDOMAIN", {}},  // has a hostname
    {"172-0-0-6.hdls1.testns.svc", kA, "NXDOMAIN", {}},  // not ready
    {"172-0-0-2.hdls1.testns.svc", kAaaa, "NOERROR", {}},
    {"5678-abcd--1.hdls1.testns.svc",
     kAaaa,
     "NOERROR",
     {"5678-abcd--1.hdls1.testns.svc.cluster.local. 5 AAAA 5678:abcd::1"}},
    {"5678-abcd-0-0-0-0-0-1.hdls1.testns.svc", kAaaa, "NXDOMAIN", {}},  // not the name it has
    {"dup-name.hdls1.testns.svc",
     kA,
     "NOERROR",
     {"dup-name.hdls1.testns.svc.cluster.local. 5 A 172.0.0.4",
      "dup-name.hdls1.testns.svc.cluster.local. 5 A 172.0.0.5"}},
    {"_http._tcp.hdls1.testns.svc",
     kSrv,
     "NOERROR",
     {"_http._tcp.hdls1.testns.svc.cluster.local. 5 SRV 0 16 80 172-0-0-2.hdls1.testns.svc.cluster.local.",
      "_http._tcp.hdls1.testns.svc.cluster.local. 5 SRV 0 16 80 172-0-0-3.hdls1.testns.svc.cluster.local.",
      "_http._tcp.hdls1.testns.svc.cluster.local. 5 SRV 0 16 80 5678-abcd--1.hdls1.testns.svc.cluster.local.",
      "_http._tcp.hdls1.testns.svc.cluster.local. 5 SRV 0 16 80 5678-abcd--2.hdls1.testns.svc.cluster.local.",
      "_http._tcp.hdls1.testns.svc.cluster.local. 5 SRV 0 16 80 dup-name.hdls1.testns.svc.cluster.local.",
      "_http._tcp.hdls1.testns.svc.cluster.local. 5 SRV 0 16 80 dup-name.hdls1.testns.svc.cluster.local."},
     {"172-0-0-2.hdls1.testns.svc.cluster.local. 5 A 172.0.0.2",
      "172-0-0-3.hdls1.testns.svc.cluster.local. 5 A 172.0.0.3",
      "5678-abcd--1.hdls1.testns.svc.cluster.local. 5 AAAA 5678:abcd::1",
      "5678-abcd--2.hdls1.testns.svc.cluster.local. 5 AAAA 5678:abcd::2",
      "dup-name.hdls1.testns.svc.cluster.local. 5 A 172.0.0.4",
      "dup-name.hdls1.testns.svc.cluster.local. 5 A 172.0.0.5"}},
    {"dup-name.hdls1.testns.svc",
     kSrv,
     "NOERROR",
     {"dup-name.hdls1.testns.svc.cluster.local. 5 SRV 0 50 80 dup-name.hdls1.testns.svc.cluster.local.",
      "dup-name.hdls1.testns.svc.cluster.local. 5 SRV 0 50 80 dup-name.hdls1.testns.svc.cluster.local."},
     {"dup-name.hdls1.testns.svc.cluster.local. 5 A 172.0.0.4",
      "dup-name.hdls1.testns.svc.cluster.local. 5 A 172.0.0.5"}},
    {"hdlsprtls.testns.svc", kA, "NOERROR", {"hdlsprtls.testns.svc.cluster.local. 5 A 172.0.0.20"}},
    {"hdlsprtls.testns.svc", kSrv, "NOERROR", {}},
    {"nobody.testns.svc", kA, "NXDOMAIN", {}},  // specification, 2.4.1
    {"nobody.testns.svc", kAaaa, "NXDOMAIN", {}},
    // ExternalName
    {"external.testns.svc", kCname, "NOERROR", {"external.testns.svc.cluster.local. 5 CNAME ext.interwebs.test."}},
    {"external.testns.svc", kA, "CHASE", {"ext.interwebs.test."}},
    {"chain-out.testns.svc", kAaaa, "CHASE", {"external.testns.svc.cluster.local.", "ext.interwebs.test."}},
    {"external-to-service.testns.svc",
     kA,
     "NOERROR",
     {"external-to-service.testns.svc.cluster.local. 5 CNAME svc1.testns.svc.cluster.local.",
      "svc1.testns.svc.cluster.local. 5 A 10.96.0.100"}},
    {"external-to-service.testns.svc",
     kAaaa,
     "NOERROR",
     {"external-to-service.testns.svc.cluster.local. 5 CNAME svc1.testns.svc.cluster.local."}},
    {"chain.testns.svc",
     kA,
     "NOERROR",
     {"chain.testns.svc.cluster.local. 5 CNAME external-to-service.testns.svc.cluster.local.",
      "external-to-service.testns.svc.cluster.local. 5 CNAME svc1.testns.svc.cluster.local.",
      "svc1.testns.svc.cluster.local. 5 A 10.96.0.100"}},
    {"dead-end.testns.svc",
     kA,
     "NXDOMAIN",
     {"dead-end.testns.svc.cluster.local. 5 CNAME nothing.testns.svc.cluster.local."}},
    {"_http._tcp.external.testns.svc", kSrv, "NXDOMAIN", {}},
    {"x.external.testns.svc", kA, "NXDOMAIN", {}},
    {"external-address.testns.svc", kA, "NXDOMAIN", {}},
    // Names that exist without records, and the zone itself
    {"testns.svc", kA, "NOERROR", {}},
    {"empty.svc", kA, "NOERROR", {}},
    {"nons.svc", kA, "NXDOMAIN", {}},
    {"svc", kA, "NOERROR", {}},
    {"pod", kA, "NOERROR", {}},
    {"testns.pod", kA, "NOERROR", {}},
    {"nons.pod", kA, "NXDOMAIN", {}},
    {"cluster.local.", kA, "NOERROR", {}},
    {"cluster.local.", kSoa, "NOERROR", {kSoaLine}},
    {"cluster.local.",
     kNs,
     "NOERROR",
     {"cluster.local. 5 NS kube-dns.kube-system.svc.cluster.local."},
     {"kube-dns.kube-system.svc.cluster.local. 5 A 10.96.0.10"}},
    {"ns.dns", kA, "NOERROR", {"ns.dns.cluster.local. 5 A 10.96.0.10"}},
    {"dns", kA, "NOERROR", {}},
    {"dns-version", kTxt, "NOERROR", {"dns-version.cluster.local. 28800 TXT \"1.1.0\""}},
    {"dns-version", kA, "NOERROR", {}},
    {"www.example.com.default.svc", kA, "NXDOMAIN", {}},
    {"www.example.com.", kA, "FORWARD", {}},
    {"local.", kA, "FORWARD", {}},
    {"xcluster.local.", kA, "FORWARD", {}},
    // Pods
    {"10-36-0-1.testns.pod", kA, "NOERROR", {"10-36-0-1.testns.pod.cluster.local. 5 A 10.36.0.1"}},
    {"10-36-0-1.testns.pod", kAaaa, "NOERROR", {}},
    {"fd00--1.testns.pod", kAaaa, "NOERROR", {"fd00--1.testns.pod.cluster.local. 5 AAAA fd00::1"}},
    {"10-36-0-256.testns.pod", kA, "NXDOMAIN", {}},
    {"10-36-0-1.nons.pod", kA, "NXDOMAIN", {}},
    {"web.testns.pod", kA, "NXDOMAIN", {}},
    {"x.10-36-0-1.testns.pod", kA, "NXDOMAIN", {}},
    // Reverse
    {"100.0.96.10.in-addr.arpa.", kPtr, "NOERROR", {"100.0.96.10.in-addr.arpa. 5 PTR svc1.testns.svc.cluster.local."}},
    {"4.0.0.172.in-addr.arpa.",
     kPtr,
     "NOERROR",
     {"4.0.0.172.in-addr.arpa. 5 PTR dup-name.hdls1.testns.svc.cluster.local."}},
    {"2.0.0.172.in-addr.arpa.", kPtr, "FORWARD", {}},  // endpoints without a hostname have no reverse name
    {"1.0.0.127.in-addr.arpa.", kPtr, "FORWARD", {}},
    {"0.96.10.in-addr.arpa.", kPtr, "FORWARD", {}},
    {"1.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.0.d.f.ip6.arpa.",
     kPtr,
     "NOERROR",
     {"1.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.0.d.f.ip6.arpa. 5 PTR "
      "dual.testns.svc.cluster.local."}},
};

TEST(Zone, AnswersAsTheSpecificationAndCoreDnsDo) {
  Zone zone(config());
  fill_fixture(zone);
  for (const auto& c : kCases) {
    const std::string name = c.name.ends_with('.') ? c.name : c.name + ".cluster.local.";
    const auto shown = ask(zone, name, c.type);
    SCOPED_TRACE(name + " " + to_string(c.type));
    EXPECT_EQ(shown.rcode, c.rcode);
    EXPECT_EQ(shown.answer, c.answer);
    EXPECT_EQ(shown.additional, c.additional);
    if (c.rcode == "FORWARD" || c.rcode == "CHASE") continue;
    const bool positive = std::any_of(c.answer.begin(), c.answer.end(), [&](const std::string& r) {
      return r.find(" " + to_string(c.type) + " ") != std::string::npos;
    });
    EXPECT_EQ(shown.authority, positive ? Strings{} : Strings{kSoaLine});
    EXPECT_NE(shown.message.header.flags & flag::kAuthoritative, 0);
  }
}

TEST(Zone, KeepsTheCaseOfTheQuestion) {
  Zone zone(config());
  fill_fixture(zone);
  EXPECT_THAT(ask(zone, "SVC1.TestNS.svc.Cluster.LOCAL", kA).answer,
              ElementsAre("SVC1.TestNS.svc.Cluster.LOCAL. 5 A 10.96.0.100"));
  const auto srv = ask(zone, "_HTTP._Tcp.svc1.testns.svc.cluster.local", kSrv);
  EXPECT_THAT(srv.answer,
              ElementsAre("_HTTP._Tcp.svc1.testns.svc.cluster.local. 5 SRV 0 100 80 svc1.testns.svc.cluster.local."));
  EXPECT_EQ(ask(zone, "NOPE.testns.svc.Cluster.local", kA).rcode, "NXDOMAIN");
}

TEST(Zone, BeforeItIsSyncedOnlyServfailIsTrue) {
  Zone zone(config());
  zone.set_service(cluster_ip_service("default", "web", {"10.96.0.7"}, {}));
  EXPECT_EQ(ask(zone, "web.default.svc.cluster.local", kA).rcode, "SERVFAIL");
  EXPECT_EQ(ask(zone, "nope.default.svc.cluster.local", kA).rcode, "SERVFAIL");
  EXPECT_EQ(ask(zone, "9.0.96.10.in-addr.arpa", kPtr).rcode, "SERVFAIL");
  EXPECT_EQ(ask(zone, "www.example.com", kA).rcode, "FORWARD");
  zone.set_synced();
  EXPECT_EQ(ask(zone, "web.default.svc.cluster.local", kA).rcode, "NOERROR");
}

TEST(Zone, AliasesInACircleAreServfail) {
  Zone zone(config());
  fill_fixture(zone);
  EXPECT_EQ(ask(zone, "loop-a.testns.svc.cluster.local", kA).rcode, "SERVFAIL");
}

TEST(Zone, WithoutUpstreamsUnknownAddressesHaveNoName) {
  Zone zone(config());
  fill_fixture(zone);
  const auto shown = ask(zone, make_query("1.0.0.127.in-addr.arpa", kPtr), kMaxMessage, false);
  EXPECT_EQ(shown.rcode, "NXDOMAIN");
  EXPECT_THAT(shown.authority, ElementsAre("in-addr.arpa. 5 SOA ns.dns.in-addr.arpa. hostmaster.in-addr.arpa."));
}

TEST(Zone, ChangesOfServicesAreSeenAtOnce) {
  Zone zone(config());
  zone.set_synced();
  zone.add_namespace("default");
  const std::string web = "web.default.svc.cluster.local";
  zone.set_service(cluster_ip_service("default", "web", {"10.96.0.7"}, {port("http", "TCP", 80)}));
  EXPECT_THAT(ask(zone, web, kA).answer, ElementsAre(web + ". 5 A 10.96.0.7"));
  EXPECT_EQ(ask(zone, "7.0.96.10.in-addr.arpa", kPtr).answer.size(), 1U);
  zone.set_service(cluster_ip_service("default", "web", {"10.96.0.8"}, {port("http", "TCP", 80)}));
  EXPECT_THAT(ask(zone, web, kA).answer, ElementsAre(web + ". 5 A 10.96.0.8"));
  EXPECT_EQ(ask(zone, "7.0.96.10.in-addr.arpa", kPtr).rcode, "FORWARD");
  zone.set_service(external_service("default", "web", "example.com"));
  EXPECT_EQ(ask(zone, web, kA).rcode, "CHASE");
  EXPECT_EQ(ask(zone, "8.0.96.10.in-addr.arpa", kPtr).rcode, "FORWARD");
  zone.remove_service("default", "web");
  EXPECT_EQ(ask(zone, web, kA).rcode, "NXDOMAIN");
  zone.remove_namespace("default");
  EXPECT_EQ(ask(zone, "default.svc.cluster.local", kA).rcode, "NXDOMAIN");
}

TEST(Zone, SlicesMayComeBeforeTheirServiceAndStayAfterIt) {
  Zone zone(config());
  zone.set_synced();
  const std::string db = "db.default.svc.cluster.local";
  zone.set_slice(slice("default", "db-1", "db", {{"10.1.0.1", "db-0"}}, {port("sql", "TCP", 5432)}));
  EXPECT_EQ(ask(zone, db, kA).rcode, "NXDOMAIN");
  zone.set_service(headless_service("default", "db"));
  EXPECT_THAT(ask(zone, db, kA).answer, ElementsAre(db + ". 5 A 10.1.0.1"));
  zone.remove_service("default", "db");
  EXPECT_EQ(ask(zone, db, kA).rcode, "NXDOMAIN");
  zone.set_service(headless_service("default", "db"));
  EXPECT_EQ(ask(zone, db, kA).answer.size(), 1U);
  zone.remove_slice("default", "db-1");
  EXPECT_EQ(ask(zone, db, kA).rcode, "NXDOMAIN");
  EXPECT_EQ(ask(zone, "1.0.1.10.in-addr.arpa", kPtr).rcode, "FORWARD");
}

TEST(Zone, EndpointsMoveBetweenSlicesWithoutAGap) {
  Zone zone(config());
  zone.set_synced();
  zone.set_service(headless_service("default", "db"));
  zone.set_slice(slice("default", "one", "db", {{"10.1.0.1", "db-0"}, {"10.1.0.2", "db-1"}}, {}));
  zone.set_slice(slice("default", "two", "db", {{"10.1.0.2", "db-1"}}, {}));
  EXPECT_EQ(ask(zone, "db.default.svc.cluster.local", kA).answer.size(), 2U);
  EXPECT_EQ(ask(zone, "2.0.1.10.in-addr.arpa", kPtr).answer.size(), 1U);
  zone.set_slice(slice("default", "one", "db", {{"10.1.0.1", "db-0"}}, {}));
  EXPECT_EQ(ask(zone, "2.0.1.10.in-addr.arpa", kPtr).answer.size(), 1U);
  EXPECT_EQ(ask(zone, "db.default.svc.cluster.local", kA).answer.size(), 2U);
  // A slice that is given to another Service leaves the first.
  zone.set_slice(slice("default", "two", "other", {{"10.1.0.2", "db-1"}}, {}));
  EXPECT_EQ(ask(zone, "db.default.svc.cluster.local", kA).answer.size(), 1U);
  EXPECT_THAT(ask(zone, "2.0.1.10.in-addr.arpa", kPtr).answer,
              ElementsAre("2.0.1.10.in-addr.arpa. 5 PTR db-1.other.default.svc.cluster.local."));
}

TEST(Zone, EndpointsPublishedWhileNotServingCount) {
  Zone zone(config());
  zone.set_synced();
  zone.set_service(headless_service("default", "db"));
  auto s = slice("default", "one", "db", {{"10.1.0.1"}}, {});
  s.endpoints[0].conditions.serving = false;
  s.endpoints[0].conditions.ready = true;  // as the controller sets it for publishNotReadyAddresses
  zone.set_slice(s);
  EXPECT_EQ(ask(zone, "db.default.svc.cluster.local", kA).answer.size(), 1U);
  s.endpoints[0].conditions.ready = std::nullopt;
  zone.set_slice(s);
  EXPECT_EQ(ask(zone, "db.default.svc.cluster.local", kA).answer.size(), 1U);
}

TEST(Zone, AnswersAreShuffled) {
  Zone zone(config());
  zone.set_synced();
  zone.set_service(headless_service("default", "db"));
  for (const size_t n : {4U, 400U}) {
    std::vector<testing::TestEndpoint> endpoints;
    for (size_t i = 0; i < n; ++i) endpoints.push_back({fmt::format("10.1.{}.{}", i / 250, i % 250 + 1)});
    zone.set_slice(slice("default", "one", "db", endpoints, {}));
    const auto query = make_query("db.default.svc.cluster.local", kA);
    std::vector<uint8_t> buffer(kMaxMessage);
    Random random(1);
    std::set<std::string> first;
    for (int i = 0; i < 100; ++i) {
      const auto reply = zone.answer(query, random, buffer, kMaxMessage, true);
      const auto message = Message::parse(std::span(buffer).first(reply.size));
      ASSERT_EQ(message->answers.size(), n);
      first.insert(to_text(kA, message->answers[0].data));
      std::set<std::string> all;
      for (const auto& r : message->answers) all.insert(to_text(kA, r.data));
      ASSERT_EQ(all.size(), n);
    }
    EXPECT_GE(first.size(), n == 4 ? 4U : 50U);
  }
}

TEST(Zone, AnswersThatDoNotFitAreCutAtWholeRecords) {
  Zone zone(config());
  zone.set_synced();
  zone.set_service(headless_service("default", "db"));
  std::vector<testing::TestEndpoint> endpoints;
  for (int i = 1; i <= 200; ++i) endpoints.push_back({fmt::format("10.1.0.{}", i)});
  zone.set_slice(slice("default", "one", "db", endpoints, {port("sql", "TCP", 5432)}));
  const auto query = make_query("db.default.svc.cluster.local", kA);
  for (size_t limit = 512; limit < 600; ++limit) {
    const auto shown = ask(zone, query, limit);
    EXPECT_TRUE(shown.truncated);
    EXPECT_GT(shown.answer.size(), 20U);
    EXPECT_LT(shown.answer.size(), 40U);
    ASSERT_TRUE(shown.message.edns);
  }
  EXPECT_FALSE(ask(zone, query).truncated);
  EXPECT_EQ(ask(zone, query).answer.size(), 200U);
  // Additional records may be missing without the answer being cut.
  const auto srv = ask(zone, make_query("_sql._tcp.db.default.svc.cluster.local", kSrv), 16'000);
  EXPECT_FALSE(srv.truncated);
  EXPECT_EQ(srv.answer.size(), 200U);
  EXPECT_LT(srv.additional.size(), 200U);
}

TEST(Zone, VerifiedPodsHaveNamesWhileTheyLive) {
  Zone zone(config(PodsMode::kVerified));
  zone.set_synced();
  zone.add_namespace("default");
  const auto ip = *IpAddress::parse("10.36.0.1");
  const std::string name = "10-36-0-1.default.pod.cluster.local";
  EXPECT_EQ(ask(zone, name, kA).rcode, "NXDOMAIN");
  zone.set_pod("default", "a", {ip});
  zone.set_pod("default", "b", {ip});  // on the host's network
  EXPECT_EQ(ask(zone, name, kA).rcode, "NOERROR");
  zone.set_pod("default", "a", {});
  EXPECT_EQ(ask(zone, name, kA).rcode, "NOERROR");
  zone.set_pod("default", "b", {});
  EXPECT_EQ(ask(zone, name, kA).rcode, "NXDOMAIN");
  EXPECT_EQ(ask(zone, "10-36-0-1.kube-system.pod.cluster.local", kA).rcode, "NXDOMAIN");
  Zone none(config(PodsMode::kDisabled));
  none.set_synced();
  none.add_namespace("default");
  EXPECT_EQ(ask(none, name, kA).rcode, "NXDOMAIN");
}

TEST(Zone, ReadersSeeOldOrNewWhileItChanges) {
  Zone zone(config());
  zone.set_synced();
  for (int i = 0; i < 50; ++i) {
    zone.set_service(cluster_ip_service("default", fmt::format("s{}", i), {fmt::format("10.96.1.{}", i + 1)}, {}));
  }
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> wrong{0};
  std::atomic<uint64_t> asked{0};
  std::vector<std::thread> readers;
  for (uint64_t seed = 0; seed < 2; ++seed) {
    readers.emplace_back([&, seed] {
      RcuDomain::Reader reader(zone.rcu());
      Random random(seed);
      std::vector<uint8_t> buffer(1232);
      while (!stop.load()) {
        const auto query = make_query(fmt::format("s{}.default.svc.cluster.local", random.below(50)), kA);
        const RcuDomain::Guard guard(reader);
        const auto reply = zone.answer(query, random, buffer, buffer.size(), true);
        if (reply.rcode != Rcode::kNoError || buffer[7] != 1) ++wrong;
        ++asked;
      }
    });
  }
  for (int round = 0; round < 20'000 || asked.load() < 1000; ++round) {
    const int i = round % 50;
    zone.set_service(
        cluster_ip_service("default", fmt::format("s{}", i), {fmt::format("10.97.{}.{}", round % 250, i + 1)}, {}));
    if (round % 7 == 0) {
      zone.set_service(cluster_ip_service("default", "extra", {"10.98.0.1"}, {}));
      zone.remove_service("default", "extra");
    }
    zone.collect();
  }
  stop = true;
  for (auto& t : readers) t.join();
  EXPECT_EQ(wrong.load(), 0U);
  zone.collect();
  EXPECT_EQ(zone.rcu().retired(), 0U);
}

TEST(Zone, TenThousandServicesCostIsPrinted) {
  const auto used = [] { return mallinfo2().uordblks; };
  const size_t before = used();
  const auto start = std::chrono::steady_clock::now();
  Zone zone(config());
  for (int i = 0; i < 10'000; ++i) {
    const auto name = fmt::format("service-{}", i);
    const auto ns = fmt::format("namespace-{}", i % 100);
    if (i % 2 == 0) {
      zone.set_service(
          cluster_ip_service(ns, name, {fmt::format("10.96.{}.{}", i / 250, i % 250)}, {port("http", "TCP", 80)}));
    } else {
      zone.set_service(headless_service(ns, name));
    }
    std::vector<testing::TestEndpoint> endpoints;
    for (int e = 0; e < 15; ++e) endpoints.push_back({fmt::format("10.{}.{}.{}", 128 + e, i / 250, i % 250)});
    zone.set_slice(slice(ns, name + "-x", name, endpoints, {port("http", "TCP", 8080)}));
  }
  const auto took = std::chrono::steady_clock::now() - start;
  zone.collect();
  malloc_trim(0);
  std::cout << "10,000 Services, 150,000 endpoints: " << (used() - before) / 1024 << " KiB, built in "
            << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms\n";
  zone.set_synced();
  EXPECT_EQ(ask(zone, "service-9999.namespace-99.svc.cluster.local", kA).answer.size(), 15U);
}

TEST(Reverse, NamesAndAddressesAgree) {
  for (const char* text : {"10.96.0.10", "255.255.255.255", "0.0.0.0", "fd00:96::101", "2001:db8::ffff"}) {
    const auto address = *IpAddress::parse(text);
    const Name name = reverse_name(address);
    const auto back = parse_reverse(LabelList(name.wire()));
    ASSERT_TRUE(back) << name.to_string();
    EXPECT_EQ(*back, address);
  }
  for (const char* text : {"1.2.3.in-addr.arpa", "1.2.3.256.in-addr.arpa", "01.2.3.4.in-addr.arpa",
                           "1.2.3.4.5.in-addr.arpa", "x.ip6.arpa", "arpa"}) {
    const Name name = *Name::parse(text);
    EXPECT_FALSE(parse_reverse(LabelList(name.wire()))) << text;
  }
}

}  // namespace
}  // namespace fairlead::dns
