#include "proxy/model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/model/testing.h"

namespace fairlead::proxy {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

Model make_model() { return Model({.node_name = "node1"}); }

PortKey key_of(std::string name, std::string port = "http", Protocol protocol = Protocol::kTcp,
               IpFamily family = IpFamily::kV4) {
  return {"default", std::move(name), std::move(port), protocol, family};
}

const ServicePort& get(const Model& model, const PortKey& key) {
  const auto at = model.table().ports.find(key);
  check(at != model.table().ports.end(), "no such port: " + key.to_string());
  return *at->second;
}

std::vector<std::string> chosen(const ServicePort& port, BackendSet set = BackendSet::kCluster) {
  std::vector<std::string> out;
  for (const uint32_t i : port.chosen(set)) out.push_back(port.backends[i].endpoint().to_string());
  return out;
}

// "ClusterIP 10.96.0.10:80 forward forward" and so on.
std::vector<std::string> describe(const ServicePort& port) {
  constexpr std::array kKinds = {"ClusterIP", "ExternalIP", "LoadBalancer", "NodePort"};
  constexpr std::array kVerdicts = {"forward", "reject", "drop"};
  std::vector<std::string> out;
  for (const Frontend& f : port.frontends)
    out.push_back(
        fmt::format("{} {} {} {}{}", kKinds[static_cast<size_t>(f.kind)],
                    f.address.is_unspecified() ? std::to_string(f.port) : Endpoint{f.address, f.port}.to_string(),
                    kVerdicts[static_cast<size_t>(f.inside)], kVerdicts[static_cast<size_t>(f.outside)],
                    f.restricted ? " restricted" : ""));
  return out;
}

TEST(Model, JoinsSlicesByPortNameAndProtocol) {
  Model model = make_model();
  api::Service s = make_service("dns", {"10.96.0.10"});
  add_port(s, "dns", 53, 0, "UDP");
  add_port(s, "dns-tcp", 53, 0, "TCP");
  model.put(s);
  api::EndpointSlice one = make_slice("dns-1", "dns", {endpoint("10.244.1.2")}, "dns", 5353, "UDP");
  api::EndpointSlicePort tcp;
  tcp.name = "dns-tcp";
  tcp.port = 5354;
  one.ports.push_back(tcp);
  model.put(one);
  model.put(make_slice("dns-2", "dns", {endpoint("10.244.2.2")}, "dns", 5355, "UDP"));
  model.put(make_slice("dns-3", "dns", {endpoint("10.244.3.2")}, "dns", 5353, "TCP"));  // another protocol
  const Delta delta = model.commit();
  EXPECT_THAT(delta.changes, SizeIs(2));
  EXPECT_THAT(chosen(get(model, key_of("dns", "dns", Protocol::kUdp))),
              ElementsAre("10.244.1.2:5353", "10.244.2.2:5355"));
  EXPECT_THAT(chosen(get(model, key_of("dns", "dns-tcp"))), ElementsAre("10.244.1.2:5354"));
}

TEST(Model, ASliceChangesItsServiceOnly) {
  Model model = make_model();
  for (int i = 0; i < 50; ++i) {
    const std::string name = fmt::format("web{}", i);
    model.put(web(fmt::format("10.96.1.{}", i), 80, name));
    model.put(make_slice(name + "-x", name, {endpoint("10.244.1.2")}));
  }
  EXPECT_THAT(model.commit().changes, SizeIs(50));
  model.put(make_slice("web7-x", "web7", {endpoint("10.244.1.2"), endpoint("10.244.1.3")}));
  const Delta delta = model.commit();
  ASSERT_THAT(delta.changes, SizeIs(1));
  EXPECT_EQ(delta.changes[0].key.to_string(), "default/web7:http");
  EXPECT_THAT(chosen(*delta.changes[0].before), ElementsAre("10.244.1.2:8080"));
  EXPECT_THAT(chosen(*delta.changes[0].after), ElementsAre("10.244.1.2:8080", "10.244.1.3:8080"));
}

TEST(Model, ObjectsThatMeanTheSameChangeNothing) {
  Model model = make_model();
  model.put(web());
  model.put(make_slice("web-1", "web", {endpoint("10.244.1.2"), endpoint("10.244.1.3")}));
  (void)model.commit();
  api::Service relabelled = web();
  relabelled.metadata.labels["x"] = "y";
  model.put(relabelled);
  model.put(make_slice("web-1", "web", {endpoint("10.244.1.2"), endpoint("10.244.1.3")}));
  EXPECT_FALSE(model.dirty());
  // The same endpoints in another order, or in two slices, are the same Service.
  model.put(make_slice("web-1", "web", {endpoint("10.244.1.3")}));
  model.put(make_slice("web-2", "web", {endpoint("10.244.1.2")}));
  EXPECT_THAT(model.commit().changes, IsEmpty());
}

TEST(Model, ConditionsThatAreAbsentMeanReady) {
  Model model = make_model();
  model.put(web());
  api::SliceEndpoint plain;
  plain.addresses = {"10.244.1.2"};
  model.put(make_slice("web-1", "web", {plain}));
  (void)model.commit();
  EXPECT_THAT(chosen(get(model, key_of("web"))), ElementsAre("10.244.1.2:8080"));
}

TEST(Model, AnEndpointInTwoSlicesCountsOnceByItsBestCondition) {
  Model model = make_model();
  model.put(web());
  model.put(make_slice("web-1", "web", {endpoint("10.244.1.2", "", false, false)}));
  model.put(make_slice("web-2", "web", {endpoint("10.244.1.2")}));
  (void)model.commit();
  EXPECT_THAT(get(model, key_of("web")).backends, SizeIs(1));
  EXPECT_THAT(chosen(get(model, key_of("web"))), ElementsAre("10.244.1.2:8080"));
}

TEST(Model, VerdictsFollowPolicyAndEndpoints) {
  struct Case {
    const char* name;
    std::vector<api::SliceEndpoint> endpoints;
    std::string internal;
    std::string external;
    std::vector<std::string> frontends;
  };
  const std::vector<Case> cases = {
      {"nothing serves",
       {},
       "Cluster",
       "Cluster",
       {"ClusterIP 10.96.0.10:80 reject reject", "NodePort 30080 reject reject"}},
      {"local policies, nothing serves anywhere",
       {endpoint("10.244.2.2", "node2", false, false)},
       "Local",
       "Local",
       {"ClusterIP 10.96.0.10:80 reject reject", "NodePort 30080 reject reject"}},
      {"local policies, endpoints elsewhere",
       {endpoint("10.244.2.2", "node2")},
       "Local",
       "Local",
       {"ClusterIP 10.96.0.10:80 drop drop", "NodePort 30080 forward drop"}},
      {"local policies, an endpoint here",
       {endpoint("10.244.1.2", "node1"), endpoint("10.244.2.2", "node2")},
       "Local",
       "Local",
       {"ClusterIP 10.96.0.10:80 forward forward", "NodePort 30080 forward forward"}},
      {"internal policy does not touch node ports",
       {endpoint("10.244.2.2", "node2")},
       "Local",
       "Cluster",
       {"ClusterIP 10.96.0.10:80 drop drop", "NodePort 30080 forward forward"}},
      {"only terminating ones",
       {draining("10.244.1.2", "node1")},
       "Cluster",
       "Local",
       {"ClusterIP 10.96.0.10:80 forward forward", "NodePort 30080 forward forward"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Model model = make_model();
    api::Service s = web();
    s.spec.type = "NodePort";
    s.spec.ports[0].node_port = 30080;
    s.spec.internal_traffic_policy = c.internal;
    s.spec.external_traffic_policy = c.external;
    model.put(s);
    model.put(make_slice("web-1", "web", c.endpoints));
    (void)model.commit();
    EXPECT_EQ(describe(get(model, key_of("web"))), c.frontends);
  }
}

TEST(Model, MasqueradeAndListsFollowTheFrontend) {
  Model model = make_model();
  api::Service s = web();
  s.spec.ports[0].node_port = 30080;
  s.spec.external_traffic_policy = "Local";
  model.put(s);
  model.put(make_slice("web-1", "web", {endpoint("10.244.1.2", "node1"), endpoint("10.244.2.2", "node2")}));
  (void)model.commit();
  const ServicePort& port = get(model, key_of("web"));
  EXPECT_EQ(port.frontends[0].masquerade, Masquerade::kOffCluster);
  EXPECT_EQ(port.frontends[1].masquerade, Masquerade::kNodeItself);
  EXPECT_EQ(port.frontends[1].inside_set, BackendSet::kCluster);
  EXPECT_EQ(port.frontends[1].outside_set, BackendSet::kLocal);
  EXPECT_THAT(chosen(port, BackendSet::kLocal), ElementsAre("10.244.1.2:8080"));
  EXPECT_THAT(chosen(port), ElementsAre("10.244.1.2:8080", "10.244.2.2:8080"));
}

TEST(Model, LoadBalancerAndExternalAddresses) {
  Model model = make_model();
  api::Service s = web();
  s.spec.type = "LoadBalancer";
  s.spec.external_ips = {"198.51.100.7", "203.0.113.5"};
  s.spec.load_balancer_source_ranges = {"192.0.2.0/24", " 198.51.100.0/24 "};
  add_ingress(s, "203.0.113.5");
  add_ingress(s, "203.0.113.6", "Proxy");
  add_ingress(s, "203.0.113.7", "VIP");
  model.put(s);
  model.put(make_slice("web-1", "web", {endpoint("10.244.1.2")}));
  EXPECT_THAT(model.commit().problems, IsEmpty());
  const ServicePort& port = get(model, key_of("web"));
  EXPECT_THAT(describe(port), ElementsAre("ClusterIP 10.96.0.10:80 forward forward",
                                          "LoadBalancer 203.0.113.5:80 forward forward restricted",
                                          "LoadBalancer 203.0.113.7:80 forward forward restricted",
                                          "ExternalIP 198.51.100.7:80 forward forward"));
  EXPECT_THAT(port.source_ranges, ElementsAre(*Cidr::parse("192.0.2.0/24"), *Cidr::parse("198.51.100.0/24")));
}

TEST(Model, SkipsWhatIsNotOurs) {
  Model model = make_model();
  api::Service headless = web("None", 80, "headless");
  api::Service external = web("10.96.0.11", 80, "external");
  external.spec.type = "ExternalName";
  api::Service other = web("10.96.0.12", 80, "other");
  other.metadata.labels["service.kubernetes.io/service-proxy-name"] = "cilium";
  api::Service labelled = web("10.96.0.13", 80, "labelled");
  labelled.metadata.labels["service.kubernetes.io/headless"] = "";
  for (const api::Service& s : {headless, external, other, labelled}) model.put(s);
  EXPECT_THAT(model.commit().changes, IsEmpty());
  // A label that appears later takes the Service away from us.
  model.put(web());
  EXPECT_THAT(model.commit().changes, SizeIs(1));
  api::Service taken = web();
  taken.metadata.labels["service.kubernetes.io/service-proxy-name"] = "cilium";
  model.put(taken);
  const Delta delta = model.commit();
  ASSERT_THAT(delta.changes, SizeIs(1));
  EXPECT_EQ(delta.changes[0].after, nullptr);
  EXPECT_THAT(model.table().ports, IsEmpty());
}

TEST(Model, FamiliesStandSideBySide) {
  Model model = make_model();
  api::Service s = make_service("web", {"10.96.0.10", "fd00:10:96::a"});
  add_port(s, "http", 80);
  model.put(s);
  model.put(make_slice("web-4", "web", {endpoint("10.244.1.2")}));
  model.put(make_slice("web-6", "web", {endpoint("fd00:10:244::2")}));
  (void)model.commit();
  EXPECT_THAT(chosen(get(model, key_of("web"))), ElementsAre("10.244.1.2:8080"));
  EXPECT_THAT(chosen(get(model, key_of("web", "http", Protocol::kTcp, IpFamily::kV6))),
              ElementsAre("[fd00:10:244::2]:8080"));
  Model four({.node_name = "node1", .families = {IpFamily::kV4}});
  four.put(s);
  EXPECT_THAT(four.commit().changes, SizeIs(1));
}

TEST(Model, BadObjectsAreReportedAndTheRestIsProgrammed) {
  Model model = make_model();
  api::Service s = web();
  add_port(s, "odd", 70000);
  add_port(s, "other", 81, 0, "QUIC");
  s.spec.external_ips = {"not-an-ip", "198.51.100.7"};
  model.put(s);
  api::EndpointSlice slice = make_slice("web-1", "web", {endpoint("10.244.1.2"), endpoint("010.1.1.1")});
  slice.endpoints.push_back(endpoint("fd00::1"));
  slice.endpoints.emplace_back();
  model.put(slice);
  const Delta delta = model.commit();
  EXPECT_THAT(describe(get(model, key_of("web"))),
              ElementsAre("ClusterIP 10.96.0.10:80 forward forward", "ExternalIP 198.51.100.7:80 forward forward"));
  EXPECT_THAT(chosen(get(model, key_of("web"))), ElementsAre("10.244.1.2:8080"));
  std::vector<std::string> fields;
  for (const Problem& p : delta.problems) fields.push_back(p.object + " " + p.field);
  EXPECT_THAT(fields, UnorderedElementsAre("default/web spec.ports[1].port", "default/web spec.ports[2].protocol",
                                           "default/web spec.externalIPs[0]", "default/web-1 endpoints[1].addresses[0]",
                                           "default/web-1 endpoints[2].addresses[0]",
                                           "default/web-1 endpoints[3].addresses[0]"));
  // The same problem is told once.
  slice.endpoints.push_back(endpoint("10.244.1.9"));
  model.put(slice);
  EXPECT_THAT(model.commit().problems, IsEmpty());
  model.remove_service("default", "web");
  model.remove_slice("default", "web-1");
  (void)model.commit();
  EXPECT_THAT(model.problems(), IsEmpty());
}

TEST(Model, AnAddressBelongsToTheOlderService) {
  for (const bool young_first : {false, true}) {
    Model model = make_model();
    api::Service old_one = web("10.96.0.10", 80, "old");
    old_one.metadata.creation_timestamp.at = WallTime(std::chrono::seconds(100));
    old_one.spec.external_ips = {"198.51.100.7"};
    api::Service young = web("10.96.0.11", 80, "young");
    young.metadata.creation_timestamp.at = WallTime(std::chrono::seconds(200));
    young.spec.external_ips = {"198.51.100.7"};
    model.put(young_first ? young : old_one);
    (void)model.commit();
    model.put(young_first ? old_one : young);
    const Delta delta = model.commit();
    EXPECT_THAT(describe(get(model, key_of("old"))), SizeIs(2));
    EXPECT_THAT(describe(get(model, key_of("young"))), SizeIs(1));
    ASSERT_THAT(delta.problems, SizeIs(1));
    EXPECT_EQ(delta.problems[0].object, "default/young");
    EXPECT_THAT(delta.problems[0].message, HasSubstr("198.51.100.7:80/TCP belongs to the older Service default/old"));
    model.remove_service("default", "old");
    (void)model.commit();
    EXPECT_THAT(describe(get(model, key_of("young"))), SizeIs(2));
    EXPECT_THAT(model.problems(), IsEmpty());
  }
}

TEST(Model, SlicesMayArriveBeforeTheirServiceAndStayAfterIt) {
  Model model = make_model();
  model.put(make_slice("web-1", "web", {endpoint("10.244.1.2")}));
  EXPECT_TRUE(model.commit().empty());
  model.put(web());
  EXPECT_THAT(model.commit().changes, SizeIs(1));
  EXPECT_THAT(chosen(get(model, key_of("web"))), SizeIs(1));
  model.remove_service("default", "web");
  EXPECT_THAT(model.commit().changes, SizeIs(1));
  model.put(web());
  (void)model.commit();
  EXPECT_THAT(chosen(get(model, key_of("web"))), SizeIs(1));
}

TEST(Model, ASliceThatMovesToAnotherServiceLeavesTheFirst) {
  Model model = make_model();
  model.put(web("10.96.0.10", 80, "a"));
  model.put(web("10.96.0.11", 80, "b"));
  model.put(make_slice("x", "a", {endpoint("10.244.1.2")}));
  (void)model.commit();
  model.put(make_slice("x", "b", {endpoint("10.244.1.2")}));
  EXPECT_THAT(model.commit().changes, SizeIs(2));
  EXPECT_THAT(chosen(get(model, key_of("a"))), IsEmpty());
  EXPECT_THAT(chosen(get(model, key_of("b"))), SizeIs(1));
}

TEST(Model, HintsFollowTheNodesZone) {
  Model model = make_model();
  model.put(web());
  api::SliceEndpoint a = endpoint("10.244.1.2");
  a.hints.emplace().for_zones = {{"zone-a"}};
  api::SliceEndpoint b = endpoint("10.244.2.2");
  b.hints.emplace().for_zones = {{"zone-b"}};
  model.put(make_slice("web-1", "web", {a, b}));
  (void)model.commit();
  EXPECT_THAT(chosen(get(model, key_of("web"))), SizeIs(2));
  model.set_node({.name = "node1", .zone = "zone-b"});
  const Delta delta = model.commit();
  EXPECT_TRUE(delta.node_changed);
  EXPECT_THAT(chosen(get(model, key_of("web"))), ElementsAre("10.244.2.2:8080"));
}

TEST(Model, HealthChecksCountReadyPodsOfThisNode) {
  Model model = make_model();
  api::Service s = web();
  s.spec.type = "LoadBalancer";
  s.spec.external_traffic_policy = "Local";
  s.spec.health_check_node_port = 32000;
  add_port(s, "admin", 9000);
  model.put(s);
  api::EndpointSlice slice =
      make_slice("web-1", "web",
                 {endpoint("10.244.1.2", "node1"), endpoint("10.244.2.2", "node2"), draining("10.244.1.3", "node1")});
  api::EndpointSlicePort admin;
  admin.name = "admin";
  admin.port = 9000;
  slice.ports.push_back(admin);
  model.put(slice);
  Delta delta = model.commit();
  ASSERT_THAT(delta.health, SizeIs(1));
  EXPECT_EQ(delta.health[0].after, (HealthCheck{32000, 1}));
  s.spec.external_traffic_policy = "Cluster";
  model.put(s);
  delta = model.commit();
  ASSERT_THAT(delta.health, SizeIs(1));
  EXPECT_EQ(delta.health[0].after, std::nullopt);
}

TEST(Model, AffinityTimeoutAndWeights) {
  Model model = make_model();
  api::Service s = web();
  s.spec.session_affinity = "ClientIP";
  model.put(s);
  api::EndpointSlice slice = make_slice("web-1", "web", {endpoint("10.244.1.2"), endpoint("10.244.1.3")});
  slice.metadata.annotations["fairlead.io/weights"] = "10.244.1.2=5, 10.244.1.3=x";
  model.put(slice);
  const Delta delta = model.commit();
  EXPECT_EQ(get(model, key_of("web")).affinity_seconds, 10800U);
  EXPECT_EQ(get(model, key_of("web")).backends[0].weight, 5);
  EXPECT_EQ(get(model, key_of("web")).backends[1].weight, 1);
  EXPECT_THAT(delta.problems, SizeIs(1));
  s.spec.session_affinity_config.emplace().client_ip.emplace().timeout_seconds = 30;
  model.put(s);
  (void)model.commit();
  EXPECT_EQ(get(model, key_of("web")).affinity_seconds, 30U);
}

TEST(ServicePort, ServesWhatTerminatesAndStillServes) {
  Model model = make_model();
  model.put(web());
  model.put(
      make_slice("web-1", "web",
                 {endpoint("10.244.1.2"), draining("10.244.1.3"), endpoint("10.244.1.4", "", false, false, true)}));
  (void)model.commit();
  const ServicePort& port = get(model, key_of("web"));
  EXPECT_TRUE(port.serves({*IpAddress::parse("10.244.1.2"), 8080}));
  EXPECT_TRUE(port.serves({*IpAddress::parse("10.244.1.3"), 8080}));
  EXPECT_FALSE(port.serves({*IpAddress::parse("10.244.1.4"), 8080}));
  EXPECT_FALSE(port.serves({*IpAddress::parse("10.244.1.2"), 8081}));
}

}  // namespace
}  // namespace fairlead::proxy
