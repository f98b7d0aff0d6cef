#include "proxy/planes/iptables/ruleset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "proxy/model/model.h"
#include "proxy/model/testing.h"
#include "proxy/planes/iptables/names.h"

namespace fairlead::proxy::iptables {
namespace {

using namespace proxy::testing;
using ::testing::HasSubstr;
using ::testing::Not;

RenderOptions options() {
  RenderOptions o;
  o.plane.families = {IpFamily::kV4};
  return o;
}

std::string sep(const std::string& address) {
  return sep_chain({"default", "web", "http", Protocol::kTcp, IpFamily::kV4}, {*IpAddress::parse(address), 8080});
}
const std::string kSvc = svc_chain({"default", "web", "http", Protocol::kTcp, IpFamily::kV4});

// What iptables-save would print after `wanted` was restored.
std::string saved(const Wanted& w) {
  std::string out;
  constexpr std::array kNames = {"nat", "filter"};
  for (size_t t = 0; t < 2; ++t) {
    out += fmt::format(
        "# Generated\n*{}\n:PREROUTING ACCEPT [3:4]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
        ":FORWARD ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n",
        kNames[t]);
    for (const auto& [name, chain] : w.tables[t]) out += fmt::format(":{} - [0:0]\n", name);
    for (const auto& jump : w.jumps)
      if (static_cast<size_t>(jump.table) == t) out += fmt::format("-A {} {}\n", jump.chain, jump.rule);
    for (const auto& [name, chain] : w.tables[t])
      for (const std::string& rule : chain.rules) out += fmt::format("-A {} {}\n", name, rule);
    out += "COMMIT\n# Completed\n";
  }
  return out;
}

Found parse(const std::string& save) {
  Found found;
  const auto parsed = parse_save(save, found);
  check(parsed.has_value(), "save does not parse");
  return found;
}

Model two_endpoints() {
  Model model({.node_name = "node1"});
  model.put(web());
  model.put(make_slice("web-1", "web", {endpoint("10.244.1.2"), endpoint("10.244.1.3")}));
  (void)model.commit();
  return model;
}

TEST(Update, WritesOnlyTheChainsOfTheChangedService) {
  Model model = two_endpoints();
  model.put(make_slice("web-1", "web", {endpoint("10.244.1.2"), endpoint("10.244.1.4")}));
  const Update u = update(model.commit(), IpFamily::kV4, options());
  const std::string expected = fmt::format(
      R"(*nat
:{new} - [0:0]
:{svc} - [0:0]
:{gone} - [0:0]
-A {new} -s 10.244.1.4/32 -m comment --comment "default/web:http" -j KUBE-MARK-MASQ
-A {new} -p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.1.4:8080
-A {svc} -m comment --comment "default/web:http -> 10.244.1.2:8080" -m statistic --mode random --probability 0.50000000000 -j {kept}
-A {svc} -m comment --comment "default/web:http -> 10.244.1.4:8080" -j {new}
-X {gone}
COMMIT
)",
      fmt::arg("svc", kSvc), fmt::arg("kept", sep("10.244.1.2")), fmt::arg("gone", sep("10.244.1.3")),
      fmt::arg("new", sep("10.244.1.4")));
  std::vector<std::string> got;
  std::vector<std::string> want;
  std::string line;
  for (std::istringstream in(u.input); std::getline(in, line);) got.push_back(line);
  for (std::istringstream in(expected); std::getline(in, line);) want.push_back(line);
  std::ranges::sort(got);  // chains come in the order of their hashes
  std::ranges::sort(want);
  EXPECT_EQ(got, want);
  EXPECT_EQ(u.rules_gained[0], 0);
}

TEST(Update, LastEndpointGoneIsOneRefusalMore) {
  Model model = two_endpoints();
  model.put(make_slice("web-1", "web", {}));
  const Update u = update(model.commit(), IpFamily::kV4, options());
  EXPECT_THAT(u.input, HasSubstr(fmt::format("-D KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "
                                             "\"default/web:http cluster IP\" -m tcp --dport 80 -j {}\n",
                                             kSvc)));
  EXPECT_THAT(u.input, HasSubstr("-I KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment \"default/web:http has "
                                 "no endpoints\" -m tcp --dport 80 -j REJECT"));
  EXPECT_THAT(u.input, HasSubstr(fmt::format("-X {}\n", kSvc)));
  EXPECT_THAT(u.input, Not(HasSubstr("KUBE-CLUSTER-IPS")));
}

TEST(Update, ConcernsOneFamily) {
  Model model({.node_name = "node1"});
  model.put(web());
  model.put(make_slice("web-1", "web", {endpoint("10.244.1.2")}));
  EXPECT_EQ(update(model.commit(), IpFamily::kV6, options()).input, "");
}

TEST(Repair, NothingToDoWhenTheKernelAgrees) {
  Model model = two_endpoints();
  const Wanted w = wanted(model.table(), IpFamily::kV4, options());
  EXPECT_EQ(repair(parse(saved(w)), w), "");
}

TEST(Repair, OrderOfPortsInSharedChainsDoesNotMatter) {
  Model model = two_endpoints();
  model.put(web("10.96.0.11", 80, "other"));
  model.put(make_slice("other-1", "other", {endpoint("10.244.1.9")}));
  (void)model.commit();
  const Wanted w = wanted(model.table(), IpFamily::kV4, options());
  Wanted turned = w;
  Chain& services = turned.tables[0].find("KUBE-SERVICES")->second;
  ASSERT_EQ(services.unordered, 2U);
  std::swap(services.rules[0], services.rules[1]);
  EXPECT_EQ(repair(parse(saved(turned)), w), "");
  std::swap(services.rules[1], services.rules[2]);  // the node ports' rule is no longer the last
  EXPECT_THAT(repair(parse(saved(turned)), w), HasSubstr(":KUBE-SERVICES - [0:0]\n"));
}

TEST(Repair, RewritesWhatIsWrongAndRemovesWhatIsStale) {
  Model model = two_endpoints();
  const Wanted w = wanted(model.table(), IpFamily::kV4, options());
  Wanted damaged = w;
  damaged.tables[0].find(kSvc)->second.rules.pop_back();
  damaged.tables[0].erase("KUBE-MARK-MASQ");
  damaged.tables[0]["KUBE-SVC-AAAAAAAAAAAAAAAA"].rules = {"-j KUBE-SEP-AAAAAAAAAAAAAAAA"};
  damaged.tables[0]["KUBE-SEP-AAAAAAAAAAAAAAAA"].rules = {"-j RETURN"};
  damaged.tables[0]["SOMEBODY-ELSES"].rules = {"-j RETURN"};
  damaged.jumps.erase(damaged.jumps.begin());
  const std::string input = repair(parse(saved(damaged)), w);
  EXPECT_THAT(input, HasSubstr(":" + kSvc + " - [0:0]\n"));
  EXPECT_THAT(input, HasSubstr("-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n"));
  EXPECT_THAT(input, HasSubstr("-X KUBE-SEP-AAAAAAAAAAAAAAAA\n-X KUBE-SVC-AAAAAAAAAAAAAAAA\n"));
  EXPECT_THAT(input, HasSubstr("-I PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n"));
  EXPECT_THAT(input, Not(HasSubstr("SOMEBODY")));
  EXPECT_THAT(input, Not(HasSubstr(":KUBE-POSTROUTING")));
  EXPECT_THAT(input, Not(HasSubstr("*filter")));
}

TEST(Removal, LeavesOthersAlone) {
  Model model = two_endpoints();
  Wanted w = wanted(model.table(), IpFamily::kV4, options());
  w.tables[0]["SOMEBODY-ELSES"].rules = {"-j RETURN"};
  w.jumps.push_back({Table::kNat, "PREROUTING", "-j SOMEBODY-ELSES"});
  const std::string input = removal(parse(saved(w)));
  EXPECT_THAT(input, HasSubstr("-D PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n"));
  EXPECT_THAT(input, HasSubstr("-X " + kSvc + "\n"));
  EXPECT_THAT(input, HasSubstr("-X KUBE-PROXY-CANARY\n"));
  EXPECT_THAT(input, Not(HasSubstr("SOMEBODY")));
}

TEST(ParseSave, RefusesWhatItDoesNotKnow) {
  Found found;
  EXPECT_FALSE(parse_save("*nat\n-A NOWHERE -j RETURN\nCOMMIT\n", found).has_value());
  EXPECT_FALSE(parse_save("*nat\nwhat is this\nCOMMIT\n", found).has_value());
  EXPECT_TRUE(parse_save("", found).has_value());
}

}  // namespace
}  // namespace fairlead::proxy::iptables
