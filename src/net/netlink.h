// rtnetlink(7): links, addresses, routes, neighbours of one network namespace. Calls are synchronous; each costs
// microseconds. Errors carry the kernel's own explanation (extended ack) when it gives one. Not thread-safe: one object
// per thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/ip.h"
#include "base/result.h"

namespace fairlead::net {

using MacAddress = std::array<uint8_t, 6>;
std::string to_string(const MacAddress& mac);  // 02:00:00:00:00:01

struct Link {
  int index = 0;
  std::string name;
  std::string kind;      // bridge, veth, ...; empty for hardware
  bool up = false;       // IFF_UP: set by the administrator
  bool running = false;  // IFF_RUNNING: has a carrier
  uint32_t mtu = 0;
  int master = 0;  // index of the bridge it is a port of; 0 for none
  MacAddress mac{};
};

struct LinkAddress {
  int link = 0;
  IpAddress address;
  int prefix = 0;
  bool operator==(const LinkAddress&) const = default;
};

inline constexpr uint8_t kRouteProtocolKernel = 2;
inline constexpr uint8_t kRouteProtocolStatic = 4;
inline constexpr uint8_t kRouteProtocolFairlead = 213;  // marks routes as ours, so that reconciling leaves others alone
inline constexpr uint32_t kMainTable = 254;

struct Route {
  Cidr destination;                  // /0 is the default route
  std::optional<IpAddress> gateway;  // without one, `link` is required
  int link = 0;                      // 0 lets the kernel find it from the gateway
  std::optional<IpAddress> source;   // preferred source address
  uint8_t protocol = kRouteProtocolFairlead;
  uint32_t table = kMainTable;
  uint32_t metric = 0;
  bool operator==(const Route&) const = default;
};

struct Neighbour {
  int link = 0;
  IpAddress address;
  MacAddress mac{};
  bool permanent = false;
};

class Netlink {
 public:
  static Result<Netlink> open();                 // the calling thread's namespace
  static Result<Netlink> open_in(int netns_fd);  // the socket stays in that namespace

  Result<std::vector<Link>> links();
  Result<Link> link(const std::string& name);  // kNotFound
  Result<> add_bridge(const std::string& name, std::optional<MacAddress> mac = std::nullopt);
  // `peer_netns_fd` < 0 keeps both ends here. kAlreadyExists when a name is taken.
  Result<> add_veth(const std::string& name, const std::string& peer, int peer_netns_fd = -1);
  Result<> set_up(const std::string& name, bool up = true);
  Result<> set_mtu(const std::string& name, uint32_t mtu);
  Result<> set_mac(const std::string& name, const MacAddress& mac);
  Result<> set_master(const std::string& name, const std::string& bridge);  // empty removes it from its bridge
  // A bridge port that may send a frame back where it came from: for pods that reach themselves through a Service.
  Result<> set_hairpin(const std::string& port, bool on);
  Result<> delete_link(const std::string& name);  // one that does not exist is not an error

  Result<std::vector<LinkAddress>> addresses();
  Result<> add_address(const std::string& link, const IpAddress& address, int prefix);  // present already: not an error
  Result<> delete_address(const std::string& link, const IpAddress& address, int prefix);

  Result<std::vector<Route>> routes();     // every unicast route of every table; multipath routes give their first hop
  Result<> add_route(const Route& route);  // kAlreadyExists
  Result<> replace_route(const Route& route);  // adds, or changes one of the same destination, table and metric
  Result<> delete_route(const Route& route);   // one that does not exist is not an error

  Result<std::vector<Neighbour>> neighbours();
  Result<> replace_neighbour(const Neighbour& neighbour);

 private:
  explicit Netlink(Fd socket) : socket_(std::move(socket)) {}
  class Request;
  Result<> execute(Request& request, const std::string& what);
  // Calls `each` for every answer of a dump: the message's payload after nlmsghdr.
  Result<> dump(Request& request, const std::function<void(uint16_t type, const char* data, size_t size)>& each);
  Result<> receive(uint32_t sequence, bool is_dump, const std::string& what,
                   const std::function<void(uint16_t type, const char* data, size_t size)>& each, bool& interrupted);

  Fd socket_;
  uint32_t sequence_ = 0;
};

}  // namespace fairlead::net
