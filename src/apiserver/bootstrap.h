// What every cluster has from the first moment besides its namespaces: the Service `kubernetes` and its endpoints.
#pragma once

#include "apiserver/registry.h"
#include "base/ip.h"

namespace fairlead::apiserver {

// `address` is the Service's (the first of the service network), `advertised` where the API server really answers.
Task<Result<>> publish_api_server(Registry& registry, IpAddress address, Endpoint advertised);

}  // namespace fairlead::apiserver
