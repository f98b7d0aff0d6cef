#include "agent/log_lines.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

namespace fairlead::agent {
namespace {

const WallTime kNow{std::chrono::seconds{1'700'000'000}};

constexpr const char* kLog =
    "2023-11-14T22:13:10.1Z stdout F one\n"
    "2023-11-14T22:13:11Z stderr P tw\n"
    "2023-11-14T22:13:11.000000002Z stderr F o\n"
    "not a line of the runtime\n"
    "2023-11-14T22:13:12.123456789+09:00 stdout F far away\n"
    "2023-11-14T22:13:19.5Z stdout F \n"
    "2023-11-14T22:13:19.6Z stdout F five";

std::string read(const LogQuery& query) {
  LogFormatter formatter(query);
  std::string out;
  std::string_view left = kLog;
  while (!left.empty() && !formatter.full()) {
    const size_t end = std::min(left.find('\n'), left.size() - 1) + 1;
    formatter.add(left.substr(0, end), out);
    left.remove_prefix(end);
  }
  return out;
}

LogQuery query_of(const std::string& text) {
  const auto query = net::parse_query(text);
  EXPECT_TRUE(query);
  const auto parsed = parse_log_query(*query, kNow);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
  return *parsed;
}

TEST(LogLines, GiveTheTextOfBothStreamsAndJoinPartialLines) {
  EXPECT_EQ(read(query_of("")), "one\ntwo\nfar away\n\nfive");
}

TEST(LogLines, WithTimestampsOfNineDigits) {
  EXPECT_EQ(read(query_of("timestamps=true&limitBytes=36")), "2023-11-14T22:13:10.100000000Z one\n2");
  const std::string all = read(query_of("timestamps=true"));
  EXPECT_NE(all.find("2023-11-14T22:13:11.000000000Z tw2023-11-14T22:13:11.000000002Z o\n"), std::string::npos) << all;
  EXPECT_NE(all.find("2023-11-14T22:13:12.123456789+09:00 far away\n"), std::string::npos) << all;
}

TEST(LogLines, SinceATimeOrSeconds) {
  EXPECT_EQ(read(query_of("sinceSeconds=1")), "\nfive");
  EXPECT_EQ(read(query_of("sinceTime=2023-11-14T22:13:11Z")), "two\n\nfive");
  EXPECT_EQ(read(query_of("sinceSeconds=1&sinceTime=2023-11-14T22:13:10Z")), "\nfive");
}

TEST(LogLines, UpToALimitOfBytes) {
  EXPECT_EQ(read(query_of("limitBytes=5")), "one\nt");
  EXPECT_EQ(read(query_of("limitBytes=4")), "one\n");
}

TEST(LogLines, RefuseAQueryThatCannotBeRead) {
  for (const char* text : {"follow=maybe", "tailLines=many", "limitBytes=-1", "sinceTime=yesterday"}) {
    const auto parsed = parse_log_query(*net::parse_query(text), kNow);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Code::kBadRequest);
  }
}

TEST(LogLines, FindTheTailAcrossBlocks) {
  const Fd fd(::memfd_create("log", MFD_CLOEXEC));
  std::string text;
  std::vector<int64_t> starts;
  for (int i = 0; i < 20'000; ++i) {
    starts.push_back(static_cast<int64_t>(text.size()));
    text += "line " + std::to_string(i) + "\n";
  }
  ASSERT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  for (const int64_t lines : {1, 2, 10, 15'000, 20'000}) {
    EXPECT_EQ(*tail_offset(fd.get(), lines), starts[starts.size() - static_cast<size_t>(lines)]) << lines;
  }
  EXPECT_EQ(*tail_offset(fd.get(), 0), static_cast<int64_t>(text.size()));
  EXPECT_EQ(*tail_offset(fd.get(), 20'001), 0);
  ASSERT_EQ(::write(fd.get(), "unfinished", 10), 10);
  EXPECT_EQ(*tail_offset(fd.get(), 1), static_cast<int64_t>(text.size()));
}

}  // namespace
}  // namespace fairlead::agent
