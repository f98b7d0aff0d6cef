// The namespaces that every cluster has. Ending namespaces is a controller's work (controllers/namespace).
#pragma once

#include "apiserver/registry.h"

namespace fairlead::apiserver {

// default, kube-system, kube-public and kube-node-lease.
Task<Result<>> create_default_namespaces(Registry& registry);

}  // namespace fairlead::apiserver
