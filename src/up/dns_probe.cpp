#include "up/dns_probe.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/fd.h"
#include "base/text.h"
#include "net/netns.h"
#include "rt/time.h"

namespace fairlead::up {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds kPatience{200};
constexpr std::string_view kName = "kubernetes.default.svc.cluster.local";

Result<Fd> connected_socket(int netns_fd, const IpAddress& server) {
  Fd fd;
  FL_CHECK(net::in_netns(netns_fd, [&]() -> Result<> {
    fd = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(53);
    a.sin_addr.s_addr = htonl(server.v4_host_order());
    if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&a), sizeof a) != 0) {
      return fail(last_system_error(fmt::format("reach {}", server)));
    }
    return {};
  }));
  return fd;
}

rt::Task<> readable(asio::posix::stream_descriptor& socket) {
  co_await socket.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
}

}  // namespace

std::string encode_question(uint16_t id, std::string_view name) {
  const auto u16 = [](unsigned v) { return std::string{static_cast<char>(v >> 8), static_cast<char>(v)}; };
  constexpr unsigned kRecursionDesired = 0x0100;
  std::string out = u16(id) + u16(kRecursionDesired) + u16(1) + u16(0) + u16(0) + u16(0);
  for (const auto label : split(name, '.')) {
    out += static_cast<char>(label.size());
    out += label;
  }
  out += '\0';
  constexpr unsigned kTypeA = 1;
  constexpr unsigned kClassIn = 1;
  return out + u16(kTypeA) + u16(kClassIn);
}

bool is_good_answer(std::string_view m, uint16_t id) {
  if (m.size() < 12) return false;
  const auto u16 = [&](size_t at) { return static_cast<uint8_t>(m[at]) << 8 | static_cast<uint8_t>(m[at + 1]); };
  const bool response = (u16(2) & 0x8000) != 0;
  const int rcode = u16(2) & 0xf;
  return u16(0) == id && response && rcode == 0 && u16(6) > 0;
}

rt::Task<bool> dns_answers(rt::Loop& loop, int netns_fd, IpAddress server) {
  auto fd = connected_socket(netns_fd, server);
  if (!fd) co_return false;
  const auto id = static_cast<uint16_t>(random_u64());
  const auto question = encode_question(id, kName);
  if (::send(fd->get(), question.data(), question.size(), 0) < 0) co_return false;
  asio::posix::stream_descriptor socket(loop.executor(), fd->release());
  const bool answered = co_await rt::with_timeout(readable(socket), kPatience);
  std::array<char, 1500> buffer{};
  // Also without an answer: refused is an error that is waiting here.
  const ssize_t n = ::recv(socket.native_handle(), buffer.data(), buffer.size(), 0);
  co_return answered&& n > 0 && is_good_answer({buffer.data(), static_cast<size_t>(n)}, id);
}

}  // namespace fairlead::up
