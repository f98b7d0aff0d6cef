// What every cluster has from the first moment besides its namespaces: the Service `kubernetes` and its endpoints.
#pragma once

#include <vector>

#include "apiserver/registry.h"
#include "base/ip.h"

namespace fairlead::apiserver {

// `address` is the Service's (the first of the service network), `advertised` where the API server really answers.
Task<Result<>> publish_api_server(Registry& registry, IpAddress address, Endpoint advertised);

// The ServiceCIDR `kubernetes`: the networks that ClusterIPs come from.
Task<Result<>> publish_service_networks(Registry& registry, std::vector<Cidr> networks);

}  // namespace fairlead::apiserver
