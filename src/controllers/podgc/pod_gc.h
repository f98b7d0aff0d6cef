// Removes pods that nobody else will: those bound to a node that no longer exists, after a pause in which the node may
// come back.
#pragma once

#include <map>
#include <string>

#include "api/kinds/node.h"
#include "api/kinds/pod.h"
#include "base/clock.h"
#include "client/informer.h"
#include "client/workqueue.h"

namespace fairlead::controllers {

class PodGc {
 public:
  PodGc(rt::Loop& loop, client::Api& api, client::SharedInformers& informers, const Clock& clock,
        std::chrono::milliseconds quarantine);
  rt::Task<> run();

 private:
  rt::Task<Result<>> reconcile(std::string node);

  rt::Loop& loop_;
  client::Api& api_;
  client::Informer<api::Pod> pods_;
  client::Informer<api::Node> nodes_;
  client::Index by_node_;
  std::chrono::milliseconds quarantine_;
  client::WorkQueue queue_;
};

}  // namespace fairlead::controllers
