// Which endpoints clients of this node are spread over.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fairlead::proxy {

// What of an endpoint matters to the choice. "Us" is this node, or its zone.
struct Candidate {
  bool ready = false;
  bool serving = false;
  bool terminating = false;
  bool local = false;
  bool node_hints = false;    // has hints.forNodes
  bool node_hint_us = false;  // and one names this node
  bool zone_hints = false;    // has hints.forZones
  bool zone_hint_us = false;  // and one names this node's zone
};

struct Choice {
  std::vector<uint32_t> cluster;  // indexes
  std::vector<uint32_t> local;
  bool any = false;  // something serves somewhere, though perhaps not for this node
};

// Ready endpoints, else those that terminate and still serve (KEP-1669), separately for the whole cluster and for this
// node. Hints narrow the cluster-wide list when every ready endpoint carries one and one names us: node hints first,
// then zone hints (KEP-2433, KEP-3015).
Choice choose(std::span<const Candidate> candidates, bool want_cluster, bool want_local);

}  // namespace fairlead::proxy
