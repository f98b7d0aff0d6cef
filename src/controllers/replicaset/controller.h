// Keeps as many pods of each ReplicaSet as it asks for (kube-controller-manager's replicaset-controller).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/kinds/pod.h"
#include "api/kinds/replicaset.h"
#include "api/selector.h"
#include "client/workqueue.h"
#include "controllers/common/context.h"
#include "controllers/common/expectations.h"
#include "controllers/replicaset/plan.h"

namespace fairlead::controllers {

class ReplicaSetController {
 public:
  explicit ReplicaSetController(const Context& context);
  Task<> run(int workers);
  [[nodiscard]] client::WorkQueue& queue() { return queue_; }

 private:
  void pod_changed(const api::Pod* old, const api::Pod* now);
  void queue_owner(const api::Pod& pod);
  Task<Result<>> reconcile(std::string key);
  Task<Result<std::vector<PodPtr>>> claim_pods(std::shared_ptr<const api::ReplicaSet> set, api::Selector selector);
  Task<Result<>> adopt(std::shared_ptr<const api::ReplicaSet> set, std::vector<ObjectPtr> pods);
  Task<std::optional<ReplicaFailure>> apply(std::shared_ptr<const api::ReplicaSet> set, ReplicaSetPlan plan);
  Task<std::optional<ReplicaFailure>> create_pods(std::shared_ptr<const api::ReplicaSet> set, int count);
  Task<std::optional<ReplicaFailure>> delete_pods(std::shared_ptr<const api::ReplicaSet> set, std::vector<PodPtr> pods);
  Task<Result<>> create_pod(std::shared_ptr<const api::ReplicaSet> set);
  Task<Result<>> delete_pod(std::shared_ptr<const api::ReplicaSet> set, PodPtr pod);
  [[nodiscard]] std::unordered_map<std::string, int> pods_on_nodes(const api::ReplicaSet& set) const;

  Context context_;
  client::EventRecorder::As events_;
  client::Informer<api::ReplicaSet> sets_;
  client::Informer<api::Pod> pods_;
  client::Index pods_by_owner_;
  client::Index sets_by_owner_;
  Expectations expectations_;
  client::WorkQueue queue_;
};

}  // namespace fairlead::controllers
