#include "net/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/fd.h"
#include "rt/time.h"

namespace fairlead::net {

namespace asio = rt::asio;

namespace {

class Watch final : public FileWatch {
 public:
  Watch(rt::Loop& loop, int fd) : descriptor_(loop.executor(), fd) {}

  rt::Task<bool> changed(std::chrono::milliseconds limit) override {
    if (take()) co_return true;
    (void)co_await rt::with_timeout(readable(), limit);
    co_return take();
  }

 private:
  rt::Task<> readable() {
    co_await descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
  }
  // Which file it was does not matter.
  bool take() {
    alignas(inotify_event) std::array<char, 4096> events;
    bool any = false;
    while (::read(descriptor_.native_handle(), events.data(), events.size()) > 0) any = true;
    return any;
  }

  asio::posix::stream_descriptor descriptor_;
};

}  // namespace

Result<std::unique_ptr<FileWatch>> FileWatch::create(rt::Loop& loop, const std::string& directory) {
  Fd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (fd.get() < 0) return fail(last_system_error("inotify"));
  constexpr uint32_t kEvents = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE;
  if (::inotify_add_watch(fd.get(), directory.c_str(), kEvents) < 0)
    return fail(last_system_error(fmt::format("watch {}", directory)));
  return std::make_unique<Watch>(loop, fd.release());
}

}  // namespace fairlead::net
