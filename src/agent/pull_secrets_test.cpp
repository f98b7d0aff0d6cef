#include "agent/pull_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/pod_testing.h"
#include "base/text.h"

namespace fairlead::agent {
namespace {

using testing::ElementsAre;

TEST(PullSecrets, KnowTheRegistryOfAnImage) {
  EXPECT_EQ(image_location("nginx:1.14"), "docker.io/library/nginx");
  EXPECT_EQ(image_location("team/web"), "docker.io/team/web");
  EXPECT_EQ(image_location("localhost:5000/web"), "localhost:5000/web");
  EXPECT_EQ(image_location("registry.example.com/a/b:1@sha256:00"), "registry.example.com/a/b");
  EXPECT_EQ(image_location("localhost/web:1"), "localhost/web");
}

TEST(PullSecrets, MatchHostsAndPaths) {
  EXPECT_TRUE(registry_matches("registry.example.com", "registry.example.com/a"));
  EXPECT_TRUE(registry_matches("registry.example.com/team", "registry.example.com/team/web"));
  EXPECT_FALSE(registry_matches("registry.example.com/team", "registry.example.com/other"));
  EXPECT_TRUE(registry_matches("*.example.com", "eu.example.com/a"));
  EXPECT_FALSE(registry_matches("*.example.com", "a.eu.example.com/a"));
  EXPECT_TRUE(registry_matches("index.docker.io", "docker.io/library/nginx"));
  EXPECT_FALSE(registry_matches("registry.example.com", "registry.example.com:5000/a"));
}

TEST(PullSecrets, AreTakenFromBothFormatsTheClosestFirst) {
  api::Pod pod = test_pod();
  pod.spec.image_pull_secrets = {{"wide"}, {"close"}, {"none"}, {"broken"}};
  PodSources sources;
  KeyedData wide;
  wide.data[".dockercfg"] =
      R"({"https://index.docker.io/v1/":{"username":"u1","password":"p1"},"other.io":{"username":"x"}})";
  KeyedData close;
  close.data[".dockerconfigjson"] = R"({"auths":{"docker.io/team":{"auth":")" + base64_encode("u2:p:2") + R"("}}})";
  KeyedData broken;
  broken.data[".dockerconfigjson"] = "{";
  sources.secrets = {{"wide", std::make_shared<KeyedData>(wide)},
                     {"close", std::make_shared<KeyedData>(close)},
                     {"broken", std::make_shared<KeyedData>(broken)}};
  const PullSecrets found = pull_secrets(pod, sources, "team/web:1");
  EXPECT_THAT(found.auths, ElementsAre(RegistryAuth{"u2", "p:2", "", ""}, RegistryAuth{"u1", "p1", "", ""}));
  EXPECT_THAT(found.missing, ElementsAre("none"));
}

}  // namespace
}  // namespace fairlead::agent
