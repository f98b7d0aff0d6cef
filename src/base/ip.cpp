#include "base/ip.h"

#include <charconv>
#include <cstring>

namespace fairlead {
namespace {

constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// Index in bits of where the address's own family starts: 96 for v4, 0 for v6.
int family_offset(const IpAddress& a) { return a.is_v4() ? 96 : 0; }

}  // namespace

IpAddress IpAddress::v4(uint32_t host_order) {
  IpAddress a;
  std::copy(kMapped.begin(), kMapped.end(), a.bytes_.begin());
  for (int i = 0; i < 4; ++i) a.bytes_[12 + i] = static_cast<uint8_t>(host_order >> (24 - 8 * i));
  return a;
}

IpAddress IpAddress::v6(const std::array<uint8_t, 16>& bytes) {
  IpAddress a;
  a.bytes_ = bytes;
  return a;
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  std::string copy(text);
  if (text.size() == copy.size() && std::memchr(copy.data(), 0, copy.size()) == nullptr) {
    in_addr four{};
    if (inet_pton(AF_INET, copy.c_str(), &four) == 1) {
      // inet_pton accepts no leading zeros in glibc 2.36: "010.0.0.1" fails, as it should.
      return v4(ntohl(four.s_addr));
    }
    std::array<uint8_t, 16> six{};
    if (inet_pton(AF_INET6, copy.c_str(), six.data()) == 1) return v6(six);
  }
  return fail(Code::kInvalid, fmt::format("\"{}\" is not an IP address (e.g. 10.9.8.7 or 2001:db8::ffff)", text));
}

bool IpAddress::is_v4() const { return std::equal(kMapped.begin(), kMapped.end(), bytes_.begin()); }

uint32_t IpAddress::v4_host_order() const {
  return uint32_t{bytes_[12]} << 24 | uint32_t{bytes_[13]} << 16 | uint32_t{bytes_[14]} << 8 | bytes_[15];
}

bool IpAddress::is_unspecified() const { return is_v4() ? v4_host_order() == 0 : bytes_ == std::array<uint8_t, 16>{}; }

bool IpAddress::is_loopback() const {
  if (is_v4()) return bytes_[12] == 127;
  std::array<uint8_t, 16> one{};
  one[15] = 1;
  return bytes_ == one;
}

bool IpAddress::is_link_local() const {
  if (is_v4()) return bytes_[12] == 169 && bytes_[13] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool IpAddress::is_multicast() const { return is_v4() ? (bytes_[12] & 0xf0) == 0xe0 : bytes_[0] == 0xff; }

std::string IpAddress::to_string() const {
  char buffer[INET6_ADDRSTRLEN];
  if (is_v4()) return inet_ntop(AF_INET, bytes_.data() + 12, buffer, sizeof buffer);
  return inet_ntop(AF_INET6, bytes_.data(), buffer, sizeof buffer);
}

IpAddress IpAddress::plus(uint64_t n) const {
  IpAddress r = *this;
  const int first = is_v4() ? 12 : 0;
  for (int i = 15; i >= first && n != 0; --i) {
    n += r.bytes_[i];
    r.bytes_[i] = static_cast<uint8_t>(n);
    n >>= 8;
  }
  return r;
}

Cidr Cidr::of(const IpAddress& address, int prefix) {
  auto bytes = address.bytes();
  const int keep = family_offset(address) + prefix;
  for (int i = 0; i < 16; ++i) {
    const int bits = std::clamp(keep - 8 * i, 0, 8);
    bytes[i] &= static_cast<uint8_t>(0xff00 >> bits);
  }
  Cidr c;
  c.base_ = IpAddress::v6(bytes);
  c.prefix_ = prefix;
  return c;
}

Result<Cidr> Cidr::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto bad = [&] {
    return fail(Code::kInvalid,
                fmt::format("\"{}\" is not a network in CIDR notation (e.g. 10.9.8.0/24 or 2001:db8::/64)", text));
  };
  if (slash == std::string_view::npos) return bad();
  auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return bad();
  int prefix = -1;
  const auto digits = text.substr(slash + 1);
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  const int limit = address->is_v4() ? 32 : 128;
  if (ec != std::errc{} || end != digits.data() + digits.size() || prefix < 0 || prefix > limit) return bad();
  if (digits.size() > 1 && digits[0] == '0') return bad();
  return of(*address, prefix);
}

bool Cidr::contains(const IpAddress& address) const {
  return address.family() == family() && of(address, prefix_).base_ == base_;
}

uint64_t Cidr::size() const {
  const int host_bits = (base_.is_v4() ? 32 : 128) - prefix_;
  return uint64_t{1} << std::min(host_bits, 63);
}

uint64_t Cidr::index_of(const IpAddress& address) const {
  uint64_t a = 0;
  uint64_t b = 0;
  for (int i = 8; i < 16; ++i) {
    a = a << 8 | address.bytes()[i];
    b = b << 8 | base_.bytes()[i];
  }
  return a - b;
}

std::string Cidr::to_string() const { return fmt::format("{}/{}", base_.to_string(), prefix_); }

std::string_view to_string(Protocol p) {
  switch (p) {
    case Protocol::kTcp:
      return "TCP";
    case Protocol::kUdp:
      return "UDP";
    case Protocol::kSctp:
      return "SCTP";
  }
  return "TCP";
}

std::optional<Protocol> parse_protocol(std::string_view text) {
  if (text == "TCP") return Protocol::kTcp;
  if (text == "UDP") return Protocol::kUdp;
  if (text == "SCTP") return Protocol::kSctp;
  return std::nullopt;
}

std::string Endpoint::to_string() const {
  return address.is_v4() ? fmt::format("{}:{}", address.to_string(), port)
                         : fmt::format("[{}]:{}", address.to_string(), port);
}

}  // namespace fairlead

size_t std::hash<fairlead::IpAddress>::operator()(const fairlead::IpAddress& a) const noexcept {
  uint64_t hi = 0;
  uint64_t lo = 0;
  std::memcpy(&hi, a.bytes().data(), 8);
  std::memcpy(&lo, a.bytes().data() + 8, 8);
  return (hi * 0x9E3779B97F4A7C15ULL) ^ (lo * 0xC2B2AE3D27D4EB4FULL);
}
