#include "proxy/model/choose.h"

#include <algorithm>

namespace fairlead::proxy {
namespace {

enum class Topology : uint8_t { kNone, kSameNode, kSameZone };

Topology topology(std::span<const Candidate> candidates) {
  bool any = false;
  bool all_node = true;
  bool all_zone = true;
  bool node_us = false;
  bool zone_us = false;
  for (const Candidate& c : candidates) {
    if (!c.ready) continue;
    any = true;
    all_node &= c.node_hints;
    all_zone &= c.zone_hints;
    node_us |= c.node_hint_us;
    zone_us |= c.zone_hint_us;
  }
  if (any && all_node && node_us) return Topology::kSameNode;
  if (any && all_zone && zone_us) return Topology::kSameZone;
  return Topology::kNone;
}

bool fits(const Candidate& c, Topology topology) {
  return topology == Topology::kNone || (topology == Topology::kSameNode ? c.node_hint_us : c.zone_hint_us);
}

template <class Predicate>
std::vector<uint32_t> select(std::span<const Candidate> candidates, Predicate predicate) {
  std::vector<uint32_t> chosen;
  for (uint32_t i = 0; i < candidates.size(); ++i)
    if (predicate(candidates[i])) chosen.push_back(i);
  return chosen;
}

bool draining(const Candidate& c) { return !c.ready && c.serving && c.terminating; }

}  // namespace

Choice choose(std::span<const Candidate> candidates, bool want_cluster, bool want_local) {
  Choice choice;
  choice.any = std::ranges::any_of(candidates, [](const Candidate& c) { return c.ready || draining(c); });
  if (want_cluster) {
    const Topology mode = topology(candidates);
    choice.cluster = select(candidates, [&](const Candidate& c) { return c.ready && fits(c, mode); });
    if (choice.cluster.empty()) choice.cluster = select(candidates, draining);
  }
  if (want_local) {
    choice.local = select(candidates, [](const Candidate& c) { return c.local && c.ready; });
    if (choice.local.empty())
      choice.local = select(candidates, [](const Candidate& c) { return c.local && draining(c); });
  }
  return choice;
}

}  // namespace fairlead::proxy
