#include "proxy/planes/iptables/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/model/model.h"
#include "proxy/model/testing.h"
#include "proxy/planes/iptables/names.h"
#include "proxy/planes/iptables/ruleset.h"

namespace fairlead::proxy::iptables {
namespace {

using namespace proxy::testing;
using ::testing::HasSubstr;
using ::testing::Not;

RenderOptions options() {
  RenderOptions o;
  o.plane.detect_local = {.mode = DetectLocal::Mode::kCidr,
                          .cidrs = {*Cidr::parse("10.244.0.0/16"), *Cidr::parse("fd00:10:244::/56")}};
  o.plane.service_cidrs = {*Cidr::parse("10.96.0.0/12")};
  return o;
}

// The rules of every port, one a line: "nat KUBE-SVC-...: rule".
std::string text(const Model& model) {
  std::string out;
  for (const auto& [key, port] : model.table().ports) {
    const PortRules rules = render_port(*port, options());
    for (const SharedRule& r : rules.shared)
      out += fmt::format("{} {} {}\n", r.table == Table::kNat ? "nat" : "filter", r.chain, r.rule);
    for (const ChainRules& c : rules.chains)
      for (const std::string& r : c.rules) out += fmt::format("nat {} {}\n", c.chain, r);
  }
  return out;
}

std::string render(const api::Service& service, std::vector<api::SliceEndpoint> endpoints) {
  Model model({.node_name = "node1"});
  model.put(service);
  std::string protocol = service.spec.ports[0].protocol;
  if (!endpoints.empty())
    model.put(make_slice("s", service.metadata.name, std::move(endpoints), service.spec.ports[0].name, 80, protocol,
                         service.metadata.namespace_));
  (void)model.commit();
  return text(model);
}

api::Service svc1() {
  api::Service s = make_service("svc1", {"10.96.0.41"}, "ns1");
  add_port(s, "p80", 80);
  return s;
}

// The names that kube-proxy gives, as its own tests have them.
TEST(Names, AreThoseOfKubeProxy) {
  const PortKey key{"ns1", "svc1", "p80", Protocol::kTcp, IpFamily::kV4};
  EXPECT_EQ(svc_chain(key), "KUBE-SVC-XPGD46QRK7WJZT7O");
  EXPECT_EQ(sep_chain(key, {*IpAddress::parse("10.180.0.1"), 80}), "KUBE-SEP-SXIVWICOYRO3J4NJ");
  const PortKey two{"ns2", "svc2", "p80", Protocol::kTcp, IpFamily::kV4};
  EXPECT_EQ(ext_chain(two), "KUBE-EXT-GNZBNJ2PO5MGZ6GT");
  EXPECT_EQ(svl_chain(two), "KUBE-SVL-GNZBNJ2PO5MGZ6GT");
  EXPECT_EQ(fw_chain({"ns5", "svc5", "p80", Protocol::kTcp, IpFamily::kV4}), "KUBE-FW-NUKIZ6OKUXPJNT4C");
}

TEST(Render, ClusterIpSpreadsEvenly) {
  EXPECT_EQ(
      render(svc1(), {endpoint("10.180.0.1"), endpoint("10.180.0.2"), endpoint("10.180.0.3")}),
      R"(nat KUBE-SERVICES -d 10.96.0.41/32 -p tcp -m comment --comment "ns1/svc1:p80 cluster IP" -m tcp --dport 80 -j KUBE-SVC-XPGD46QRK7WJZT7O
filter KUBE-CLUSTER-IPS -d 10.96.0.41/32 -m comment --comment "ns1/svc1:p80 cluster IP, another port" -j KUBE-REFUSE
nat KUBE-SVC-XPGD46QRK7WJZT7O ! -s 10.244.0.0/16 -d 10.96.0.41/32 -p tcp -m comment --comment "ns1/svc1:p80 cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
nat KUBE-SVC-XPGD46QRK7WJZT7O -m comment --comment "ns1/svc1:p80 -> 10.180.0.1:80" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-SXIVWICOYRO3J4NJ
nat KUBE-SVC-XPGD46QRK7WJZT7O -m comment --comment "ns1/svc1:p80 -> 10.180.0.2:80" -m statistic --mode random --probability 0.50000000000 -j )" +
          sep_chain({"ns1", "svc1", "p80", Protocol::kTcp}, {*IpAddress::parse("10.180.0.2"), 80}) + R"(
nat KUBE-SVC-XPGD46QRK7WJZT7O -m comment --comment "ns1/svc1:p80 -> 10.180.0.3:80" -j )" +
          sep_chain({"ns1", "svc1", "p80", Protocol::kTcp}, {*IpAddress::parse("10.180.0.3"), 80}) + R"(
nat KUBE-SEP-SXIVWICOYRO3J4NJ -s 10.180.0.1/32 -m comment --comment "ns1/svc1:p80" -j KUBE-MARK-MASQ
nat KUBE-SEP-SXIVWICOYRO3J4NJ -p tcp -m comment --comment "ns1/svc1:p80" -m tcp -j DNAT --to-destination 10.180.0.1:80
nat )" + sep_chain({"ns1", "svc1", "p80", Protocol::kTcp}, {*IpAddress::parse("10.180.0.2"), 80}) +
          R"( -s 10.180.0.2/32 -m comment --comment "ns1/svc1:p80" -j KUBE-MARK-MASQ
nat )" + sep_chain({"ns1", "svc1", "p80", Protocol::kTcp}, {*IpAddress::parse("10.180.0.2"), 80}) +
          R"( -p tcp -m comment --comment "ns1/svc1:p80" -m tcp -j DNAT --to-destination 10.180.0.2:80
nat )" + sep_chain({"ns1", "svc1", "p80", Protocol::kTcp}, {*IpAddress::parse("10.180.0.3"), 80}) +
          R"( -s 10.180.0.3/32 -m comment --comment "ns1/svc1:p80" -j KUBE-MARK-MASQ
nat )" + sep_chain({"ns1", "svc1", "p80", Protocol::kTcp}, {*IpAddress::parse("10.180.0.3"), 80}) +
          R"( -p tcp -m comment --comment "ns1/svc1:p80" -m tcp -j DNAT --to-destination 10.180.0.3:80
)");
}

TEST(Render, NoEndpointsRefuses) {
  api::Service s = svc1();
  s.spec.ports[0].node_port = 30080;
  s.spec.external_ips = {"198.51.100.7"};
  EXPECT_EQ(
      render(s, {}),
      R"(filter KUBE-SERVICES -d 10.96.0.41/32 -p tcp -m comment --comment "ns1/svc1:p80 has no endpoints" -m tcp --dport 80 -j REJECT --reject-with tcp-reset
filter KUBE-CLUSTER-IPS -d 10.96.0.41/32 -m comment --comment "ns1/svc1:p80 cluster IP, another port" -j KUBE-REFUSE
filter KUBE-EXTERNAL-SERVICES -d 198.51.100.7/32 -p tcp -m comment --comment "ns1/svc1:p80 has no endpoints" -m tcp --dport 80 -j REJECT --reject-with tcp-reset
filter KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "ns1/svc1:p80 has no endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30080 -j REJECT --reject-with tcp-reset
)");
}

TEST(Render, LocalPolicyWithoutLocalEndpointDropsOutsidersOnly) {
  api::Service s = svc1();
  s.spec.ports[0].node_port = 30080;
  s.spec.external_traffic_policy = "Local";
  const std::string rules = render(s, {endpoint("10.180.0.1", "node2")});
  EXPECT_THAT(rules, HasSubstr("filter KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment \"ns1/svc1:p80 has no local "
                               "endpoints\" -m addrtype --dst-type LOCAL -m tcp --dport 30080 -j DROP\n"));
  EXPECT_THAT(rules, HasSubstr("nat KUBE-NODEPORTS -p tcp -m comment --comment \"ns1/svc1:p80\" -m tcp --dport 30080 "
                               "-j KUBE-EXT-XPGD46QRK7WJZT7O\n"));
  EXPECT_THAT(
      rules,
      HasSubstr(
          R"(nat KUBE-EXT-XPGD46QRK7WJZT7O -s 10.244.0.0/16 -m comment --comment "pod traffic for ns1/svc1:p80 external destinations" -j KUBE-SVC-XPGD46QRK7WJZT7O
nat KUBE-EXT-XPGD46QRK7WJZT7O -m comment --comment "masquerade LOCAL traffic for ns1/svc1:p80 external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
nat KUBE-EXT-XPGD46QRK7WJZT7O -m comment --comment "route LOCAL traffic for ns1/svc1:p80 external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-XPGD46QRK7WJZT7O
)"));
  EXPECT_THAT(rules, Not(HasSubstr("KUBE-SVL-")));
  EXPECT_THAT(render(s, {endpoint("10.180.0.1", "node1")}),
              HasSubstr("nat KUBE-EXT-XPGD46QRK7WJZT7O -j KUBE-SVL-XPGD46QRK7WJZT7O\n"));
}

TEST(Render, ExternalTrafficIsMasqueraded) {
  api::Service s = svc1();
  s.spec.ports[0].node_port = 30080;
  EXPECT_THAT(
      render(s, {endpoint("10.180.0.1")}),
      HasSubstr(
          R"(nat KUBE-EXT-XPGD46QRK7WJZT7O -m comment --comment "masquerade traffic for ns1/svc1:p80 external destinations" -j KUBE-MARK-MASQ
nat KUBE-EXT-XPGD46QRK7WJZT7O -j KUBE-SVC-XPGD46QRK7WJZT7O
)"));
}

TEST(Render, SourceRangesGoThroughTheFirewallChain) {
  api::Service s = svc1();
  s.spec.type = "LoadBalancer";
  s.spec.load_balancer_source_ranges = {"203.0.113.0/24"};
  add_ingress(s, "198.51.100.9");
  const std::string rules = render(s, {endpoint("10.180.0.1")});
  EXPECT_THAT(
      rules,
      HasSubstr(
          R"(nat KUBE-SERVICES -d 198.51.100.9/32 -p tcp -m comment --comment "ns1/svc1:p80 loadbalancer IP" -m tcp --dport 80 -j KUBE-FW-XPGD46QRK7WJZT7O
filter KUBE-PROXY-FIREWALL -d 198.51.100.9/32 -p tcp -m comment --comment "ns1/svc1:p80 traffic not accepted by KUBE-FW-XPGD46QRK7WJZT7O" -m tcp --dport 80 -j DROP
)"));
  EXPECT_THAT(
      rules,
      HasSubstr(
          R"(nat KUBE-FW-XPGD46QRK7WJZT7O -s 203.0.113.0/24 -m comment --comment "ns1/svc1:p80 loadbalancer IP" -j KUBE-EXT-XPGD46QRK7WJZT7O
nat KUBE-FW-XPGD46QRK7WJZT7O -s 198.51.100.9/32 -m comment --comment "ns1/svc1:p80 loadbalancer IP" -j KUBE-EXT-XPGD46QRK7WJZT7O
nat KUBE-FW-XPGD46QRK7WJZT7O -m comment --comment "other traffic to ns1/svc1:p80 will be dropped by KUBE-PROXY-FIREWALL"
)"));
}

TEST(Render, AffinityRemembersClients) {
  api::Service s = svc1();
  s.spec.session_affinity = "ClientIP";
  s.spec.session_affinity_config.emplace().client_ip.emplace().timeout_seconds = 60;
  const std::string rules = render(s, {endpoint("10.180.0.1")});
  EXPECT_THAT(
      rules,
      HasSubstr(
          R"(nat KUBE-SVC-XPGD46QRK7WJZT7O -m comment --comment "ns1/svc1:p80" -m recent --rcheck --seconds 60 --reap --name KUBE-SEP-SXIVWICOYRO3J4NJ --mask 255.255.255.255 --rsource -j KUBE-SEP-SXIVWICOYRO3J4NJ
)"));
  EXPECT_THAT(
      rules,
      HasSubstr(
          R"(nat KUBE-SEP-SXIVWICOYRO3J4NJ -p tcp -m comment --comment "ns1/svc1:p80" -m recent --set --name KUBE-SEP-SXIVWICOYRO3J4NJ --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.180.0.1:80
)"));
}

TEST(Render, SixLooksLikeFour) {
  api::Service s = make_service("svc1", {"fd00:10:96::41"}, "ns1");
  add_port(s, "p80", 80, 0, "UDP");
  const std::string rules = render(s, {endpoint("fd00:10:180::1")});
  EXPECT_THAT(rules, HasSubstr("! -s fd00:10:244::/56 -d fd00:10:96::41/128 -p udp"));
  EXPECT_THAT(rules, HasSubstr("-m udp -j DNAT --to-destination [fd00:10:180::1]:80\n"));
  EXPECT_THAT(render(s, {}), HasSubstr("-j REJECT --reject-with icmp6-port-unreachable\n"));
}

TEST(Render, ServiceRangeIsDroppedWhereItIsKnown) {
  const auto filter_services = [](IpFamily family) {
    std::string out;
    for (const auto& [table, chain] : render_static(family, options()).chains)
      if (table == Table::kFilter && (chain.chain == "KUBE-SERVICES" || chain.chain == "KUBE-CLUSTER-IPS"))
        for (const std::string& rule : chain.rules) out += chain.chain + " " + rule + "\n";
    return out;
  };
  EXPECT_EQ(filter_services(IpFamily::kV4),
            R"(KUBE-SERVICES -d 10.96.0.0/12 -m comment --comment "service range, not translated" -j KUBE-CLUSTER-IPS
KUBE-CLUSTER-IPS -m comment --comment "addresses of the service range that no Service has" -j DROP
)");
  EXPECT_EQ(filter_services(IpFamily::kV6),
            "KUBE-SERVICES -m comment --comment \"service range, not translated\" -j KUBE-CLUSTER-IPS\n");
}

}  // namespace
}  // namespace fairlead::proxy::iptables
