#include "api/kinds/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "api/validation.h"

namespace fairlead::api {
namespace {

Service parse(const char* json) {
  auto object = object_from_text(json, kind_of<Service>());
  EXPECT_TRUE(object) << object.error().message;
  kind_of<Service>().set_defaults(**object);
  kind_of<Service>().prepare_create(**object);
  auto s = (*object)->as<Service>();
  s.metadata.namespace_ = "default";
  if (s.metadata.name.empty()) s.metadata.name = "web";
  return s;
}

std::string problems(const Service& s) {
  auto errors = kind_of<Service>().validate(ObjectOf<Service>(s));
  return errors.empty() ? "" : invalid(kind_of<Service>(), s.metadata.name, std::move(errors)).message;
}

Service updated(Service next, const Service& old) {
  next.metadata.resource_version = "1";
  ObjectOf<Service> object(std::move(next));
  kind_of<Service>().set_defaults(object);
  kind_of<Service>().prepare_update(object, ObjectOf<Service>(old));
  return object.value;
}

std::string update_problems(const Service& next, const Service& old) {
  auto errors = kind_of<Service>().validate_update(ObjectOf<Service>(next), ObjectOf<Service>(old));
  return errors.empty() ? "" : invalid(kind_of<Service>(), next.metadata.name, std::move(errors)).message;
}

TEST(ServiceDefaults, AreThoseOfKubernetes) {
  const auto s = parse(R"({"spec":{"ports":[{"port":80}]}})");
  EXPECT_EQ(to_json(s.spec),
            R"({"ports":[{"protocol":"TCP","port":80,"targetPort":80}],"type":"ClusterIP","sessionAffinity":"None",)"
            R"("internalTrafficPolicy":"Cluster"})");
  EXPECT_EQ(problems(s), "");
  const auto lb = parse(R"({"spec":{"type":"LoadBalancer","sessionAffinity":"ClientIP","ports":[{"port":80}]}})");
  EXPECT_EQ(lb.spec.external_traffic_policy, "Cluster");
  EXPECT_EQ(lb.spec.allocate_load_balancer_node_ports, true);
  EXPECT_EQ(lb.spec.session_affinity_config->client_ip->timeout_seconds, 10800);
}

TEST(ServiceRules, NameTheFieldAndWhatWouldBeRight) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"spec":{"ports":[{"port":0}]}})",
       "Service \"web\" is invalid: [spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive, "
       "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive]"},
      {R"({"spec":{}})", "Service \"web\" is invalid: spec.ports: Required value"},
      {R"({"spec":{"ports":[{"port":80},{"port":81}]}})",
       "Service \"web\" is invalid: [spec.ports[0].name: Required value, spec.ports[1].name: Required value]"},
      {R"({"spec":{"ports":[{"port":80,"name":"a"},{"port":80,"name":"a"}]}})",
       "Service \"web\" is invalid: [spec.ports[1].name: Duplicate value: \"a\", spec.ports[1]: Duplicate value: "
       "{\"protocol\":\"TCP\",\"port\":80,\"targetPort\":0}]"},
      {R"({"spec":{"ports":[{"port":80,"protocol":"HTTP"}]}})",
       "Service \"web\" is invalid: spec.ports[0].protocol: Unsupported value: \"HTTP\": supported values: \"SCTP\", "
       "\"TCP\", \"UDP\""},
      {R"({"spec":{"type":"Magic","ports":[{"port":80}]}})",
       "Service \"web\" is invalid: [spec.type: Unsupported value: \"Magic\": supported values: \"ClusterIP\", "
       "\"ExternalName\", \"LoadBalancer\", \"NodePort\", spec.internalTrafficPolicy: Required value]"},
      {R"({"spec":{"ports":[{"port":80,"nodePort":30000}]}})",
       "Service \"web\" is invalid: spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"},
      {R"({"spec":{"type":"ExternalName"}})", "Service \"web\" is invalid: spec.externalName: Required value"},
      {R"({"spec":{"clusterIP":"10.0.0.300","ports":[{"port":80}]}})",
       "Service \"web\" is invalid: spec.clusterIPs[0]: Invalid value: \"10.0.0.300\": must be a valid IP address, "
       "(e.g. 10.9.8.7 or 2001:db8::ffff)"},
      {R"({"spec":{"type":"NodePort","clusterIP":"None","ports":[{"port":80}]}})",
       "Service \"web\" is invalid: spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort "
       "services"},
      {R"({"spec":{"sessionAffinity":"Sticky","ports":[{"port":80}]}})",
       "Service \"web\" is invalid: spec.sessionAffinity: Unsupported value: \"Sticky\": supported values: "
       "\"ClientIP\", \"None\""},
      {R"({"spec":{"externalIPs":["127.0.0.1"],"ports":[{"port":80}]}})",
       "Service \"web\" is invalid: spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback "
       "range "
       "(127.0.0.0/8, ::1/128)"},
      {R"({"metadata":{"name":"1web"},"spec":{"ports":[{"port":80}]}})",
       "Service \"1web\" is invalid: metadata.name: Invalid value: \"1web\": a DNS-1035 label must consist of lower "
       "case "
       "alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character "
       "(e.g. "
       "'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"},
  };
  for (const auto& [json, message] : cases) EXPECT_EQ(problems(parse(json)), message) << json;
}

TEST(ServiceRules, AllowWhatKubernetesAllows) {
  for (
      const char* json :
      {R"({"spec":{"clusterIP":"None"}})", R"({"spec":{"type":"ExternalName","externalName":"example.com."}})",
       R"({"spec":{"type":"NodePort","ports":[{"name":"t","port":53},{"name":"u","port":53,"protocol":"UDP"}]}})",
       R"({"spec":{"clusterIP":"10.96.0.9","ports":[{"port":80,"targetPort":"http"}]}})",
       R"({"spec":{"type":"LoadBalancer","externalTrafficPolicy":"Local","ports":[{"port":80}]}})",
       R"({"spec":{"clusterIP":"10.96.0.9","clusterIPs":["10.96.0.9","fd00::9"],"ipFamilies":["IPv4","IPv6"],"ports":[{"port":80}]}})"})
    EXPECT_EQ(problems(parse(json)), "") << json;
}

TEST(ServiceUpdate, KeepsWhatWasAllocatedWhenItIsLeftOut) {
  auto old = parse(R"({"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30123}]}})");
  old.spec.cluster_ip = "10.96.0.7";
  old.spec.cluster_ips = {"10.96.0.7"};
  old.spec.ip_families = {"IPv4"};
  old.spec.ip_family_policy = "SingleStack";
  old.metadata.resource_version = "1";
  const auto next = updated(parse(R"({"spec":{"type":"NodePort","ports":[{"port":8080}]}})"), old);
  EXPECT_EQ(next.spec.cluster_ips, old.spec.cluster_ips);
  EXPECT_EQ(next.spec.cluster_ip, "10.96.0.7");
  EXPECT_EQ(next.spec.ports[0].node_port, 30123);
  EXPECT_EQ(next.spec.ip_families, old.spec.ip_families);
  EXPECT_EQ(update_problems(next, old), "");
}

TEST(ServiceUpdate, DropsNodePortsWithTheType) {
  auto old = parse(R"({"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30123}]}})");
  auto next = old;
  next.spec.type = "ClusterIP";
  next = updated(next, old);
  EXPECT_EQ(next.spec.ports[0].node_port, 0);
  EXPECT_EQ(next.spec.external_traffic_policy, "");
  EXPECT_EQ(update_problems(next, old), "");
}

TEST(ServiceUpdate, DoesNotChangeTheAddress) {
  auto old = parse(R"({"spec":{"clusterIP":"10.96.0.7","ports":[{"port":80}]}})");
  auto next = updated(parse(R"({"spec":{"clusterIP":"10.96.0.8","ports":[{"port":80}]}})"), old);
  EXPECT_EQ(update_problems(next, old),
            "Service \"web\" is invalid: spec.clusterIPs[0]: Invalid value: [\"10.96.0.8\"]: may not change once set");
}

TEST(ServiceUpdate, ToExternalNameReleasesTheAddress) {
  auto old = parse(R"({"spec":{"clusterIP":"10.96.0.7","ports":[{"port":80}]}})");
  auto next = old;
  next.spec.type = "ExternalName";
  next.spec.external_name = "example.com";
  next = updated(next, old);
  EXPECT_TRUE(next.spec.cluster_ip.empty());
  EXPECT_TRUE(next.spec.cluster_ips.empty());
  EXPECT_EQ(update_problems(next, old), "");
}

TEST(ServiceRow, ShowsPortsAndAddresses) {
  auto s =
      parse(R"({"spec":{"type":"LoadBalancer","selector":{"b":"2","a":"1"},"ports":[{"port":80,"nodePort":30080}]}})");
  const auto row = [&] {
    std::vector<std::string> out;
    for (const auto& c : kind_of<Service>().row(ObjectOf<Service>(s), WallTime{})) out.push_back(c.text);
    return out;
  };
  EXPECT_THAT(row(),
              testing::ElementsAre("LoadBalancer", "<none>", "<pending>", "80:30080/TCP", "<unknown>", "a=1,b=2"));
  s.spec.cluster_ips = {"10.96.0.1"};
  s.status.load_balancer.ingress.push_back({.ip = "10.84.0.200"});
  EXPECT_THAT(row(),
              testing::ElementsAre("LoadBalancer", "10.96.0.1", "10.84.0.200", "80:30080/TCP", "<unknown>", "a=1,b=2"));
}

}  // namespace
}  // namespace fairlead::api
