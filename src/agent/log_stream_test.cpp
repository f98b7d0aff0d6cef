#include "agent/log_stream.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "rt/event.h"
#include "rt/task_group.h"

namespace fairlead::agent {
namespace {

std::string line(std::string_view text) { return fmt::format("2023-11-14T22:13:10Z stdout F {}\n", text); }

class LogStreamTest : public ::testing::Test, public LogSink {
 protected:
  LogStreamTest() : dir_(::testing::TempDir() + "fairlead-log-" + random_suffix(8)), heard_(loop_) {
    std::filesystem::create_directories(dir_);
  }
  ~LogStreamTest() override { std::filesystem::remove_all(dir_); }

 public:
  [[nodiscard]] std::string path() const { return dir_ + "/0.log"; }
  void append(const std::string& text) { std::ofstream(path(), std::ios::app) << text; }

  rt::Task<Result<>> write(std::string_view text) override {
    if (gone_) co_return fail(Code::kCancelled, "the client has left");
    got_ += text;
    heard_.notify();
    co_return Result<>{};
  }
  rt::Task<bool> running() override {
    asked_ = true;
    heard_.notify();
    co_return running_;
  }
  rt::Task<> until(std::string wanted) {
    while (got_ != wanted) co_await heard_.wait();
  }
  // The reader has come to the end of the file and waits.
  rt::Task<> until_waiting() {
    while (!asked_) co_await heard_.wait();
  }
  bool running_ = true;  // the container
  bool gone_ = false;    // the client

 protected:
  static rt::Task<> stream(LogStreamTest& t, LogQuery query) {
    t.result_ = co_await stream_log(t.loop_, t.pool_, t.path(), query, t);
    t.ended_ = true;
  }
  void follow(rt::Task<> script) {
    rt::run(loop_, [](LogStreamTest& t, rt::Task<> s) -> rt::Task<> {
      rt::TaskGroup group(t.loop_);
      LogQuery query;
      query.follow = true;
      group.spawn("stream", stream(t, query));
      co_await std::move(s);
      co_await group.join();
    }(*this, std::move(script)));
  }

  rt::Loop loop_;
  rt::BlockingPool pool_{1};
  const std::string dir_;
  rt::Event heard_;
  std::string got_;
  bool asked_ = false;
  bool ended_ = false;
  Result<> result_;
};

TEST_F(LogStreamTest, GivesWhatIsThereAndEnds) {
  append(line("one") + line("two") + "2023-11-14T22:13:10Z stdout F unfinished");
  rt::run(loop_, stream(*this, LogQuery()));
  EXPECT_TRUE(result_);
  EXPECT_EQ(got_, "one\ntwo\nunfinished");
  EXPECT_FALSE(asked_);
}

TEST_F(LogStreamTest, BeginsAtTheTail) {
  append(line("one") + line("two") + line("three"));
  LogQuery query;
  query.tail_lines = 2;
  rt::run(loop_, stream(*this, query));
  EXPECT_EQ(got_, "two\nthree\n");
}

TEST_F(LogStreamTest, SaysThatThereIsNoFile) {
  rt::run(loop_, stream(*this, LogQuery()));
  EXPECT_EQ(result_.error().code, Code::kNotFound);
}

TEST_F(LogStreamTest, FollowsToTheContainersEnd) {
  append(line("one"));
  follow([](LogStreamTest& t) -> rt::Task<> {
    co_await t.until("one\n");
    co_await t.until_waiting();
    t.append(line("two") + "2023-11-14T22:13:10Z stdout F th");
    co_await t.until("one\ntwo\n");
    t.append("ree\n");
    co_await t.until("one\ntwo\nthree\n");
    t.running_ = false;
    t.append("2023-11-14T22:13:10Z stdout F last");
  }(*this));
  EXPECT_TRUE(result_);
  EXPECT_EQ(got_, "one\ntwo\nthree\nlast");
}

TEST_F(LogStreamTest, FollowsAcrossRotation) {
  append(line("one"));
  follow([](LogStreamTest& t) -> rt::Task<> {
    co_await t.until("one\n");
    co_await t.until_waiting();
    t.append(line("two"));
    std::filesystem::rename(t.path(), t.path() + ".20231114-221310");
    t.append(line("three"));
    co_await t.until("one\ntwo\nthree\n");
    t.running_ = false;
    t.append(line("four"));
  }(*this));
  EXPECT_EQ(got_, "one\ntwo\nthree\nfour\n");
}

TEST_F(LogStreamTest, EndsWhenTheClientHasLeft) {
  append(line("one"));
  follow([](LogStreamTest& t) -> rt::Task<> {
    co_await t.until("one\n");
    t.gone_ = true;
    t.append(line("two"));
  }(*this));
  EXPECT_TRUE(ended_);
  EXPECT_FALSE(result_);
}

}  // namespace
}  // namespace fairlead::agent
