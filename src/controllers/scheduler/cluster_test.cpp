#include "controllers/scheduler/cluster.h"

#include <gtest/gtest.h>

namespace fairlead::controllers {
namespace {

NodePtr node(const std::string& name, std::string cpu = "4", std::string pods = "110") {
  auto n = std::make_shared<api::Node>();
  n->metadata.name = name;
  n->metadata.labels["kubernetes.io/hostname"] = name;
  n->status.allocatable = {{"cpu", {std::move(cpu)}}, {"memory", {"8Gi"}}, {"pods", {std::move(pods)}}};
  n->status.conditions.push_back({.type = "Ready", .status = "True"});
  return n;
}

api::Pod pod(std::string name, std::string owner = "", std::string cpu = "") {
  api::Pod p;
  p.metadata.name = std::move(name);
  p.metadata.namespace_ = "default";
  p.metadata.labels["app"] = "web";
  if (!owner.empty()) p.metadata.owner_references.push_back({.uid = std::move(owner), .controller = true});
  p.spec.containers.emplace_back();
  if (!cpu.empty()) p.spec.containers[0].resources.requests["cpu"] = {std::move(cpu)};
  return p;
}

class SchedulerClusterTest : public testing::Test {
 protected:
  std::string place(const api::Pod& p) {
    const auto choice = cluster.choose(p);
    if (!choice.node.empty()) cluster.set_pod("default/" + p.metadata.name, std::make_shared<api::Pod>(p), choice.node);
    return choice.node;
  }
  SchedulerCluster cluster;
};

TEST_F(SchedulerClusterTest, SpreadsThePodsOfOneOwnerOverTheNodes) {
  for (const char* name : {"node1", "node2", "node3"}) cluster.set_node(node(name));
  place(pod("other"));
  std::set<std::string> used;
  for (int i = 0; i < 3; ++i) used.insert(place(pod("web-" + std::to_string(i), "rs1")));
  EXPECT_EQ(used.size(), 3U);
}

TEST_F(SchedulerClusterTest, CountsRequestsAndSaysWhatIsShort) {
  cluster.set_node(node("node1", "1"));
  cluster.set_node(node("node2", "1"));
  EXPECT_FALSE(place(pod("a", "", "800m")).empty());
  EXPECT_FALSE(place(pod("b", "", "800m")).empty());
  const auto choice = cluster.choose(pod("c", "", "300m"));
  EXPECT_EQ(choice.node, "");
  EXPECT_EQ(choice.message(cluster.nodes()), "0/2 nodes are available: 2 Insufficient cpu.");
  cluster.remove_pod("default/a");
  EXPECT_FALSE(cluster.choose(pod("c", "", "300m")).node.empty());
}

TEST_F(SchedulerClusterTest, RespectsTaintsCordonsAndReadiness) {
  auto tainted = std::make_shared<api::Node>(*node("node1"));
  tainted->spec.taints.push_back({"dedicated", "gpu", "NoSchedule", {}});
  auto cordoned = std::make_shared<api::Node>(*node("node2"));
  cordoned->spec.unschedulable = true;
  auto unready = std::make_shared<api::Node>(*node("node3"));
  unready->status.conditions[0].status = "Unknown";
  for (const auto& n : {tainted, cordoned, unready}) cluster.set_node(n);
  auto p = pod("p");
  EXPECT_EQ(
      cluster.choose(p).message(3),
      "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 1 node(s) had untolerated taint "
      "{node.kubernetes.io/not-ready: }, 1 node(s) were unschedulable.");
  p.spec.tolerations.push_back({.key = "dedicated", .operator_ = "Equal", .value = "gpu", .effect = "NoSchedule"});
  EXPECT_EQ(cluster.choose(p).node, "node1");
}

TEST_F(SchedulerClusterTest, RespectsNodeSelectorsAndAffinity) {
  cluster.set_node(node("node1"));
  cluster.set_node(node("node2"));
  auto p = pod("p");
  p.spec.node_selector["kubernetes.io/hostname"] = "node2";
  EXPECT_EQ(cluster.choose(p).node, "node2");
  p.spec.node_selector.clear();
  auto& terms = p.spec.affinity.emplace()
                    .node_affinity.emplace()
                    .required_during_scheduling_ignored_during_execution.emplace()
                    .node_selector_terms;
  terms.push_back({.match_expressions = {{"kubernetes.io/hostname", "NotIn", {"node1"}}}});
  EXPECT_EQ(cluster.choose(p).node, "node2");
  terms[0].match_expressions[0].operator_ = "DoesNotExist";
  EXPECT_EQ(cluster.choose(p).message(2),
            "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.");
}

TEST_F(SchedulerClusterTest, KeepsHostPortsAndAntiAffinityApart) {
  cluster.set_node(node("node1"));
  cluster.set_node(node("node2"));
  auto p = pod("p");
  p.spec.containers[0].ports.push_back({.host_port = 80, .container_port = 80, .protocol = "TCP"});
  const auto first = place(p);
  p.metadata.name = "q";
  EXPECT_NE(place(p), first);
  p.metadata.name = "r";
  EXPECT_EQ(place(p), "");

  auto apart = pod("apart");
  auto& term = apart.spec.affinity.emplace()
                   .pod_anti_affinity.emplace()
                   .required_during_scheduling_ignored_during_execution.emplace_back();
  term.label_selector.emplace().match_labels["app"] = "web";
  term.topology_key = "kubernetes.io/hostname";
  EXPECT_EQ(place(apart), "");  // both nodes have an app=web pod
}

TEST_F(SchedulerClusterTest, KeepsTheSkewOfSpreadConstraints) {
  cluster.set_node(node("node1"));
  cluster.set_node(node("node2", "4", "1"));
  auto p = pod("p");
  auto& c = p.spec.topology_spread_constraints.emplace_back();
  c.max_skew = 1;
  c.topology_key = "kubernetes.io/hostname";
  c.when_unsatisfiable = "DoNotSchedule";
  c.label_selector.emplace().match_labels["app"] = "web";
  for (const char* name : {"a", "b", "c"}) {
    p.metadata.name = name;
    EXPECT_NE(place(p), "") << name;
  }
  p.metadata.name = "d";  // node1 has two, node2 one and no room
  EXPECT_EQ(place(p), "");
}

TEST_F(SchedulerClusterTest, WaitsForAsManyDomainsAsTheConstraintNames) {
  cluster.set_node(node("node1"));
  auto p = pod("a");
  auto& c = p.spec.topology_spread_constraints.emplace_back();
  c.max_skew = 1;
  c.min_domains = 2;
  c.topology_key = "kubernetes.io/hostname";
  c.when_unsatisfiable = "DoNotSchedule";
  c.label_selector.emplace().match_labels["app"] = "web";
  EXPECT_EQ(place(p), "node1");
  p.metadata.name = "b";
  EXPECT_EQ(place(p), "") << "a second domain is still to come";
  cluster.set_node(node("node2"));
  EXPECT_EQ(place(p), "node2");
}

TEST_F(SchedulerClusterTest, ForgetsRemovedNodes) {
  cluster.set_node(node("node1"));
  place(pod("a"));
  cluster.remove_node("node1");
  EXPECT_EQ(cluster.nodes(), 0U);
  EXPECT_EQ(cluster.choose(pod("b")).message(0), "no nodes available to schedule pods");
  cluster.remove_pod("default/a");
}

TEST(PodRequests, TakesTheLargerOfInitAndRunning) {
  api::PodSpec spec;
  spec.containers.resize(2);
  spec.containers[0].resources.requests["cpu"] = {"100m"};
  spec.containers[1].resources.requests["cpu"] = {"200m"};
  spec.init_containers.resize(1);
  spec.init_containers[0].resources.requests["cpu"] = {"1"};
  EXPECT_EQ(pod_requests(spec).at("cpu"), 1000);
  spec.init_containers[0].restart_policy = "Always";
  EXPECT_EQ(pod_requests(spec).at("cpu"), 1300);
}

}  // namespace
}  // namespace fairlead::controllers
