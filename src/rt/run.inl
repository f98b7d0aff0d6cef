#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>

namespace fairlead::rt {

template <class T>
T run(Loop& loop, Task<T> task) {
  std::exception_ptr thrown;
  if constexpr (std::is_void_v<T>) {
    asio::co_spawn(loop.executor(), std::move(task), [&](std::exception_ptr e) {
      thrown = std::move(e);
      loop.stop();
    });
    loop.run();
    if (thrown) std::rethrow_exception(thrown);
  } else {
    std::optional<T> value;
    asio::co_spawn(loop.executor(), std::move(task), [&](std::exception_ptr e, T v) {
      thrown = std::move(e);
      if (!thrown) value.emplace(std::move(v));
      loop.stop();
    });
    loop.run();
    if (thrown) std::rethrow_exception(thrown);
    return *std::move(value);
  }
}

}  // namespace fairlead::rt
