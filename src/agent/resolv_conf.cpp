#include "agent/resolv_conf.h"

#include "agent/dns_config.h"
#include "base/text.h"

namespace fairlead::agent {

std::vector<IpAddress> remote_name_servers(std::string_view resolv_conf) {
  std::vector<IpAddress> out;
  for (const auto& server : parse_resolv_conf(resolv_conf).servers) {
    const auto address = IpAddress::parse(server);
    if (address && !address->is_loopback() && !address->is_unspecified()) out.push_back(*address);
  }
  return out;
}

std::string default_resolv_conf(const std::string& root) {
  const auto usable = [](const std::string& path) {
    const auto text = read_file(path);
    return text && !remote_name_servers(*text).empty();
  };
  auto ordinary = root + "/etc/resolv.conf";
  auto resolved = root + "/run/systemd/resolve/resolv.conf";
  return !usable(ordinary) && usable(resolved) ? resolved : ordinary;
}

}  // namespace fairlead::agent
