#include "api/openapi_v2.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/value.hpp>

#include "api/codec.h"
#include "api/kind.h"
#include "api/proto_wire.h"

namespace fairlead::api {
namespace {

TEST(OpenApiV2, DefinesWhatItRefersTo) {
  const auto text = openapi_v2_json();
  const auto doc = parse_json(text);
  ASSERT_TRUE(doc) << doc.error().message;
  const auto& definitions = doc->as_object().at("definitions").as_object();
  constexpr std::string_view kRef = "\"#/definitions/";
  size_t refs = 0;
  for (size_t at = text.find(kRef); at != std::string::npos; at = text.find(kRef, at + 1), ++refs) {
    const auto start = at + kRef.size();
    const auto name = text.substr(start, text.find('"', start) - start);
    EXPECT_TRUE(definitions.contains(name)) << name;
  }
  EXPECT_GT(refs, 100U);
}

TEST(OpenApiV2, LetsKubectlValidateOnTheServer) {
  const auto doc = parse_json(openapi_v2_json());
  ASSERT_TRUE(doc);
  const auto& patch = doc->at("paths").at("/apis/apps/v1/namespaces/{namespace}/deployments/{name}").at("patch");
  EXPECT_EQ(patch.at("x-kubernetes-group-version-kind").at("kind"), "Deployment");
  std::vector<std::string> names;
  for (const auto& p : patch.at("parameters").as_array()) names.emplace_back(p.at("name").as_string());
  EXPECT_THAT(names, testing::IsSupersetOf({"dryRun", "fieldValidation"}));
}

TEST(OpenApiV2, TellsMergeKeys) {
  const auto doc = parse_json(openapi_v2_json());
  ASSERT_TRUE(doc);
  const auto& ports =
      doc->at("definitions").at("io.k8s.api.core.v1.ServiceSpec").at("properties").at("ports").as_object();
  EXPECT_EQ(ports.at("x-kubernetes-patch-merge-key"), "port");
  EXPECT_EQ(ports.at("x-kubernetes-patch-strategy"), "merge");
  EXPECT_EQ(ports.at("x-kubernetes-list-map-keys").as_array().size(), 2U);
}

TEST(OpenApiV2, ProtobufHoldsAllPathsAndDefinitions) {
  const auto doc = parse_json(openapi_v2_json());
  ASSERT_TRUE(doc);
  const auto bytes = openapi_v2_proto();
  size_t paths = 0;
  size_t definitions = 0;
  WireReader document(bytes);
  while (const auto f = document.next()) {
    if (f->number != 8 && f->number != 9) continue;
    WireReader inner(f->bytes);
    while (const auto entry = inner.next()) ++(f->number == 8 ? paths : definitions);
    EXPECT_TRUE(inner.ok());
  }
  EXPECT_TRUE(document.ok());
  EXPECT_EQ(paths, doc->at("paths").as_object().size());
  EXPECT_EQ(definitions, doc->at("definitions").as_object().size());
}

}  // namespace
}  // namespace fairlead::api
