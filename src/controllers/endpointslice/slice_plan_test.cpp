#include "controllers/endpointslice/slice_plan.h"

#include <gtest/gtest.h>

namespace fairlead::controllers {
namespace {

using PodPtr = std::shared_ptr<const api::Pod>;

api::Service web() {
  api::Service s;
  s.metadata.name = "web";
  s.metadata.namespace_ = "default";
  s.metadata.uid = "svc";
  s.spec.selector["app"] = "web";
  s.spec.cluster_ip = "10.96.0.7";
  s.spec.ip_families = {"IPv4"};
  s.spec.ports.push_back({.name = "http", .protocol = "TCP", .port = 80, .target_port = api::IntOrString("http")});
  return s;
}

api::Pod pod(int i, bool ready = true) {
  api::Pod p;
  p.metadata.name = "web-" + std::to_string(i);
  p.metadata.namespace_ = "default";
  p.metadata.uid = "uid-" + std::to_string(i);
  p.spec.node_name = "node1";
  auto& c = p.spec.containers.emplace_back();
  c.ports.push_back({.name = "http", .container_port = 8080, .protocol = "TCP"});
  p.status.phase = "Running";
  p.status.pod_ip = "10.244." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1);
  p.status.conditions.push_back({.type = "Ready", .status = ready ? "True" : "False"});
  return p;
}

std::vector<PodPtr> pods(int count) {
  std::vector<PodPtr> out;
  for (int i = 0; i < count; ++i) out.push_back(std::make_shared<api::Pod>(pod(i)));
  return out;
}

std::string no_zone(const std::string&) { return ""; }

// What the API holds after the plan was carried out.
std::vector<SlicePtr> carry_out(const SlicePlan& plan, const std::vector<SlicePtr>& existing) {
  std::map<std::string, SlicePtr> by_name;
  for (const auto& s : existing) by_name[s->metadata.name] = s;
  for (const auto& s : plan.update) by_name[s.metadata.name] = std::make_shared<api::EndpointSlice>(s);
  for (const auto& s : plan.remove) by_name.erase(s->metadata.name);
  int n = static_cast<int>(by_name.size());
  for (auto s : plan.create) {
    do s.metadata.name = s.metadata.generate_name + std::to_string(n++);
    while (by_name.contains(s.metadata.name));
    by_name[s.metadata.name] = std::make_shared<api::EndpointSlice>(s);
  }
  std::vector<SlicePtr> out;
  for (const auto& [name, s] : by_name) out.push_back(s);
  return out;
}

size_t addresses(const std::vector<SlicePtr>& slices) {
  size_t n = 0;
  for (const auto& s : slices) n += s->endpoints.size();
  return n;
}

TEST(SlicePlan, EndpointsStandInTheOrderOfTheirAddresses) {
  auto list = pods(12);
  std::swap(list[1], list[10]);
  const auto order = [](const api::EndpointSlice& slice) {
    std::vector<std::string> out;
    for (const auto& e : slice.endpoints) out.push_back(e.addresses.at(0));
    return out;
  };
  const auto plan = plan_slices(web(), list, {}, no_zone);
  ASSERT_EQ(plan.create.size(), 1U);
  const auto made = order(plan.create[0]);
  ASSERT_EQ(made.size(), 12U);
  EXPECT_EQ(made[1], "10.244.0.2");
  EXPECT_EQ(made[10], "10.244.0.11");
}

TEST(SlicePlan, MakesASliceWithLabelsOwnerAndPortsByName) {
  const auto plan = plan_slices(web(), pods(3), {}, [](const std::string&) { return std::string("zone-a"); });
  ASSERT_EQ(plan.create.size(), 1U);
  const auto& s = plan.create[0];
  EXPECT_EQ(s.metadata.generate_name, "web-");
  EXPECT_EQ(s.metadata.labels.at("kubernetes.io/service-name"), "web");
  EXPECT_EQ(s.metadata.owner_references.at(0).uid, "svc");
  EXPECT_EQ(s.address_type, "IPv4");
  EXPECT_EQ(s.ports.at(0).port, 8080);
  ASSERT_EQ(s.endpoints.size(), 3U);
  EXPECT_EQ(s.endpoints[0].addresses, std::vector<std::string>{"10.244.0.1"});
  EXPECT_EQ(s.endpoints[0].conditions.ready, true);
  EXPECT_EQ(s.endpoints[0].node_name, "node1");
  EXPECT_EQ(s.endpoints[0].zone, "zone-a");
  EXPECT_EQ(s.endpoints[0].target_ref->name, "web-0");
}

TEST(SlicePlan, IsEmptyWhenNothingChanged) {
  const auto first = carry_out(plan_slices(web(), pods(250), {}, no_zone), {});
  EXPECT_EQ(first.size(), 3U);
  EXPECT_TRUE(plan_slices(web(), pods(250), first, no_zone).empty());
}

TEST(SlicePlan, ChangesOneSliceForOnePod) {
  const auto first = carry_out(plan_slices(web(), pods(250), {}, no_zone), {});
  auto some = pods(250);
  some.erase(some.begin() + 7);
  const auto plan = plan_slices(web(), some, first, no_zone);
  EXPECT_EQ(plan.update.size(), 1U);
  EXPECT_TRUE(plan.create.empty());
  EXPECT_TRUE(plan.remove.empty());
  some.push_back(std::make_shared<api::Pod>(pod(999)));
  const auto swap = plan_slices(web(), some, first, no_zone);
  EXPECT_EQ(swap.update.size(), 1U);  // the new one goes where one has left
  EXPECT_TRUE(swap.create.empty());
  EXPECT_EQ(addresses(carry_out(swap, first)), 250U);
}

TEST(SlicePlan, SaysWhatIsReadyServingAndTerminating) {
  auto unready = pod(1, false);
  auto leaving = pod(2);
  leaving.metadata.deletion_timestamp.at = WallTime{};
  auto done = pod(3);
  done.status.phase = "Succeeded";
  auto nameless = pod(4);
  nameless.status.pod_ip.clear();
  std::vector<PodPtr> all;
  for (const auto& p : {unready, leaving, done, nameless}) all.push_back(std::make_shared<api::Pod>(p));
  auto service = web();
  auto plan = plan_slices(service, all, {}, no_zone);
  ASSERT_EQ(plan.create.at(0).endpoints.size(), 2U);
  const auto& e = plan.create[0].endpoints;
  EXPECT_EQ(e[0].conditions, (api::EndpointConditions{false, false, false}));
  EXPECT_EQ(e[1].conditions, (api::EndpointConditions{false, true, true}));
  service.spec.publish_not_ready_addresses = true;
  plan = plan_slices(service, all, {}, no_zone);
  EXPECT_EQ(plan.create[0].endpoints[0].conditions.ready, true);
}

TEST(SlicePlan, SeparatesPodsWhosePortsDiffer) {
  auto other = pod(1);
  other.spec.containers[0].ports[0].container_port = 9090;
  auto without = pod(2);
  without.spec.containers[0].ports.clear();
  const auto plan = plan_slices(
      web(),
      {std::make_shared<api::Pod>(pod(0)), std::make_shared<api::Pod>(other), std::make_shared<api::Pod>(without)}, {},
      no_zone);
  EXPECT_EQ(plan.create.size(), 3U);
}

TEST(SlicePlan, KeepsOneEmptySliceWhenNoPodIsLeft) {
  const auto first = carry_out(plan_slices(web(), pods(150), {}, no_zone), {});
  ASSERT_EQ(first.size(), 2U);
  const auto plan = plan_slices(web(), {}, first, no_zone);
  EXPECT_EQ(plan.update.size(), 1U);
  EXPECT_EQ(plan.remove.size(), 1U);
  const auto second = carry_out(plan, first);
  EXPECT_EQ(addresses(second), 0U);
  EXPECT_TRUE(plan_slices(web(), {}, second, no_zone).empty());
  EXPECT_EQ(plan_slices(web(), {}, {}, no_zone).create.size(), 1U);
}

TEST(SlicePlan, HasASliceForEachFamily) {
  auto service = web();
  service.spec.ip_families = {"IPv4", "IPv6"};
  auto p = pod(0);
  p.status.pod_ips.resize(2);
  p.status.pod_ips[0].ip = "10.244.0.1";
  p.status.pod_ips[1].ip = "fd00::1";
  const auto plan = plan_slices(service, {std::make_shared<api::Pod>(p)}, {}, no_zone);
  ASSERT_EQ(plan.create.size(), 2U);
  EXPECT_EQ(plan.create[1].address_type, "IPv6");
  EXPECT_EQ(plan.create[1].endpoints[0].addresses[0], "fd00::1");
}

TEST(SlicePlan, CarriesWeights) {
  auto p = pod(0);
  p.metadata.annotations["fairlead.io/weight"] = "5";
  auto q = pod(1);
  q.metadata.annotations["fairlead.io/weight"] = "heavy";
  const auto plan = plan_slices(web(), {std::make_shared<api::Pod>(p), std::make_shared<api::Pod>(q)}, {}, no_zone);
  EXPECT_EQ(plan.create[0].metadata.annotations.at("fairlead.io/weights"), "10.244.0.1=5");
}

}  // namespace
}  // namespace fairlead::controllers
