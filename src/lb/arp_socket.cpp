#include "lb/arp_socket.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/fd.h"

namespace fairlead::lb {
namespace {

sockaddr_ll link_address(int link) {
  sockaddr_ll at{};
  at.sll_family = AF_PACKET;
  at.sll_protocol = htons(ETH_P_ARP);
  at.sll_ifindex = link;
  return at;
}

}  // namespace

Result<ArpSocket> ArpSocket::open(rt::Loop& loop, const IpAddress& address) {
  FL_TRY(auto netlink, net::Netlink::open());
  FL_TRY(const auto addresses, netlink.addresses());
  const auto found = std::ranges::find_if(addresses, [&](const auto& a) { return a.address == address; });
  if (found == addresses.end()) return fail(Code::kNotFound, fmt::format("no interface has the address {}", address));
  FL_TRY(const auto links, netlink.links());
  const auto link = std::ranges::find_if(links, [&](const auto& l) { return l.index == found->link; });
  if (link == links.end()) return fail(Code::kNotFound, fmt::format("the interface of {} is gone", address));
  // SOCK_DGRAM: the kernel writes and strips the Ethernet header.
  Fd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ARP)));
  if (!fd) return fail(last_system_error("packet socket"));
  const sockaddr_ll at = link_address(link->index);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    return fail(last_system_error(fmt::format("bind to {}", link->name)));
  return ArpSocket(rt::asio::posix::stream_descriptor(loop.executor(), fd.release()), link->index, link->mac);
}

rt::Task<Result<Arp>> ArpSocket::receive() {
  std::array<uint8_t, 256> buffer;
  for (;;) {
    const ssize_t n = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
    if (n >= 0) {
      if (auto packet = parse_arp(std::span(buffer).first(static_cast<size_t>(n)))) co_return *packet;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) co_return fail(last_system_error("receive ARP"));
    auto [error] = co_await socket_.async_wait(rt::asio::posix::stream_descriptor::wait_read,
                                               rt::asio::as_tuple(rt::asio::use_awaitable));
    if (error) throw boost::system::system_error(error);
  }
}

void ArpSocket::send(const Arp& packet, const net::MacAddress& to) {
  const auto bytes = write_arp(packet);
  sockaddr_ll at = link_address(link_);
  at.sll_halen = static_cast<unsigned char>(to.size());
  std::ranges::copy(to, at.sll_addr);
  (void)!::sendto(socket_.native_handle(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&at),
                  sizeof at);
}

}  // namespace fairlead::lb
