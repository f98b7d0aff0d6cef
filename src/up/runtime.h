// A node's private containerd: its files and how it is started.
#pragma once

#include <string>
#include <vector>

#include "net/cgroup.h"
#include "net/process.h"
#include "rt/loop.h"
#include "up/state.h"
#include "up/topology.h"

namespace fairlead::up {

// Writes containerd's and CNI's configuration. True when a running containerd has to be restarted to use it.
Result<bool> write_runtime_config(const Layout& layout, const NodePlan& node);

net::SpawnOptions containerd_options(const Layout& layout, const NodePlan& node, const net::Cgroups& cgroups,
                                     const std::string& program, int netns_fd);

// The containerd that already runs in the node's cgroup, left by a former supervisor.
std::optional<net::ProcessId> find_containerd(const net::Cgroups& cgroups, const NodePlan& node);

// Returns when something accepts connections at the socket.
rt::Task<> wait_for_socket(std::string path);

}  // namespace fairlead::up
