#include "dns/reverse.h"

#include "base/text.h"

namespace fairlead::dns {

namespace {

std::optional<uint8_t> decimal_byte(std::string_view label) {
  if (label.empty() || label.size() > 3 || (label.size() > 1 && label[0] == '0')) return std::nullopt;
  int value = 0;
  for (const char c : label) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value > 255) return std::nullopt;
  return static_cast<uint8_t>(value);
}

std::optional<uint8_t> nibble(std::string_view label) {
  if (label.size() != 1) return std::nullopt;
  const char c = label[0];
  if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

bool ends_with(const LabelList& name, std::string_view zone) {
  return name.count >= 2 && name.label(name.count - 1U) == "arpa" && name.label(name.count - 2U) == zone;
}

}  // namespace

bool is_reverse(const LabelList& name) { return ends_with(name, "in-addr") || ends_with(name, "ip6"); }

std::optional<IpAddress> parse_reverse(const LabelList& name) {
  if (name.count == 6 && ends_with(name, "in-addr")) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) {
      const auto byte = decimal_byte(name.label(3 - i));
      if (!byte) return std::nullopt;
      value = value << 8 | *byte;
    }
    return IpAddress::v4(value);
  }
  if (name.count == 34 && ends_with(name, "ip6")) {
    std::array<uint8_t, 16> bytes{};
    for (size_t i = 0; i < 32; ++i) {
      const auto n = nibble(name.label(31 - i));
      if (!n) return std::nullopt;
      bytes[i / 2] = static_cast<uint8_t>(bytes[i / 2] << 4 | *n);
    }
    return IpAddress::v6(bytes);
  }
  return std::nullopt;
}

Name reverse_name(const IpAddress& address) {
  std::string text;
  if (address.is_v4()) {
    const uint32_t a = address.v4_host_order();
    text = fmt::format("{}.{}.{}.{}.in-addr.arpa", a & 255, a >> 8 & 255, a >> 16 & 255, a >> 24);
  } else {
    for (size_t i = 16; i-- > 0;) text += fmt::format("{:x}.{:x}.", address.bytes()[i] & 15, address.bytes()[i] >> 4);
    text += "ip6.arpa";
  }
  return *Name::parse(text);
}

}  // namespace fairlead::dns
