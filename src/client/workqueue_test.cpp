#include "client/workqueue.h"

#include <gtest/gtest.h>

#include "client/testing.h"

namespace fairlead::client {
namespace {

using namespace std::chrono_literals;

struct WorkQueueTest : testing::Test {
  FakeClock clock;
  rt::Loop loop;
  WorkQueue queue{loop, clock, {.first_retry = 10ms, .longest_retry = 1s}};
};

TEST_F(WorkQueueTest, AKeyThatWaitsIsQueuedOnce) {
  queue.add("a");
  queue.add("b");
  queue.add("a");
  EXPECT_EQ(queue.try_pop(), "a");
  EXPECT_EQ(queue.try_pop(), "b");
  EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST_F(WorkQueueTest, AKeyBeingWorkedOnComesBackOnlyAfterDone) {
  queue.add("a");
  EXPECT_EQ(queue.try_pop(), "a");
  queue.add("a");
  queue.add("a");
  EXPECT_EQ(queue.try_pop(), std::nullopt);
  queue.done("a");
  EXPECT_EQ(queue.try_pop(), "a");
  queue.done("a");
  EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST_F(WorkQueueTest, FailuresDoubleThePauseUntilForgotten) {
  const auto pause = [&] {
    queue.add_rate_limited("a");
    std::chrono::milliseconds waited{0};
    while (!queue.try_pop()) {
      clock.advance(1ms);
      waited += 1ms;
    }
    queue.done("a");
    return waited;
  };
  EXPECT_EQ(pause(), 10ms);
  EXPECT_EQ(pause(), 20ms);
  EXPECT_EQ(pause(), 40ms);
  for (int i = 0; i < 10; ++i) pause();
  EXPECT_EQ(pause(), 1s);
  queue.forget("a");
  EXPECT_EQ(pause(), 10ms);
}

TEST_F(WorkQueueTest, TheEarliestOfSeveralDelaysWins) {
  queue.add_after("a", 50ms);
  queue.add_after("a", 10ms);
  queue.add_after("a", 30ms);
  clock.advance(10ms);
  EXPECT_EQ(queue.try_pop(), "a");
  queue.done("a");
  clock.advance(1s);
  EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST_F(WorkQueueTest, WorkersRetryWhatFailsAndNeverShareAKey) {
  struct Counter {
    int calls = 0;
    int running = 0;
    rt::Task<Result<>> reconcile(std::string /*key*/) {
      EXPECT_EQ(++running, 1);
      co_await rt::asio::post(rt::asio::use_awaitable);
      --running;
      if (++calls < 3) co_return fail(Code::kUnavailable, "not yet");
      co_return Result<>{};
    }
  } counter;
  rt::TaskGroup group(loop);
  group.spawn("workers",
              run_workers(loop, queue, "test", 4, [&](std::string key) { return counter.reconcile(std::move(key)); }));
  queue.add("a");
  settle(loop);
  EXPECT_EQ(counter.calls, 1);
  for (int i = 0; i < 2; ++i) {
    clock.advance(1s);
    queue.wake();
    settle(loop);
  }
  EXPECT_EQ(counter.calls, 3);
  EXPECT_EQ(queue.failures("a"), 0);
  stop(loop, group);
}

}  // namespace
}  // namespace fairlead::client
