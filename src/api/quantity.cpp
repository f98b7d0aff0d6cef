#include "api/quantity.h"

#include <algorithm>
#include <array>

namespace fairlead::api {
namespace {

__extension__ using UInt128 = unsigned __int128;

constexpr Int128 kUnit = 1'000'000'000;
constexpr Int128 kMax = Int128{INT64_MAX} * kUnit;

struct Suffix {
  std::string_view text;
  int power;
};
constexpr std::array<Suffix, 10> kDecimal{
    {{"n", -9}, {"u", -6}, {"m", -3}, {"", 0}, {"k", 3}, {"M", 6}, {"G", 9}, {"T", 12}, {"P", 15}, {"E", 18}}};
constexpr std::array<Suffix, 6> kBinary{{{"Ki", 10}, {"Mi", 20}, {"Gi", 30}, {"Ti", 40}, {"Pi", 50}, {"Ei", 60}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::unexpected<Error> wrong_format() {
  return fail(Code::kBadRequest,
              "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
}
std::unexpected<Error> wrong_suffix() { return fail(Code::kBadRequest, "unable to parse quantity's suffix"); }

// |digits| * 10^power * 2^shift in nanos, rounded away from zero, saturating at kMax.
Int128 scale(std::string_view digits, int power, int shift) {
  Int128 n = 0;
  bool inexact = false;
  power += 9;
  // Digits beyond what matters only shift the power: 2^63 has 19 digits, and nanos add 9.
  for (const char c : digits) {
    if (n > kMax / 8) {
      ++power;
      inexact = inexact || c != '0';
      continue;
    }
    n = n * 10 + (c - '0');
  }
  if (n == 0) return inexact ? 1 : 0;
  for (; shift > 0; --shift) {
    if (n > kMax && power >= 0) return kMax;
    if (n > (kMax << 20)) {  // a long fraction times a large suffix: drop digits that fall below nano anyway
      inexact = inexact || n % 10 != 0;
      n /= 10;
      ++power;
    }
    n *= 2;
  }
  for (; power > 0; --power) {
    if (n > kMax) return kMax;
    n *= 10;
  }
  for (; power < 0 && n != 0; ++power) {
    inexact = inexact || n % 10 != 0;
    n /= 10;
  }
  if (inexact) ++n;
  return std::min(n, kMax);
}

std::string decimal_digits(Int128 n) {
  if (n == 0) return "0";
  const bool negative = n < 0;
  std::string out;
  for (UInt128 u = negative ? -static_cast<UInt128>(n) : n; u != 0; u /= 10)
    out += static_cast<char>('0' + static_cast<int>(u % 10));
  if (negative) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace

int64_t QuantityValue::rounded(int64_t unit) const {
  Int128 q = nano_ / unit;
  if (nano_ % unit != 0) q += nano_ > 0 ? 1 : -1;
  return static_cast<int64_t>(std::clamp<Int128>(q, INT64_MIN, INT64_MAX));
}

Result<ParsedQuantity> parse_quantity(std::string_view text) {
  size_t i = 0;
  bool negative = false;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) negative = text[i++] == '-';
  const size_t start = i;
  while (i < text.size() && is_digit(text[i])) ++i;
  std::string digits(text.substr(start, i - start));
  int power = 0;
  if (i < text.size() && text[i] == '.') {
    const size_t point = ++i;
    while (i < text.size() && is_digit(text[i])) ++i;
    digits += text.substr(point, i - point);
    power = -static_cast<int>(std::min<size_t>(i - point, 100'000));
  }
  if (digits.empty() || digits.size() > 4096) return wrong_format();
  auto suffix = text.substr(i);
  ParsedQuantity out;
  int shift = 0;
  const auto decimal = std::ranges::find(kDecimal, suffix, &Suffix::text);
  const auto binary = std::ranges::find(kBinary, suffix, &Suffix::text);
  if (decimal != kDecimal.end()) {
    power += decimal->power;
  } else if (binary != kBinary.end()) {
    out.format = QuantityFormat::kBinary;
    shift = binary->power;
  } else if (suffix.size() > 1 && (suffix[0] == 'e' || suffix[0] == 'E')) {
    out.format = QuantityFormat::kExponent;
    suffix.remove_prefix(1);
    const bool minus = suffix[0] == '-';
    if (suffix[0] == '-' || suffix[0] == '+') suffix.remove_prefix(1);
    if (suffix.empty() || suffix.size() > 5 || !std::ranges::all_of(suffix, is_digit)) return wrong_suffix();
    int exponent = 0;
    for (const char c : suffix) exponent = exponent * 10 + (c - '0');
    power += minus ? -exponent : exponent;
  } else {
    const bool plausible = suffix.find_first_not_of("eEinumkKMGTP0123456789+-") == std::string_view::npos;
    return plausible ? wrong_suffix() : wrong_format();
  }
  const auto nano = scale(digits, power, shift);
  out.value = QuantityValue::of_nano(negative ? -nano : nano);
  return out;
}

std::string format_quantity(QuantityValue value, QuantityFormat format) {
  Int128 n = value.nano();
  if (n == 0) return "0";
  if (format == QuantityFormat::kBinary && n > -1024 * kUnit && n < 1024 * kUnit) format = QuantityFormat::kDecimal;
  if (format == QuantityFormat::kBinary) {
    n = (n + (n % kUnit == 0 ? 0 : n > 0 ? kUnit : -kUnit)) / kUnit;
    size_t times = 0;
    while (times < kBinary.size() && n % 1024 == 0) {
      n /= 1024;
      ++times;
    }
    return decimal_digits(n) + (times == 0 ? "" : std::string(kBinary[times - 1].text));
  }
  int power = -9;
  while (power < 18 && n % 1000 == 0) {
    n /= 1000;
    power += 3;
  }
  auto out = decimal_digits(n);
  if (format == QuantityFormat::kExponent) return power == 0 ? out : fmt::format("{}e{}", out, power);
  return out + std::string(std::ranges::find(kDecimal, power, &Suffix::power)->text);
}

Result<std::string> canonical_quantity(std::string_view text) {
  FL_TRY(const auto q, parse_quantity(text));
  return format_quantity(q.value, q.format);
}

QuantityValue value_of(const Quantity& quantity) {
  if (quantity.text.empty()) return {};
  const auto q = parse_quantity(quantity.text);
  return q ? q->value : QuantityValue{};
}

}  // namespace fairlead::api
