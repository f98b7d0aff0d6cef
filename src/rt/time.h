// Sleeping and time limits.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "rt/loop.h"

namespace fairlead::rt {

// Suspends for `how_long`; throws operation_aborted when cancelled.
Task<> sleep(std::chrono::steady_clock::duration how_long);

namespace detail {
template <class T>
struct Limited {
  explicit Limited(const asio::any_io_executor& e) : timer(e) {}
  asio::steady_timer timer;
  asio::cancellation_signal cancel;
  std::exception_ptr thrown;
  std::optional<T> value;
  bool done = false;
};
struct Unit {};
}  // namespace detail

// Runs `task` for at most `limit`: its value, or nullopt (false for Task<void>) when the time ran out. The task has
// ended, one way or the other, when this returns.
template <class T>
Task<std::conditional_t<std::is_void_v<T>, bool, std::optional<T>>> with_timeout(
    Task<T> task, std::chrono::steady_clock::duration limit) {
  using Value = std::conditional_t<std::is_void_v<T>, detail::Unit, T>;
  auto executor = co_await asio::this_coro::executor;
  auto state = std::make_shared<detail::Limited<Value>>(executor);
  state->timer.expires_after(limit);
  const auto finish = [state](std::exception_ptr e) {
    state->thrown = std::move(e);
    state->done = true;
    state->timer.cancel();
  };
  if constexpr (std::is_void_v<T>) {
    asio::co_spawn(executor, std::move(task),
                   asio::bind_cancellation_slot(state->cancel.slot(), [finish, state](std::exception_ptr e) {
                     state->value.emplace();
                     finish(std::move(e));
                   }));
  } else {
    asio::co_spawn(executor, std::move(task),
                   asio::bind_cancellation_slot(state->cancel.slot(), [finish, state](std::exception_ptr e, T v) {
                     if (!e) state->value.emplace(std::move(v));
                     finish(std::move(e));
                   }));
  }
  if (!state->done) co_await state->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  const asio::cancellation_state own = co_await asio::this_coro::cancellation_state;
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  const bool cancelled = throws && own.cancelled() != asio::cancellation_type::none;
  const bool in_time = state->done;
  if (!state->done) {
    co_await asio::this_coro::throw_if_cancelled(false);
    state->timer.expires_at(asio::steady_timer::time_point::max());
    state->cancel.emit(asio::cancellation_type::terminal);
    while (!state->done) co_await state->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    co_await asio::this_coro::throw_if_cancelled(throws);
  }
  if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  if (in_time && state->thrown) std::rethrow_exception(state->thrown);
  if constexpr (std::is_void_v<T>) {
    co_return in_time;
  } else {
    co_return in_time ? std::move(state->value) : std::nullopt;
  }
}

}  // namespace fairlead::rt
