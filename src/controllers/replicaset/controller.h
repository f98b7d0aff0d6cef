// Keeps as many pods of each ReplicaSet, or ReplicationController, as it asks for (kube-controller-manager's
// replicaset-controller and replicationcontroller-controller).
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
#include "controllers/replicaset/kinds.h"
#include "controllers/replicaset/plan.h"

namespace fairlead::controllers {

class ReplicaSetController {
 public:
  explicit ReplicaSetController(const Context& context, const ReplicaKind& kind = replica_sets());
  Task<> run(int workers);
  [[nodiscard]] client::WorkQueue& queue() { return queue_; }

 private:
  using SetPtr = std::shared_ptr<const api::ReplicaSet>;
  [[nodiscard]] SetPtr find(const std::string& key) const;
  [[nodiscard]] bool is_ours(const api::OwnerReference* owner) const;
  Task<Result<>> write_status(std::string key, SetPtr seen, api::ReplicaSetStatus status);
  void normal(const api::ReplicaSet& set, std::string_view reason, std::string_view message);
  void warning(const api::ReplicaSet& set, std::string_view reason, std::string_view message);
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
  const ReplicaKind& kind_;
  client::ObjectInformer& sets_;
  client::Informer<api::Pod> pods_;
  client::Index pods_by_owner_;
  client::Index sets_by_owner_;
  Expectations expectations_;
  client::WorkQueue queue_;
};

}  // namespace fairlead::controllers
