// iptables exists twice: over nf_tables and over the kernel's own old tables. Rules of one are invisible to the other,
// so everybody on a machine has to use the same.
#pragma once

#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"
#include "rt/loop.h"

namespace fairlead::proxy::iptables {

enum class Backend : uint8_t { kAuto, kNft, kLegacy, kSystem };

// Programs of one backend: "iptables-nft-restore", "ip6tables-legacy-save", "iptables-restore".
std::string program(Backend backend, IpFamily family, std::string_view verb);

struct Detected {
  Backend backend = Backend::kSystem;
  std::string reason;  // "iptables-nft: the kubelet's hint chain is there"
};
// What the host uses, by the signs that kube-proxy's own images go by: the kubelet's hint chains in the mangle table,
// then who has more rules, then what the system's `iptables` is. `netns_fd` as in PlaneOptions.
rt::Task<Result<Detected>> detect(rt::Loop& loop, int netns_fd);

}  // namespace fairlead::proxy::iptables
