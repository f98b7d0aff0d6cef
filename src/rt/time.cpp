#include "rt/time.h"

namespace fairlead::rt {

Task<> sleep(std::chrono::steady_clock::duration how_long) {
  asio::steady_timer timer(co_await asio::this_coro::executor, how_long);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace fairlead::rt
