// The command lines of the production commands that `up` starts. Pure.
#pragma once

#include <string>
#include <vector>

#include "up/state.h"
#include "up/topology.h"
#include "up/up.h"

namespace fairlead::up {

// `program` is what the process list shows.
std::vector<std::string> server_arguments(const std::string& program, const UpConfig& config, const Topology& topology,
                                          const Layout& layout, uint16_t local_port);
std::vector<std::string> agent_arguments(const std::string& program, const UpConfig& config, const Topology& topology,
                                         const Layout& layout, const NodePlan& node);

}  // namespace fairlead::up
