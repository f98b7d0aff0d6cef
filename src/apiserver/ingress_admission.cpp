#include "apiserver/ingress_admission.h"

#include "api/kinds/ingress.h"

namespace fairlead::apiserver {

const api::IngressClass* default_ingress_class(const KindCache& classes) {
  const api::IngressClass* found = nullptr;
  for (const auto& [name, cached] : classes.current()) {
    const auto& c = cached->object()->as<api::IngressClass>();
    if (!api::is_default_class(c)) continue;
    if (found == nullptr || c.metadata.creation_timestamp.at > found->metadata.creation_timestamp.at) found = &c;
  }
  return found;
}

Result<Reservation> IngressAdmission::before_write(api::Object& next, const api::Object* old) {
  auto& ingress = next.as<api::Ingress>();
  const bool named =
      ingress.spec.ingress_class_name || ingress.metadata.annotations.contains("kubernetes.io/ingress.class");
  if (old != nullptr || named) return Reservation();
  if (const auto* c = default_ingress_class(registry_.cache(api::kind_of<api::IngressClass>())))
    ingress.spec.ingress_class_name = c->metadata.name;
  return Reservation();
}

}  // namespace fairlead::apiserver
