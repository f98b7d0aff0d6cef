#include "api/codec.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>

#include "api/kind.h"
#include "api/kinds/pod.h"
#include "api/kinds/service.h"

namespace fairlead::api {
namespace {

TEST(Json, RoundTripsAService) {
  const std::string text =
      R"({"kind":"Service","apiVersion":"v1","metadata":{"name":"web","namespace":"default","creationTimestamp":"2026-01-02T03:04:05Z"},)"
      R"("spec":{"ports":[{"port":80,"targetPort":"http"},{"port":81,"targetPort":8081}],"selector":{"app":"web"}},"status":{"loadBalancer":{}}})";
  auto object = object_from_text(text, kind_of<Service>());
  ASSERT_TRUE(object) << object.error().message;
  EXPECT_EQ((*object)->as<Service>().spec.ports[0].target_port.text, "http");
  EXPECT_EQ(to_json(**object), text);
}

TEST(Json, InlineStructsStandInTheirParent) {
  auto pod = object_from_text(
      R"({"metadata":{"name":"p"},"spec":{"containers":[],"volumes":[{"name":"v","emptyDir":{"medium":"Memory"}}]}})",
      kind_of<Pod>());
  ASSERT_TRUE(pod) << pod.error().message;
  EXPECT_NE(to_json(**pod).find(R"("volumes":[{"name":"v","emptyDir":{"medium":"Memory"}}])"), std::string::npos);
}

TEST(Json, NamesWhatDoesNotFitInKubernetesWords) {
  auto r = object_from_text(R"({"spec":{"selector":"app:webui"}})", kind_of<Service>());
  ASSERT_FALSE(r);
  EXPECT_EQ(
      r.error().message,
      "Service in version \"v1\" cannot be handled as a Service: json: cannot unmarshal string into Go struct field "
      "ServiceSpec.spec.selector of type map[string]string");
  r = object_from_text(R"({"spec":{"ports":[{"port":"80"}]}})", kind_of<Service>());
  ASSERT_FALSE(r);
  EXPECT_NE(
      r.error().message.find("cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32"),
      std::string::npos)
      << r.error().message;
}

TEST(Json, ReportsUnknownAndDuplicateFields) {
  DecodeReport report;
  auto r = object_from_text(
      R"({"spec":{"type":"ClusterIP","type":"NodePort","ports":[{"port":80,"nodeport":1}]},"extra":1})",
      kind_of<Service>(), &report);
  ASSERT_TRUE(r);
  EXPECT_EQ(report.unknown,
            (std::vector<std::string>{"unknown field \"spec.ports[0].nodeport\"", "unknown field \"extra\""}));
  EXPECT_EQ(report.duplicate, std::vector<std::string>{"duplicate field \"spec.type\""});
}

TEST(Json, FindsDuplicatesAmongManyKeys) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) text += fmt::format("\"k{}\":{},", i, i);
  DecodeReport report;
  ASSERT_TRUE(parse_json(text + "\"x\":1}", &report));
  EXPECT_TRUE(report.duplicate.empty());
  ASSERT_TRUE(parse_json(text + "\"k0\":1,\"k999\":1}", &report));
  EXPECT_EQ(report.duplicate, (std::vector<std::string>{"duplicate field \"k0\"", "duplicate field \"k999\""}));
}

TEST(Json, RefusesMalformedTextWithItsPlace) {
  for (auto text : {"", "{", "{\"a\":1}}", "[1,]", "{\"a\":}", "nul"}) {
    auto r = parse_json(text);
    ASSERT_FALSE(r) << text;
    EXPECT_EQ(r.error().code, Code::kBadRequest);
    EXPECT_NE(r.error().message.find("line 1"), std::string::npos);
  }
  EXPECT_FALSE(parse_json(std::string(100000, '[')));
}

TEST(Json, EveryKindRoundTripsEmpty) {
  for (const auto* kind : all_kinds()) {
    auto object = kind->make();
    auto again = object_from_text(to_json(*object), *kind);
    ASSERT_TRUE(again) << kind->kind << " " << again.error().message;
    EXPECT_EQ(to_json(**again), to_json(*object));
  }
}

}  // namespace
}  // namespace fairlead::api
