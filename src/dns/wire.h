// Bounded reading and writing of DNS messages. Neither allocates, throws or touches a byte outside its span.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "dns/name.h"

namespace fairlead::dns {

// Reads forward through a message. A read beyond the end, or of something malformed, gives zero values and makes ok()
// false for good, so that callers may check once at the end.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> message, size_t at = 0) : message_(message), at_(at) {
    if (at > message.size()) fail();
  }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] size_t at() const { return at_; }
  [[nodiscard]] size_t left() const { return message_.size() - at_; }
  [[nodiscard]] std::span<const uint8_t> message() const { return message_; }
  void fail() {
    ok_ = false;
    at_ = message_.size();
  }

  uint8_t u8() {
    if (left() < 1) return fail(), uint8_t{0};
    return message_[at_++];
  }
  uint16_t u16() {
    if (left() < 2) return fail(), uint16_t{0};
    const auto v = static_cast<uint16_t>(message_[at_] << 8 | message_[at_ + 1]);
    at_ += 2;
    return v;
  }
  uint32_t u32() {
    const uint32_t high = u16();
    return high << 16 | u16();
  }
  std::span<const uint8_t> bytes(size_t n) {
    if (left() < n) return fail(), std::span<const uint8_t>{};
    at_ += n;
    return message_.subspan(at_ - n, n);
  }
  std::string_view text(size_t n) {
    const auto b = bytes(n);
    return {reinterpret_cast<const char*>(b.data()), b.size()};
  }
  // A name, following compression pointers. Each pointer must lead to before the labels it ends, so reading terminates
  // on any input.
  bool name(Name& out);
  // Moves past a name without following its pointers.
  void skip_name();

 private:
  std::span<const uint8_t> message_;
  size_t at_;
  bool ok_ = true;
};

// Writes a message into a buffer of the caller's. A write that does not fit leaves the buffer as it was and makes ok()
// false; rewind() to a mark taken before makes the writer usable again, which is how answers are cut at whole records.
class Writer {
 public:
  explicit Writer(std::span<uint8_t> buffer) : buffer_(buffer), limit_(buffer.size()) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] size_t size() const { return at_; }
  [[nodiscard]] std::span<const uint8_t> written() const { return buffer_.first(at_); }
  // Bytes that may be written in all; at most the buffer's size.
  [[nodiscard]] size_t limit() const { return limit_; }
  void set_limit(size_t limit) { limit_ = limit < buffer_.size() ? limit : buffer_.size(); }

  void u8(uint8_t v) {
    if (room(1)) buffer_[at_++] = v;
  }
  void u16(uint16_t v) {
    if (!room(2)) return;
    buffer_[at_++] = static_cast<uint8_t>(v >> 8);
    buffer_[at_++] = static_cast<uint8_t>(v);
  }
  void u32(uint32_t v) {
    if (!room(4)) return;
    u16(static_cast<uint16_t>(v >> 16));
    u16(static_cast<uint16_t>(v));
  }
  void bytes(std::span<const uint8_t> b) {
    if (!room(b.size())) return;
    if (!b.empty()) std::memcpy(buffer_.data() + at_, b.data(), b.size());
    at_ += b.size();
  }
  void text(std::string_view t) { bytes({reinterpret_cast<const uint8_t*>(t.data()), t.size()}); }
  void patch_u16(size_t at, uint16_t v) {
    buffer_[at] = static_cast<uint8_t>(v >> 8);
    buffer_[at + 1] = static_cast<uint8_t>(v);
  }
  // A name, its longest already written suffix replaced by a pointer. Compression compares with case, so that a name in
  // the answer is spelled as its owner spelled it.
  void name(const Name& n) { name(n.wire()); }
  void name(std::string_view wire);
  // A pointer to a name written before, at `offset` < 16384.
  void pointer(size_t offset) { u16(static_cast<uint16_t>(0xc000U | offset)); }

  struct Mark {
    size_t at;
    uint8_t known;
  };
  [[nodiscard]] Mark mark() const { return {at_, known_}; }
  void rewind(Mark m) {
    at_ = m.at;
    known_ = m.known;
    ok_ = true;
  }

 private:
  bool room(size_t n) {
    if (!ok_ || limit_ < at_ || limit_ - at_ < n) ok_ = false;
    return ok_;
  }
  void remember(size_t offset) {
    if (known_ < suffixes_.size() && offset < 0x4000) suffixes_[known_++] = static_cast<uint16_t>(offset);
  }
  // Whether the name at `offset` of the message equals `wire`, to the root.
  [[nodiscard]] bool matches(size_t offset, std::string_view wire) const;

  std::span<uint8_t> buffer_;
  size_t limit_;
  size_t at_ = 0;
  bool ok_ = true;
  uint8_t known_ = 0;
  std::array<uint16_t, 48> suffixes_;  // offsets of labels that pointers may lead to; more names go uncompressed
};

}  // namespace fairlead::dns
