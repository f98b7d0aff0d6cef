#include "net/netlink.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "net/netns.h"

namespace fairlead::net {

// A message under construction: header, a fixed part, then attributes, all aligned to four bytes.
class Netlink::Request {
 public:
  template <class Fixed>
  Request(uint16_t type, uint16_t flags, const Fixed& fixed) : bytes_(sizeof(nlmsghdr)) {
    header().nlmsg_type = type;
    header().nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
    raw(&fixed, sizeof fixed);
  }
  void raw(const void* data, size_t size) {
    const auto* p = static_cast<const char*>(data);
    bytes_.insert(bytes_.end(), p, p + size);
    bytes_.resize((bytes_.size() + 3) & ~size_t{3});
  }
  void attribute(uint16_t type, const void* data, size_t size) {
    const rtattr a{static_cast<unsigned short>(sizeof(rtattr) + size), type};
    raw(&a, sizeof a);
    raw(data, size);
  }
  void u32(uint16_t type, uint32_t value) { attribute(type, &value, sizeof value); }
  void u8(uint16_t type, uint8_t value) { attribute(type, &value, sizeof value); }
  void text(uint16_t type, const std::string& value) { attribute(type, value.c_str(), value.size() + 1); }
  void address(uint16_t type, const IpAddress& value) {
    if (value.is_v4())
      attribute(type, value.bytes().data() + 12, 4);
    else
      attribute(type, value.bytes().data(), 16);
  }
  [[nodiscard]] size_t open(uint16_t type) {
    const size_t at = bytes_.size();
    attribute(type, nullptr, 0);
    return at;
  }
  void close(size_t at) {
    const auto size = static_cast<unsigned short>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &size, sizeof size);
  }
  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(bytes_.data()); }
  const std::vector<char>& finish(uint32_t sequence) {
    header().nlmsg_len = static_cast<uint32_t>(bytes_.size());
    header().nlmsg_seq = sequence;
    return bytes_;
  }

 private:
  std::vector<char> bytes_;
};

namespace {

// The attributes that follow a fixed part, by type; types beyond the table are ignored.
class Attributes {
 public:
  Attributes(const char* data, size_t size) {
    while (size >= sizeof(rtattr)) {
      rtattr a{};
      std::memcpy(&a, data, sizeof a);
      if (a.rta_len < sizeof a || a.rta_len > size) return;
      const unsigned type = a.rta_type & NLA_TYPE_MASK;
      if (type < table_.size()) table_[type] = {data + sizeof a, a.rta_len - sizeof a};
      const size_t step = (a.rta_len + 3U) & ~3U;
      if (step >= size) return;
      data += step;
      size -= step;
    }
  }
  [[nodiscard]] std::string_view bytes(unsigned type) const { return table_[type]; }
  [[nodiscard]] std::optional<uint32_t> u32(unsigned type) const {
    if (table_[type].size() < 4) return std::nullopt;
    uint32_t value = 0;
    std::memcpy(&value, table_[type].data(), 4);
    return value;
  }
  [[nodiscard]] std::string text(unsigned type) const {
    auto t = table_[type];
    return std::string(t.substr(0, t.find('\0')));
  }
  [[nodiscard]] std::optional<IpAddress> address(unsigned type) const {
    const auto b = table_[type];
    if (b.size() == 4) {
      uint32_t v = 0;
      std::memcpy(&v, b.data(), 4);
      return IpAddress::v4(ntohl(v));
    }
    if (b.size() == 16) {
      std::array<uint8_t, 16> v{};
      std::memcpy(v.data(), b.data(), 16);
      return IpAddress::v6(v);
    }
    return std::nullopt;
  }

 private:
  std::array<std::string_view, 64> table_{};
};

template <class Fixed>
std::optional<std::pair<Fixed, Attributes>> parse(const char* data, size_t size) {
  if (size < sizeof(Fixed)) return std::nullopt;
  Fixed fixed{};
  std::memcpy(&fixed, data, sizeof fixed);
  const size_t skip = std::min(size, (sizeof(Fixed) + 3) & ~size_t{3});
  return std::pair{fixed, Attributes(data + skip, size - skip)};
}

uint8_t family(const IpAddress& a) { return a.is_v4() ? AF_INET : AF_INET6; }

// NLMSGERR_ATTR_MSG: the kernel's sentence for what it did not like (NETLINK_EXT_ACK).
std::string extended_ack(const nlmsghdr& header, const char* payload, size_t size) {
  if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0 || size < sizeof(nlmsgerr)) return {};
  size_t skip = sizeof(nlmsgerr);
  if ((header.nlmsg_flags & NLM_F_CAPPED) == 0) {
    nlmsgerr e{};
    std::memcpy(&e, payload, sizeof e);
    if (e.msg.nlmsg_len > sizeof(nlmsghdr)) skip += (e.msg.nlmsg_len - sizeof(nlmsghdr) + 3) & ~size_t{3};
  }
  if (skip >= size) return {};
  return Attributes(payload + skip, size - skip).text(NLMSGERR_ATTR_MSG);
}

Error kernel_error(const std::string& what, int number, const std::string& explanation) {
  auto e = system_error(what, number);
  if (!explanation.empty()) e.message += fmt::format(" ({})", explanation);
  if (number == ENODEV || number == ENOENT || number == ESRCH || number == EADDRNOTAVAIL) e.code = Code::kNotFound;
  if (number == EEXIST) e.code = Code::kAlreadyExists;
  if (number == EPERM) e.code = Code::kForbidden;
  return e;
}

Result<Fd> open_socket() {
  Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return fail(last_system_error("open rtnetlink socket"));
  const int on = 1;
  (void)::setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  (void)::setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  const int size = 1 << 20;
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  return fd;
}

ifinfomsg no_link() {
  ifinfomsg m{};
  m.ifi_family = AF_UNSPEC;
  return m;
}

void append_route(auto& request, const Route& r) {
  request.address(RTA_DST, r.destination.base());
  if (r.gateway) request.address(RTA_GATEWAY, *r.gateway);
  if (r.link != 0) request.u32(RTA_OIF, static_cast<uint32_t>(r.link));
  if (r.source) request.address(RTA_PREFSRC, *r.source);
  if (r.metric != 0) request.u32(RTA_PRIORITY, r.metric);
  request.u32(RTA_TABLE, r.table);
}

rtmsg route_header(const Route& r) {
  rtmsg m{};
  m.rtm_family = family(r.destination.base());
  m.rtm_dst_len = static_cast<uint8_t>(r.destination.prefix());
  m.rtm_table = r.table < 256 ? static_cast<uint8_t>(r.table) : static_cast<uint8_t>(RT_TABLE_UNSPEC);
  m.rtm_protocol = r.protocol;
  m.rtm_scope = r.gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  m.rtm_type = RTN_UNICAST;
  return m;
}

std::string describe(const Route& r) {
  return fmt::format("{}{}", r.destination, r.gateway ? fmt::format(" via {}", *r.gateway) : "");
}

std::optional<Route> parse_route(const char* data, size_t size) {
  auto parsed = parse<rtmsg>(data, size);
  if (!parsed) return std::nullopt;
  const auto& [m, a] = *parsed;
  if (m.rtm_type != RTN_UNICAST || (m.rtm_flags & RTM_F_CLONED) != 0) return std::nullopt;
  Route r;
  const auto any = m.rtm_family == AF_INET ? IpAddress::v4(0) : IpAddress::v6({});
  r.destination = Cidr::of(a.address(RTA_DST).value_or(any), m.rtm_dst_len);
  r.gateway = a.address(RTA_GATEWAY);
  r.link = static_cast<int>(a.u32(RTA_OIF).value_or(0));
  r.source = a.address(RTA_PREFSRC);
  r.metric = a.u32(RTA_PRIORITY).value_or(0);
  r.table = a.u32(RTA_TABLE).value_or(m.rtm_table);
  r.protocol = m.rtm_protocol;
  if (const auto hops = a.bytes(RTA_MULTIPATH); r.link == 0 && hops.size() >= sizeof(rtnexthop)) {
    rtnexthop hop{};
    std::memcpy(&hop, hops.data(), sizeof hop);
    r.link = hop.rtnh_ifindex;
    const size_t length = std::min<size_t>(hop.rtnh_len, hops.size());
    if (length > sizeof hop) r.gateway = Attributes(hops.data() + sizeof hop, length - sizeof hop).address(RTA_GATEWAY);
  }
  return r;
}

std::optional<Link> parse_link(const char* data, size_t size) {
  auto parsed = parse<ifinfomsg>(data, size);
  if (!parsed) return std::nullopt;
  const auto& [m, a] = *parsed;
  Link l;
  l.index = m.ifi_index;
  l.name = a.text(IFLA_IFNAME);
  l.up = (m.ifi_flags & IFF_UP) != 0;
  l.running = (m.ifi_flags & IFF_RUNNING) != 0;
  l.mtu = a.u32(IFLA_MTU).value_or(0);
  l.master = static_cast<int>(a.u32(IFLA_MASTER).value_or(0));
  if (const auto mac = a.bytes(IFLA_ADDRESS); mac.size() == l.mac.size())
    std::memcpy(l.mac.data(), mac.data(), mac.size());
  if (const auto info = a.bytes(IFLA_LINKINFO); !info.empty())
    l.kind = Attributes(info.data(), info.size()).text(IFLA_INFO_KIND);
  return l;
}

}  // namespace

std::string to_string(const MacAddress& mac) { return fmt::format("{:02x}", fmt::join(mac, ":")); }

Result<Netlink> Netlink::open() {
  FL_TRY(auto fd, open_socket());
  return Netlink(std::move(fd));
}

Result<Netlink> Netlink::open_in(int netns_fd) {
  Fd fd;
  FL_CHECK(in_netns(netns_fd, [&]() -> Result<> {
    FL_TRY(fd, open_socket());
    return {};
  }));
  return Netlink(std::move(fd));
}

Result<> Netlink::receive(uint32_t sequence, bool is_dump, const std::string& what,
                          const std::function<void(uint16_t, const char*, size_t)>& each, bool& interrupted) {
  alignas(nlmsghdr) std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(last_system_error(what));
    size_t left = static_cast<size_t>(n);
    const char* p = buffer.data();
    while (left >= sizeof(nlmsghdr)) {
      nlmsghdr h{};
      std::memcpy(&h, p, sizeof h);
      if (h.nlmsg_len < sizeof h || h.nlmsg_len > left)
        return fail(Code::kInternal, fmt::format("{}: malformed netlink answer", what));
      const char* payload = p + sizeof h;
      const size_t size = h.nlmsg_len - sizeof h;
      if (h.nlmsg_seq == sequence) {
        if ((h.nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
        if (h.nlmsg_type == NLMSG_ERROR) {
          nlmsgerr e{};
          std::memcpy(&e, payload, std::min(size, sizeof e));
          if (e.error == 0) return {};
          return fail(kernel_error(what, -e.error, extended_ack(h, payload, size)));
        }
        if (h.nlmsg_type == NLMSG_DONE) return {};
        if (each) each(h.nlmsg_type, payload, size);
        if (!is_dump && (h.nlmsg_flags & NLM_F_MULTI) != 0) is_dump = true;
      }
      const size_t step = std::min<size_t>(left, (h.nlmsg_len + 3U) & ~3U);
      p += step;
      left -= step;
    }
  }
}

Result<> Netlink::execute(Request& request, const std::string& what) {
  const uint32_t sequence = ++sequence_;
  request.header().nlmsg_flags |= NLM_F_ACK;
  const auto& bytes = request.finish(sequence);
  if (::send(socket_.get(), bytes.data(), bytes.size(), 0) < 0) return fail(last_system_error(what));
  bool interrupted = false;
  return receive(sequence, false, what, {}, interrupted);
}

Result<> Netlink::dump(Request& request, const std::function<void(uint16_t, const char*, size_t)>& each) {
  request.header().nlmsg_flags |= NLM_F_DUMP;
  const uint32_t sequence = ++sequence_;
  const auto& bytes = request.finish(sequence);
  if (::send(socket_.get(), bytes.data(), bytes.size(), 0) < 0) return fail(last_system_error("netlink dump"));
  bool interrupted = false;
  return receive(sequence, true, "netlink dump", each, interrupted);
}

Result<std::vector<Link>> Netlink::links() {
  std::vector<Link> out;
  Request request(RTM_GETLINK, 0, no_link());
  FL_CHECK(dump(request, [&](uint16_t type, const char* data, size_t size) {
    if (type != RTM_NEWLINK) return;
    if (auto l = parse_link(data, size)) out.push_back(std::move(*l));
  }));
  return out;
}

Result<Link> Netlink::link(const std::string& name) {
  Request request(RTM_GETLINK, NLM_F_ACK, no_link());
  request.text(IFLA_IFNAME, name);
  const uint32_t sequence = ++sequence_;
  const auto& bytes = request.finish(sequence);
  const auto what = fmt::format("find interface {}", name);
  if (::send(socket_.get(), bytes.data(), bytes.size(), 0) < 0) return fail(last_system_error(what));
  std::optional<Link> found;
  bool interrupted = false;
  FL_CHECK(receive(
      sequence, false, what, [&](uint16_t, const char* data, size_t size) { found = parse_link(data, size); },
      interrupted));
  if (!found) return fail(Code::kNotFound, fmt::format("there is no interface {}", name));
  return *std::move(found);
}

Result<> Netlink::add_bridge(const std::string& name, std::optional<MacAddress> mac) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, no_link());
  request.text(IFLA_IFNAME, name);
  if (mac) request.attribute(IFLA_ADDRESS, mac->data(), mac->size());
  const auto info = request.open(IFLA_LINKINFO);
  request.text(IFLA_INFO_KIND, "bridge");
  request.close(info);
  return execute(request, fmt::format("create bridge {}", name));
}

Result<> Netlink::add_veth(const std::string& name, const std::string& peer, int peer_netns_fd) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, no_link());
  request.text(IFLA_IFNAME, name);
  const auto info = request.open(IFLA_LINKINFO);
  request.text(IFLA_INFO_KIND, "veth");
  const auto data = request.open(IFLA_INFO_DATA);
  const auto other = request.open(VETH_INFO_PEER);
  const auto peer_link = no_link();
  request.raw(&peer_link, sizeof peer_link);
  request.text(IFLA_IFNAME, peer);
  if (peer_netns_fd >= 0) request.u32(IFLA_NET_NS_FD, static_cast<uint32_t>(peer_netns_fd));
  request.close(other);
  request.close(data);
  request.close(info);
  return execute(request, fmt::format("create veth {} with peer {}", name, peer));
}

Result<> Netlink::set_up(const std::string& name, bool up) {
  auto m = no_link();
  m.ifi_flags = up ? IFF_UP : 0;
  m.ifi_change = IFF_UP;
  Request request(RTM_NEWLINK, 0, m);
  request.text(IFLA_IFNAME, name);
  return execute(request, fmt::format("set interface {} {}", name, up ? "up" : "down"));
}

Result<> Netlink::set_mtu(const std::string& name, uint32_t mtu) {
  Request request(RTM_NEWLINK, 0, no_link());
  request.text(IFLA_IFNAME, name);
  request.u32(IFLA_MTU, mtu);
  return execute(request, fmt::format("set the MTU of {} to {}", name, mtu));
}

Result<> Netlink::set_mac(const std::string& name, const MacAddress& mac) {
  Request request(RTM_NEWLINK, 0, no_link());
  request.text(IFLA_IFNAME, name);
  request.attribute(IFLA_ADDRESS, mac.data(), mac.size());
  return execute(request, fmt::format("set the MAC address of {} to {}", name, to_string(mac)));
}

Result<> Netlink::set_master(const std::string& name, const std::string& bridge) {
  uint32_t index = 0;
  if (!bridge.empty()) {
    FL_TRY(auto found, link(bridge));
    index = static_cast<uint32_t>(found.index);
  }
  Request request(RTM_NEWLINK, 0, no_link());
  request.text(IFLA_IFNAME, name);
  request.u32(IFLA_MASTER, index);
  return execute(request, fmt::format("make {} a port of {}", name, bridge.empty() ? "no bridge" : bridge));
}

Result<> Netlink::set_hairpin(const std::string& port, bool on) {
  FL_TRY(auto found, link(port));
  auto m = no_link();
  m.ifi_family = AF_BRIDGE;
  m.ifi_index = found.index;
  Request request(RTM_SETLINK, 0, m);
  const auto info = request.open(IFLA_PROTINFO | NLA_F_NESTED);
  request.u8(IFLA_BRPORT_MODE, on ? 1 : 0);
  request.close(info);
  return execute(request, fmt::format("set hairpin mode of {}", port));
}

Result<> Netlink::delete_link(const std::string& name) {
  Request request(RTM_DELLINK, 0, no_link());
  request.text(IFLA_IFNAME, name);
  auto done = execute(request, fmt::format("delete interface {}", name));
  if (!done && done.error().code == Code::kNotFound) return {};
  return done;
}

Result<std::vector<LinkAddress>> Netlink::addresses() {
  std::vector<LinkAddress> out;
  Request request(RTM_GETADDR, 0, ifaddrmsg{});
  FL_CHECK(dump(request, [&](uint16_t type, const char* data, size_t size) {
    if (type != RTM_NEWADDR) return;
    auto parsed = parse<ifaddrmsg>(data, size);
    if (!parsed) return;
    const auto& [m, a] = *parsed;
    auto address = a.address(IFA_LOCAL);
    if (!address) address = a.address(IFA_ADDRESS);
    if (address) out.push_back({static_cast<int>(m.ifa_index), *address, m.ifa_prefixlen});
  }));
  return out;
}

namespace {
ifaddrmsg address_header(int index, const IpAddress& address, int prefix) {
  ifaddrmsg m{};
  m.ifa_family = family(address);
  m.ifa_prefixlen = static_cast<uint8_t>(prefix);
  m.ifa_index = static_cast<uint32_t>(index);
  // Duplicate address detection would keep a v6 address unusable for a second; these addresses are ours to give.
  if (!address.is_v4()) m.ifa_flags = IFA_F_NODAD;
  return m;
}
}  // namespace

Result<> Netlink::add_address(const std::string& name, const IpAddress& address, int prefix) {
  FL_TRY(auto found, link(name));
  Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address_header(found.index, address, prefix));
  request.address(IFA_LOCAL, address);
  request.address(IFA_ADDRESS, address);
  if (address.is_v4() && prefix < 31) {
    const auto net = Cidr::of(address, prefix);
    request.address(IFA_BROADCAST, net.at(net.size() - 1));
  }
  auto done = execute(request, fmt::format("add address {}/{} to {}", address, prefix, name));
  if (!done && done.error().code == Code::kAlreadyExists) return {};
  return done;
}

Result<> Netlink::delete_address(const std::string& name, const IpAddress& address, int prefix) {
  FL_TRY(auto found, link(name));
  Request request(RTM_DELADDR, 0, address_header(found.index, address, prefix));
  request.address(IFA_LOCAL, address);
  auto done = execute(request, fmt::format("delete address {}/{} of {}", address, prefix, name));
  if (!done && done.error().code == Code::kNotFound) return {};
  return done;
}

Result<std::vector<Route>> Netlink::routes() {
  std::vector<Route> out;
  for (const uint8_t f : {AF_INET, AF_INET6}) {
    rtmsg m{};
    m.rtm_family = f;
    Request request(RTM_GETROUTE, 0, m);
    FL_CHECK(dump(request, [&](uint16_t type, const char* data, size_t size) {
      if (type != RTM_NEWROUTE) return;
      if (const auto r = parse_route(data, size)) out.push_back(*r);
    }));
  }
  return out;
}

Result<> Netlink::add_route(const Route& route) {
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route_header(route));
  append_route(request, route);
  return execute(request, fmt::format("add route {}", describe(route)));
}

Result<> Netlink::replace_route(const Route& route) {
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route_header(route));
  append_route(request, route);
  return execute(request, fmt::format("set route {}", describe(route)));
}

Result<> Netlink::delete_route(const Route& route) {
  auto header = route_header(route);
  header.rtm_scope = RT_SCOPE_NOWHERE;  // matches any scope
  Request request(RTM_DELROUTE, 0, header);
  append_route(request, route);
  auto done = execute(request, fmt::format("delete route {}", describe(route)));
  if (!done && done.error().code == Code::kNotFound) return {};
  return done;
}

Result<std::vector<Neighbour>> Netlink::neighbours() {
  std::vector<Neighbour> out;
  Request request(RTM_GETNEIGH, 0, ndmsg{});
  FL_CHECK(dump(request, [&](uint16_t type, const char* data, size_t size) {
    if (type != RTM_NEWNEIGH) return;
    auto parsed = parse<ndmsg>(data, size);
    if (!parsed) return;
    const auto& [m, a] = *parsed;
    const auto address = a.address(NDA_DST);
    const auto mac = a.bytes(NDA_LLADDR);
    if (!address) return;
    Neighbour n{m.ndm_ifindex, *address, {}, (m.ndm_state & NUD_PERMANENT) != 0};
    if (mac.size() == n.mac.size()) std::memcpy(n.mac.data(), mac.data(), mac.size());
    out.push_back(n);
  }));
  return out;
}

Result<> Netlink::replace_neighbour(const Neighbour& n) {
  ndmsg m{};
  m.ndm_family = family(n.address);
  m.ndm_ifindex = n.link;
  m.ndm_state = n.permanent ? NUD_PERMANENT : NUD_REACHABLE;
  Request request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, m);
  request.address(NDA_DST, n.address);
  request.attribute(NDA_LLADDR, n.mac.data(), n.mac.size());
  return execute(request, fmt::format("set neighbour {}", n.address));
}

}  // namespace fairlead::net
