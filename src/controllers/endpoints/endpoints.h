// Keeps the Endpoints object of every Service that has a selector, and removes it with the Service.
#pragma once

#include <string>

#include "api/kinds/endpoints.h"
#include "client/workqueue.h"
#include "controllers/common/context.h"
#include "controllers/endpointslice/endpointslice.h"

namespace fairlead::controllers {

class EndpointsController {
 public:
  explicit EndpointsController(Context context);
  Task<> run();

 private:
  Task<Result<>> reconcile(std::string key);

  Context c_;
  client::Informer<api::Service> services_;
  client::Informer<api::Pod> pods_;
  client::Informer<api::Endpoints> endpoints_;
  SelectorIndex index_;
  client::WorkQueue queue_;
};

}  // namespace fairlead::controllers
