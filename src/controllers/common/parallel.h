// Several requests at once.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "rt/loop.h"
#include "rt/task_group.h"

namespace fairlead::controllers {

namespace detail {
template <class T>
rt::Task<> keep_result(rt::Task<T> task, std::optional<T>& out) {
  out.emplace(co_await std::move(task));
}
}  // namespace detail

// The values of all tasks, in their order. When the caller is cancelled, so are they.
template <class T>
rt::Task<std::vector<T>> run_all(rt::Loop& loop, std::vector<rt::Task<T>> tasks) {
  std::vector<std::optional<T>> values(tasks.size());
  rt::TaskGroup group(loop);
  for (size_t i = 0; i < tasks.size(); ++i) group.spawn("request", detail::keep_result(std::move(tasks[i]), values[i]));
  co_await group.join_or_cancel();
  std::vector<T> out;
  out.reserve(values.size());
  for (auto& value : values) out.push_back(*std::move(value));
  co_return out;
}

}  // namespace fairlead::controllers
