// ARP for IPv4 over Ethernet (RFC 826, RFC 5227), without the Ethernet header. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/ip.h"
#include "net/netlink.h"

namespace fairlead::lb {

inline constexpr size_t kArpSize = 28;
inline constexpr net::MacAddress kBroadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

enum class ArpOperation : uint16_t { kRequest = 1, kReply = 2 };

struct Arp {
  ArpOperation operation = ArpOperation::kRequest;
  net::MacAddress sender_mac{};
  IpAddress sender;
  net::MacAddress target_mac{};
  IpAddress target;
  bool operator==(const Arp&) const = default;
};

// nullopt for what is not such a packet; bytes after it (Ethernet padding) are ignored.
std::optional<Arp> parse_arp(std::span<const uint8_t> bytes);
std::array<uint8_t, kArpSize> write_arp(const Arp& packet);

// What the owner of `address` says to `request`.
Arp arp_reply(const Arp& request, const net::MacAddress& mac);
// Tells everyone who has `address` now: a request for one's own address (RFC 5227, section 3).
Arp arp_announcement(const IpAddress& address, const net::MacAddress& mac);

}  // namespace fairlead::lb
