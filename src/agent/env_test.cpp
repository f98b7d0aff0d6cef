#include "agent/env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

std::shared_ptr<const api::Service> service(std::string ns, std::string name, std::string ip,
                                            std::vector<api::ServicePort> ports) {
  auto s = std::make_shared<api::Service>();
  s->metadata.namespace_ = std::move(ns);
  s->metadata.name = std::move(name);
  s->spec.cluster_ip = std::move(ip);
  s->spec.ports = std::move(ports);
  return s;
}
api::ServicePort port(int32_t number, std::string name = "", std::string protocol = "TCP") {
  api::ServicePort p;
  p.name = std::move(name);
  p.port = number;
  p.protocol = std::move(protocol);
  return p;
}

TEST(Expand, ReplacesWhatItKnowsAndKeepsTheRest) {
  const EnvMap known{{"A", "1"}, {"B", "$(A)"}};
  EXPECT_EQ(expand("x$(A)y", known), "x1y");
  EXPECT_EQ(expand("$(B)", known), "$(A)");  // values are not expanded again
  EXPECT_EQ(expand("$(C)", known), "$(C)");
  EXPECT_EQ(expand("$$(A) $$ $", known), "$(A) $ $");
  EXPECT_EQ(expand("$(A", known), "$(A");
  EXPECT_EQ(expand("$A", known), "$A");
}

TEST(ServiceEnv, HasBothForms) {
  const EnvMap env =
      service_env({service("default", "backend-database", "10.96.3.4", {port(3306, "sql"), port(53, "dns", "UDP")})},
                  "default", true);
  EXPECT_EQ(env.at("BACKEND_DATABASE_SERVICE_HOST"), "10.96.3.4");
  EXPECT_EQ(env.at("BACKEND_DATABASE_SERVICE_PORT"), "3306");
  EXPECT_EQ(env.at("BACKEND_DATABASE_SERVICE_PORT_SQL"), "3306");
  EXPECT_EQ(env.at("BACKEND_DATABASE_PORT"), "tcp://10.96.3.4:3306");
  EXPECT_EQ(env.at("BACKEND_DATABASE_PORT_3306_TCP_ADDR"), "10.96.3.4");
  EXPECT_EQ(env.at("BACKEND_DATABASE_PORT_53_UDP"), "udp://10.96.3.4:53");
  EXPECT_EQ(env.at("BACKEND_DATABASE_PORT_53_UDP_PROTO"), "udp");
}

TEST(ServiceEnv, LeavesOutHeadlessOtherNamespacesAndLinksTurnedOff) {
  const std::vector<std::shared_ptr<const api::Service>> all{
      service("default", "kubernetes", "10.96.0.1", {port(443, "https")}),
      service("default", "web", "10.96.0.9", {port(80)}), service("default", "headless", "None", {port(80)}),
      service("other", "far", "10.96.0.8", {port(80)})};
  const EnvMap linked = service_env(all, "default", true);
  EXPECT_TRUE(linked.contains("WEB_SERVICE_HOST"));
  EXPECT_FALSE(linked.contains("HEADLESS_SERVICE_HOST"));
  EXPECT_FALSE(linked.contains("FAR_SERVICE_HOST"));
  const EnvMap off = service_env(all, "other", false);
  EXPECT_TRUE(off.contains("KUBERNETES_SERVICE_HOST"));
  EXPECT_FALSE(off.contains("FAR_SERVICE_HOST"));
}

api::EnvVar var(std::string name, std::string value) {
  api::EnvVar v;
  v.name = std::move(name);
  v.value = std::move(value);
  return v;
}

TEST(ContainerEnv, ExpandsEarlierVariablesAndServices) {
  api::Container c;
  c.env = {var("HOST", "$(WEB_SERVICE_HOST)"), var("URL", "http://$(HOST)/$(LATER)"), var("LATER", "x"),
           var("HOST", "again")};
  EnvFacts facts;
  facts.services = {{"WEB_SERVICE_HOST", "10.96.0.9"}, {"URL", "overridden"}};
  const auto env = container_env({}, c, facts);
  ASSERT_TRUE(env);
  EXPECT_THAT(*env, ElementsAre(Pair("HOST", "again"), Pair("URL", "http://10.96.0.9/$(LATER)"), Pair("LATER", "x"),
                                Pair("WEB_SERVICE_HOST", "10.96.0.9")));
}

TEST(ContainerEnv, ReadsFieldsOfThePod) {
  api::Pod pod;
  pod.metadata.name = "web-1";
  pod.metadata.labels = {{"app.kubernetes.io/name", "web"}};
  api::Container c;
  const auto add = [&c](std::string name, std::string path) {
    api::EnvVar v;
    v.name = std::move(name);
    api::ObjectFieldSelector field;
    field.field_path = std::move(path);
    api::EnvVarSource from;
    from.field_ref = field;
    v.value_from = from;
    c.env.push_back(v);
  };
  add("NAME", "metadata.name");
  add("APP", "metadata.labels['app.kubernetes.io/name']");
  add("IP", "status.podIP");
  EnvFacts facts;
  facts.pod_ips = {"10.244.1.5"};
  const auto env = container_env(pod, c, facts);
  ASSERT_TRUE(env);
  EXPECT_THAT(*env, ElementsAre(Pair("NAME", "web-1"), Pair("APP", "web"), Pair("IP", "10.244.1.5")));

  add("BAD", "spec.nothing");
  const auto bad = container_env(pod, c, facts);
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, HasSubstr("env BAD: unsupported fieldPath: spec.nothing"));
}

TEST(ContainerEnv, NamesTheMissingConfigMap) {
  api::Container c;
  api::EnvVar v;
  v.name = "X";
  api::ConfigMapKeySelector key;
  key.local_object_reference.name = "settings";
  api::EnvVarSource from;
  from.config_map_key_ref = key;
  v.value_from = from;
  c.env = {v};
  EXPECT_THAT(container_env({}, c, {}).error().message, HasSubstr("configmap \"settings\" not found"));
  c.env[0].value_from->config_map_key_ref->optional = true;
  EXPECT_TRUE(container_env({}, c, {}));
}

}  // namespace
}  // namespace fairlead::agent
