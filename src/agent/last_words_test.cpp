#include "agent/last_words.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace fairlead::agent {
namespace {

TEST(LastWords, AreTheEndOfTheFileOrElseOfTheLog) {
  const std::string base = testing::TempDir() + "fairlead-words-" + random_suffix(8);
  const std::string file = base + "/containers/web/0";
  const std::string log = base + "/0.log";
  ASSERT_TRUE(make_last_words(file));
  std::ofstream(log) << "2026-01-01T00:00:00.0Z stdout F one two\n2026-01-01T00:00:00.0Z stderr F three\n";
  EXPECT_EQ(last_words(file, ""), "");
  EXPECT_EQ(last_words(file, log), "one two\nthree\n");
  std::ofstream(file) << std::string(5000, 'x') << "end";
  std::string kept(4093, 'x');
  kept.append("end");
  EXPECT_EQ(last_words(file, log), kept);
  EXPECT_EQ(last_words(base + "/absent", ""), "");
  std::filesystem::remove_all(base);
}

TEST(LastWords, JoinPartialLinesAndKeepEightyOfThem) {
  EXPECT_EQ(log_tail("t stdout P ab\nt stdout F cd\n"), "abcd\n");
  EXPECT_EQ(log_tail("ut off\nt stdout F a\n"), "a\n");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "t stdout F " + std::to_string(i) + "\n";
  EXPECT_TRUE(log_tail(many).starts_with("20\n21\n"));
  std::string one_long_line = "t stdout F ";
  one_long_line.append(3000, 'x');
  EXPECT_EQ(log_tail(one_long_line).size(), 2048U);
}

}  // namespace
}  // namespace fairlead::agent
