#include "dns/resolv_conf.h"

#include <algorithm>

#include "base/text.h"

namespace fairlead::dns {

std::vector<Endpoint> parse_resolv_conf(std::string_view text) {
  std::vector<Endpoint> out;
  for (auto line : split(text, '\n')) {
    constexpr std::string_view kKeyword = "nameserver";
    line = trim(line);
    if (!line.starts_with(kKeyword)) continue;
    line.remove_prefix(kKeyword.size());
    if (line.empty() || (line[0] != ' ' && line[0] != '\t')) continue;
    line = trim(line);
    const auto address = IpAddress::parse(line.substr(0, line.find_first_of(" \t#;")));
    if (!address) continue;
    const Endpoint endpoint{*address, 53};
    if (std::find(out.begin(), out.end(), endpoint) == out.end()) out.push_back(endpoint);
  }
  return out;
}

Result<Endpoint> parse_upstream(std::string_view text) {
  const auto wrong = [&] {
    return fail(Code::kInvalid, fmt::format("upstream {}: must be an address with or without a port, as 10.0.0.2, "
                                            "10.0.0.2:53 or [2001:db8::1]:53",
                                            quote(text)));
  };
  if (auto address = IpAddress::parse(text)) return Endpoint{*address, 53};
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong();
  }
  const auto address = IpAddress::parse(host);
  const auto port = parse_int(text.substr(colon + 1));
  if (!address || !port || *port < 1 || *port > 65535) return wrong();
  return Endpoint{*address, static_cast<uint16_t>(*port)};
}

}  // namespace fairlead::dns
