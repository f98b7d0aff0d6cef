// Making what topology.h plans, on the machine and in the nodes' namespaces. Every function may be repeated: what is
// there stays as it is, so that a new supervisor does not disturb a running cluster.
#pragma once

#include <vector>

#include "base/fd.h"
#include "net/cgroup.h"
#include "rt/loop.h"
#include "up/topology.h"

namespace fairlead::up {

// Networks that a fabric must keep away from: addresses and routes of this namespace but the default route and
// `own_bridge`'s.
Result<std::vector<Cidr>> networks_in_use(const std::string& own_bridge);

Result<> make_bridge(const Topology& topology);
// The node's namespace, its link to the bridge, addresses, routes and sysctls.
// Returns the namespace.
Result<Fd> make_node_network(const Topology& topology, const NodePlan& node, const std::string& netns_dir);
// Applies render_isolation()'s script in the node's namespace.
rt::Task<Result<>> set_isolation(rt::Loop& loop, std::string script, std::string node, int netns_fd);
Result<> make_cgroups(const net::Cgroups& cgroups, const Topology& topology);
rt::Task<Result<>> make_egress(rt::Loop& loop, Topology topology);
// A table that does not exist is not an error.
rt::Task<Result<>> remove_egress(rt::Loop& loop, std::string table);

// Whether this machine forwards packets: without, a node reaches the machine but nothing beyond.
bool host_forwards();

// A port of 127.0.0.1 that is free now: `wanted` when it is.
Result<uint16_t> free_local_port(uint16_t wanted);

}  // namespace fairlead::up
