#include "up/reach.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>

#include "base/fd.h"
#include "base/text.h"
#include "net/netns.h"
#include "net/process.h"
#include "rt/time.h"

namespace fairlead::up {
namespace {

namespace asio = boost::asio;
using asio::posix::descriptor_base;

constexpr std::chrono::seconds kPatience{2};
constexpr std::chrono::milliseconds kSendAgain{100};
constexpr int kDatagrams = kPatience / kSendAgain;

sockaddr_in address_of(const Endpoint& e) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(e.port);
  a.sin_addr.s_addr = htonl(e.address.v4_host_order());
  return a;
}

using Use = int (*)(int, const sockaddr*, socklen_t);  // bind or connect

Result<Fd> open_socket(int netns_fd, int type, Use use, const Endpoint& at) {
  Fd fd;
  FL_CHECK(net::in_netns(netns_fd, [&]() -> Result<> {
    fd = Fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto a = address_of(at);
    if (fd && (use(fd.get(), reinterpret_cast<const sockaddr*>(&a), sizeof a) == 0 || errno == EINPROGRESS)) return {};
    return fail(last_system_error(fmt::format("open a socket for {}", at)));
  }));
  return fd;
}

rt::Task<> ready(asio::posix::stream_descriptor& socket, descriptor_base::wait_type what) {
  co_await socket.async_wait(what, asio::use_awaitable);
}

}  // namespace

rt::Task<bool> datagram_arrives(rt::Loop& loop, int from_netns, int to_netns, IpAddress to) {
  Endpoint target{to, 0};
  auto receiver = open_socket(to_netns, SOCK_DGRAM, &::bind, target);
  if (!receiver) co_return false;
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(receiver->get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) co_return false;
  target.port = ntohs(bound.sin_port);
  const auto sender = open_socket(from_netns, SOCK_DGRAM, &::connect, target);
  if (!sender) co_return false;
  asio::posix::stream_descriptor socket(loop.executor(), receiver->release());
  for (int sent = 0; sent < kDatagrams; ++sent) {
    (void)::send(sender->get(), "?", 1, 0);
    const bool arrived = co_await rt::with_timeout(ready(socket, descriptor_base::wait_read), kSendAgain);
    if (arrived) co_return true;
  }
  co_return false;
}

rt::Task<bool> accepts_connection(rt::Loop& loop, int from_netns, Endpoint to) {
  auto fd = open_socket(from_netns, SOCK_STREAM, &::connect, to);
  if (!fd) co_return false;
  asio::posix::stream_descriptor socket(loop.executor(), fd->release());
  const bool ended = co_await rt::with_timeout(ready(socket, descriptor_base::wait_write), kPatience);
  int error = 0;
  socklen_t size = sizeof error;
  const bool known = ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size) == 0;
  co_return ended&& known&& error == 0;
}

bool forwarding_refused(std::string_view chain, std::string_view interface) {
  const auto from_interface = fmt::format(" -i {} ", interface);
  const auto within = fmt::format(" -o {} ", interface);
  bool drops = false;
  for (const auto line : split(chain, '\n')) {
    if (trim(line) == "-P FORWARD DROP") drops = true;
    if (line.find(from_interface) != std::string_view::npos && line.find(within) == std::string_view::npos &&
        trim(line).ends_with("-j ACCEPT"))
      return false;
  }
  return drops;
}

rt::Task<bool> machine_refuses_forwarding(rt::Loop& loop, std::string interface) {
  net::SpawnOptions options;
  options.argv = {"iptables", "-w", "-S", "FORWARD"};
  const auto listed = co_await net::run_ok(loop, std::move(options));
  co_return listed&& forwarding_refused(*listed, interface);
}

}  // namespace fairlead::up
