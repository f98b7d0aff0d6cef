#include "agent/pod_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

NodeFacts node() {
  return {.name = "node1",
          .ip = "10.84.0.11",
          .dns = {{"10.96.0.10"}, "cluster.local"},
          .resolv_conf = {},
          .cgroup_parent = "/fl/node1",
          .pods_dir = "/d/pods",
          .cpu_milli = 2000,
          .memory = 1'000'000'000};
}
api::Pod pod() {
  api::Pod p;
  p.metadata.name = "web-1";
  p.metadata.namespace_ = "default";
  p.metadata.uid = "u1";
  api::Container c;
  c.name = "web";
  c.image = "localhost/web:1";
  p.spec.containers = {c};
  return p;
}
ContainerContext context() {
  return {.env = {}, .volumes = {{"data", {"/v/data", false}}}, .image = {.id = "sha256:1"}};
}

TEST(Qos, FollowsRequestsAndLimits) {
  api::Pod p = pod();
  auto& r = p.spec.containers[0].resources;
  EXPECT_EQ(qos_class(p), "BestEffort");
  r.requests["cpu"] = {"100m"};
  EXPECT_EQ(qos_class(p), "Burstable");
  r.requests.clear();
  r.limits = {{"cpu", {"1"}}, {"memory", {"64Mi"}}};
  EXPECT_EQ(qos_class(p), "Guaranteed");
  r.requests["cpu"] = {"500m"};
  EXPECT_EQ(qos_class(p), "Burstable");
}

TEST(SandboxSpec, CarriesTheLabelsThatAdoptionNeeds) {
  const SandboxSpec s = sandbox_spec(pod(), node(), 2);
  EXPECT_EQ(s.attempt, 2U);
  EXPECT_EQ(s.labels.at(kPodUidLabel), "u1");
  EXPECT_EQ(s.labels.at(kPodNamespaceLabel), "default");
  EXPECT_EQ(s.cgroup_parent, "/fl/node1/podu1");
  EXPECT_EQ(s.hostname, "web-1");
  EXPECT_EQ(s.dns->servers, std::vector<std::string>{"10.96.0.10"});
}

TEST(SandboxSpec, TakesTheNodesNetworkWithoutHostPortsOrHostName) {
  api::Pod p = pod();
  api::ContainerPort port;
  port.container_port = port.host_port = 8080;
  p.spec.containers[0].ports = {port};
  EXPECT_EQ(sandbox_spec(p, node(), 0).ports.size(), 1U);
  p.spec.host_network = true;
  const SandboxSpec s = sandbox_spec(p, node(), 0);
  EXPECT_TRUE(s.namespaces.host_network);
  EXPECT_TRUE(s.ports.empty());
  EXPECT_EQ(s.hostname, "");
}

TEST(ContainerSpec, ExpandsCommandsAndMountsVolumes) {
  api::Pod p = pod();
  auto& c = p.spec.containers[0];
  c.command = {"/bin/echo", "$(NAME)"};
  api::EnvVar v;
  v.name = "NAME";
  v.value = "x";
  c.env = {v};
  api::VolumeMount m;
  m.name = "data";
  m.mount_path = "/data";
  m.sub_path = "a/b";
  m.read_only = true;
  c.volume_mounts = {m};
  const auto spec = container_spec(p, c, 3, node(), context());
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_THAT(spec->command, ElementsAre("/bin/echo", "x"));
  EXPECT_EQ(spec->log_path, "web/3.log");
  EXPECT_THAT(
      spec->mounts,
      Contains(CriMount{
          .container_path = "/data", .host_path = "/v/data", .readonly = true, .volume = "data", .sub_path = "a/b"}));
  EXPECT_THAT(spec->mounts, Contains(CriMount{.container_path = "/etc/hosts", .host_path = "/d/pods/u1/etc-hosts"}));
  EXPECT_EQ(spec->labels.at(kPodUidLabel), "u1");
}

TEST(ContainerSpec, RefusesMountsThatLeaveOrMissTheirVolume) {
  api::Pod p = pod();
  api::VolumeMount m;
  m.name = "data";
  m.mount_path = "/data";
  for (const char* bad : {"..", "a/../b", "/etc"}) {
    m.sub_path = bad;
    p.spec.containers[0].volume_mounts = {m};
    EXPECT_FALSE(container_spec(p, p.spec.containers[0], 0, node(), context())) << bad;
  }
  m.name = "absent";
  m.sub_path = "";
  p.spec.containers[0].volume_mounts = {m};
  EXPECT_THAT(container_spec(p, p.spec.containers[0], 0, node(), context()).error().message,
              HasSubstr("cannot find volume \"absent\" to mount into container \"web\""));
}

TEST(ContainerSpec, ScalesResources) {
  api::Pod p = pod();
  auto& c = p.spec.containers[0];
  c.resources.limits = {{"cpu", {"500m"}}, {"memory", {"64Mi"}}};
  c.resources.requests = {{"cpu", {"250m"}}, {"memory", {"64Mi"}}};
  const auto spec = container_spec(p, c, 0, node(), context());
  EXPECT_EQ(spec->resources.cpu_shares, 256);
  EXPECT_EQ(spec->resources.cpu_quota, 50'000);
  EXPECT_EQ(spec->resources.memory_limit, 64 << 20);
  EXPECT_EQ(spec->resources.oom_score_adj, 1000 - 67);
}

TEST(ContainerSpec, RefusesRootWhenTheContainerMustNotBeRoot) {
  api::Pod p = pod();
  auto& c = p.spec.containers[0];
  c.security_context.emplace().run_as_non_root = true;
  EXPECT_THAT(container_spec(p, c, 0, node(), context()).error().message, HasSubstr("image will run as root"));
  auto with_user = context();
  with_user.image.uid = 1000;
  EXPECT_TRUE(container_spec(p, c, 0, node(), with_user));
  c.security_context->run_as_user = 0;
  EXPECT_FALSE(container_spec(p, c, 0, node(), with_user));
}

TEST(HostsFile, NamesThePodAndItsAliases) {
  api::Pod p = pod();
  p.spec.subdomain = "sub";
  api::HostAlias alias;
  alias.ip = "192.0.2.1";
  alias.hostnames = {"a", "b"};
  p.spec.host_aliases = {alias};
  const std::string text = hosts_file(p, node(), {"10.244.1.2"});
  EXPECT_THAT(text, HasSubstr("10.244.1.2\tweb-1.sub.default.svc.cluster.local\tweb-1\n"));
  EXPECT_THAT(text, HasSubstr("192.0.2.1\ta\tb\n"));
}

TEST(PullPolicy, DefaultsByTag) {
  api::Container c;
  const auto policy = [&c](std::string image) {
    c.image = std::move(image);
    return pull_policy(c);
  };
  EXPECT_EQ(policy("web"), "Always");
  EXPECT_EQ(policy("localhost:5000/web"), "Always");
  EXPECT_EQ(policy("web:latest"), "Always");
  EXPECT_EQ(policy("localhost:5000/web:1"), "IfNotPresent");
  EXPECT_EQ(policy("web@sha256:00"), "IfNotPresent");
}

TEST(Ports, ResolveByNumberAndName) {
  api::Container c;
  api::ContainerPort p;
  p.name = "http";
  p.container_port = 8080;
  c.ports = {p};
  EXPECT_EQ(resolve_port(80, c), uint16_t{80});
  EXPECT_EQ(resolve_port(std::string("http"), c), uint16_t{8080});
  EXPECT_THAT(resolve_port(std::string("htpp"), c).error().message, HasSubstr("no port of that name"));
  EXPECT_FALSE(resolve_port(70000, c));
}

}  // namespace
}  // namespace fairlead::agent
