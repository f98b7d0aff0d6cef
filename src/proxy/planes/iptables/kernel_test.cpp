// The iptables plane against the kernel's own view of it, in a namespace of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "net/netns.h"
#include "net/process.h"
#include "proxy/model/model.h"
#include "proxy/model/testing.h"
#include "proxy/planes/iptables/iptables.h"
#include "proxy/planes/iptables/ruleset.h"

namespace fairlead::proxy::iptables {
namespace {

using namespace proxy::testing;
using ::testing::HasSubstr;
using ::testing::Not;

class Kernel : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    auto netns = net::create_anonymous_netns();
    if (!netns) GTEST_SKIP() << "needs root and network namespaces: " << netns.error().message;
    netns_ = std::move(*netns);
    options_.netns_fd = netns_.get();
    options_.detect_local = {.mode = DetectLocal::Mode::kCidr,
                             .cidrs = {*Cidr::parse("10.244.0.0/16"), *Cidr::parse("fd00:10:244::/56")}};
    options_.service_cidrs = {*Cidr::parse("10.96.0.0/12")};
    options_.set_route_localnet = true;
    plane_ = std::make_unique<IptablesPlane>(loop_, options_, GetParam());
    const Probe probe = rt::run(loop_, plane_->probe());
    if (!probe.usable) GTEST_SKIP() << "iptables cannot run here: " << probe.reason;
  }

  std::string sh(const std::string& tool, std::vector<std::string> arguments, std::string input = {}) {
    net::SpawnOptions spawn;
    spawn.argv = {program(GetParam(), IpFamily::kV4, tool)};
    spawn.argv.insert(spawn.argv.end(), arguments.begin(), arguments.end());
    spawn.netns_fd = netns_.get();
    auto out = rt::run(loop_, net::run_ok(loop_, std::move(spawn), std::move(input)));
    EXPECT_TRUE(out.has_value()) << out.error().message;
    return out ? *out : "";
  }
  Found found(IpFamily family) {
    Found f;
    for (const char* table : {"nat", "filter"}) {
      net::SpawnOptions spawn;
      spawn.argv = {program(GetParam(), family, "save"), "-t", table};
      spawn.netns_fd = netns_.get();
      const auto out = rt::run(loop_, net::run_ok(loop_, std::move(spawn)));
      EXPECT_TRUE(out && parse_save(*out, f));
    }
    return f;
  }
  // What a full sync would still have to do.
  std::string left_to_do() {
    const RenderOptions render{.plane = options_, .localhost_node_ports = true, .drop_invalid = true};
    std::string input;
    for (const IpFamily family : options_.families)
      input += repair(found(family), wanted(model_.table(), family, render));
    return input;
  }
  void full() { expect_ok(rt::run(loop_, plane_->sync_full(model_.table()))); }
  void delta() {
    const Delta d = model_.commit();
    expect_ok(rt::run(loop_, plane_->apply(d)));
  }
  static void expect_ok(const Result<>& r) { ASSERT_TRUE(r.has_value()) << r.error().message; }
  bool intact() {
    const auto is = rt::run(loop_, plane_->intact());
    return is && *is;
  }

  Fd netns_;
  rt::Loop loop_;
  PlaneOptions options_;
  Model model_{{.node_name = "node1"}};
  std::unique_ptr<IptablesPlane> plane_;
};

// A Service of every shape, chosen by the generator.
api::Service any_service(int i, std::mt19937& random) {
  const auto one_in = [&](unsigned n) { return random() % n == 0; };
  api::Service s = make_service(fmt::format("svc{}", i), {fmt::format("10.96.0.{}", 10 + i)});
  if (one_in(2)) s.spec.cluster_ips.push_back(fmt::format("fd00:10:96::{:x}", 10 + i));
  s.spec.type = one_in(2) ? "LoadBalancer" : "ClusterIP";
  const std::string protocol = one_in(4) ? "UDP" : one_in(8) ? "SCTP" : "TCP";
  add_port(s, "http", 80, one_in(2) ? 30000 + i : 0, protocol);
  if (one_in(3)) add_port(s, "more", 90 + i);
  if (one_in(3)) s.spec.external_ips = {fmt::format("198.51.100.{}", 1 + i), fmt::format("2001:db8::{:x}", 1 + i)};
  if (s.spec.type == "LoadBalancer") {
    add_ingress(s, fmt::format("203.0.113.{}", 1 + i));
    if (one_in(2)) s.spec.load_balancer_source_ranges = {"192.0.2.0/24", "0.0.0.0/0"};
    if (one_in(2)) s.spec.health_check_node_port = 32000 + i;
  }
  if (one_in(3)) s.spec.external_traffic_policy = "Local";
  if (one_in(4)) s.spec.internal_traffic_policy = "Local";
  if (one_in(3)) s.spec.session_affinity = "ClientIP";
  return s;
}

api::EndpointSlice any_slice(const api::Service& s, bool six, std::mt19937& random) {
  std::vector<api::SliceEndpoint> endpoints;
  for (unsigned n = random() % 5; n > 0; --n) {
    const unsigned host = 2 + random() % 8;
    const std::string address = six ? fmt::format("fd00:10:244::{:x}", host) : fmt::format("10.244.1.{}", host);
    endpoints.push_back(random() % 4 == 0 ? draining(address, "node1")
                                          : endpoint(address, random() % 2 == 0 ? "node1" : "node2"));
  }
  api::EndpointSlice slice = make_slice(s.metadata.name + (six ? "-6" : "-4"), s.metadata.name, std::move(endpoints),
                                        "http", 8080, s.spec.ports[0].protocol);
  slice.address_type = six ? "IPv6" : "IPv4";
  api::EndpointSlicePort more;
  more.name = "more";
  more.port = 9090;
  slice.ports.push_back(more);
  return slice;
}

// The text that is rendered is the text that iptables-save prints, for every kind of rule; and any sequence of deltas
// leads to what a full sync would have made.
TEST_P(Kernel, DeltasLeadToWhatAFullSyncMakes) {
  std::mt19937 random(7);
  for (int i = 0; i < 12; ++i) {
    const api::Service s = any_service(i, random);
    model_.put(s);
    for (const bool six : {false, true}) model_.put(any_slice(s, six, random));
  }
  (void)model_.commit();
  full();
  EXPECT_EQ(left_to_do(), "");
  for (int step = 0; step < 60; ++step) {
    const int i = static_cast<int>(random() % 12);
    const api::Service s = any_service(i, random);
    switch (random() % 4) {
      case 0:
        model_.remove_service("default", s.metadata.name);
        break;
      case 1:
        model_.put(s);
        break;
      default:
        model_.put(any_slice(s, random() % 2 == 0, random));
    }
    if (step % 3 != 0) continue;  // several changes in one delta
    delta();
    if (HasFatalFailure()) return;
    if (step % 15 == 0) {
      EXPECT_EQ(left_to_do(), "") << "after step " << step;
    }
  }
  delta();
  EXPECT_EQ(left_to_do(), "");
}

TEST_P(Kernel, FlushedRulesAreNoticedAndRestored) {
  model_.put(web());
  model_.put(make_slice("web-1", "web", {endpoint("10.244.1.2")}));
  (void)model_.commit();
  full();
  EXPECT_TRUE(intact());
  const std::vector<std::vector<std::string>> damages = {{"-t", "nat", "-F"},
                                                         {"-t", "filter", "-F"},
                                                         {"-t", "nat", "-F", "PREROUTING"},
                                                         {"-t", "filter", "-F", "FORWARD"}};
  for (const auto& damage : damages) {
    sh("", damage);
    EXPECT_FALSE(intact()) << ::testing::PrintToString(damage);
    full();
    EXPECT_TRUE(intact());
    EXPECT_EQ(left_to_do(), "");
  }
}

TEST_P(Kernel, ADeltaOnDamagedRulesFailsAndAFullSyncRepairs) {
  model_.put(web());
  model_.put(make_slice("web-1", "web", {endpoint("10.244.1.2")}));
  (void)model_.commit();
  full();
  sh("", {"-t", "nat", "-F", "KUBE-SERVICES"});
  model_.remove_service("default", "web");
  const Delta d = model_.commit();
  const auto applied = rt::run(loop_, plane_->apply(d));
  ASSERT_FALSE(applied.has_value());
  EXPECT_THAT(applied.error().message, HasSubstr("-D KUBE-SERVICES -d 10.96.0.10/32"));
  full();
  EXPECT_EQ(left_to_do(), "");
  EXPECT_THAT(sh("save", {"-t", "nat"}), Not(HasSubstr("default/web")));
}

TEST_P(Kernel, OthersRulesStay) {
  sh("restore", {"--noflush"},
     "*nat\n:CNI-x - [0:0]\n-A POSTROUTING -s 10.244.1.2/32 -j CNI-x\n-A CNI-x -j MASQUERADE\nCOMMIT\n"
     "*filter\n:KUBE-FIREWALL - [0:0]\n-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP\n"
     "-A OUTPUT -j KUBE-FIREWALL\nCOMMIT\n");
  model_.put(web());
  model_.put(make_slice("web-1", "web", {endpoint("10.244.1.2")}));
  (void)model_.commit();
  full();
  expect_ok(rt::run(loop_, plane_->cleanup()));
  const std::string nat = sh("save", {"-t", "nat"});
  EXPECT_THAT(nat, HasSubstr("-A POSTROUTING -s 10.244.1.2/32 -j CNI-x\n"));
  EXPECT_THAT(nat, HasSubstr("-A CNI-x -j MASQUERADE\n"));
  EXPECT_THAT(nat, Not(HasSubstr("KUBE-")));
  const std::string filter = sh("save", {"-t", "filter"});
  EXPECT_THAT(filter, HasSubstr("-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP\n"));
  EXPECT_THAT(filter, Not(HasSubstr("localnet")));
  EXPECT_THAT(filter, Not(HasSubstr("KUBE-SERVICES")));
}

TEST_P(Kernel, TheBackendInUseIsFound) {
  auto detected = rt::run(loop_, detect(loop_, netns_.get()));
  ASSERT_TRUE(detected.has_value()) << detected.error().message;
  EXPECT_EQ(detected->backend, Backend::kSystem) << detected->reason;
  sh("", {"-A", "INPUT", "-j", "ACCEPT"});
  detected = rt::run(loop_, detect(loop_, netns_.get()));
  ASSERT_TRUE(detected.has_value()) << detected.error().message;
  EXPECT_EQ(detected->backend, GetParam()) << detected->reason;
  // The kubelet's hint outweighs rules.
  const Backend other = GetParam() == Backend::kNft ? Backend::kLegacy : Backend::kNft;
  net::SpawnOptions spawn;
  spawn.argv = {program(other, IpFamily::kV4, ""), "-t", "mangle", "-N", "KUBE-IPTABLES-HINT"};
  spawn.netns_fd = netns_.get();
  ASSERT_TRUE(rt::run(loop_, net::run_ok(loop_, std::move(spawn))).has_value());
  detected = rt::run(loop_, detect(loop_, netns_.get()));
  ASSERT_TRUE(detected.has_value()) << detected.error().message;
  EXPECT_EQ(detected->backend, other) << detected->reason;
}

INSTANTIATE_TEST_SUITE_P(Backends, Kernel, ::testing::Values(Backend::kNft, Backend::kLegacy),
                         [](const auto& param) { return param.param == Backend::kNft ? "Nft" : "Legacy"; });

}  // namespace
}  // namespace fairlead::proxy::iptables
