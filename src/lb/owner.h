// Which node answers for a load-balancer address. Pure: every node reaches the same answer from the same API objects.
#pragma once

#include <string>
#include <vector>

#include "api/kinds/endpointslice.h"
#include "api/kinds/node.h"
#include "base/ip.h"

namespace fairlead::lb {

// Ready, and without the label node.kubernetes.io/exclude-from-external-load-balancers.
bool may_announce(const api::Node& node);

// Nodes that have an endpoint which takes new connections, for externalTrafficPolicy: Local. A draining endpoint counts
// while its node has no other, as it does for the proxy.
void add_serving_nodes(const api::EndpointSlice& slice, std::vector<std::string>& ready,
                       std::vector<std::string>& draining);

// The candidate with the highest hash of address and name (rendezvous hashing): a node that comes or goes moves only
// its own addresses. Empty when there is no candidate.
std::string choose_owner(const IpAddress& address, const std::vector<std::string>& candidates);

}  // namespace fairlead::lb
