#include "lb/arp.h"

#include <algorithm>

namespace fairlead::lb {
namespace {

// Hardware type Ethernet, protocol type IPv4, and the lengths of their addresses.
constexpr std::array<uint8_t, 6> kHeader = {0, 1, 8, 0, 6, 4};

constexpr size_t kOperation = 6;
constexpr size_t kSenderMac = 8;
constexpr size_t kSender = 14;
constexpr size_t kTargetMac = 18;
constexpr size_t kTarget = 24;

net::MacAddress mac_at(std::span<const uint8_t> bytes, size_t at) {
  net::MacAddress mac;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), mac.size(), mac.begin());
  return mac;
}

IpAddress address_at(std::span<const uint8_t> b, size_t at) {
  return IpAddress::v4(uint32_t{b[at]} << 24 | uint32_t{b[at + 1]} << 16 | uint32_t{b[at + 2]} << 8 | b[at + 3]);
}

}  // namespace

std::optional<Arp> parse_arp(std::span<const uint8_t> bytes) {
  if (bytes.size() < kArpSize || !std::equal(kHeader.begin(), kHeader.end(), bytes.begin())) return std::nullopt;
  const unsigned operation = bytes[kOperation] * 256U + bytes[kOperation + 1];
  if (operation != 1 && operation != 2) return std::nullopt;
  return Arp{.operation = static_cast<ArpOperation>(operation),
             .sender_mac = mac_at(bytes, kSenderMac),
             .sender = address_at(bytes, kSender),
             .target_mac = mac_at(bytes, kTargetMac),
             .target = address_at(bytes, kTarget)};
}

std::array<uint8_t, kArpSize> write_arp(const Arp& packet) {
  std::array<uint8_t, kArpSize> out{};
  const auto put_mac = [&](size_t at, const net::MacAddress& mac) { std::ranges::copy(mac, out.begin() + at); };
  const auto put_address = [&](size_t at, const IpAddress& address) {
    const uint32_t n = address.v4_host_order();
    for (size_t i = 0; i < 4; ++i) out[at + i] = static_cast<uint8_t>(n >> (24 - 8 * i));
  };
  std::ranges::copy(kHeader, out.begin());
  out[kOperation + 1] = static_cast<uint8_t>(packet.operation);
  put_mac(kSenderMac, packet.sender_mac);
  put_address(kSender, packet.sender);
  put_mac(kTargetMac, packet.target_mac);
  put_address(kTarget, packet.target);
  return out;
}

Arp arp_reply(const Arp& request, const net::MacAddress& mac) {
  return {.operation = ArpOperation::kReply,
          .sender_mac = mac,
          .sender = request.target,
          .target_mac = request.sender_mac,
          .target = request.sender};
}

Arp arp_announcement(const IpAddress& address, const net::MacAddress& mac) {
  return {.operation = ArpOperation::kRequest,
          .sender_mac = mac,
          .sender = address,
          .target_mac = net::MacAddress{},
          .target = address};
}

}  // namespace fairlead::lb
