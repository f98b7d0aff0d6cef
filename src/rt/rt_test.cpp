#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "rt/blocking.h"
#include "rt/event.h"
#include "rt/queue.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::rt {
namespace {

using namespace std::chrono_literals;

Task<> wait_forever(Loop& loop, bool& cleaned) {
  struct Clean {
    bool& flag;
    ~Clean() { flag = true; }
  } clean{cleaned};
  Event never(loop);
  for (;;) co_await never.wait();
}

Task<> cancel_and_join(Loop& loop, bool& cleaned) {
  TaskGroup group(loop);
  group.spawn("forever", wait_forever(loop, cleaned));
  group.spawn("sleeper", sleep(1h));
  co_await sleep(1ms);
  EXPECT_EQ(group.size(), 2U);
  co_await group.shutdown();
  EXPECT_EQ(group.size(), 0U);
}

TEST(TaskGroup, CancelledTasksUnwindAndAreJoined) {
  Loop loop;
  bool cleaned = false;
  run(loop, cancel_and_join(loop, cleaned));
  EXPECT_TRUE(cleaned);
}

Task<> spawn_after_cancel(Loop& loop) {
  TaskGroup group(loop);
  group.cancel();
  group.spawn("late", sleep(1h));
  co_await group.join();
}

TEST(TaskGroup, TasksSpawnedAfterCancelEndAtOnce) {
  Loop loop;
  run(loop, spawn_after_cancel(loop));
}

Task<> parent(Loop& loop, bool& cleaned) {
  TaskGroup children(loop);
  children.spawn("child", wait_forever(loop, cleaned));
  co_await children.join_or_cancel();
}

Task<> cancel_parent(Loop& loop, bool& cleaned) {
  TaskGroup group(loop);
  group.spawn("parent", parent(loop, cleaned));
  co_await sleep(1ms);
  co_await group.shutdown();
}

TEST(TaskGroup, ChildrenEndWithTheirParent) {
  Loop loop;
  bool cleaned = false;
  run(loop, cancel_parent(loop, cleaned));
  EXPECT_TRUE(cleaned);
}

Task<int> slow_answer(std::chrono::milliseconds delay) {
  co_await sleep(delay);
  co_return 42;
}

Task<> timeouts() {
  EXPECT_EQ(co_await with_timeout(slow_answer(1ms), 10s), 42);
  EXPECT_EQ(co_await with_timeout(slow_answer(1h), 1ms), std::nullopt);
  EXPECT_FALSE(co_await with_timeout(sleep(1h), 1ms));
  // The caller is not left cancelled by the limit of what it called.
  co_await sleep(1ms);
}

TEST(WithTimeout, EndsTheTaskAndOnlyTheTask) {
  Loop loop;
  run(loop, timeouts());
}

Task<> cleanup_that_waits(Loop& loop, bool& waited) {
  bool cancelled = false;
  try {
    co_await sleep(1h);
  } catch (const boost::system::system_error&) {
    cancelled = true;
  }
  if (cancelled) {
    co_await shield();
    co_await sleep(1ms);
    waited = true;
  }
  (void)loop;
}

Task<> shutdown_waits_for_cleanup(Loop& loop, bool& waited) {
  TaskGroup group(loop);
  group.spawn("cleanup", cleanup_that_waits(loop, waited));
  co_await sleep(1ms);
  co_await group.shutdown();
}

TEST(Shield, CleanupMayWait) {
  Loop loop;
  bool waited = false;
  run(loop, shutdown_waits_for_cleanup(loop, waited));
  EXPECT_TRUE(waited);
}

Task<> use_pool(BlockingPool& pool) {
  const auto here = std::this_thread::get_id();
  const auto there = co_await blocking(pool, [] { return std::this_thread::get_id(); });
  EXPECT_NE(here, there);
  EXPECT_EQ(here, std::this_thread::get_id());
}

TEST(Blocking, RunsElsewhereAndComesBack) {
  Loop loop;
  BlockingPool pool(1);
  run(loop, use_pool(pool));
}

Task<> block(BlockingPool& pool, std::atomic<bool>& release, bool& returned) {
  const auto wait = [&release] {
    while (!release) std::this_thread::yield();
  };
  co_await blocking(pool, wait);
  returned = true;
}

Task<> cancel_while_blocked(Loop& loop, BlockingPool& pool) {
  std::atomic<bool> release = false;
  bool first = false;
  bool second = false;
  TaskGroup group(loop);
  group.spawn("running", block(pool, release, first));
  group.spawn("waiting for the thread", block(pool, release, second));
  co_await sleep(1ms);
  group.cancel();
  release = true;
  co_await group.join();
  // Seen at the caller's next wait.
  EXPECT_TRUE(first && second);
}

TEST(Blocking, IsNotInterruptedByCancellation) {
  for (int i = 0; i < 20; ++i) {
    Loop loop;
    BlockingPool pool(1);
    run(loop, cancel_while_blocked(loop, pool));
  }
}

Task<> produce(Queue<int>& queue) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(queue.push(i));
    if (i % 10 == 0) co_await sleep(1us);
  }
  queue.close();
}

Task<> consume(Loop& loop) {
  Queue<int> queue(loop, 100);
  TaskGroup group(loop);
  group.spawn("produce", produce(queue));
  int expected = 0;
  for (;;) {
    auto value = co_await queue.pop();
    if (!value) break;
    EXPECT_EQ(*value, expected++);
  }
  EXPECT_EQ(expected, 100);
  co_await group.join();
}

TEST(Queue, DeliversInOrderAndEnds) {
  Loop loop;
  run(loop, consume(loop));
}

TEST(Queue, RefusesBeyondItsLimit) {
  Loop loop;
  Queue<int> queue(loop, 1);
  EXPECT_TRUE(queue.push(1));
  EXPECT_FALSE(queue.push(2));
}

}  // namespace
}  // namespace fairlead::rt
