#include "dns/wire.h"

namespace fairlead::dns {

bool Reader::name(Name& out) {
  size_t size = 0;
  size_t at = at_;
  size_t start = at_;  // of the run of labels being read
  bool jumped = false;
  for (;;) {
    if (at >= message_.size()) return fail(), false;
    const uint8_t n = message_[at];
    if ((n & 0xc0) == 0xc0) {
      if (at + 1 >= message_.size()) return fail(), false;
      const size_t target = static_cast<size_t>(n & 0x3f) << 8 | message_[at + 1];
      if (!jumped) at_ = at + 2;
      jumped = true;
      if (target >= start) return fail(), false;
      at = start = target;
      continue;
    }
    if (n > kMaxLabel) return fail(), false;  // 01 and 10: never standardised (RFC 6891, 5)
    if (message_.size() - at < 1U + n || size + 1U + n > kMaxName) return fail(), false;
    std::memcpy(out.bytes_.data() + size, message_.data() + at, 1U + n);
    size += 1U + n;
    at += 1U + n;
    if (n == 0) break;
  }
  out.size_ = static_cast<uint8_t>(size);
  if (!jumped) at_ = at;
  return true;
}

void Reader::skip_name() {
  for (;;) {
    const uint8_t n = u8();
    if (!ok_ || n == 0) return;
    if ((n & 0xc0) == 0xc0) {
      u8();
      return;
    }
    if (n > kMaxLabel) return fail();
    bytes(n);
  }
}

bool Writer::matches(size_t offset, std::string_view wire) const {
  size_t i = 0;
  for (;;) {
    const uint8_t n = buffer_[offset];
    if ((n & 0xc0) == 0xc0) {
      offset = static_cast<size_t>(n & 0x3f) << 8 | buffer_[offset + 1];
      continue;
    }
    if (static_cast<uint8_t>(wire[i]) != n || std::memcmp(wire.data() + i, buffer_.data() + offset, 1U + n) != 0) {
      return false;
    }
    if (n == 0) return true;
    i += 1U + n;
    offset += 1U + n;
  }
}

void Writer::name(std::string_view wire) {
  const Mark before = mark();
  size_t i = 0;
  while (wire[i] != 0) {
    const auto rest = wire.substr(i);
    for (uint8_t k = 0; k < before.known; ++k) {
      if (!matches(suffixes_[k], rest)) continue;
      u16(static_cast<uint16_t>(0xc000U | suffixes_[k]));
      if (!ok_) at_ = before.at, known_ = before.known;
      return;
    }
    const size_t n = 1U + static_cast<uint8_t>(wire[i]);
    remember(at_);
    text(wire.substr(i, n));
    i += n;
  }
  u8(0);
  if (!ok_) at_ = before.at, known_ = before.known;
}

}  // namespace fairlead::dns
