// For tests on MemoryApi: everything happens in memory, so a loop without anything left to run now is at rest. Timers
// of the future do not count.
#pragma once

#include <optional>

#include "base/result.h"
#include "rt/loop.h"
#include "rt/task_group.h"

namespace fairlead::client {

// Runs what can run, until nothing moves any more.
inline void settle(rt::Loop& loop) {
  loop.context().restart();
  while (loop.context().poll() != 0) {
  }
}

inline void stop(rt::Loop& loop, rt::TaskGroup& group) {
  group.cancel();
  settle(loop);
  check(group.size() == 0, "a task did not end when it was cancelled");
}

namespace detail {
template <class T>
rt::Task<> keep(rt::Task<T> task, std::optional<T>& out) {
  out.emplace(co_await std::move(task));
}
}  // namespace detail

// The value of a task that needs no time to pass.
template <class T>
T run_now(rt::Loop& loop, rt::Task<T> task) {
  std::optional<T> out;
  rt::TaskGroup group(loop);
  group.spawn("run_now", detail::keep(std::move(task), out));
  settle(loop);
  if (!out) stop(loop, group);
  check(out.has_value(), "the task waits for something that does not happen");
  return *std::move(out);
}

}  // namespace fairlead::client
