#include "agent/downward.h"

#include <gtest/gtest.h>

#include "agent/pod_testing.h"

namespace fairlead::agent {
namespace {

TEST(Downward, GivesFieldsOfThePod) {
  api::Pod pod = test_pod();
  pod.metadata.labels = {{"app", "web"}, {"tier", "a \"b\"\n"}};
  pod.spec.service_account_name = "builder";
  DownwardFacts facts;
  facts.host_ip = "10.84.0.11";
  facts.pod_ips = {"10.244.1.5", "fd00::5"};
  const std::vector<std::pair<std::string, std::string>> wanted{
      {"metadata.name", "web-1"},
      {"metadata.namespace", "default"},
      {"metadata.uid", "u1"},
      {"metadata.labels['app']", "web"},
      {"metadata.labels['none']", ""},
      {"metadata.labels", "app=\"web\"\ntier=\"a \\\"b\\\"\\n\""},
      {"metadata.annotations", ""},
      {"spec.nodeName", "node1"},
      {"spec.serviceAccountName", "builder"},
      {"status.hostIP", "10.84.0.11"},
      {"status.podIP", "10.244.1.5"},
      {"status.podIPs", "10.244.1.5,fd00::5"}};
  for (const auto& [path, value] : wanted) EXPECT_EQ(field_value(pod, path, facts).value(), value) << path;
  EXPECT_EQ(field_value(pod, "spec.x", facts).error().message, "unsupported fieldPath: spec.x");
}

TEST(Downward, GivesResourcesInUnitsOfTheDivisor) {
  api::Pod pod = test_pod({"web", "log"});
  pod.spec.init_containers = {test_container("setup")};
  pod.spec.init_containers[0].resources.requests["memory"].text = "10Mi";
  api::Container& web = pod.spec.containers[0];
  web.resources.limits["cpu"].text = "1500m";
  web.resources.requests["memory"].text = "100Mi";
  DownwardFacts facts;
  facts.node_cpu_milli = 4000;
  facts.node_memory = 8LL << 30;
  const auto value = [&](std::string container, std::string resource, std::string divisor) {
    api::ResourceFieldSelector from;
    from.container_name = std::move(container);
    from.resource = std::move(resource);
    from.divisor.text = std::move(divisor);
    return resource_value(pod, &web, from, facts);
  };
  EXPECT_EQ(value("", "limits.cpu", "").value(), "2");
  EXPECT_EQ(value("", "limits.cpu", "1m").value(), "1500");
  EXPECT_EQ(value("", "requests.memory", "1Mi").value(), "100");
  EXPECT_EQ(value("", "limits.memory", "1Gi").value(), "8");  // the node's, as there is no limit
  EXPECT_EQ(value("log", "limits.cpu", "1").value(), "4");
  EXPECT_EQ(value("log", "requests.cpu", "1").value(), "0");
  EXPECT_EQ(value("setup", "requests.memory", "1Mi").value(), "10");
  EXPECT_EQ(value("none", "requests.cpu", "1").error().message, "container none not found");
  EXPECT_EQ(value("", "limits.gpu", "1").error().message, "unsupported container resource : limits.gpu");
}

}  // namespace
}  // namespace fairlead::agent
