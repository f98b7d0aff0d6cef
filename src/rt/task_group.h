// A set of tasks with one owner. Every spawned task belongs to a group, and every group is joined before it is
// destroyed.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <list>
#include <memory>
#include <string>

#include "rt/event.h"
#include "rt/loop.h"

namespace fairlead::rt {

class TaskGroup {
 public:
  explicit TaskGroup(Loop& loop);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  // Aborts if tasks are still running: join() first.
  ~TaskGroup();

  // Starts `task` on the loop. An exception other than cancellation ends the process: it is a defect. Loop thread only.
  void spawn(std::string name, Task<> task);
  // Asks every task to end; idempotent; tasks spawned later are cancelled at once. Loop thread only.
  void cancel();
  // Waits until every task has ended (does not cancel by itself).
  Task<> join();
  // join() for a task whose children end with it: when the caller is cancelled meanwhile, the tasks are cancelled and
  // awaited before the cancellation goes on.
  Task<> join_or_cancel();
  // cancel() and join(). A caller that may itself have been cancelled awaits rt::shield() first.
  Task<> shutdown();

  [[nodiscard]] size_t size() const { return running_.size(); }
  [[nodiscard]] Loop& loop() { return loop_; }

 private:
  struct Running {
    std::string name;
    asio::cancellation_signal signal;
  };
  Loop& loop_;
  std::list<Running> running_;
  Event ended_;
  bool cancelled_ = false;
};

}  // namespace fairlead::rt
