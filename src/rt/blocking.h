// Work that blocks a thread (SQLite, gRPC's synchronous calls, file systems that may stall) runs here and nowhere else.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "rt/loop.h"

namespace fairlead::rt {

// `threads` bounds how many blocking calls run at once; more wait their turn.
class BlockingPool {
 public:
  explicit BlockingPool(size_t threads) : pool_(threads) {}
  ~BlockingPool() { pool_.join(); }
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;
  [[nodiscard]] asio::any_io_executor executor() { return pool_.get_executor(); }

 private:
  asio::thread_pool pool_;
};

namespace detail {
template <class F>
Task<std::invoke_result_t<F>> call(F f) {
  co_return f();
}
}  // namespace detail

// Cancellation signals are not for other threads: neither of the two below passes the caller's on to what runs
// elsewhere.

// Calls `f` on the pool and resumes on the caller's loop. Not interruptible: cancellation takes effect after `f`
// returned. What `f` refers to must outlive the call, which is guaranteed for the caller's own frame.
template <class F>
Task<std::invoke_result_t<F>> blocking(BlockingPool& pool, F f) {
  co_return co_await asio::co_spawn(pool.executor(), detail::call(std::move(f)),
                                    asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
}

// Runs `task` on another loop and resumes here, not interruptible either: the only way from one loop into another's
// state.
template <class T>
Task<T> on(Loop& other, Task<T> task) {
  co_return co_await asio::co_spawn(other.executor(), std::move(task),
                                    asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
}

}  // namespace fairlead::rt
