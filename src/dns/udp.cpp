#include "dns/udp.h"

#include <poll.h>

#include <cerrno>
#include <cstring>

namespace fairlead::dns {

namespace {

// What a reply needs of the control data that came with the request, made into what sendmsg() takes: the same record,
// its interface cleared except where an address means nothing without it.
size_t make_reply_control(const msghdr& received, uint8_t* out, size_t room) {
  for (const cmsghdr* c = CMSG_FIRSTHDR(&received); c;
       c = CMSG_NXTHDR(const_cast<msghdr*>(&received), const_cast<cmsghdr*>(c))) {
    const bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO;
    const bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO;
    const size_t size = v4 ? CMSG_SPACE(sizeof(in_pktinfo)) : CMSG_SPACE(sizeof(in6_pktinfo));
    if ((!v4 && !v6) || size > room) continue;
    std::memmove(out, c, size);
    auto* header = reinterpret_cast<cmsghdr*>(out);
    if (v4) {
      auto* info = reinterpret_cast<in_pktinfo*>(CMSG_DATA(header));
      info->ipi_ifindex = 0;
    } else {
      auto* info = reinterpret_cast<in6_pktinfo*>(CMSG_DATA(header));
      if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) info->ipi6_ifindex = 0;
    }
    return size;
  }
  return 0;
}

Result<Fd> bound(const Endpoint& endpoint, int type) {
  const auto what = [&] { return fmt::format("listen on {} ({})", endpoint, type == SOCK_DGRAM ? "UDP" : "TCP"); };
  const SocketAddress address(endpoint);
  Fd fd(::socket(address.raw()->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail(last_system_error(what()));
  const int on = 1;
  const auto set = [&](int level, int option, int value) {
    return ::setsockopt(fd.get(), level, option, &value, sizeof value) == 0;
  };
  if (!set(SOL_SOCKET, SO_REUSEADDR, on) || !set(SOL_SOCKET, SO_REUSEPORT, on)) return fail(last_system_error(what()));
  const bool v6 = !endpoint.address.is_v4();
  if (v6 && !set(IPPROTO_IPV6, IPV6_V6ONLY, on)) return fail(last_system_error(what()));
  if (type == SOCK_DGRAM) {
    // A burst waits in the kernel instead of being lost; without the right to exceed the limit, up to the limit.
    constexpr int kBuffer = 4 << 20;
    if (!set(SOL_SOCKET, SO_RCVBUFFORCE, kBuffer)) (void)set(SOL_SOCKET, SO_RCVBUF, kBuffer);
    if (!set(SOL_SOCKET, SO_SNDBUFFORCE, kBuffer)) (void)set(SOL_SOCKET, SO_SNDBUF, kBuffer);
    const bool told = !endpoint.address.is_unspecified() ||
                      (v6 ? set(IPPROTO_IPV6, IPV6_RECVPKTINFO, on) : set(IPPROTO_IP, IP_PKTINFO, on));
    if (!told) return fail(last_system_error(what()));
  }
  if (::bind(fd.get(), address.raw(), address.size) != 0) return fail(last_system_error(what()));
  if (type == SOCK_STREAM && ::listen(fd.get(), 1024) != 0) return fail(last_system_error(what()));
  return fd;
}

}  // namespace

SocketAddress::SocketAddress(const Endpoint& endpoint) {
  if (endpoint.address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    v4.sin_addr.s_addr = htonl(endpoint.address.v4_host_order());
    std::memcpy(&storage, &v4, sizeof v4);
    size = sizeof v4;
  } else {
    storage.sin6_family = AF_INET6;
    storage.sin6_port = htons(endpoint.port);
    std::memcpy(&storage.sin6_addr, endpoint.address.bytes().data(), 16);
  }
}

Endpoint SocketAddress::endpoint() const {
  if (raw()->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    return {IpAddress::v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
  }
  std::array<uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &storage.sin6_addr, 16);
  return {IpAddress::v6(bytes), ntohs(storage.sin6_port)};
}

Result<Fd> bind_udp(const Endpoint& endpoint) { return bound(endpoint, SOCK_DGRAM); }
Result<Fd> listen_tcp(const Endpoint& endpoint) { return bound(endpoint, SOCK_STREAM); }

Result<Endpoint> local_endpoint(int fd) {
  SocketAddress address;
  if (::getsockname(fd, address.raw(), &address.size) != 0) return fail(last_system_error("getsockname"));
  return address.endpoint();
}

bool send_udp(int fd, const Peer& peer, std::span<const uint8_t> bytes) {
  iovec vector{const_cast<uint8_t*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<uint8_t, 64> control{};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(peer.address.raw());
  message.msg_namelen = peer.address.size;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (peer.has_local) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    const bool v4 = peer.address.raw()->sa_family == AF_INET;
    const size_t size = v4 ? sizeof(in_pktinfo) : sizeof(in6_pktinfo);
    c->cmsg_level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
    c->cmsg_type = v4 ? IP_PKTINFO : IPV6_PKTINFO;
    c->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(c), &peer.local, size);
    message.msg_controllen = CMSG_SPACE(size);
  }
  return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

UdpBatch::UdpBatch() : requests_(kMessages * kRequestSize), replies_(kMessages * kReplySize) {
  for (size_t i = 0; i < kMessages; ++i) {
    in_vectors_[i] = {requests_.data() + i * kRequestSize, kRequestSize};
    in_[i] = {};
    out_[i] = {};
  }
}

size_t UdpBatch::receive(int fd) {
  for (size_t i = 0; i < kMessages; ++i) {
    auto& h = in_[i].msg_hdr;
    h.msg_name = addresses_[i].raw();
    h.msg_namelen = sizeof(sockaddr_in6);
    h.msg_iov = &in_vectors_[i];
    h.msg_iovlen = 1;
    h.msg_control = control_[i].data();
    h.msg_controllen = kControl;
    h.msg_flags = 0;
  }
  replies_ready_ = 0;
  // Errors (ICMP of earlier replies among them) belong to no query; what waits is read next time.
  const int n = ::recvmmsg(fd, in_.data(), kMessages, MSG_DONTWAIT, nullptr);
  if (n <= 0) return 0;
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) addresses_[i].size = in_[i].msg_hdr.msg_namelen;
  return static_cast<size_t>(n);
}

Peer UdpBatch::peer(size_t i) const {
  Peer out;
  out.address = addresses_[i];
  alignas(cmsghdr) std::array<uint8_t, kControl> control{};
  if (make_reply_control(in_[i].msg_hdr, control.data(), control.size()) == 0) return out;
  const bool v4 = out.address.raw()->sa_family == AF_INET;
  std::memcpy(&out.local, CMSG_DATA(reinterpret_cast<cmsghdr*>(control.data())),
              v4 ? sizeof(in_pktinfo) : sizeof(in6_pktinfo));
  out.has_local = true;
  return out;
}

void UdpBatch::reply(size_t i, size_t size) {
  const size_t k = replies_ready_++;
  out_vectors_[k] = {replies_.data() + i * kReplySize, size};
  auto& h = out_[k].msg_hdr;
  h = {};
  h.msg_name = addresses_[i].raw();
  h.msg_namelen = addresses_[i].size;
  h.msg_iov = &out_vectors_[k];
  h.msg_iovlen = 1;
  if (in_[i].msg_hdr.msg_controllen == 0) return;
  // Made in place: the request's control data is not needed any more.
  const size_t control = make_reply_control(in_[i].msg_hdr, control_[i].data(), kControl);
  h.msg_control = control != 0 ? control_[i].data() : nullptr;
  h.msg_controllen = control;
}

void UdpBatch::send(int fd) {
  size_t sent = 0;
  bool waited = false;
  while (sent < replies_ready_) {
    const int n =
        ::sendmmsg(fd, out_.data() + sent, static_cast<unsigned>(replies_ready_ - sent), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      sent += static_cast<size_t>(n);
      continue;
    }
    if (errno == EINTR) continue;
    if ((errno == EAGAIN || errno == ENOBUFS) && !waited) {
      pollfd p{fd, POLLOUT, 0};
      (void)::poll(&p, 1, 10);
      waited = true;
      continue;
    }
    ++sent;  // this peer cannot be reached; the others can
  }
  replies_ready_ = 0;
}

}  // namespace fairlead::dns
