#include "proxy/planes/iptables/names.h"

#include <openssl/sha.h>

#include "base/text.h"

namespace fairlead::proxy::iptables {
namespace {

// The first 16 characters of RFC 4648 base32 over SHA-256: iptables allows 28 characters in a chain's name.
std::string hashed(std::string_view prefix, std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string name(prefix);
  for (size_t i = 0; i < 16; ++i) {
    const size_t bit = i * 5;
    const unsigned pair = unsigned{digest[bit / 8]} << 8 | digest[bit / 8 + 1];
    name += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[pair >> (11 - bit % 8) & 31];
  }
  return name;
}

std::string of_port(std::string_view prefix, const PortKey& key) {
  return hashed(prefix, key.to_string() + lower(to_string(key.protocol)));
}

}  // namespace

std::string svc_chain(const PortKey& key) { return of_port("KUBE-SVC-", key); }
std::string svl_chain(const PortKey& key) { return of_port("KUBE-SVL-", key); }
std::string ext_chain(const PortKey& key) { return of_port("KUBE-EXT-", key); }
std::string fw_chain(const PortKey& key) { return of_port("KUBE-FW-", key); }
std::string sep_chain(const PortKey& key, const Endpoint& endpoint) {
  return hashed("KUBE-SEP-", key.to_string() + lower(to_string(key.protocol)) + endpoint.to_string());
}

bool is_per_port_chain(std::string_view chain) {
  return std::ranges::any_of(std::array{"KUBE-SVC-", "KUBE-SVL-", "KUBE-EXT-", "KUBE-FW-", "KUBE-SEP-"},
                             [&](std::string_view prefix) { return chain.starts_with(prefix); });
}

}  // namespace fairlead::proxy::iptables
