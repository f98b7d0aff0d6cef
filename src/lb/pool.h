// The addresses that Services of type LoadBalancer may get.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace fairlead::lb {

class AddressPool {
 public:
  // Ranges and networks, separated by commas: "10.84.0.200-10.84.0.250,fd00::/120". Every address of a network counts.
  // Errors name the part and what would be right.
  static Result<AddressPool> parse(std::string_view text);

  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] bool has(IpFamily family) const;
  [[nodiscard]] uint64_t size(IpFamily family) const;
  // The lowest address of `family` for which `taken` is false.
  template <class Taken>
  [[nodiscard]] std::optional<IpAddress> first_free(IpFamily family, Taken taken) const {
    for (const auto& [first, last] : ranges_) {
      if (first.family() != family) continue;
      for (IpAddress a = first;; a = a.plus(1)) {
        if (!taken(a)) return a;
        if (a == last) break;
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] std::string to_string() const;

 private:
  struct Range {
    IpAddress first;
    IpAddress last;
  };
  std::vector<Range> ranges_;
};

}  // namespace fairlead::lb
