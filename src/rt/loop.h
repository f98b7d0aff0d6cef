// The event loop of a component, and Task, the coroutine type of everything that waits. This directory is the only
// wrapper of Boost.Asio: other code names rt::Loop, rt::Task, rt::TaskGroup, rt::Event, rt::sleep, rt::blocking, and,
// where it does its own input and output (src/net), Asio's own types on Loop::executor().
//
// Cancellation: a cancelled task sees operation_aborted thrown from its next co_await; TaskGroup swallows exactly that.
// Code that must wait during cleanup calls `co_await rt::shield()` first.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <functional>

namespace fairlead::rt {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T>;

class Loop {
 public:
  Loop() : context_(1) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(), on the calling thread. Tasks still in flight stay suspended: join their groups before stopping.
  void run();
  // Runs until no work is left; what tests use.
  void drain() {
    context_.restart();
    context_.run();
  }
  // From any thread.
  void stop() { context_.stop(); }
  void post(std::function<void()> fn);

  [[nodiscard]] asio::io_context& context() { return context_; }
  [[nodiscard]] asio::any_io_executor executor() { return context_.get_executor(); }

 private:
  asio::io_context context_;
};

// Runs `task` on a loop of its own until it is done and returns its value: for main() and tests.
template <class T>
T run(Loop& loop, Task<T> task);

// `co_await shield()` in a coroutine that was cancelled lets it, and what it calls, wait again: for cleanup that must
// wait. It has to come first in the frame that caught the cancellation, because calling any Task from a cancelled frame
// throws.
inline auto shield() { return asio::this_coro::throw_if_cancelled(false); }

}  // namespace fairlead::rt

#include "rt/run.inl"  // IWYU pragma: export
