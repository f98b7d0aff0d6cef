// Mirrors hand-made Endpoints of Services without a selector into EndpointSlices, which is what proxies and DNS read
// (kube-controller-manager's endpointslice-mirroring-controller).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/kinds/endpoints.h"
#include "api/kinds/endpointslice.h"
#include "api/kinds/service.h"
#include "client/workqueue.h"
#include "controllers/common/context.h"
#include "controllers/endpointslice/slice_plan.h"

namespace fairlead::controllers {

inline constexpr std::string_view kMirroredBy = "endpointslicemirroring-controller.k8s.io";
inline constexpr size_t kMaxMirroredPerSubset = 1000;  // --mirroring-max-endpoints-per-subset

// Whether `endpoints` asks to be mirrored: not a leader election record, not marked
// endpointslice.kubernetes.io/skip-mirror.
bool is_mirrored(const api::Endpoints& endpoints);
// One slice for each subset and address family; pure. `existing` are the mirrors that are there.
SlicePlan plan_mirror(const api::Endpoints& endpoints, const std::vector<SlicePtr>& existing);

class EndpointSliceMirror {
 public:
  explicit EndpointSliceMirror(const Context& context);
  Task<> run();

 private:
  Task<Result<>> reconcile(std::string key);
  [[nodiscard]] bool caught_up(const std::string& key) const;

  Context context_;
  client::Informer<api::Service> services_;
  client::Informer<api::Endpoints> endpoints_;
  client::Informer<api::EndpointSlice> slices_;
  client::Index slices_by_service_;
  client::WorkQueue queue_;
  std::map<std::string, std::vector<std::string>> created_;  // Service -> slices that the cache does not show yet
};

}  // namespace fairlead::controllers
