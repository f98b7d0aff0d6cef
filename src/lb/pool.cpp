#include "lb/pool.h"

#include "base/text.h"

namespace fairlead::lb {
namespace {

uint64_t distance(const IpAddress& first, const IpAddress& last) {
  const auto low = [](const IpAddress& a) {
    uint64_t n = 0;
    for (size_t i = 8; i < 16; ++i) n = n << 8 | a.bytes()[i];
    return n;
  };
  return low(last) - low(first);
}

}  // namespace

Result<AddressPool> AddressPool::parse(std::string_view text) {
  constexpr uint64_t kMost = uint64_t{1} << 20;  // a pool is searched from its start
  AddressPool pool;
  for (const auto part : split(text, ',')) {
    const auto item = trim(part);
    if (item.empty()) continue;
    Range range;
    if (const size_t dash = item.find('-'); dash != std::string_view::npos) {
      FL_TRY(range.first, IpAddress::parse(trim(item.substr(0, dash))));
      FL_TRY(range.last, IpAddress::parse(trim(item.substr(dash + 1))));
      if (range.first.family() != range.last.family() || range.last < range.first)
        return fail(Code::kInvalid, fmt::format("\"{}\": the first address must come before the last", item));
    } else {
      auto network = Cidr::parse(item);
      if (!network)
        return fail(Code::kInvalid, fmt::format("\"{}\": must be a range, like 192.0.2.10-192.0.2.20, or a network, "
                                                "like 192.0.2.0/28",
                                                item));
      range = {network->base(), network->at(std::min(network->size(), kMost + 1) - 1)};
    }
    if (distance(range.first, range.last) >= kMost)
      return fail(Code::kInvalid, fmt::format("\"{}\": has more than {} addresses", item, kMost));
    pool.ranges_.push_back(range);
  }
  if (pool.ranges_.empty()) return fail(Code::kInvalid, "no address in the pool");
  return pool;
}

bool AddressPool::contains(const IpAddress& address) const {
  return std::ranges::any_of(ranges_, [&](const Range& r) {
    return r.first.family() == address.family() && r.first <= address && address <= r.last;
  });
}

bool AddressPool::has(IpFamily family) const { return size(family) > 0; }

uint64_t AddressPool::size(IpFamily family) const {
  uint64_t n = 0;
  for (const auto& [first, last] : ranges_) n += first.family() == family ? distance(first, last) + 1 : 0;
  return n;
}

std::string AddressPool::to_string() const {
  std::vector<std::string> out;
  for (const auto& [first, last] : ranges_)
    out.push_back(first == last ? first.to_string() : fmt::format("{}-{}", first, last));
  return join(out, ",");
}

}  // namespace fairlead::lb
