#include "base/text.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/clock.h"

namespace fairlead {
namespace {

TEST(Base64, RoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
    bytes += static_cast<char>(i * 37);
  }
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (auto text : {"A", "AA", "AAA", "A=A=", "AB==", "A A=", "===="}) EXPECT_FALSE(base64_decode(text)) << text;
}

TEST(Text, SplitsKeepingEmptyParts) {
  EXPECT_EQ(split("a,,b,", ',').size(), 4U);
  EXPECT_EQ(split("", ',').size(), 1U);
}

TEST(Text, ParsesWholeNumbersOnly) {
  EXPECT_EQ(parse_int("-12"), -12);
  for (auto text : {"", "12x", " 1", "9223372036854775808"}) EXPECT_FALSE(parse_int(text)) << text;
}

TEST(Text, WritesFilesWhole) {
  char directory[] = "/tmp/fairlead-text-XXXXXX";
  ASSERT_NE(mkdtemp(directory), nullptr);
  const auto path = std::string(directory) + "/f";
  ASSERT_TRUE(write_file_atomically(path, "one"));
  ASSERT_TRUE(write_file_atomically(path, "two"));
  EXPECT_EQ(*read_file(path), "two");
  EXPECT_EQ(read_file(path + "x").error().code, Code::kNotFound);
  ::unlink(path.c_str());
  ::rmdir(directory);
}

TEST(Rfc3339, RoundTrips) {
  auto t = parse_rfc3339("2026-11-21T07:52:00.123456Z");
  ASSERT_TRUE(t);
  EXPECT_EQ(format_rfc3339(*t), "2026-11-21T07:52:00Z");
  EXPECT_EQ(format_rfc3339_micro(*t), "2026-11-21T07:52:00.123456Z");
  EXPECT_EQ(parse_rfc3339("2026-11-21T08:52:00+01:00"), parse_rfc3339("2026-11-21T07:52:00Z"));
}

TEST(Rfc3339, RefusesOtherForms) {
  for (auto text : {"", "2026-11-21", "2026-11-21T07:52:00", "2026-13-21T07:52:00Z", "2026-11-21 07:52:00Z", "x"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace fairlead
