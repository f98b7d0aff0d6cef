// The kinds whose replicas ReplicaSetController keeps. A ReplicationController is an older ReplicaSet: the controller
// sees it as one, as in Kubernetes (pkg/controller/replication/conversion.go).
#pragma once

#include <memory>
#include <string_view>

#include "api/kinds/replicaset.h"
#include "client/api.h"

namespace fairlead::controllers {

struct ReplicaKind {
  const api::KindInfo& kind;
  std::string_view component;  // in events
  std::shared_ptr<const api::ReplicaSet> (*as_set)(const client::ObjectPtr& object);
  client::MutableObject (*with_status)(const api::Object& object, const api::ReplicaSetStatus& status);
};

const ReplicaKind& replica_sets();
const ReplicaKind& replication_controllers();

}  // namespace fairlead::controllers
