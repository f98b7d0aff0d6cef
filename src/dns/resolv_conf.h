// The upstream resolvers that a resolv.conf(5) names.
#pragma once

#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace fairlead::dns {

// All "nameserver" lines in order, without repeats, with port 53. Lines that are no address (a zoned fe80::1%eth0 among
// them) are left out, as glibc leaves them out.
std::vector<Endpoint> parse_resolv_conf(std::string_view text);
// "10.0.0.2", "10.0.0.2:5353", "[2001:db8::1]:53", "2001:db8::1"; kInvalid otherwise.
Result<Endpoint> parse_upstream(std::string_view text);

}  // namespace fairlead::dns
