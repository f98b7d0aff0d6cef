#include "api/quantity.h"

#include <gtest/gtest.h>

namespace fairlead::api {
namespace {

TEST(Quantity, HasOneCanonicalForm) {
  const std::pair<const char*, const char*> cases[] = {{"0", "0"},
                                                       {"1", "1"},
                                                       {"1000m", "1"},
                                                       {"0.5", "500m"},
                                                       {"1.5", "1500m"},
                                                       {"100m", "100m"},
                                                       {"1500m", "1500m"},
                                                       {"1024Ki", "1Mi"},
                                                       {"1.5Gi", "1536Mi"},
                                                       {"1000Ki", "1000Ki"},
                                                       {"1000", "1k"},
                                                       {"1e3", "1e3"},
                                                       {"1E3", "1e3"},
                                                       {"12e6", "12e6"},
                                                       {"128Mi", "128Mi"},
                                                       {"0.1n", "1n"},
                                                       {"-5", "-5"},
                                                       {"+5", "5"},
                                                       {".5", "500m"},
                                                       {"5.", "5"},
                                                       {"512", "512"},
                                                       {"1Ki", "1Ki"},
                                                       {"0.5Ki", "512"},
                                                       {"1536", "1536"},
                                                       {"1E", "1E"},
                                                       {"100E", "9223372036854775807"},
                                                       {"9999999999999999999999999", "9223372036854775807"},
                                                       {"0.000000000000001", "1n"}};
  for (const auto& [in, out] : cases) {
    const auto c = canonical_quantity(in);
    ASSERT_TRUE(c) << in << ": " << c.error().message;
    EXPECT_EQ(*c, out) << in;
    EXPECT_EQ(canonical_quantity(*c).value(), out) << in;
  }
}

TEST(Quantity, RefusesWhatIsNone) {
  for (const char* text : {"", "m", "1x", "1 Gi", "abc", "1.2.3", "--1", "1kk", "e5", "1Kim", "0x10", "1e", "1e999999"})
    EXPECT_FALSE(parse_quantity(text)) << text;
}

TEST(Quantity, ComparesAndRounds) {
  const auto v = [](const char* t) { return parse_quantity(t)->value; };
  EXPECT_EQ(v("1Gi"), v("1073741824"));
  EXPECT_LT(v("999m"), v("1"));
  EXPECT_GT(v("1Mi"), v("1M"));
  EXPECT_EQ(v("1500m").value(), 2);
  EXPECT_EQ(v("1500m").milli_value(), 1500);
  EXPECT_EQ((v("100m") + v("200m")).milli_value(), 300);
}

}  // namespace
}  // namespace fairlead::api
