#include "rt/event.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "rt/time.h"

namespace fairlead::rt {

Task<> Event::wait() {
  co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  // A real cancellation also ends the wait; make it visible here rather than at the caller's next suspension.
  const asio::cancellation_state own = co_await asio::this_coro::cancellation_state;
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  if (throws && own.cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

Task<> Event::wait_until(std::chrono::steady_clock::time_point deadline) {
  timer_.expires_at(deadline);
  co_await wait();
}

// with_timeout starts its task through the loop, so a notification may come before the wait begins.
Task<> Event::wait_after(uint64_t seen) {
  if (notified_ == seen) co_await wait();
}

Task<bool> Event::wait_for(std::chrono::steady_clock::duration limit) {
  co_return co_await with_timeout(wait_after(notified_), limit);
}

}  // namespace fairlead::rt
