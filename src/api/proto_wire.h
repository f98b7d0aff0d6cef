// The protobuf wire format (protobuf.dev/programming-guides/encoding), as much as Kubernetes uses of it.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::api {

enum class Wire : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

inline void put_varint(std::string& out, uint64_t n) {
  while (n >= 0x80) {
    out += static_cast<char>(n | 0x80);
    n >>= 7;
  }
  out += static_cast<char>(n);
}
inline void put_tag(std::string& out, uint32_t number, Wire wire) {
  put_varint(out, uint64_t{number} << 3 | static_cast<uint8_t>(wire));
}
inline void put_bytes(std::string& out, uint32_t number, std::string_view bytes) {
  put_tag(out, number, Wire::kBytes);
  put_varint(out, bytes.size());
  out += bytes;
}
inline void put_int(std::string& out, uint32_t number, int64_t n) {
  put_tag(out, number, Wire::kVarint);
  put_varint(out, static_cast<uint64_t>(n));  // negative numbers take ten bytes, as Go writes them
}

// A nested message: writes what comes between construction and finish() with its length in front. Most are short, so
// one byte is kept for the length and longer ones are moved.
class Nested {
 public:
  Nested(std::string& out, uint32_t number) : out_(out) {
    put_tag(out, number, Wire::kBytes);
    start_ = out.size();
    out += '\0';
  }
  void finish() {
    const size_t length = out_.size() - start_ - 1;
    if (length < 0x80) {
      out_[start_] = static_cast<char>(length);
      return;
    }
    std::string prefix;
    put_varint(prefix, length);
    out_.replace(start_, 1, prefix);
  }

 private:
  std::string& out_;
  size_t start_;
};

// Reads fields one after the other; any malformed byte ends it with ok() false.
class WireReader {
 public:
  explicit WireReader(std::string_view in) : in_(in) {}

  struct Field {
    uint64_t number = 0;
    Wire wire = Wire::kVarint;
    uint64_t scalar = 0;     // kVarint, kFixed64, kFixed32
    std::string_view bytes;  // kBytes
  };
  std::optional<Field> next() {
    if (in_.empty() || !ok_) return std::nullopt;
    const auto tag = varint();
    if (!tag) return stop();
    Field f;
    f.number = *tag >> 3;
    f.wire = static_cast<Wire>(*tag & 7);
    if (f.number == 0 || f.number > 0x1FFFFFFF) return stop();
    switch (f.wire) {
      case Wire::kVarint: {
        const auto n = varint();
        if (!n) return stop();
        f.scalar = *n;
        return f;
      }
      case Wire::kBytes: {
        const auto n = varint();
        if (!n || *n > in_.size()) return stop();
        f.bytes = in_.substr(0, *n);
        in_.remove_prefix(*n);
        return f;
      }
      case Wire::kFixed64:
      case Wire::kFixed32: {
        const size_t n = f.wire == Wire::kFixed64 ? 8 : 4;
        if (in_.size() < n) return stop();
        std::memcpy(&f.scalar, in_.data(), n);  // little endian, as both our machines and the wire are
        in_.remove_prefix(n);
        return f;
      }
    }
    return stop();  // groups, which proto2 had
  }
  // At most ten bytes.
  std::optional<uint64_t> varint() {
    uint64_t n = 0;
    for (unsigned i = 0; i < 10 && i < in_.size(); ++i) {
      const auto byte = static_cast<uint8_t>(in_[i]);
      n |= uint64_t{byte & 0x7FU} << (7 * i);
      if (byte < 0x80) {
        in_.remove_prefix(i + 1);
        return n;
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] bool at_end() const { return in_.empty(); }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::nullopt_t stop() {
    ok_ = false;
    return std::nullopt;
  }
  std::string_view in_;
  bool ok_ = true;
};

}  // namespace fairlead::api
