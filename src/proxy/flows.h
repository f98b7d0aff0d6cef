// Which UDP flows in conntrack are stale: translated, long ago, to an endpoint that no longer serves. UDP has no end,
// so the kernel would keep sending a busy client's packets there for ever. Pure; conntrack.h deletes what this finds.
#pragma once

#include <unordered_map>

#include "proxy/model/table.h"

namespace fairlead::proxy {

// One direction each: where the client sent its packet, and who answers in truth.
struct Flow {
  Endpoint destination;       // of the original direction
  Endpoint answers_from;      // source of the reply direction; equal to `destination` when nothing was translated
  bool to_this_node = false;  // `destination` is an address of this node
};

class StaleFlows {
 public:
  // From a delta: only flows to frontends that changed are judged.
  explicit StaleFlows(const Delta& delta);
  // From the whole table: after a restart, when nobody knows what changed.
  explicit StaleFlows(const ServiceTable& table);

  // Nothing to look for: conntrack need not be read.
  [[nodiscard]] bool empty() const { return by_address_.empty() && by_node_port_.empty(); }
  [[nodiscard]] bool stale(const Flow& flow) const;

 private:
  void add(const ServicePort& port, bool gone);
  // Null: the frontend is gone, and with it every flow that was translated.
  std::unordered_map<Endpoint, const ServicePort*> by_address_;
  std::unordered_map<Endpoint, const ServicePort*> by_node_port_;  // keyed by the family's unspecified address
};

}  // namespace fairlead::proxy
