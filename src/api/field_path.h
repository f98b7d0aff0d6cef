// FieldPath: where a problem is ("spec.ports[0].port"). Building one allocates nothing, since validation builds them
// for every field of every object and nearly all are fine.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::api {

class FieldPath {
 public:
  FieldPath() = default;
  // Names are borrowed: literals, or keys that outlive the path.
  explicit FieldPath(std::string_view name) { push({name, Kind::kChild, 0}); }
  [[nodiscard]] FieldPath operator/(std::string_view child) const { return with({child, Kind::kChild, 0}); }
  [[nodiscard]] FieldPath operator[](size_t index) const { return with({{}, Kind::kIndex, index}); }
  [[nodiscard]] FieldPath key(std::string_view key) const { return with({key, Kind::kKey, 0}); }
  [[nodiscard]] std::string to_string() const {
    std::string out;
    for (size_t i = 0; i < size_; ++i) {
      const auto& part = parts_[i];
      if (part.kind == Kind::kChild) {
        if (i != 0) out += '.';
        out += part.name;
      } else {
        out += '[';
        out += part.kind == Kind::kKey ? std::string(part.name) : std::to_string(part.index);
        out += ']';
      }
    }
    return out;
  }

 private:
  enum class Kind : uint8_t { kChild, kIndex, kKey };
  struct Part {
    std::string_view name;
    Kind kind = Kind::kChild;
    size_t index = 0;
  };
  static constexpr size_t kMaxDepth = 18;  // the API's deepest fields have 14; deeper parts would be left out
  void push(Part part) {
    if (size_ < kMaxDepth) parts_[size_++] = part;
  }
  [[nodiscard]] FieldPath with(Part part) const {
    FieldPath next;
    for (size_t i = 0; i < size_; ++i) next.parts_[i] = parts_[i];
    next.size_ = size_;
    next.push(part);
    return next;
  }
  std::array<Part, kMaxDepth> parts_;
  size_t size_ = 0;
};

}  // namespace fairlead::api
