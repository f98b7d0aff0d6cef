#include "api/validation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "api/duration.h"
#include "api/kinds/deployment.h"
#include "api/kinds/service.h"

namespace fairlead::api {
namespace {

TEST(Invalid, SaysItInKubernetesWords) {
  Problems one;
  one.invalid((FieldPath("spec") / "ports")[0] / "port", 0, port_number(0));
  EXPECT_EQ(invalid(kind_of<Service>(), "x", std::move(one).take()).message,
            "Service \"x\" is invalid: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive");
  Problems two;
  two.required(FieldPath("spec") / "selector");
  two.not_supported(FieldPath("spec") / "type", "X", {"A", "B"});
  two.required(FieldPath("spec") / "selector");
  const auto error = invalid(kind_of<Deployment>(), "d", std::move(two).take());
  EXPECT_EQ(error.message,
            "Deployment.apps \"d\" is invalid: [spec.selector: Required value, spec.type: Unsupported value: \"X\": "
            "supported values: \"A\", \"B\"]");
  EXPECT_EQ(error.code, Code::kInvalid);
  ASSERT_EQ(error.causes.size(), 2U);
  EXPECT_EQ(error.causes[0], (FieldError{"FieldValueRequired", "spec.selector", "Required value"}));
}

TEST(Names, FollowTheRules) {
  EXPECT_TRUE(dns1123_label("web-1").empty());
  EXPECT_THAT(dns1123_label("Web"),
              testing::ElementsAre(testing::HasSubstr("a lowercase RFC 1123 label must consist")));
  EXPECT_THAT(dns1123_label("a.b"), testing::ElementsAre("must not contain dots"));
  EXPECT_THAT(dns1123_label(std::string(64, 'a')), testing::ElementsAre("must be no more than 63 characters"));
  EXPECT_TRUE(dns1123_subdomain("a.b-c.9").empty());
  for (const char* bad : {"", ".", "a..b", "-a", "a-", "a_b", "a.b-"})
    EXPECT_FALSE(dns1123_subdomain(bad).empty()) << bad;
  EXPECT_TRUE(dns1123_subdomain("_tcp.example", true).empty());
  EXPECT_TRUE(dns1035_label("web").empty());
  EXPECT_FALSE(dns1035_label("1web").empty());
  EXPECT_TRUE(qualified_name("app.kubernetes.io/name").empty());
  EXPECT_THAT(qualified_name("/x"), testing::ElementsAre("prefix part must be non-empty"));
  EXPECT_FALSE(qualified_name("a/b/c").empty());
  EXPECT_FALSE(qualified_name("").empty());
  EXPECT_TRUE(label_value("").empty());
  EXPECT_FALSE(label_value("-x").empty());
  EXPECT_TRUE(port_name("http-2").empty());
  for (const char* bad : {"80", "a--b", "-a", "HTTP", "a-very-long-name-it-is"})
    EXPECT_FALSE(port_name(bad).empty()) << bad;
  EXPECT_TRUE(percent("25%").empty());
  EXPECT_FALSE(percent("%").empty());
}

TEST(Ages, ShowTwoFigures) {
  using std::chrono::seconds;
  const std::pair<int64_t, const char*> cases[] = {{-5, "<invalid>"},     {-1, "0s"},          {0, "0s"},
                                                   {119, "119s"},         {120, "2m"},         {200, "3m20s"},
                                                   {600, "10m"},          {10799, "179m"},     {10800, "3h"},
                                                   {10860, "3h1m"},       {8 * 3600, "8h"},    {47 * 3600, "47h"},
                                                   {48 * 3600, "2d"},     {53 * 3600, "2d5h"}, {8 * 86400, "8d"},
                                                   {700 * 86400, "700d"}, {730 * 86400, "2y"}, {800 * 86400, "2y70d"},
                                                   {3000LL * 86400, "8y"}};
  for (const auto& [s, text] : cases) EXPECT_EQ(human_duration(seconds(s)), text) << s;
  EXPECT_EQ(age(Time{}, WallTime{}), "<unknown>");
}

}  // namespace
}  // namespace fairlead::api
