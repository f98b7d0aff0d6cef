#include "rt/signals.h"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "rt/event.h"
#include "rt/task_group.h"

namespace fairlead::rt {
namespace {

Task<> keep_result(Task<Result<>> component, std::optional<Result<>>& result, Event& changed) {
  result.emplace(co_await std::move(component));
  changed.notify();
}

Task<> note_signal(bool& signalled, Event& changed) {
  co_await termination_signal();
  signalled = true;
  changed.notify();
}

}  // namespace

Task<int> termination_signal() {
  asio::signal_set signals(co_await asio::this_coro::executor, SIGINT, SIGTERM);
  const int number = co_await signals.async_wait(asio::use_awaitable);
  co_return number;
}

Task<Result<>> until_terminated(Loop& loop, Task<Result<>> component) {
  std::optional<Result<>> result;
  bool signalled = false;
  Event changed(loop);
  TaskGroup group(loop);
  group.spawn("component", keep_result(std::move(component), result, changed));
  group.spawn("signals", note_signal(signalled, changed));
  while (!result && !signalled) co_await changed.wait();
  co_await group.shutdown();
  co_return result ? *std::move(result) : Result<>{};
}

}  // namespace fairlead::rt
