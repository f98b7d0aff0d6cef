// Addresses as values: IpAddress, Cidr, Endpoint. Both families share one type; v4 is kept as a v4-mapped 16-byte
// address (RFC 4291, 2.5.5.2), so that keys of kernel maps and of our own have one shape.
#pragma once

#include <arpa/inet.h>

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead {

enum class IpFamily : uint8_t { kV4, kV6 };

class IpAddress {
 public:
  constexpr IpAddress() = default;  // ::, unspecified
  // Host byte order: v4(0x0A000001) is 10.0.0.1.
  static IpAddress v4(uint32_t host_order);
  static IpAddress v6(const std::array<uint8_t, 16>& bytes);
  // Strict textual form; leading zeros ("010.0.0.1") and zones are refused, as Kubernetes refuses them.
  static Result<IpAddress> parse(std::string_view text);

  [[nodiscard]] IpFamily family() const { return is_v4() ? IpFamily::kV4 : IpFamily::kV6; }
  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] uint32_t v4_host_order() const;  // only for v4
  [[nodiscard]] const std::array<uint8_t, 16>& bytes() const { return bytes_; }
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_link_local() const;
  [[nodiscard]] bool is_multicast() const;
  [[nodiscard]] std::string to_string() const;
  // The address `n` after this one, in the same family; wraps.
  [[nodiscard]] IpAddress plus(uint64_t n) const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<uint8_t, 16> bytes_{};
};

// A network in CIDR notation. The address part keeps host bits cleared.
class Cidr {
 public:
  constexpr Cidr() = default;
  static Result<Cidr> parse(std::string_view text);
  // `prefix` counts bits of the address's own family: 0-32 or 0-128.
  static Cidr of(const IpAddress& address, int prefix);

  [[nodiscard]] const IpAddress& base() const { return base_; }
  [[nodiscard]] int prefix() const { return prefix_; }
  [[nodiscard]] IpFamily family() const { return base_.family(); }
  [[nodiscard]] bool contains(const IpAddress& address) const;
  // Number of addresses, saturating at 2^63.
  [[nodiscard]] uint64_t size() const;
  // Position of `address` in this network; only when contains(address) and the distance fits.
  [[nodiscard]] uint64_t index_of(const IpAddress& address) const;
  [[nodiscard]] IpAddress at(uint64_t index) const { return base_.plus(index); }
  [[nodiscard]] std::string to_string() const;

  auto operator<=>(const Cidr&) const = default;

 private:
  IpAddress base_;
  int prefix_ = 0;
};

enum class Protocol : uint8_t { kTcp, kUdp, kSctp };
std::string_view to_string(Protocol p);  // "TCP", "UDP", "SCTP"
std::optional<Protocol> parse_protocol(std::string_view text);
inline std::string_view to_string(IpFamily f) { return f == IpFamily::kV4 ? "IPv4" : "IPv6"; }

struct Endpoint {
  IpAddress address;
  uint16_t port = 0;
  [[nodiscard]] std::string to_string() const;  // 10.0.0.1:80, [::1]:80
  auto operator<=>(const Endpoint&) const = default;
};

}  // namespace fairlead

template <>
struct std::hash<fairlead::IpAddress> {
  size_t operator()(const fairlead::IpAddress& a) const noexcept;
};
template <>
struct std::hash<fairlead::Endpoint> {
  size_t operator()(const fairlead::Endpoint& e) const noexcept {
    return std::hash<fairlead::IpAddress>{}(e.address) * 31 + e.port;
  }
};
template <>
struct fmt::formatter<fairlead::IpAddress> : fmt::formatter<std::string> {
  auto format(const fairlead::IpAddress& a, fmt::format_context& c) const {
    return fmt::formatter<std::string>::format(a.to_string(), c);
  }
};
template <>
struct fmt::formatter<fairlead::Cidr> : fmt::formatter<std::string> {
  auto format(const fairlead::Cidr& a, fmt::format_context& c) const {
    return fmt::formatter<std::string>::format(a.to_string(), c);
  }
};
template <>
struct fmt::formatter<fairlead::Endpoint> : fmt::formatter<std::string> {
  auto format(const fairlead::Endpoint& a, fmt::format_context& c) const {
    return fmt::formatter<std::string>::format(a.to_string(), c);
  }
};
