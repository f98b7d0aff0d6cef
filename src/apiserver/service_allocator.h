// Addresses and ports of Services: ClusterIPs from the service networks, NodePorts from the port range. In memory,
// rebuilt from the stored Services at start, and taken atomically with the write that needs them.
//
// Both ranges have a lower band that is used for explicit requests first and an upper band for automatic ones (KEP-3070
// and KEP-3668), so that a fixed choice rarely collides with an automatic one.
#pragma once

#include <random>
#include <unordered_set>
#include <vector>

#include "api/kinds/service.h"
#include "apiserver/registry.h"
#include "base/ip.h"

namespace fairlead::apiserver {

// Numbers [0, size) of which some are taken.
class Pool {
 public:
  // Automatic choices come from [band, size) as long as there is room.
  Pool(uint64_t size, uint64_t band);
  [[nodiscard]] bool taken(uint64_t n) const { return taken_.contains(n); }
  void take(uint64_t n) { taken_.insert(n); }
  void give_back(uint64_t n) { taken_.erase(n); }
  // Nothing when all are taken.
  std::optional<uint64_t> take_any();
  [[nodiscard]] uint64_t free() const { return size_ - taken_.size(); }
  [[nodiscard]] uint64_t size() const { return size_; }

 private:
  std::optional<uint64_t> any_in(uint64_t from, uint64_t to);
  uint64_t size_;
  uint64_t band_;
  std::unordered_set<uint64_t> taken_;
  std::mt19937_64 random_;
};

struct PortRange {
  uint16_t first = 30000;
  uint16_t last = 32767;
};
Result<PortRange> parse_port_range(std::string_view text);  // "30000-32767"

class ServiceAllocator final : public WriteHook {
 public:
  // One network, or two of different families; the first one's family is the default.
  ServiceAllocator(std::vector<Cidr> networks, PortRange ports);

  // What stored Services hold. Doubles and strays are logged and left to their owners.
  void load(const KindCache& services);

  Result<Reservation> before_write(api::Object& next, const api::Object* old) override;
  void removed(const api::Object& old) override;

  [[nodiscard]] const std::vector<Cidr>& networks() const { return networks_; }

 private:
  struct Held {
    std::vector<IpAddress> addresses;
    std::vector<uint16_t> ports;
  };
  class Taking;

  static Held held_by(const api::Service& service);
  Pool* pool_of(const IpAddress& address, uint64_t& number);
  void give_back(const Held& held);
  [[nodiscard]] const Cidr* network_of(std::string_view family) const;

  std::vector<Cidr> networks_;
  PortRange range_;
  std::vector<Pool> addresses_;  // one for each network; number n is address n+1 of the network
  Pool ports_;
};

}  // namespace fairlead::apiserver
