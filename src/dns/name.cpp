#include "dns/name.h"

#include <algorithm>

#include "base/text.h"

namespace fairlead::dns {

namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return lower_byte(static_cast<uint8_t>(x)) == lower_byte(static_cast<uint8_t>(y));
         });
}

// One character of a label in presentation form; advances `i` past it. Nothing for a broken escape.
std::optional<char> unescape(std::string_view text, size_t& i) {
  if (text[i] != '\\') return text[i++];
  const auto digit = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  if (i + 1 >= text.size()) return std::nullopt;
  if (!digit(i + 1)) {
    i += 2;
    return text[i - 1];
  }
  if (!digit(i + 2) || !digit(i + 3)) return std::nullopt;
  const int value = (text[i + 1] - '0') * 100 + (text[i + 2] - '0') * 10 + (text[i + 3] - '0');
  if (value > 255) return std::nullopt;
  i += 4;
  return static_cast<char>(value);
}

}  // namespace

Result<Name> Name::parse(std::string_view text) {
  Name name;
  if (text == ".") return name;
  if (text.empty()) return fail(Code::kInvalid, "an empty domain name; the root is written \".\"");
  std::string label;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '.') {
      const auto c = unescape(text, i);
      if (!c) return fail(Code::kInvalid, fmt::format("domain name {}: broken escape", quote(text)));
      label += *c;
      if (i < text.size()) continue;
    } else {
      ++i;
    }
    if (label.empty()) return fail(Code::kInvalid, fmt::format("domain name {}: empty label", quote(text)));
    if (label.size() > kMaxLabel) {
      return fail(Code::kInvalid,
                  fmt::format("domain name {}: label of {} bytes, at most 63 are allowed", quote(text), label.size()));
    }
    if (!name.append(label)) return fail(Code::kInvalid, fmt::format("domain name {}: over 255 bytes", quote(text)));
    label.clear();
  }
  return name;
}

std::optional<Name> Name::from_wire(std::string_view labels) {
  Name name;
  while (!labels.empty()) {
    const size_t n = static_cast<uint8_t>(labels.front());
    if (n >= labels.size() || !name.append(labels.substr(1, n))) return std::nullopt;
    labels.remove_prefix(1 + n);
  }
  return name;
}

bool Name::append(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabel || size_ + 1U + label.size() > kMaxName) return false;
  bytes_[size_ - 1U] = static_cast<uint8_t>(label.size());
  std::memcpy(bytes_.data() + size_, label.data(), label.size());
  size_ = static_cast<uint8_t>(size_ + 1U + label.size());
  bytes_[size_ - 1U] = 0;
  return true;
}

bool Name::append(const Name& suffix) {
  if (size_ + suffix.size_ - 1U > kMaxName) return false;
  std::memcpy(bytes_.data() + size_ - 1U, suffix.bytes_.data(), suffix.size_);
  size_ = static_cast<uint8_t>(size_ + suffix.size_ - 1U);
  return true;
}

std::string Name::to_string() const {
  if (is_root()) return ".";
  std::string out;
  for (size_t i = 0; bytes_[i] != 0;) {
    const size_t end = i + 1 + bytes_[i];
    for (++i; i < end; ++i) {
      const uint8_t c = bytes_[i];
      if (c == '.' || c == '\\' || c == '"' || c == ';' || c == '(' || c == ')' || c == '@' || c == '$') {
        out += '\\';
        out += static_cast<char>(c);
      } else if (c < 0x21 || c > 0x7e) {
        out += fmt::format("\\{:03}", c);
      } else {
        out += static_cast<char>(c);
      }
    }
    out += '.';
  }
  return out;
}

Name Name::lowered() const {
  // Length bytes are at most 63, below 'A', so the whole buffer can be mapped at once.
  Name out;
  out.size_ = size_;
  std::transform(bytes_.begin(), bytes_.begin() + size_, out.bytes_.begin(), lower_byte);
  return out;
}

bool Name::equals(const Name& other) const { return equal_ignoring_case(wire(), other.wire()); }

bool Name::is_within(const Name& zone) const {
  if (zone.size_ > size_) return false;
  const size_t start = size_ - zone.size_;
  size_t i = 0;
  while (i < start) i += 1U + bytes_[i];
  return i == start && equal_ignoring_case(wire().substr(start), zone.wire());
}

std::string wire_labels(std::initializer_list<std::string_view> labels) {
  std::string out;
  for (const auto label : labels) {
    if (label.empty() || label.size() > kMaxLabel) return "";
    out += static_cast<char>(label.size());
    out += lower(label);
  }
  return out;
}

LabelList::LabelList(std::string_view w) : wire(w) {
  for (size_t i = 0; i < w.size() && w[i] != 0 && count < offset.size(); i += 1U + static_cast<uint8_t>(w[i])) {
    offset[count++] = static_cast<uint8_t>(i);
  }
}

}  // namespace fairlead::dns
