#include "rt/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "base/result.h"

namespace fairlead::rt {

TaskGroup::TaskGroup(Loop& loop) : loop_(loop), ended_(loop) {}

TaskGroup::~TaskGroup() {
  if (!running_.empty()) panic("TaskGroup destroyed while task '" + running_.front().name + "' runs; join it first");
}

void TaskGroup::spawn(std::string name, Task<> task) {
  running_.emplace_back(std::move(name));
  const auto it = std::prev(running_.end());
  asio::co_spawn(loop_.executor(), std::move(task),
                 asio::bind_cancellation_slot(it->signal.slot(), [this, it](const std::exception_ptr& e) {
                   if (e) {
                     try {
                       std::rethrow_exception(e);
                     } catch (const boost::system::system_error& error) {
                       if (error.code() != asio::error::operation_aborted) {
                         panic("task '" + it->name + "' threw: " + error.what());
                       }
                     } catch (const std::exception& error) {
                       panic("task '" + it->name + "' threw: " + error.what());
                     }
                   }
                   running_.erase(it);
                   ended_.notify();
                 }));
  if (cancelled_) it->signal.emit(asio::cancellation_type::terminal);
}

void TaskGroup::cancel() {
  cancelled_ = true;
  // A task may end, and leave the list, while it is being cancelled.
  std::vector<std::list<Running>::iterator> all;
  for (auto it = running_.begin(); it != running_.end(); ++it) all.push_back(it);
  for (const auto& it : all) {
    bool alive = false;
    for (auto r = running_.begin(); r != running_.end() && !alive; ++r) alive = r == it;
    if (alive) it->signal.emit(asio::cancellation_type::terminal);
  }
}

Task<> TaskGroup::join() {
  while (!running_.empty()) co_await ended_.wait();
}

Task<> TaskGroup::join_or_cancel() {
  bool cancelled = false;
  try {
    co_await join();
  } catch (const boost::system::system_error&) {
    cancelled = true;
  }
  if (!cancelled) co_return;
  co_await shield();
  cancel();
  co_await join();
  throw boost::system::system_error(asio::error::operation_aborted);
}

Task<> TaskGroup::shutdown() {
  co_await shield();
  cancel();
  co_await join();
}

}  // namespace fairlead::rt
