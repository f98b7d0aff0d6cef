// Names of the reverse zones: in-addr.arpa (RFC 1035, 3.5) and ip6.arpa (RFC 3596, 2.5).
#pragma once

#include <optional>

#include "base/ip.h"
#include "dns/name.h"

namespace fairlead::dns {

// The address that a whole reverse name stands for; nothing for other names and for parts (10.in-addr.arpa).
// `name` is in lower case.
std::optional<IpAddress> parse_reverse(const LabelList& name);
// Whether the name lies in one of the two zones.
bool is_reverse(const LabelList& name);
// 1.0.96.10.in-addr.arpa.
Name reverse_name(const IpAddress& address);

}  // namespace fairlead::dns
