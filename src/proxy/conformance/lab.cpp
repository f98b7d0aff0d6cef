#include "proxy/conformance/lab.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "net/netlink.h"
#include "net/netns.h"

namespace fairlead::proxy::conformance {
namespace {

struct Sockaddr {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Sockaddr to_sockaddr(const Endpoint& e) {
  Sockaddr s;
  if (e.address.is_v4()) {
    auto* in = reinterpret_cast<sockaddr_in*>(&s.storage);
    in->sin_family = AF_INET;
    in->sin_port = htons(e.port);
    in->sin_addr.s_addr = htonl(e.address.v4_host_order());
    s.size = sizeof *in;
  } else {
    auto* in = reinterpret_cast<sockaddr_in6*>(&s.storage);
    in->sin6_family = AF_INET6;
    in->sin6_port = htons(e.port);
    std::memcpy(&in->sin6_addr, e.address.bytes().data(), 16);
    s.size = sizeof *in;
  }
  return s;
}

// Addresses arrive v4-mapped on the servers' dual-stack sockets, which is how IpAddress keeps them.
std::string address_of(const sockaddr_in6& a) {
  std::array<uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &a.sin6_addr, 16);
  return IpAddress::v6(bytes).to_string();
}

Result<Fd> server_socket(int type) {
  Fd fd(socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(last_system_error("socket"));
  const int on = 1;
  const int off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const Sockaddr at = to_sockaddr({IpAddress(), kServerPort});
  if (bind(fd.get(), at.get(), at.size) != 0) return fail(last_system_error("bind"));
  if (type == SOCK_STREAM && listen(fd.get(), 64) != 0) return fail(last_system_error("listen"));
  return fd;
}

void answer_tcp(int listener, const std::string& name) {
  sockaddr_in6 peer{};
  socklen_t size = sizeof peer;
  const Fd fd(accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC));
  if (!fd) return;
  const std::string text = name + " " + address_of(peer) + "\n";
  (void)!send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

void answer_udp(int socket, const std::string& name) {
  char buffer[64];
  sockaddr_in6 peer{};
  socklen_t size = sizeof peer;
  if (recvfrom(socket, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&peer), &size) < 0) return;
  const std::string text = name + " " + address_of(peer) + "\n";
  (void)!sendto(socket, text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&peer), size);
}

void serve_until(int stop, const Fd& tcp, const Fd& udp, const std::string& name) {
  std::array<pollfd, 3> fds = {pollfd{stop, POLLIN, 0}, pollfd{tcp.get(), POLLIN, 0}, pollfd{udp.get(), POLLIN, 0}};
  for (;;) {
    if (poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
    if (fds[0].revents != 0) return;
    if (fds[1].revents != 0) answer_tcp(tcp.get(), name);
    if (fds[2].revents != 0) answer_udp(udp.get(), name);
  }
}

Result<Fd> socket_in(int netns, int family, int type, int protocol = 0) {
  Fd fd;
  FL_CHECK(net::in_netns(netns, [&]() -> Result<> {
    fd = Fd(socket(family, type | SOCK_CLOEXEC, protocol));
    if (!fd) return fail(last_system_error("socket"));
    return {};
  }));
  return fd;
}

Answer from_errno(int error) {
  if (error == ECONNREFUSED) return {.kind = Answer::Kind::kRefused};
  if (error == ETIMEDOUT || error == EAGAIN) return {.kind = Answer::Kind::kTimeout};
  return {.kind = Answer::Kind::kOther, .detail = std::strerror(error)};
}

Answer parse_answer(std::string_view text) {
  const auto parts = split(trim(text), ' ');
  if (parts.size() != 2) return {.kind = Answer::Kind::kOther, .detail = fmt::format("odd answer \"{}\"", text)};
  return {.kind = Answer::Kind::kAnswer, .from = std::string(parts[0]), .saw_peer = std::string(parts[1])};
}

// 0 when ready, else an errno value.
int wait_for(int fd, short events, std::chrono::milliseconds limit) {
  pollfd p{fd, events, 0};
  const int n = poll(&p, 1, static_cast<int>(limit.count()));
  if (n == 0) return ETIMEDOUT;
  if (n < 0) return errno;
  return 0;
}

}  // namespace

std::string Answer::to_string() const {
  switch (kind) {
    case Kind::kAnswer:
      return fmt::format("{} saw {}", from, saw_peer);
    case Kind::kRefused:
      return "refused";
    case Kind::kTimeout:
      return "timeout";
    case Kind::kOther:
      return detail;
  }
  return detail;
}

Result<std::unique_ptr<Lab>> Lab::create() {
  std::unique_ptr<Lab> lab(new Lab);
  FL_CHECK(lab->build());
  return lab;
}

Lab::~Lab() {
  const uint64_t one = 1;
  if (stop_) (void)!write(stop_.get(), &one, sizeof one);
  servers_.clear();  // joins, before the descriptors that they use are closed
}

IpAddress Lab::pod_ip(int i, IpFamily family) const {
  const auto n = 4 * static_cast<uint64_t>(i) + 2;
  return (family == IpFamily::kV4 ? *IpAddress::parse("10.244.1.0") : *IpAddress::parse("fd00:10:244:1::")).plus(n);
}
IpAddress Lab::node_ip(IpFamily family) const {
  return family == IpFamily::kV4 ? *IpAddress::parse("192.0.2.1") : *IpAddress::parse("2001:db8::1");
}
IpAddress Lab::client_ip(IpFamily family) const { return node_ip(family).plus(1); }

Result<> Lab::build() {
  stop_ = Fd(eventfd(0, EFD_CLOEXEC));
  const auto make = [](Fd& slot) -> Result<> {
    FL_TRY(slot, net::create_anonymous_netns());
    // Addresses of IPv6 count at once, without duplicate detection's second of waiting.
    for (const char* name : {"net/ipv6/conf/all/accept_dad", "net/ipv6/conf/default/accept_dad"})
      FL_CHECK(net::set_netns_sysctl(slot.get(), name, "0"));
    // The client lies on the node's default route: redirects would use up its allowance of ICMP errors.
    for (const char* name : {"net/ipv4/conf/all/send_redirects", "net/ipv4/conf/default/send_redirects"})
      FL_CHECK(net::set_netns_sysctl(slot.get(), name, "0"));
    FL_TRY(net::Netlink netlink, net::Netlink::open_in(slot.get()));
    return netlink.set_up("lo");
  };
  FL_CHECK(make(node_));
  FL_CHECK(make(client_));
  for (int i = 0; i < kPods; ++i) FL_CHECK(make(pods_.emplace_back()));
  for (const char* name : {"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv4/conf/all/route_localnet"})
    FL_CHECK(net::set_netns_sysctl(node(), name, "1"));
  FL_CHECK(connect_client());
  for (int i = 0; i < kPods; ++i) {
    FL_CHECK(connect_pod(i));
    FL_CHECK(serve(i));
  }
  return {};
}

namespace {

// A point-to-point link between the node and `peer_netns`, whose default route it is.
Result<> link(int node, int peer_netns, const std::string& name, const std::vector<std::pair<IpAddress, int>>& ends) {
  FL_TRY(net::Netlink here, net::Netlink::open_in(node));
  FL_TRY(net::Netlink there, net::Netlink::open_in(peer_netns));
  FL_CHECK(here.add_veth(name, "eth0", peer_netns));
  FL_CHECK(here.set_up(name));
  FL_CHECK(there.set_up("eth0"));
  for (const auto& [address, prefix] : ends) {
    FL_CHECK(here.add_address(name, address, prefix));
    FL_CHECK(there.add_address("eth0", address.plus(1), prefix));
    FL_CHECK(there.add_route(
        {.destination = Cidr::of(address.is_v4() ? IpAddress::v4(0) : IpAddress(), 0), .gateway = address}));
  }
  return {};
}

}  // namespace

Result<> Lab::connect_client() {
  FL_CHECK(link(node(), client(), "eth0", {{node_ip(), 24}, {node_ip(IpFamily::kV6), 64}}));
  FL_TRY(net::Netlink there, net::Netlink::open_in(client()));
  FL_CHECK(there.add_address("eth0", remote_pod_ip(), 32));
  // A node has a default route; what nobody translates leaves on it and is not heard of again.
  FL_TRY(net::Netlink netlink, net::Netlink::open_in(node()));
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6})
    FL_CHECK(netlink.add_route({.destination = Cidr::of(family == IpFamily::kV4 ? IpAddress::v4(0) : IpAddress(), 0),
                                .gateway = client_ip(family)}));
  return {};
}

Result<> Lab::connect_pod(int i) {
  // pod_ip is the second address of its /30 (/126); the node has the first.
  const IpAddress four = (*IpAddress::parse("10.244.1.0")).plus(4 * static_cast<uint64_t>(i) + 1);
  const IpAddress six = (*IpAddress::parse("fd00:10:244:1::")).plus(4 * static_cast<uint64_t>(i) + 1);
  return link(node(), pod(i), fmt::format("pod{}", i), {{four, 30}, {six, 126}});
}

Result<> Lab::serve(int i) {
  Fd tcp;
  Fd udp;
  FL_CHECK(net::in_netns(pod(i), [&]() -> Result<> {
    FL_TRY(tcp, server_socket(SOCK_STREAM));
    FL_TRY(udp, server_socket(SOCK_DGRAM));
    return {};
  }));
  servers_.emplace_back([stop = stop_.get(), tcp = std::move(tcp), udp = std::move(udp), name = pod_name(i)] {
    serve_until(stop, tcp, udp, name);
  });
  return {};
}

Answer tcp_ask(int netns, Endpoint to, std::chrono::milliseconds limit) {
  return tcp_ask_from(netns, to.address.is_v4() ? IpAddress::v4(0) : IpAddress(), to, limit);
}

Answer tcp_ask_from(int netns, const IpAddress& source, Endpoint to, std::chrono::milliseconds limit) {
  auto fd = socket_in(netns, to.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK);
  if (!fd) return {.kind = Answer::Kind::kOther, .detail = fd.error().message};
  const Sockaddr from = to_sockaddr({source, 0});
  if (!source.is_unspecified() && bind(fd->get(), from.get(), from.size) != 0) return from_errno(errno);
  const Sockaddr at = to_sockaddr(to);
  if (connect(fd->get(), at.get(), at.size) != 0 && errno != EINPROGRESS) return from_errno(errno);
  if (const int error = wait_for(fd->get(), POLLOUT, limit)) return from_errno(error);
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd->get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return from_errno(error);
  std::string text;
  char buffer[128];
  for (;;) {
    if (const int waited = wait_for(fd->get(), POLLIN, limit)) return from_errno(waited);
    const ssize_t n = recv(fd->get(), buffer, sizeof buffer, 0);
    if (n < 0) return from_errno(errno);
    if (n == 0) return parse_answer(text);
    text.append(buffer, static_cast<size_t>(n));
  }
}

Result<UdpClient> UdpClient::open(int netns, Endpoint to) {
  FL_TRY(Fd fd, socket_in(netns, to.address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM));
  const Sockaddr at = to_sockaddr(to);
  if (connect(fd.get(), at.get(), at.size) != 0) return fail(last_system_error("connect"));
  return UdpClient(std::move(fd));
}

Answer UdpClient::ask(std::chrono::milliseconds limit) {
  if (send(fd_.get(), "?", 1, MSG_NOSIGNAL) < 0) return from_errno(errno);
  if (const int error = wait_for(fd_.get(), POLLIN, limit)) return from_errno(error);
  char buffer[128];
  const ssize_t n = recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (n < 0) return from_errno(errno);
  return parse_answer({buffer, static_cast<size_t>(n)});
}

Answer udp_ask(int netns, Endpoint to, std::chrono::milliseconds limit) {
  auto client = UdpClient::open(netns, to);
  if (!client) return {.kind = Answer::Kind::kOther, .detail = client.error().message};
  return client->ask(limit);
}

bool ping(int netns, const IpAddress& to, std::chrono::milliseconds limit) {
  auto fd = socket_in(netns, AF_INET, SOCK_RAW, IPPROTO_ICMP);
  if (!fd) return false;
  const Sockaddr at = to_sockaddr({to, 0});
  icmphdr request{};
  request.type = ICMP_ECHO;
  request.un.echo.id = htons(0x4fa1);
  request.checksum = static_cast<uint16_t>(~(htons(ICMP_ECHO << 8) + request.un.echo.id));
  if (sendto(fd->get(), &request, sizeof request, 0, at.get(), at.size) < 0) return false;
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0 || wait_for(fd->get(), POLLIN, left) != 0) return false;
    std::array<unsigned char, 256> packet{};
    const ssize_t n = recv(fd->get(), packet.data(), packet.size(), MSG_DONTWAIT);
    const size_t header = static_cast<size_t>(packet[0] & 15) * 4;
    if (n >= static_cast<ssize_t>(header + 8) && packet[header] == ICMP_ECHOREPLY) return true;
  }
}

}  // namespace fairlead::proxy::conformance
