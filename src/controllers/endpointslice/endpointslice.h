// Keeps the EndpointSlices of every Service that has a selector. A changed pod costs only the Services that select it.
#pragma once

#include <map>
#include <string>

#include "api/kinds/node.h"
#include "client/workqueue.h"
#include "controllers/common/context.h"
#include "controllers/endpointslice/slice_plan.h"

namespace fairlead::controllers {

// Finds, without looking at all of them, the Services that may select a pod and the pods that a Service may select:
// both are indexed by single labels ("ns/key=value"). Candidates still have to be matched.
class SelectorIndex {
 public:
  explicit SelectorIndex(client::SharedInformers& informers);
  // Keys of the Services whose selector matches these labels.
  [[nodiscard]] std::vector<std::string> services_for(const api::ObjectMeta& pod) const;
  [[nodiscard]] std::vector<std::shared_ptr<const api::Pod>> pods_for(const api::Service& service) const;

 private:
  client::Index services_;
  client::Index pods_;
};

class EndpointSliceController {
 public:
  explicit EndpointSliceController(Context context);
  Task<> run();

 private:
  Task<Result<>> reconcile(std::string key);
  Task<Result<>> apply(std::string key, SlicePlan plan);
  void pod_changed(const api::Pod* old, const api::Pod* now);
  // Whether the cache shows what this controller wrote last for the Service; until then planning again would write it
  // twice.
  [[nodiscard]] bool caught_up(const std::string& key);
  [[nodiscard]] std::vector<SlicePtr> slices_of(const std::string& key) const;

  Context c_;
  client::Informer<api::Service> services_;
  client::Informer<api::Pod> pods_;
  client::Informer<api::Node> nodes_;
  client::Informer<api::EndpointSlice> slices_;
  client::Index slices_by_service_;
  SelectorIndex index_;
  client::WorkQueue queue_;
  std::map<std::string, std::map<std::string, int64_t>>
      written_;  // Service -> slice -> resourceVersion, 0 when deleted
};

}  // namespace fairlead::controllers
