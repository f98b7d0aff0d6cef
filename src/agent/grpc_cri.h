// Cri over gRPC on a unix socket. The socket need not exist yet: calls fail with kUnavailable until it does, and after
// the runtime was restarted the channel comes back within a second.
#pragma once

#include <memory>
#include <string>

#include "agent/cri.h"

namespace fairlead::agent {

// One per loop; destroyed before the loop, on its thread. Outstanding calls are cancelled then.
std::unique_ptr<Cri> make_grpc_cri(rt::Loop& loop, const std::string& socket);

}  // namespace fairlead::agent
