// A domain name in wire form (RFC 1035, 3.1): labels, each behind its length, and the root's zero. The case in which it
// was written is kept; comparison functions say whether they ignore it (RFC 4343: ASCII only).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead::dns {

constexpr size_t kMaxName = 255;  // with length bytes and the root
constexpr size_t kMaxLabel = 63;

constexpr uint8_t lower_byte(uint8_t c) { return c >= 'A' && c <= 'Z' ? static_cast<uint8_t>(c + 32) : c; }

class Name {
 public:
  Name() { bytes_[0] = 0; }  // the root
  Name(const Name& other) : size_(other.size_) { std::memcpy(bytes_.data(), other.bytes_.data(), size_); }
  Name& operator=(const Name& other) {
    size_ = other.size_;
    std::memmove(bytes_.data(), other.bytes_.data(), size_);
    return *this;
  }

  // "web.default.svc.cluster.local", with or without the last dot; \. and \DDD as in RFC 1035, 5.1. kInvalid names what
  // is wrong: an empty or too long label, a name over 255 bytes.
  static Result<Name> parse(std::string_view text);
  // Whole labels in wire form without the root, as wire() of another name shows them. Nothing when that is not valid.
  static std::optional<Name> from_wire(std::string_view labels);

  // Appends one label before the root; false (and no change) when it is empty, over 63 bytes or the name gets too long.
  [[nodiscard]] bool append(std::string_view label);
  // Appends all labels of `suffix`; false (and no change) when the name gets too long.
  [[nodiscard]] bool append(const Name& suffix);

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool is_root() const { return size_ == 1; }
  [[nodiscard]] const uint8_t* data() const { return bytes_.data(); }
  // All bytes, with and without the root's zero.
  [[nodiscard]] std::string_view wire() const { return {reinterpret_cast<const char*>(bytes_.data()), size_}; }
  [[nodiscard]] std::string_view labels() const { return wire().substr(0, size_ - 1U); }
  // "web.default.svc.cluster.local." with escapes where needed; "." for the root.
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] Name lowered() const;

  [[nodiscard]] bool operator==(const Name& other) const { return wire() == other.wire(); }  // case counts
  [[nodiscard]] bool equals(const Name& other) const;                                        // case does not
  // Whether this name is `zone` or below it, without case.
  [[nodiscard]] bool is_within(const Name& zone) const;

 private:
  friend class Reader;
  std::array<uint8_t, kMaxName> bytes_;
  uint8_t size_ = 1;
};

// "\003web\007default" for ("web", "default"): the key under which the zone keeps a Service. Lower case; "" when one of
// them cannot be a label.
std::string wire_labels(std::initializer_list<std::string_view> labels);
// The labels of names of at most 127 labels, from the left; views into `wire` (with or without the root's zero).
struct LabelList {
  explicit LabelList(std::string_view wire);
  std::array<uint8_t, 128> offset;  // of the length byte
  uint8_t count = 0;
  std::string_view wire;
  [[nodiscard]] std::string_view label(size_t i) const {
    return wire.substr(offset[i] + 1U, static_cast<uint8_t>(wire[offset[i]]));
  }
};

}  // namespace fairlead::dns
