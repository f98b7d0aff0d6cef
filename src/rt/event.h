// Something to wait for within one loop. notify() wakes everyone who waits now; waits may also return spuriously, so
// callers wait in a loop around their condition.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "rt/loop.h"

namespace fairlead::rt {

class Event {
 public:
  explicit Event(Loop& loop) : timer_(loop.executor(), asio::steady_timer::time_point::max()) {}
  void notify() {
    ++notified_;
    timer_.cancel();
  }
  Task<> wait();
  // True when notified, false when `limit` passed first.
  Task<bool> wait_for(std::chrono::steady_clock::duration limit);
  // Returns when notified or at `deadline`, without a task of its own: for waits on a hot path. One waiter at a time.
  Task<> wait_until(std::chrono::steady_clock::time_point deadline);

 private:
  Task<> wait_after(uint64_t seen);

  asio::steady_timer timer_;
  uint64_t notified_ = 0;
};

}  // namespace fairlead::rt
