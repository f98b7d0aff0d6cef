#include "proxy/flows.h"

namespace fairlead::proxy {
namespace {

bool is_udp(const PortKey& key) { return key.protocol == Protocol::kUdp; }

// Endpoints that only joined leave every flow as it is, unless flows may have gone past the Service until now.
bool may_leave_stale(const Change& change) {
  if (!change.before || !change.after) return true;
  if (change.before->cluster.empty() && change.before->local.empty()) return true;
  if (change.before->frontends != change.after->frontends) return true;
  return std::ranges::any_of(change.before->backends,
                             [&](const Backend& b) { return b.serving && !change.after->serves(b.endpoint()); });
}

}  // namespace

StaleFlows::StaleFlows(const Delta& delta) {
  for (const Change& c : delta.changes)
    if (is_udp(c.key) && c.before && may_leave_stale(c)) add(*c.before, true);
  // After: an address that moved from one Service to another is judged by its new one.
  for (const Change& c : delta.changes)
    if (is_udp(c.key) && c.after && may_leave_stale(c)) add(*c.after, false);
}

StaleFlows::StaleFlows(const ServiceTable& table) {
  for (const auto& [key, port] : table.ports)
    if (is_udp(key)) add(*port, false);
}

void StaleFlows::add(const ServicePort& port, bool gone) {
  for (const Frontend& f : port.frontends)
    (f.kind == FrontendKind::kNodePort ? by_node_port_ : by_address_)[{f.address, f.port}] = gone ? nullptr : &port;
}

bool StaleFlows::stale(const Flow& flow) const {
  const ServicePort* port = nullptr;
  if (const auto at = by_address_.find(flow.destination); at != by_address_.end()) {
    port = at->second;
  } else if (flow.to_this_node) {
    const IpAddress any = flow.destination.address.is_v4() ? IpAddress::v4(0) : IpAddress();
    const auto node_port = by_node_port_.find({any, flow.destination.port});
    if (node_port == by_node_port_.end()) return false;
    port = node_port->second;
  } else {
    return false;
  }
  if (port == nullptr) return flow.answers_from != flow.destination;
  return !port->serves(flow.answers_from);
}

}  // namespace fairlead::proxy
