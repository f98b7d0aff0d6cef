#include "api/apply/field_set.h"

#include <gtest/gtest.h>

namespace fairlead::api {
namespace {

FieldSet set(std::string_view text) { return *FieldSet::parse(text); }

TEST(FieldSet, ReadsAndWritesFieldsV1) {
  const char* texts[] = {
      R"({})",
      R"({"f:spec":{"f:replicas":{},"f:selector":{}}})",
      R"({"f:metadata":{"f:labels":{".":{},"f:app":{}}}})",
      R"({"f:spec":{"f:ports":{".":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}}}})",
      R"({"f:metadata":{"f:finalizers":{".":{},"v:\"example.com/x\"":{}}}})",
  };
  for (const char* text : texts) EXPECT_EQ(set(text).to_json(), text);
}

TEST(FieldSet, RefusesWhatIsNoFieldsV1) {
  for (const char* text : {"[]", "{", R"({"spec":{}})", R"({"x:a":{}})", R"({"f:a":1})", R"({"f":{}})"}) {
    EXPECT_FALSE(FieldSet::parse(text).has_value()) << text;
  }
}

TEST(FieldSet, UnitesSubtractsAndIntersectsPathByPath) {
  const FieldSet a = set(R"({"f:a":{".":{},"f:b":{}},"f:c":{}})");
  const FieldSet b = set(R"({"f:a":{"f:b":{},"f:d":{}}})");
  FieldSet both = a;
  both.unite(b);
  EXPECT_EQ(both.to_json(), R"({"f:a":{".":{},"f:b":{},"f:d":{}},"f:c":{}})");
  FieldSet rest = a;
  rest.subtract(b);
  EXPECT_EQ(rest.to_json(), R"({"f:a":{},"f:c":{}})");
  rest.subtract(a);
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(a.intersection(b).to_json(), R"({"f:a":{"f:b":{}}})");
}

TEST(FieldSet, NamesPathsAsErrorMessagesDo) {
  const FieldSet fields = set(
      R"({"f:metadata":{"f:finalizers":{"v:\"x/y\"":{}}},"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{}}}}})");
  EXPECT_EQ(fields.paths(),
            (std::vector<std::string>{R"(.metadata.finalizers[="x/y"])", R"(.spec.ports[port=80,protocol="TCP"])",
                                      R"(.spec.ports[port=80,protocol="TCP"].name)"}));
}

}  // namespace
}  // namespace fairlead::api
