// Puts pods on nodes: takes every pod without a node, chooses one (cluster.h) and binds it through the API. A pod that
// fits nowhere waits until a node or another pod changes; its PodScheduled condition and an Event say what was missing.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/clock.h"
#include "client/informer.h"
#include "client/workqueue.h"
#include "controllers/scheduler/cluster.h"

namespace fairlead::controllers {

class Scheduler {
 public:
  // Reports an Event about a pod: type (Normal, Warning), reason, message.
  using Report =
      std::function<void(const api::Pod&, std::string_view type, std::string_view reason, std::string message)>;

  Scheduler(rt::Loop& loop, client::Api& api, client::SharedInformers& informers, const Clock& clock, Report report);
  // Until cancelled.
  rt::Task<> run();

 private:
  void pod_changed(const api::ObjectPtr& old, const api::ObjectPtr& now);
  void retry_waiting();
  rt::Task<Result<>> schedule(std::string key);
  rt::Task<Result<>> mark_unschedulable(std::string key, PodPtr pod, std::string message);

  rt::Loop& loop_;
  client::Api& api_;
  client::Informer<api::Pod> pods_;
  client::Informer<api::Node> nodes_;
  const Clock& clock_;
  Report report_;
  client::WorkQueue queue_;
  SchedulerCluster cluster_;
  std::set<std::string> assumed_;               // bound by us, not yet seen bound
  std::map<std::string, std::string> waiting_;  // pod key -> why it fits nowhere, as last reported
};

}  // namespace fairlead::controllers
