#include "up/cluster_api.h"

#include <gtest/gtest.h>

#include "up/dns_probe.h"
#include "up/images.h"
#include "up/manifests.h"

namespace fairlead::up {
namespace {

TEST(ReadyNodes, AreThoseThatSaidSoSince) {
  const auto now = *parse_rfc3339("2026-01-02T03:04:05Z");
  const auto nodes = parse_ready_nodes(R"({"items":[
    {"metadata":{"name":"node1"},"status":{"conditions":[{"type":"MemoryPressure","status":"False"},
      {"type":"Ready","status":"True","lastHeartbeatTime":"2026-01-02T03:04:05Z"}]}},
    {"metadata":{"name":"node2"},"status":{"conditions":[
      {"type":"Ready","status":"Unknown","lastHeartbeatTime":"2026-01-02T03:04:05Z"}]}},
    {"metadata":{"name":"node3"}},
    {"metadata":{"name":"node4"},"status":{"conditions":[
      {"type":"Ready","status":"True","lastHeartbeatTime":"2026-01-02T03:04:04Z"}]}}]})",
                                       now + std::chrono::milliseconds(900));
  EXPECT_EQ(nodes, (std::vector<std::string>{"node1"}));
  EXPECT_FALSE(parse_ready_nodes("<html>", now));
}

TEST(ReadyAddresses, CountsOnlyReadyOnes) {
  EXPECT_EQ(count_ready_addresses(
                R"({"subsets":[{"addresses":[{"ip":"a"},{"ip":"b"}]},{"notReadyAddresses":[{"ip":"c"}]}]})"),
            2U);
  EXPECT_EQ(count_ready_addresses("{}"), 0U);
  EXPECT_EQ(count_ready_addresses(R"({"subsets":null})"), 0U);
}

TEST(Manifests, TheDnsManifestIsInstallable) {
  const auto yaml = expand(
      kDnsManifest, {{"VERSION", "1.2.3"}, {"CLUSTER_DNS", "10.96.0.10"}, {"KUBECONFIG", "/k"}, {"SPREAD_OVER", "2"}});
  ASSERT_TRUE(yaml) << yaml.error().message;
  const auto manifests = split_manifests(*yaml);
  ASSERT_TRUE(manifests) << manifests.error().message;
  ASSERT_EQ(manifests->size(), 2U);
  EXPECT_EQ((*manifests)[0].what, "Service kube-system/kube-dns");
  EXPECT_EQ((*manifests)[0].collection, "/api/v1/namespaces/kube-system/services");
  EXPECT_EQ((*manifests)[1].what, "Deployment kube-system/fairlead-dns");
  EXPECT_EQ((*manifests)[1].collection, "/apis/apps/v1/namespaces/kube-system/deployments");
  EXPECT_NE((*manifests)[1].yaml.find("image: localhost/fairlead:1.2.3"), std::string::npos);
}

TEST(Manifests, WhatCannotBePlacedIsRefused) {
  EXPECT_FALSE(split_manifests("kind: Gadget\nmetadata:\n  name: x\n"));
  EXPECT_FALSE(split_manifests("kind: Service\nmetadata:\n  name: x\n"));
  EXPECT_FALSE(split_manifests("kind: Service\nmetadata:\n  namespace: x\nspec:\n  name: y\n"));
  EXPECT_TRUE(split_manifests("# nothing\n---\n")->empty());
}

TEST(Expand, UnknownNamesAreRefused) {
  EXPECT_EQ(expand("a ${B} c", {{"B", "x"}}), "a x c");
  EXPECT_FALSE(expand("${C}", {{"B", "x"}}));
  EXPECT_FALSE(expand("${B", {{"B", "x"}}));
}

TEST(Images, AreImportedOnceAndAgainWhenChanged) {
  const std::vector<ImageFile> images = {{"/i/pause.tar", "10 1.5"}, {"/i/web.tar", "20 1.5"}};
  EXPECT_EQ(images_to_import(images, ""), images);
  EXPECT_EQ(images_to_import(images, "/i/pause.tar\t10 1.5\n"), (std::vector<ImageFile>{images[1]}));
  EXPECT_EQ(images_to_import(images, "/i/pause.tar\t10 1.4\n/i/web.tar\t20 1.5\n"),
            (std::vector<ImageFile>{images[0]}));
}

TEST(DnsProbe, AsksAndKnowsAnAnswer) {
  const auto question = encode_question(0x1234, "a.bc");
  EXPECT_EQ(question, std::string("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01"
                                  "a\x02"
                                  "bc\x00\x00\x01\x00\x01",
                                  22));
  EXPECT_FALSE(is_good_answer(question, 0x1234));
  std::string answer = question;
  answer[2] = '\x84';
  EXPECT_FALSE(is_good_answer(answer, 0x1234));  // nothing in it
  answer[7] = 1;
  EXPECT_TRUE(is_good_answer(answer, 0x1234));
  EXPECT_FALSE(is_good_answer(answer, 0x1235));
  answer[3] = 3;
  EXPECT_FALSE(is_good_answer(answer, 0x1234));  // NXDOMAIN
  EXPECT_FALSE(is_good_answer(answer.substr(0, 11), 0x1234));
}

}  // namespace
}  // namespace fairlead::up
