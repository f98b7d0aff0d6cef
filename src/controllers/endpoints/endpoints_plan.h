// The Endpoints object of a Service: the older form of its EndpointSlices, still what `kubectl get endpoints` shows.
// Pure.
#pragma once

#include <memory>
#include <vector>

#include "api/kinds/endpoints.h"
#include "api/kinds/pod.h"
#include "api/kinds/service.h"

namespace fairlead::controllers {

inline constexpr size_t kMaxEndpointsCapacity = 1000;  // more are cut off, and an annotation says so

// `existing` may be null; what others put on it (annotations, other labels) stays.
api::Endpoints plan_endpoints(const api::Service& service, const std::vector<std::shared_ptr<const api::Pod>>& pods,
                              const api::Endpoints* existing);

}  // namespace fairlead::controllers
