#include "controllers/replicaset/kinds.h"

#include "api/kinds/replicationcontroller.h"

namespace fairlead::controllers {
namespace {

template <class To, class From>
std::vector<To> conditions(const std::vector<From>& from) {
  std::vector<To> out;
  for (const auto& c : from) out.push_back({c.type, c.status, c.last_transition_time, c.reason, c.message});
  return out;
}

std::shared_ptr<const api::ReplicaSet> controller_as_set(const client::ObjectPtr& object) {
  const auto& rc = object->as<api::ReplicationController>();
  auto set = std::make_shared<api::ReplicaSet>();
  set->metadata = rc.metadata;
  set->spec.replicas = rc.spec.replicas;
  set->spec.min_ready_seconds = rc.spec.min_ready_seconds;
  set->spec.selector.get_or_create().match_labels = rc.spec.selector;
  if (rc.spec.template_) set->spec.template_ = *rc.spec.template_;
  set->status.replicas = rc.status.replicas;
  set->status.fully_labeled_replicas = rc.status.fully_labeled_replicas;
  set->status.ready_replicas = rc.status.ready_replicas;
  set->status.available_replicas = rc.status.available_replicas;
  set->status.observed_generation = rc.status.observed_generation;
  set->status.conditions = conditions<api::ReplicaSetCondition>(rc.status.conditions);
  return set;
}

client::MutableObject controller_with_status(const api::Object& object, const api::ReplicaSetStatus& status) {
  auto next = object.clone();
  auto& to = next->as<api::ReplicationController>().status;
  to.replicas = status.replicas;
  to.fully_labeled_replicas = status.fully_labeled_replicas;
  to.ready_replicas = status.ready_replicas;
  to.available_replicas = status.available_replicas;
  to.observed_generation = status.observed_generation;
  to.conditions = conditions<api::ReplicationControllerCondition>(status.conditions);
  return next;
}

std::shared_ptr<const api::ReplicaSet> set_as_set(const client::ObjectPtr& object) {
  return {object, &object->as<api::ReplicaSet>()};
}

client::MutableObject set_with_status(const api::Object& object, const api::ReplicaSetStatus& status) {
  auto next = object.clone();
  next->as<api::ReplicaSet>().status = status;
  return next;
}

}  // namespace

const ReplicaKind& replica_sets() {
  static const ReplicaKind kind{api::kind_of<api::ReplicaSet>(), "replicaset-controller", set_as_set, set_with_status};
  return kind;
}

const ReplicaKind& replication_controllers() {
  static const ReplicaKind kind{api::kind_of<api::ReplicationController>(), "replication-controller", controller_as_set,
                                controller_with_status};
  return kind;
}

}  // namespace fairlead::controllers
