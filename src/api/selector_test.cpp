#include "api/selector.h"

#include <gtest/gtest.h>

#include "api/kind.h"
#include "api/kinds/pod.h"

namespace fairlead::api {
namespace {

TEST(Selector, MatchesByEveryOperator) {
  const StringMap labels{{"app", "web"}, {"tier", "front"}, {"n", "5"}, {"example.com/x", ""}};
  const std::pair<const char*, bool> cases[] = {
      {"", true},
      {"app=web", true},
      {"app==web", true},
      {"app=db", false},
      {"app!=db", true},
      {"app!=web", false},
      {"absent!=x", true},
      {"app", true},
      {"absent", false},
      {"!absent", true},
      {"!app", false},
      {"app in (db, web)", true},
      {"app in (db)", false},
      {"app notin (db)", true},
      {"app notin (web,db)", false},
      {"absent notin (x)", true},
      {"n>4", true},
      {"n<5", false},
      {"example.com/x=", true},
      {"app=web,tier=front", true},
      {"app=web, tier=back", false},
  };
  for (const auto& [text, expected] : cases) {
    const auto selector = Selector::parse(text);
    ASSERT_TRUE(selector.has_value()) << text << ": " << selector.error().message;
    EXPECT_EQ(selector->matches(labels), expected) << text;
  }
}

TEST(Selector, RefusesWhatItCannotRead) {
  for (const char* text :
       {"app:webui", "=x", "app=a b", "app in web", "app in (a", "a=b,", "a/b/c=d", "n>x", "app=-x", "(", "!"}) {
    const auto selector = Selector::parse(text);
    ASSERT_FALSE(selector.has_value()) << text;
    EXPECT_EQ(selector.error().code, Code::kBadRequest) << text;
    EXPECT_TRUE(selector.error().message.starts_with("unable to parse requirement: ")) << selector.error().message;
  }
}

TEST(Selector, PrintsWhatItParses) {
  for (const char* text : {"app=web,tier!=x", "a in (b,c),!d,e", "n>4"})
    EXPECT_EQ(Selector::parse(text)->to_string(), text);
}

TEST(Selector, ComesFromTheTypeToo) {
  LabelSelector typed;
  typed.match_labels["app"] = "web";
  typed.match_expressions.push_back({"tier", "NotIn", {"back"}});
  typed.match_expressions.push_back({"x", "DoesNotExist", {}});
  const auto selector = Selector::from(typed);
  EXPECT_TRUE(selector->matches({{"app", "web"}}));
  EXPECT_FALSE(selector->matches({{"app", "web"}, {"tier", "back"}}));
  EXPECT_FALSE(selector->matches({{"app", "web"}, {"x", "1"}}));
  typed.match_expressions.push_back({"y", "Has", {}});
  EXPECT_FALSE(Selector::from(typed).has_value());
}

TEST(FieldSelector, MatchesNameAndNamespace) {
  Pod pod;
  pod.metadata.name = "a";
  pod.metadata.namespace_ = "default";
  const auto object = make_object(pod);
  const auto matches = [&](const char* text) { return FieldSelector::parse(text, kind_of<Pod>())->matches(*object); };
  EXPECT_TRUE(matches("metadata.name=a"));
  EXPECT_TRUE(matches("metadata.name==a,metadata.namespace!=other"));
  EXPECT_FALSE(matches("metadata.name!=a"));
  EXPECT_EQ(*FieldSelector::parse("metadata.name=a", kind_of<Pod>())->required("metadata.name"), "a");
  const auto refused = FieldSelector::parse("spec.nothing=1", kind_of<Pod>());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "field label not supported: spec.nothing");
  EXPECT_FALSE(FieldSelector::parse("metadata.name", kind_of<Pod>()).has_value());
}

}  // namespace
}  // namespace fairlead::api
