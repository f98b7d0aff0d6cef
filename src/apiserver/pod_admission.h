// What Kubernetes' admission plugin ServiceAccount does to new pods: the account must exist, its image pull secrets are
// the pod's unless the pod has its own, and its token, the cluster's authority and the namespace are mounted where
// clients inside look for them.
#pragma once

#include "api/kinds/pod.h"
#include "api/kinds/serviceaccount.h"
#include "apiserver/registry.h"

namespace fairlead::apiserver {

// Adds the volume kube-api-access-XXXXX and its mounts, unless token mounting is turned off or a container has
// something of its own there already.
void add_service_account(api::Pod& pod, const api::ServiceAccount& account);

class PodAdmission final : public WriteHook {
 public:
  explicit PodAdmission(Registry& registry) : registry_(registry) {}

  // The account `default` of a new namespace is made by a controller, a moment after the namespace; worth waiting for.
  Task<Result<>> prepare_create(const std::string& ns, const api::Object& object) override;
  Result<Reservation> before_write(api::Object& next, const api::Object* old) override;
  void removed(const api::Object&) override {}

 private:
  Registry& registry_;
};

}  // namespace fairlead::apiserver
