#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api/codec.h"

namespace fairlead::api {
namespace {

std::string as_json(std::string_view yaml, DecodeReport* report = nullptr) {
  const auto v = parse_yaml(yaml, report);
  return v ? boost::json::serialize(*v) : v.error().message;
}

TEST(Yaml, ReadsAManifest) {
  EXPECT_EQ(
      as_json("apiVersion: v1\nkind: Service\nspec:\n  ports:\n  - port: 80\n    targetPort: \"8080\"\n  selector: "
              "{app: web}\n"),
      R"({"apiVersion":"v1","kind":"Service","spec":{"ports":[{"port":80,"targetPort":"8080"}],"selector":{"app":"web"}}})");
}

TEST(Yaml, ResolvesScalarsAsKubernetesDoes) {
  const std::pair<const char*, const char*> cases[] = {{"1", "1"},
                                                       {"-7", "-7"},
                                                       {"0644", "420"},
                                                       {"0x1F", "31"},
                                                       {"1_000", "1000"},
                                                       {"1.5", "1.5E0"},
                                                       {"true", "true"},
                                                       {"on", "true"},
                                                       {"No", "false"},
                                                       {"~", "null"},
                                                       {"", "null"},
                                                       {"'1'", "\"1\""},
                                                       {"\"true\"", "\"true\""},
                                                       {"1.2.3", "\"1.2.3\""},
                                                       {"10.0.0.1", "\"10.0.0.1\""},
                                                       {"1Gi", "\"1Gi\""},
                                                       {"!!str 5", "\"5\""},
                                                       {"app:webui", "\"app:webui\""},
                                                       {"0", "0"},
                                                       {"-", "[null]"},
                                                       {"+5", "5"},
                                                       {"18446744073709551615", "18446744073709551615"},
                                                       {"2001-01-01", "\"2001-01-01\""},
                                                       {"1e3", "1E3"},
                                                       {"e3", "\"e3\""},
                                                       {".", "\".\""}};
  for (const auto& [yaml, expected] : cases) EXPECT_EQ(as_json(yaml), expected) << yaml;
}

TEST(Yaml, KeepsLastOfDuplicatesAndReportsThem) {
  DecodeReport report;
  EXPECT_EQ(as_json("a:\n- b: 1\n  b: 2\n", &report), R"({"a":[{"b":2}]})");
  EXPECT_THAT(report.duplicate, testing::ElementsAre("duplicate field \"a[0].b\""));
}

TEST(Yaml, FollowsAliasesAndMerges) {
  EXPECT_EQ(as_json("x: &a {p: 1, q: 2}\nw: *a\nz:\n  <<: *a\n  q: 3\n"),
            R"({"x":{"p":1,"q":2},"w":{"p":1,"q":2},"z":{"q":3,"p":1}})");
}

TEST(Yaml, BoundsWhatAliasesExpandTo) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += fmt::format("a{}: &a{} [", i, i);
    for (int j = 0; j < 10; ++j) bomb += fmt::format("{}*a{}", j == 0 ? "" : ",", i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(as_json(bomb), testing::HasSubstr("aliases expand to more"));
  const std::string deep = std::string(200, '[') + "{}" + std::string(200, ']');
  EXPECT_THAT(as_json("a: &a " + deep + "\nb: " + std::string(200, '[') + "*a" + std::string(200, ']')),
              testing::HasSubstr("nested too deeply"));
}

TEST(Yaml, RefusesWhatItCannotRead) {
  for (const char* bad : {"a: [1", "a: b: c", "\tx: 1", "a: *nothing", "a: &a [*a]", "a: .nan", "{[1]: 2}",
                          "a: 1\n---\nb: 2\n", "a: \xff", "\xf0y: 1", R"(a: "\N")"})
    EXPECT_FALSE(parse_yaml(bad)) << bad;
  EXPECT_THAT(as_json("ok: 1\na: [1\n"), testing::StartsWith("invalid YAML at line "));
  EXPECT_FALSE(parse_yaml(std::string(5000, '[')));
  EXPECT_TRUE(parse_yaml("a: 1\n---\n"));
}

}  // namespace
}  // namespace fairlead::api
