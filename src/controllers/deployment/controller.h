// Rolls Deployments out through ReplicaSets (kube-controller-manager's deployment-controller).
#pragma once

#include <string>
#include <vector>

#include "api/kinds/deployment.h"
#include "api/kinds/pod.h"
#include "api/kinds/replicaset.h"
#include "client/workqueue.h"
#include "controllers/common/context.h"
#include "controllers/deployment/plan.h"

namespace fairlead::controllers {

class DeploymentController {
 public:
  explicit DeploymentController(const Context& context);
  Task<> run(int workers);
  [[nodiscard]] client::WorkQueue& queue() { return queue_; }

 private:
  using DeploymentPtr = std::shared_ptr<const api::Deployment>;
  void queue_owner(const api::ReplicaSet& set);
  void pod_gone(const api::Pod& pod);
  Task<Result<>> reconcile(std::string key);
  Task<Result<std::vector<ReplicaSetPtr>>> claim_sets(DeploymentPtr deployment);
  [[nodiscard]] bool old_pods_exist(const api::Deployment& deployment, const std::vector<ReplicaSetPtr>& sets) const;
  Task<Result<>> apply(DeploymentPtr deployment, DeploymentPlan plan);
  // False when the name is taken by another template: the plan's status then counts the collision.
  Task<Result<bool>> create_set(DeploymentPtr deployment, api::ReplicaSet set);

  Context context_;
  client::EventRecorder::As events_;
  client::Informer<api::Deployment> deployments_;
  client::Informer<api::ReplicaSet> sets_;
  client::Informer<api::Pod> pods_;
  client::Index sets_by_owner_;
  client::Index pods_by_owner_;
  client::WorkQueue queue_;
};

}  // namespace fairlead::controllers
