#include "proxy/model/table.h"

#include "base/text.h"

namespace fairlead::proxy {

std::string PortKey::to_string() const {
  return port.empty() ? fmt::format("{}/{}", ns, name) : fmt::format("{}/{}:{}", ns, name, port);
}

size_t PortKeyHash::operator()(const PortKey& key) const noexcept {
  uint64_t h = stable_hash(key.name);
  h = h * 0x9E3779B97F4A7C15ULL + stable_hash(key.ns);
  h = h * 0x9E3779B97F4A7C15ULL + stable_hash(key.port);
  return h ^ (static_cast<uint64_t>(key.protocol) << 1 | static_cast<uint64_t>(key.family));
}

bool ServicePort::serves(const Endpoint& endpoint) const {
  const auto at = std::lower_bound(backends.begin(), backends.end(), endpoint,
                                   [](const Backend& b, const Endpoint& e) { return b.endpoint() < e; });
  return at != backends.end() && at->endpoint() == endpoint && at->serving;
}

}  // namespace fairlead::proxy
