// Who owns an address and port that several Services ask for: the oldest, by name among equals, so that every node
// decides alike and in whatever order the objects arrive.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/ip.h"

namespace fairlead::proxy {

struct FrontendKey {
  IpAddress address;  // unspecified for node ports
  Protocol protocol = Protocol::kTcp;
  uint16_t port = 0;
  auto operator<=>(const FrontendKey&) const = default;
};
struct FrontendKeyHash {
  size_t operator()(const FrontendKey& k) const noexcept {
    return std::hash<IpAddress>{}(k.address) ^ (size_t{k.port} << 8 | static_cast<size_t>(k.protocol));
  }
};

class Claims {
 public:
  struct Claim {
    WallTime created;
    std::string service;  // namespace/name
    auto operator<=>(const Claim&) const = default;
  };
  // Returns the owner whom the new claim displaces.
  std::optional<std::string> add(const FrontendKey& key, Claim claim);
  // Returns who owns it from now on, when that changes.
  std::optional<std::string> remove(const FrontendKey& key, const Claim& claim);
  // Null when nobody claims it.
  [[nodiscard]] const std::string* owner(const FrontendKey& key) const;

 private:
  std::unordered_map<FrontendKey, Claim, FrontendKeyHash> owners_;
  std::map<FrontendKey, std::set<Claim>> waiting_;  // besides the owner; rarely anything
};

}  // namespace fairlead::proxy
