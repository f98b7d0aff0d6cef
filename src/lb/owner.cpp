#include "lb/owner.h"

#include <algorithm>

namespace fairlead::lb {
namespace {

// FNV-1a with the finalizer of MurmurHash3, so that names that differ in one digit spread: the same on every node,
// whatever was compiled.
uint64_t hash(std::string_view text) {
  uint64_t h = 14695981039346656037U;
  for (const char c : text) h = (h ^ static_cast<uint8_t>(c)) * 1099511628211U;
  h = (h ^ h >> 33) * 0xff51afd7ed558ccdU;
  h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53U;
  return h ^ h >> 33;
}

}  // namespace

bool may_announce(const api::Node& node) {
  if (node.metadata.labels.contains("node.kubernetes.io/exclude-from-external-load-balancers")) return false;
  return std::ranges::any_of(node.status.conditions,
                             [](const auto& c) { return c.type == "Ready" && c.status == "True"; });
}

void add_serving_nodes(const api::EndpointSlice& slice, std::vector<std::string>& ready,
                       std::vector<std::string>& draining) {
  for (const auto& e : slice.endpoints) {
    if (!e.node_name) continue;
    if (e.conditions.ready.value_or(true)) {
      ready.push_back(*e.node_name);
    } else if (e.conditions.serving.value_or(true) && e.conditions.terminating.value_or(false)) {
      draining.push_back(*e.node_name);
    }
  }
}

std::string choose_owner(const IpAddress& address, const std::vector<std::string>& candidates) {
  const std::string* best = nullptr;
  uint64_t highest = 0;
  for (const auto& name : candidates) {
    const uint64_t h = hash(fmt::format("{}#{}", address, name));
    if (best != nullptr && (h < highest || (h == highest && name >= *best))) continue;
    best = &name;
    highest = h;
  }
  return best == nullptr ? std::string() : *best;
}

}  // namespace fairlead::lb
