// resource.Quantity: "500m", "1.5Gi", "1e3". Values are exact multiples of 10^-9 (finer ones round away from zero) and
// saturate at 2^63-1, as Kubernetes has them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/schema.h"
#include "base/result.h"

namespace fairlead::api {

__extension__ using Int128 = __int128;

class QuantityValue {
 public:
  constexpr QuantityValue() = default;
  static constexpr QuantityValue of_nano(Int128 nano) { return QuantityValue(nano); }
  static constexpr QuantityValue of(int64_t units) { return QuantityValue(Int128{units} * 1'000'000'000); }

  [[nodiscard]] Int128 nano() const { return nano_; }
  // Rounded up, saturating: Go's Value() and MilliValue().
  [[nodiscard]] int64_t value() const { return rounded(1'000'000'000); }
  [[nodiscard]] int64_t milli_value() const { return rounded(1'000'000); }
  [[nodiscard]] int sign() const { return nano_ < 0 ? -1 : nano_ > 0 ? 1 : 0; }

  auto operator<=>(const QuantityValue&) const = default;
  QuantityValue operator+(QuantityValue o) const { return QuantityValue(nano_ + o.nano_); }
  QuantityValue operator-(QuantityValue o) const { return QuantityValue(nano_ - o.nano_); }

 private:
  constexpr explicit QuantityValue(Int128 nano) : nano_(nano) {}
  [[nodiscard]] int64_t rounded(int64_t unit) const;
  Int128 nano_ = 0;
};

enum class QuantityFormat : uint8_t { kDecimal, kBinary, kExponent };  // 5k, 5Ki, 5e3

struct ParsedQuantity {
  QuantityValue value;
  QuantityFormat format = QuantityFormat::kDecimal;
};

// Errors (BadRequest) are Kubernetes' own sentence.
Result<ParsedQuantity> parse_quantity(std::string_view text);
// The shortest exact form: "1000m" is "1", "1024Ki" is "1Mi".
std::string format_quantity(QuantityValue value, QuantityFormat format);
// format(parse(text)).
Result<std::string> canonical_quantity(std::string_view text);
// The value of a decoded field (always well formed); an absent one is 0.
QuantityValue value_of(const Quantity& quantity);

}  // namespace fairlead::api
