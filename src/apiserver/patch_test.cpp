#include "apiserver/patch.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api/kinds/deployment.h"
#include "api/kinds/service.h"

namespace fairlead::apiserver {
namespace {

namespace json = boost::json;

std::string normal(std::string_view text) { return json::serialize(*api::parse_json(text)); }

std::string strategic(const api::TypeInfo& type, std::string_view live, std::string_view patch) {
  json::value document = *api::parse_json(live);
  const auto result = apply_strategic_merge(document, *api::parse_json(patch), type);
  return result ? json::serialize(document) : "error: " + result.error().message;
}

TEST(JsonPatch, AppliesEveryOperation) {
  const struct {
    const char* patch;
    const char* expected;
  } cases[] = {
      {R"([{"op":"add","path":"/a/c","value":2}])", R"({"a":{"b":1,"c":2},"l":[1,2,3]})"},
      {R"([{"op":"add","path":"/l/1","value":9}])", R"({"a":{"b":1},"l":[1,9,2,3]})"},
      {R"([{"op":"add","path":"/l/-","value":9}])", R"({"a":{"b":1},"l":[1,2,3,9]})"},
      {R"([{"op":"remove","path":"/l/0"},{"op":"remove","path":"/a/b"}])", R"({"a":{},"l":[2,3]})"},
      {R"([{"op":"replace","path":"/a/b","value":"x"}])", R"({"a":{"b":"x"},"l":[1,2,3]})"},
      {R"([{"op":"move","from":"/a/b","path":"/m~1n"}])", R"({"a":{},"l":[1,2,3],"m/n":1})"},
      {R"([{"op":"copy","from":"/l/2","path":"/a/b"},{"op":"test","path":"/a/b","value":3}])",
       R"({"a":{"b":3},"l":[1,2,3]})"},
      {R"([{"op":"add","path":"/a~0~é","value":1}])", R"({"a":{"b":1},"l":[1,2,3],"a~~é":1})"},
  };
  for (const auto& c : cases) {
    json::value document = *api::parse_json(R"({"a":{"b":1},"l":[1,2,3]})");
    const auto result = apply_json_patch(document, *api::parse_json(c.patch));
    ASSERT_TRUE(result.has_value()) << c.patch << ": " << result.error().message;
    EXPECT_EQ(document, *api::parse_json(c.expected)) << json::serialize(document);
  }
}

TEST(JsonPatch, RefusesWhatDoesNotApply) {
  for (const char* patch : {R"([{"op":"remove","path":"/x"}])", R"([{"op":"test","path":"/a","value":2}])",
                            R"([{"op":"add","path":"/l/7","value":1}])", R"([{"op":"frobnicate","path":"/a"}])",
                            R"([{"op":"add","path":"/a"}])", R"([{"op":"replace","path":"a","value":1}])"}) {
    json::value document = *api::parse_json(R"({"a":1,"l":[]})");
    const auto result = apply_json_patch(document, *api::parse_json(patch));
    ASSERT_FALSE(result.has_value()) << patch;
    EXPECT_EQ(result.error().code, Code::kInvalid);
  }
  json::value document;
  EXPECT_EQ(apply_json_patch(document, *api::parse_json("{}")).error().code, Code::kBadRequest);
}

// Forty such lines would otherwise make terabytes of a few bytes, or nest deeper than any stack.
TEST(JsonPatch, RefusesToGrowWithoutBound) {
  json::array copies(40, *api::parse_json(R"({"op":"copy","from":"","path":"/a/-"})"));
  json::value document = *api::parse_json(R"({"a":["text"]})");
  auto result = apply_json_patch(document, copies);
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("the patch's copies add more than"), std::string::npos)
      << result.error().message;

  std::string path;
  for (int i = 0; i < 200; ++i) path += "/0";
  document = *api::parse_json(R"({"a":)" + std::string(200, '[') + std::string(200, ']') + "}");
  result = apply_json_patch(document, *api::parse_json(R"([{"op":"copy","from":"/a","path":"/a)" + path + R"("}])"));
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("nested too deeply"), std::string::npos) << result.error().message;
}

TEST(MergePatch, FollowsTheRfcsExample) {
  json::value document = *api::parse_json(
      R"({"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},"tags":["example","sample"],"content":"x"})");
  apply_merge_patch(
      document,
      *api::parse_json(R"({"title":"Hello!","phoneNumber":"+1","author":{"familyName":null},"tags":["example"]})"));
  EXPECT_EQ(
      json::serialize(document),
      normal(
          R"({"title":"Hello!","author":{"givenName":"John"},"tags":["example"],"content":"x","phoneNumber":"+1"})"));
}

TEST(StrategicMerge, PutsNewItemsFirst) {
  EXPECT_EQ(strategic(api::type_info<api::Service>(), R"({"spec":{"ports":[{"port":1},{"port":2}]}})",
                      R"({"spec":{"ports":[{"port":3},{"port":2,"name":"b"}]}})"),
            R"({"spec":{"ports":[{"port":3},{"port":1},{"port":2,"name":"b"}]}})");
}

TEST(StrategicMerge, MergesListsByTheirKeys) {
  const auto& type = api::type_info<api::Deployment>();
  const char* live =
      R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"a:1","env":[{"name":"X","value":"1"}]},{"name":"b","image":"b:1"}]}}}})";
  EXPECT_EQ(
      strategic(type, live, R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"a:2"}]}}}})"),
      normal(
          R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"a:2","env":[{"name":"X","value":"1"}]},{"name":"b","image":"b:1"}]}}}})"));
  EXPECT_EQ(
      strategic(
          type, live,
          R"({"spec":{"template":{"spec":{"containers":[{"name":"b","$patch":"delete"},{"name":"c","image":"c:1"}]}}}})"),
      normal(
          R"({"spec":{"template":{"spec":{"containers":[{"name":"c","image":"c:1"},{"name":"a","image":"a:1","env":[{"name":"X","value":"1"}]}]}}}})"));
  EXPECT_EQ(
      strategic(
          type, live,
          R"({"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"b","image":"b:2"}]}}}})"),
      normal(
          R"({"spec":{"template":{"spec":{"containers":[{"name":"b","image":"b:2"},{"name":"a","image":"a:1","env":[{"name":"X","value":"1"}]}]}}}})"));
  EXPECT_EQ(
      strategic(type, live,
                R"({"spec":{"template":{"spec":{"containers":[{"$patch":"replace"},{"name":"z","image":"z"}]}}}})"),
      normal(R"({"spec":{"template":{"spec":{"containers":[{"name":"z","image":"z"}]}}}})"));
  EXPECT_NE(
      strategic(type, live, R"({"spec":{"template":{"spec":{"containers":[{"image":"z"}]}}}})").find("merge key: name"),
      std::string::npos);
}

TEST(StrategicMerge, MergesMapsAndReplacesOtherLists) {
  const auto& type = api::type_info<api::Service>();
  const char* live =
      R"({"metadata":{"labels":{"a":"1","b":"2"},"finalizers":["x","y"]},"spec":{"selector":{"app":"web"},"externalIPs":["1.1.1.1"],"ports":[{"port":80,"nodePort":30000}]}})";
  EXPECT_EQ(
      strategic(type, live, R"({"metadata":{"labels":{"a":null,"c":"3"}},"spec":{"externalIPs":["2.2.2.2"]}})"),
      normal(
          R"({"metadata":{"labels":{"b":"2","c":"3"},"finalizers":["x","y"]},"spec":{"selector":{"app":"web"},"externalIPs":["2.2.2.2"],"ports":[{"port":80,"nodePort":30000}]}})"));
  EXPECT_EQ(
      strategic(type, live, R"({"metadata":{"finalizers":["z"],"$deleteFromPrimitiveList/finalizers":["x"]}})"),
      normal(
          R"({"metadata":{"labels":{"a":"1","b":"2"},"finalizers":["z","y"]},"spec":{"selector":{"app":"web"},"externalIPs":["1.1.1.1"],"ports":[{"port":80,"nodePort":30000}]}})"));
  EXPECT_EQ(
      strategic(type, live,
                R"({"spec":{"ports":[{"port":80,"name":"http"}],"selector":{"$patch":"replace","x":"y"}}})"),
      normal(
          R"({"metadata":{"labels":{"a":"1","b":"2"},"finalizers":["x","y"]},"spec":{"selector":{"x":"y"},"externalIPs":["1.1.1.1"],"ports":[{"port":80,"nodePort":30000,"name":"http"}]}})"));
}

TEST(StrategicMerge, RetainKeysDropsTheRest) {
  const auto& type = api::type_info<api::Deployment>();
  EXPECT_EQ(strategic(type, R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}})",
                      R"({"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}})"),
            normal(R"({"spec":{"strategy":{"type":"Recreate"}}})"));
}

TEST(StrategicMerge, OrdersServersOwnItemsAmongTheOthers) {
  const auto& type = api::type_info<api::Deployment>();
  const char* live = R"({"spec":{"template":{"spec":{"containers":[{"name":"a"},{"name":"s"},{"name":"b"}]}}}})";
  EXPECT_EQ(
      strategic(
          type, live,
          R"({"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"a"},{"name":"b"},{"name":"n"}],"containers":[{"name":"n"}]}}}})"),
      normal(R"({"spec":{"template":{"spec":{"containers":[{"name":"a"},{"name":"s"},{"name":"b"},{"name":"n"}]}}}})"));
}

TEST(Patched, GivesATypedObjectAndReportsUnknownFields) {
  api::Service service;
  service.metadata.name = "web";
  service.spec.type = "ClusterIP";
  const auto object = api::make_object(service);
  api::DecodeReport report;
  const auto next = patched(*object, client::PatchType::kMerge, R"({"spec":{"type":"NodePort","x":1}})", &report);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ((*next)->as<api::Service>().spec.type, "NodePort");
  EXPECT_EQ(report.unknown, std::vector<std::string>{"unknown field \"spec.x\""});
  EXPECT_EQ(patched(*object, client::PatchType::kStrategic, "[]").error().code, Code::kBadRequest);
  EXPECT_EQ(patched(*object, client::PatchType::kMerge, "{").error().code, Code::kBadRequest);
}

}  // namespace
}  // namespace fairlead::apiserver
