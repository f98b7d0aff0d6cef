// Which EndpointSlices a Service should have, compared with those that it has: pure. As few slices change as possible,
// because every changed slice is sent to every node (KEP-752): addresses stay in the slice where they are, new ones go
// first into slices that change anyway, then where there is room, then into new slices.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/kinds/endpointslice.h"
#include "api/kinds/pod.h"
#include "api/kinds/service.h"

namespace fairlead::controllers {

inline constexpr size_t kMaxEndpointsPerSlice = 100;  // --max-endpoints-per-slice
inline constexpr std::string_view kServiceNameLabel = "kubernetes.io/service-name";
inline constexpr std::string_view kManagedByLabel = "endpointslice.kubernetes.io/managed-by";
inline constexpr std::string_view kManagedBy = "endpointslice-controller.k8s.io";
inline constexpr std::string_view kHeadlessLabel = "service.kubernetes.io/headless";
inline constexpr std::string_view kWeightAnnotation = "fairlead.io/weight";    // on pods: a number
inline constexpr std::string_view kWeightsAnnotation = "fairlead.io/weights";  // on slices: "10.0.0.1=5,10.0.0.2=1"

using SlicePtr = std::shared_ptr<const api::EndpointSlice>;

struct SlicePlan {
  std::vector<api::EndpointSlice> create;
  std::vector<api::EndpointSlice> update;
  std::vector<SlicePtr> remove;
  [[nodiscard]] bool empty() const { return create.empty() && update.empty() && remove.empty(); }
};

// `pods` are those that the selector matches; `existing` the slices of this Service that this controller manages.
// `zone_of` gives a node's zone, empty if unknown.
SlicePlan plan_slices(const api::Service& service, const std::vector<std::shared_ptr<const api::Pod>>& pods,
                      const std::vector<SlicePtr>& existing,
                      const std::function<std::string(const std::string& node)>& zone_of,
                      size_t max_per_slice = kMaxEndpointsPerSlice);

// The ports of a Service on one pod: numbers as they are, names looked up in the pod's containers; ports that the pod
// does not have are left out.
std::vector<api::EndpointSlicePort> ports_on(const api::Service& service, const api::Pod& pod);

// Whether a pod can be an endpoint at all: it has an address and has not run to its end.
bool may_be_endpoint(const api::Pod& pod);

}  // namespace fairlead::controllers
