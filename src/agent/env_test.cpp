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
  facts.downward.pod_ips = {"10.244.1.5"};
  const auto env = container_env(pod, c, facts);
  ASSERT_TRUE(env);
  EXPECT_THAT(*env, ElementsAre(Pair("NAME", "web-1"), Pair("APP", "web"), Pair("IP", "10.244.1.5")));

  add("BAD", "spec.nothing");
  const auto bad = container_env(pod, c, facts);
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, HasSubstr("unsupported fieldPath: spec.nothing"));
}

std::shared_ptr<const KeyedData> keyed(api::StringMap data) {
  KeyedData out;
  out.data = std::move(data);
  return std::make_shared<const KeyedData>(std::move(out));
}
api::EnvVar from_config_map(std::string name, std::string map, std::string key) {
  api::EnvVar v;
  v.name = std::move(name);
  auto& ref = v.value_from.emplace().config_map_key_ref.emplace();
  ref.local_object_reference.name = std::move(map);
  ref.key = std::move(key);
  return v;
}
api::EnvVar from_secret(std::string name, std::string secret, std::string key) {
  api::EnvVar v;
  v.name = std::move(name);
  auto& ref = v.value_from.emplace().secret_key_ref.emplace();
  ref.local_object_reference.name = std::move(secret);
  ref.key = std::move(key);
  return v;
}
api::Pod pod_of_default() {
  api::Pod pod;
  pod.metadata.namespace_ = "default";
  return pod;
}

TEST(ContainerEnv, TakesKeysOfConfigMapsAndSecrets) {
  api::Container c;
  c.env = {from_config_map("MODE", "settings", "mode"), from_secret("PASS", "db", "password"),
           var("BOTH", "$(MODE)-$(PASS)")};
  EnvFacts facts;
  facts.sources.config_maps["settings"] = keyed({{"mode", "$(PASS)"}});
  facts.sources.secrets["db"] = keyed({{"password", "x y"}});
  const auto env = container_env(pod_of_default(), c, facts);
  ASSERT_TRUE(env);
  // What comes from a reference is not expanded.
  EXPECT_THAT(*env, ElementsAre(Pair("MODE", "$(PASS)"), Pair("PASS", "x y"), Pair("BOTH", "$(PASS)-x y")));
}

TEST(ContainerEnv, SaysWhatIsMissingAsTheKubeletDoes) {
  EnvFacts facts;
  facts.sources.config_maps["settings"] = keyed({{"mode", "1"}});
  facts.sources.secrets["db"] = keyed({});
  struct Case {
    api::EnvVar var;
    std::string error;
  };
  for (Case& missing :
       std::vector<Case>{{from_config_map("X", "nothing", "k"), "configmap \"nothing\" not found"},
                         {from_secret("X", "nothing", "k"), "secret \"nothing\" not found"},
                         {from_config_map("X", "settings", "k"), "couldn't find key k in ConfigMap default/settings"},
                         {from_secret("X", "db", "k"), "couldn't find key k in Secret default/db"}}) {
    api::Container c;
    c.env = {missing.var, var("Y", "1")};
    const auto env = container_env(pod_of_default(), c, facts);
    ASSERT_FALSE(env);
    EXPECT_EQ(env.error().message, missing.error);
    api::EnvVarSource& from = *c.env[0].value_from;
    if (from.config_map_key_ref) from.config_map_key_ref->optional = true;
    if (from.secret_key_ref) from.secret_key_ref->optional = true;
    EXPECT_THAT(*container_env(pod_of_default(), c, facts), ElementsAre(Pair("Y", "1")));
  }
}

TEST(ContainerEnv, ImportsWholeObjectsUnderAPrefix) {
  api::Container c;
  api::EnvFromSource settings;
  settings.config_map_ref.emplace().local_object_reference.name = "settings";
  api::EnvFromSource secret;
  secret.prefix = "DB_";
  secret.secret_ref.emplace().local_object_reference.name = "db";
  api::EnvFromSource absent;
  absent.config_map_ref.emplace().local_object_reference.name = "absent";
  c.env_from = {settings, secret};
  c.env = {var("A", "own"), var("URL", "$(DB_USER)@$(B)")};
  EnvFacts facts;
  facts.sources.config_maps["settings"] = keyed({{"A", "1"}, {"B", "2"}});
  facts.sources.secrets["db"] = keyed({{"USER", "joe"}});
  EXPECT_THAT(*container_env(pod_of_default(), c, facts),
              ElementsAre(Pair("A", "own"), Pair("B", "2"), Pair("DB_USER", "joe"), Pair("URL", "joe@2")));
  c.env_from = {absent};
  EXPECT_EQ(container_env(pod_of_default(), c, facts).error().message, "configmap \"absent\" not found");
  c.env_from[0].config_map_ref->optional = true;
  EXPECT_TRUE(container_env(pod_of_default(), c, facts));
}

}  // namespace
}  // namespace fairlead::agent
