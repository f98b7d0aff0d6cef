// An Ingress that names no class gets the default one (Kubernetes' admission plugin DefaultIngressClass).
#pragma once

#include "api/kinds/ingressclass.h"
#include "apiserver/registry.h"

namespace fairlead::apiserver {

// Of several, the newest; of equally old ones the first by name. Null when there is none.
const api::IngressClass* default_ingress_class(const KindCache& classes);

class IngressAdmission final : public WriteHook {
 public:
  explicit IngressAdmission(Registry& registry) : registry_(registry) {}
  Result<Reservation> before_write(api::Object& next, const api::Object* old) override;
  void removed(const api::Object&) override {}

 private:
  Registry& registry_;
};

}  // namespace fairlead::apiserver
