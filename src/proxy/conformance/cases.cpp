// The conformance table: what Services mean, as a client sees it. Independent of the plane; see rig.h.
#include <set>

#include "proxy/conformance/rig.h"

namespace fairlead::proxy::conformance {
namespace {

using testing::web;

constexpr uint16_t kNodePort = 30080;
const std::string kVip = "10.96.0.10";

Endpoint at(std::string_view address, uint16_t port) { return {*IpAddress::parse(address), port}; }
const Endpoint kWeb = at("10.96.0.10", 80);

void expect_answer(const Answer& a, const std::string& from) {
  EXPECT_EQ(a.kind, Answer::Kind::kAnswer) << a.to_string();
  EXPECT_EQ(a.from, from) << a.to_string();
}
void expect_refused(const Answer& a) { EXPECT_EQ(a.kind, Answer::Kind::kRefused) << a.to_string(); }
void expect_silence(const Answer& a) { EXPECT_EQ(a.kind, Answer::Kind::kTimeout) << a.to_string(); }

// How many of `n` connections each pod answered.
std::map<std::string, int> ask_often(int netns, const Endpoint& to, int n) {
  std::map<std::string, int> by_pod;
  for (int i = 0; i < n; ++i) {
    const Answer a = tcp_ask(netns, to);
    ++by_pod[a.kind == Answer::Kind::kAnswer ? a.from : a.to_string()];
  }
  return by_pod;
}

// With 60 tries over three pods each gets 20; fewer than 4 happens once in ten million runs.
void expect_spread(const std::map<std::string, int>& by_pod, const std::set<std::string>& pods) {
  std::set<std::string> answered;
  for (const auto& [pod, count] : by_pod) {
    answered.insert(pod);
    EXPECT_GE(count, 4) << pod;
  }
  EXPECT_EQ(answered, pods);
}

void serve(Rig& rig, const api::Service& service, const std::vector<std::string>& pods) {
  rig.model.put(service);
  rig.model.put(Rig::slice(rig.lab, service.metadata.name, pods, service.spec.ports[0].protocol));
  rig.sync();
}
void change(Rig& rig, const std::vector<std::string>& pods, const std::string& protocol = "TCP") {
  rig.model.put(Rig::slice(rig.lab, "web", pods, protocol));
  rig.sync();
}

api::Service node_port_service(const std::string& policy) {
  api::Service s = web();
  s.spec.type = "NodePort";
  s.spec.ports[0].node_port = kNodePort;
  s.spec.external_traffic_policy = policy;
  return s;
}
api::Service udp_service(uint16_t node_port = 0) {
  api::Service s = testing::make_service("web", {kVip});
  testing::add_port(s, "http", 53, node_port, "UDP");
  return s;
}
const Endpoint kUdp = at("10.96.0.10", 53);

// ---- ClusterIP

void cluster_ip_spreads(Rig& rig) {
  serve(rig, web(), {"0", "1", "2r"});
  expect_spread(ask_often(rig.lab.client(), kWeb, 60), {"a", "b", "c"});
}

void cluster_ip_from_the_node(Rig& rig) {
  serve(rig, web(), {"0", "1"});
  expect_spread(ask_often(rig.lab.node(), kWeb, 40), {"a", "b"});
}

void cluster_ip_from_a_pod_keeps_its_address(Rig& rig) {
  serve(rig, web(), {"0"});
  const Answer a = tcp_ask(rig.lab.pod(1), kWeb);
  expect_answer(a, "a");
  EXPECT_EQ(a.saw_peer, rig.lab.pod_ip(1).to_string());
}

void cluster_ip_from_outside_is_masqueraded(Rig& rig) {
  serve(rig, web(), {"0"});
  const Answer a = tcp_ask(rig.lab.client(), kWeb);
  expect_answer(a, "a");
  EXPECT_NE(a.saw_peer, rig.lab.client_ip().to_string());
}

void a_pod_reaches_itself(Rig& rig) {
  serve(rig, web(), {"0"});
  expect_answer(tcp_ask(rig.lab.pod(0), kWeb), "a");
}

void several_services_do_not_mix(Rig& rig) {
  rig.model.put(web());
  rig.model.put(web("10.96.0.11", 80, "other"));
  rig.model.put(Rig::slice(rig.lab, "web", {"0"}));
  rig.model.put(Rig::slice(rig.lab, "other", {"1"}));
  rig.sync();
  expect_answer(tcp_ask(rig.lab.client(), kWeb), "a");
  expect_answer(tcp_ask(rig.lab.client(), at("10.96.0.11", 80)), "b");
}

void internal_policy_local(Rig& rig) {
  api::Service s = web();
  s.spec.internal_traffic_policy = "Local";
  serve(rig, s, {"0", "1r", "2r"});
  EXPECT_EQ(ask_often(rig.lab.pod(2), kWeb, 20), (std::map<std::string, int>{{"a", 20}}));
  change(rig, {"1r"});
  expect_silence(tcp_ask(rig.lab.pod(2), kWeb, kSilence));
}

// ---- nothing there

void no_endpoints_refuses_at_once(Rig& rig) {
  serve(rig, node_port_service("Cluster"), {});
  for (const int netns : {rig.lab.client(), rig.lab.node(), rig.lab.pod(0)}) expect_refused(tcp_ask(netns, kWeb));
  for (const int netns : {rig.lab.client(), rig.lab.node()})
    expect_refused(tcp_ask(netns, {rig.lab.node_ip(), kNodePort}));
}

// The kernel limits ICMP errors to about one a second and client: a refusal that relies on them is not at once for
// long.
void no_endpoints_refuses_every_time(Rig& rig) {
  serve(rig, web(), {});
  for (const int netns : {rig.lab.client(), rig.lab.pod(0)})
    EXPECT_EQ(ask_often(netns, kWeb, 20), (std::map<std::string, int>{{"refused", 20}}));
}

void no_endpoints_refuses_udp(Rig& rig) {
  serve(rig, udp_service(), {});
  expect_refused(udp_ask(rig.lab.pod(0), kUdp));
}

void wrong_port_is_refused(Rig& rig) {
  serve(rig, web(), {"0"});
  for (const int netns : {rig.lab.client(), rig.lab.node(), rig.lab.pod(0)})
    expect_refused(tcp_ask(netns, at(kVip, 81)));
}

void unallocated_address_is_dropped(Rig& rig) {
  serve(rig, web(), {"0"});
  expect_silence(tcp_ask(rig.lab.client(), at("10.96.0.99", 80), kSilence));
}

void a_virtual_address_does_not_answer_ping(Rig& rig) {
  serve(rig, web(), {"0"});
  EXPECT_TRUE(ping(rig.lab.client(), rig.lab.pod_ip(0), kPatience));
  EXPECT_FALSE(ping(rig.lab.client(), *IpAddress::parse(kVip)));
}

// ---- changes

void a_removed_endpoint_gets_nothing_more(Rig& rig) {
  serve(rig, web(), {"0", "1", "2"});
  change(rig, {"0", "2"});
  expect_spread(ask_often(rig.lab.client(), kWeb, 60), {"a", "c"});
}

void an_added_endpoint_gets_its_share(Rig& rig) {
  serve(rig, web(), {"0"});
  change(rig, {"0", "1", "2"});
  expect_spread(ask_often(rig.lab.client(), kWeb, 60), {"a", "b", "c"});
}

void endpoints_come_and_go(Rig& rig) {
  serve(rig, web(), {});
  expect_refused(tcp_ask(rig.lab.client(), kWeb));
  change(rig, {"1"});
  expect_answer(tcp_ask(rig.lab.client(), kWeb), "b");
  change(rig, {});
  expect_refused(tcp_ask(rig.lab.client(), kWeb));
  change(rig, {"2"});
  expect_answer(tcp_ask(rig.lab.client(), kWeb), "c");
}

void endpoints_that_are_not_ready_get_nothing(Rig& rig) {
  serve(rig, web(), {"0", "1n"});
  EXPECT_EQ(ask_often(rig.lab.client(), kWeb, 20), (std::map<std::string, int>{{"a", 20}}));
}

void terminating_endpoints_serve_when_no_other_does(Rig& rig) {
  serve(rig, web(), {"0d", "1"});
  EXPECT_EQ(ask_often(rig.lab.client(), kWeb, 20), (std::map<std::string, int>{{"b", 20}}));
  change(rig, {"0d", "1n"});
  expect_answer(tcp_ask(rig.lab.client(), kWeb), "a");
}

void a_changed_port_moves(Rig& rig) {
  serve(rig, web(), {"0"});
  rig.model.put(web(kVip, 81));
  rig.sync();
  expect_answer(tcp_ask(rig.lab.client(), at(kVip, 81)), "a");
  expect_refused(tcp_ask(rig.lab.client(), kWeb));
}

void a_changed_address_moves(Rig& rig) {
  serve(rig, web(), {"0"});
  rig.model.put(web("10.96.0.20"));
  rig.sync();
  expect_answer(tcp_ask(rig.lab.client(), at("10.96.0.20", 80)), "a");
  expect_silence(tcp_ask(rig.lab.client(), kWeb, kSilence));
}

void a_deleted_service_is_gone(Rig& rig) {
  serve(rig, node_port_service("Cluster"), {"0"});
  expect_answer(tcp_ask(rig.lab.client(), kWeb), "a");
  rig.model.remove_service("default", "web");
  rig.sync();
  expect_silence(tcp_ask(rig.lab.client(), kWeb, kSilence));
  expect_refused(tcp_ask(rig.lab.client(), {rig.lab.node_ip(), kNodePort}));  // the node's own: nobody listens
}

void a_restart_changes_nothing(Rig& rig) {
  serve(rig, node_port_service("Cluster"), {"0", "1"});
  rig.restart();
  expect_spread(ask_often(rig.lab.client(), kWeb, 40), {"a", "b"});
  change(rig, {"2"});
  expect_answer(tcp_ask(rig.lab.client(), kWeb), "c");
}

void a_restart_removes_what_went_meanwhile(Rig& rig) {
  rig.model.put(web());
  rig.model.put(web("10.96.0.11", 80, "other"));
  rig.model.put(Rig::slice(rig.lab, "web", {"0"}));
  rig.model.put(Rig::slice(rig.lab, "other", {"1"}));
  rig.sync();
  rig.model.remove_service("default", "other");
  rig.model.put(Rig::slice(rig.lab, "web", {"2"}));
  rig.restart();
  expect_answer(tcp_ask(rig.lab.client(), kWeb), "c");
  expect_silence(tcp_ask(rig.lab.client(), at("10.96.0.11", 80), kSilence));
}

void cleanup_leaves_nothing(Rig& rig) {
  serve(rig, node_port_service("Cluster"), {"0"});
  const auto cleaned = rig.cleanup();
  ASSERT_TRUE(cleaned.has_value()) << cleaned.error().message;
  expect_silence(tcp_ask(rig.lab.node(), kWeb, kSilence));
  expect_refused(tcp_ask(rig.lab.client(), {rig.lab.node_ip(), kNodePort}));
}

// ---- node ports, external IPs, load balancers

void node_port_from_outside_is_masqueraded(Rig& rig) {
  serve(rig, node_port_service("Cluster"), {"0", "1", "2r"});
  const Endpoint port{rig.lab.node_ip(), kNodePort};
  expect_spread(ask_often(rig.lab.client(), port, 60), {"a", "b", "c"});
  EXPECT_NE(tcp_ask(rig.lab.client(), port).saw_peer, rig.lab.client_ip().to_string());
}

void node_port_from_the_node_and_from_pods(Rig& rig) {
  serve(rig, node_port_service("Cluster"), {"0"});
  for (const int netns : {rig.lab.node(), rig.lab.pod(0), rig.lab.pod(1)})
    expect_answer(tcp_ask(netns, {rig.lab.node_ip(), kNodePort}), "a");
}

void node_port_on_localhost(Rig& rig) {
  serve(rig, node_port_service("Cluster"), {"0"});
  expect_answer(tcp_ask(rig.lab.node(), at("127.0.0.1", kNodePort)), "a");
}

void external_policy_local_keeps_the_clients_address(Rig& rig) {
  serve(rig, node_port_service("Local"), {"0", "1r"});
  const Endpoint port{rig.lab.node_ip(), kNodePort};
  EXPECT_EQ(ask_often(rig.lab.client(), port, 20), (std::map<std::string, int>{{"a", 20}}));
  EXPECT_EQ(tcp_ask(rig.lab.client(), port).saw_peer, rig.lab.client_ip().to_string());
}

void external_policy_local_without_a_local_endpoint_drops(Rig& rig) {
  serve(rig, node_port_service("Local"), {"0r", "1r"});
  const Endpoint port{rig.lab.node_ip(), kNodePort};
  expect_silence(tcp_ask(rig.lab.client(), port, kSilence));
  // Clients of the cluster reach every endpoint all the same.
  expect_spread(ask_often(rig.lab.pod(2), port, 40), {"a", "b"});
  expect_spread(ask_often(rig.lab.node(), port, 40), {"a", "b"});
  EXPECT_EQ(tcp_ask(rig.lab.pod(2), port).saw_peer, rig.lab.pod_ip(2).to_string());
}

void external_policy_local_from_a_pod_of_another_node(Rig& rig) {
  serve(rig, node_port_service("Local"), {"0", "1r"});
  const Endpoint port{rig.lab.node_ip(), kNodePort};
  const auto ask = [&] { return tcp_ask_from(rig.lab.client(), rig.lab.remote_pod_ip(), port); };
  Answer a = ask();
  expect_answer(a, "a");
  EXPECT_EQ(a.saw_peer, rig.lab.remote_pod_ip().to_string());
  // Without a local endpoint it reaches another, through this node, so that the answer finds its way back.
  change(rig, {"1r"});
  a = ask();
  expect_answer(a, "b");
  EXPECT_NE(a.saw_peer, rig.lab.remote_pod_ip().to_string());
}

void external_ip(Rig& rig) {
  api::Service s = web();
  s.spec.external_ips = {"198.51.100.7"};
  serve(rig, s, {"0"});
  const Answer a = tcp_ask(rig.lab.client(), at("198.51.100.7", 80));
  expect_answer(a, "a");
  EXPECT_NE(a.saw_peer, rig.lab.client_ip().to_string());
  change(rig, {});
  for (const int netns : {rig.lab.client(), rig.lab.node()}) expect_refused(tcp_ask(netns, at("198.51.100.7", 80)));
}

void load_balancer_source_ranges(Rig& rig) {
  api::Service s = web();
  s.spec.type = "LoadBalancer";
  testing::add_ingress(s, "198.51.100.9");
  s.spec.load_balancer_source_ranges = {"192.0.2.0/24"};
  serve(rig, s, {"0"});
  const Endpoint balancer = at("198.51.100.9", 80);
  expect_answer(tcp_ask(rig.lab.client(), balancer), "a");
  expect_silence(tcp_ask(rig.lab.pod(1), balancer, kSilence));
  s.spec.load_balancer_source_ranges = {"203.0.113.0/24"};
  rig.model.put(s);
  rig.sync();
  expect_silence(tcp_ask(rig.lab.client(), balancer, kSilence));
  expect_answer(tcp_ask(rig.lab.client(), kWeb), "a");  // the ClusterIP is not restricted
}

// ---- affinity

void affinity_sticks_to_one_pod(Rig& rig) {
  api::Service s = web();
  s.spec.session_affinity = "ClientIP";
  serve(rig, s, {"0", "1", "2"});
  const std::string first = tcp_ask(rig.lab.client(), kWeb).from;
  EXPECT_EQ(ask_often(rig.lab.client(), kWeb, 20), (std::map<std::string, int>{{first, 20}}));
  // It moves on when that pod is gone, and stays with the next.
  std::vector<std::string> others;
  for (int i = 0; i < kPods; ++i)
    if (Lab::pod_name(i) != first) others.push_back(std::to_string(i));
  change(rig, others);
  const std::string second = tcp_ask(rig.lab.client(), kWeb).from;
  EXPECT_NE(second, first);
  EXPECT_EQ(ask_often(rig.lab.client(), kWeb, 20), (std::map<std::string, int>{{second, 20}}));
}

void affinity_outlives_changes_of_others(Rig& rig) {
  api::Service s = web();
  s.spec.session_affinity = "ClientIP";
  serve(rig, s, {"0", "1"});
  const std::string first = tcp_ask(rig.lab.client(), kWeb).from;
  change(rig, {"0", "1", "2"});
  EXPECT_EQ(ask_often(rig.lab.client(), kWeb, 20), (std::map<std::string, int>{{first, 20}}));
}

// ---- UDP

void udp_is_answered(Rig& rig) {
  serve(rig, udp_service(30053), {"0"});
  for (const int netns : {rig.lab.client(), rig.lab.node(), rig.lab.pod(0), rig.lab.pod(1)})
    expect_answer(udp_ask(netns, kUdp), "a");
  expect_answer(udp_ask(rig.lab.client(), {rig.lab.node_ip(), 30053}), "a");
}

void a_udp_flow_leaves_a_removed_endpoint(Rig& rig) {
  serve(rig, udp_service(30053), {"0"});
  for (const Endpoint& to : {kUdp, Endpoint{rig.lab.node_ip(), 30053}}) {
    change(rig, {"0"}, "UDP");
    auto flow = UdpClient::open(rig.lab.client(), to);
    ASSERT_TRUE(flow.has_value()) << flow.error().message;
    expect_answer(flow->ask(), "a");
    change(rig, {"1"}, "UDP");
    expect_answer(flow->ask(), "b");
  }
}

void a_udp_flow_stays_with_a_draining_endpoint(Rig& rig) {
  serve(rig, udp_service(), {"0"});
  auto flow = UdpClient::open(rig.lab.client(), kUdp);
  ASSERT_TRUE(flow.has_value()) << flow.error().message;
  expect_answer(flow->ask(), "a");
  change(rig, {"0d", "1"}, "UDP");
  expect_answer(flow->ask(), "a");
  expect_answer(udp_ask(rig.lab.client(), kUdp), "b");
  change(rig, {"1"}, "UDP");
  expect_answer(flow->ask(), "b");
}

void a_udp_flow_is_refused_after_the_last_endpoint(Rig& rig) {
  serve(rig, udp_service(), {"0"});
  auto flow = UdpClient::open(rig.lab.pod(1), kUdp);
  ASSERT_TRUE(flow.has_value()) << flow.error().message;
  expect_answer(flow->ask(), "a");
  change(rig, {}, "UDP");
  expect_refused(flow->ask());
  change(rig, {"2"}, "UDP");
  expect_answer(flow->ask(), "c");
}

void a_udp_flow_that_came_too_early_finds_the_service(Rig& rig) {
  serve(rig, web(), {"0"});
  // Nothing translates it yet: it reaches the node itself, where nobody listens.
  auto flow = UdpClient::open(rig.lab.client(), {rig.lab.node_ip(), 30053});
  ASSERT_TRUE(flow.has_value()) << flow.error().message;
  expect_refused(flow->ask());
  rig.model.put(udp_service(30053));
  rig.model.put(Rig::slice(rig.lab, "web", {"1"}, "UDP"));
  rig.sync();
  expect_answer(flow->ask(), "b");
}

// ---- IPv6

void six(Rig& rig) {
  api::Service s = testing::make_service("web", {kVip, "fd00:10:96::a"});
  testing::add_port(s, "http", 80, kNodePort);
  rig.model.put(s);
  rig.model.put(Rig::slice(rig.lab, "web", {"0"}));
  rig.model.put(Rig::slice(rig.lab, "web", {"1", "2"}, "TCP", IpFamily::kV6));
  rig.sync();
  const Endpoint vip = at("fd00:10:96::a", 80);
  expect_spread(ask_often(rig.lab.client(), vip, 40), {"b", "c"});
  expect_spread(ask_often(rig.lab.node(), vip, 40), {"b", "c"});
  expect_spread(ask_often(rig.lab.client(), {rig.lab.node_ip(IpFamily::kV6), kNodePort}, 40), {"b", "c"});
  EXPECT_EQ(tcp_ask(rig.lab.pod(0), vip).saw_peer, rig.lab.pod_ip(0, IpFamily::kV6).to_string());
  expect_answer(tcp_ask(rig.lab.client(), kWeb), "a");
  expect_refused(tcp_ask(rig.lab.client(), at("fd00:10:96::a", 81)));
  rig.model.put(Rig::slice(rig.lab, "web", {}, "TCP", IpFamily::kV6));
  rig.sync();
  expect_refused(tcp_ask(rig.lab.client(), vip));
  expect_answer(tcp_ask(rig.lab.client(), kWeb), "a");
}

void six_udp_flow_leaves_a_removed_endpoint(Rig& rig) {
  api::Service s = testing::make_service("web", {"fd00:10:96::a"});
  testing::add_port(s, "http", 53, 0, "UDP");
  rig.model.put(s);
  rig.model.put(Rig::slice(rig.lab, "web", {"0"}, "UDP", IpFamily::kV6));
  rig.sync();
  auto flow = UdpClient::open(rig.lab.client(), at("fd00:10:96::a", 53));
  ASSERT_TRUE(flow.has_value()) << flow.error().message;
  expect_answer(flow->ask(), "a");
  rig.model.put(Rig::slice(rig.lab, "web", {"1"}, "UDP", IpFamily::kV6));
  rig.sync();
  expect_answer(flow->ask(), "b");
}

}  // namespace

const std::vector<Case>& cases() {
  static const std::vector<Case> table = {
      {"ClusterIpSpreads", cluster_ip_spreads},
      {"ClusterIpFromTheNode", cluster_ip_from_the_node},
      {"ClusterIpFromAPodKeepsItsAddress", cluster_ip_from_a_pod_keeps_its_address},
      {"ClusterIpFromOutsideIsMasqueraded", cluster_ip_from_outside_is_masqueraded},
      {"APodReachesItself", a_pod_reaches_itself},
      {"SeveralServicesDoNotMix", several_services_do_not_mix},
      {"InternalPolicyLocal", internal_policy_local},
      {"NoEndpointsRefusesAtOnce", no_endpoints_refuses_at_once},
      {"NoEndpointsRefusesEveryTime", no_endpoints_refuses_every_time},
      {"NoEndpointsRefusesUdp", no_endpoints_refuses_udp},
      {"WrongPortIsRefused", wrong_port_is_refused, &Capabilities::wrong_port_reject},
      {"UnallocatedAddressIsDropped", unallocated_address_is_dropped, &Capabilities::wrong_port_reject},
      {"AVirtualAddressDoesNotAnswerPing", a_virtual_address_does_not_answer_ping},
      {"ARemovedEndpointGetsNothingMore", a_removed_endpoint_gets_nothing_more},
      {"AnAddedEndpointGetsItsShare", an_added_endpoint_gets_its_share},
      {"EndpointsComeAndGo", endpoints_come_and_go},
      {"EndpointsThatAreNotReadyGetNothing", endpoints_that_are_not_ready_get_nothing},
      {"TerminatingEndpointsServeWhenNoOtherDoes", terminating_endpoints_serve_when_no_other_does},
      {"AChangedPortMoves", a_changed_port_moves},
      {"AChangedAddressMoves", a_changed_address_moves},
      {"ADeletedServiceIsGone", a_deleted_service_is_gone},
      {"ARestartChangesNothing", a_restart_changes_nothing},
      {"ARestartRemovesWhatWentMeanwhile", a_restart_removes_what_went_meanwhile},
      {"CleanupLeavesNothing", cleanup_leaves_nothing},
      {"NodePortFromOutsideIsMasqueraded", node_port_from_outside_is_masqueraded},
      {"NodePortFromTheNodeAndFromPods", node_port_from_the_node_and_from_pods},
      {"NodePortOnLocalhost", node_port_on_localhost},
      {"ExternalPolicyLocalKeepsTheClientsAddress", external_policy_local_keeps_the_clients_address},
      {"ExternalPolicyLocalWithoutALocalEndpointDrops", external_policy_local_without_a_local_endpoint_drops},
      {"ExternalPolicyLocalFromAPodOfAnotherNode", external_policy_local_from_a_pod_of_another_node},
      {"ExternalIp", external_ip},
      {"LoadBalancerSourceRanges", load_balancer_source_ranges, &Capabilities::source_ranges},
      {"AffinitySticksToOnePod", affinity_sticks_to_one_pod, &Capabilities::affinity},
      {"AffinityOutlivesChangesOfOthers", affinity_outlives_changes_of_others, &Capabilities::affinity},
      {"UdpIsAnswered", udp_is_answered},
      {"AUdpFlowLeavesARemovedEndpoint", a_udp_flow_leaves_a_removed_endpoint},
      {"AUdpFlowStaysWithADrainingEndpoint", a_udp_flow_stays_with_a_draining_endpoint},
      {"AUdpFlowIsRefusedAfterTheLastEndpoint", a_udp_flow_is_refused_after_the_last_endpoint},
      {"AUdpFlowThatCameTooEarlyFindsTheService", a_udp_flow_that_came_too_early_finds_the_service},
      {"Six", six},
      {"SixUdpFlowLeavesARemovedEndpoint", six_udp_flow_leaves_a_removed_endpoint},
  };
  return table;
}

}  // namespace fairlead::proxy::conformance
