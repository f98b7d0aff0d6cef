#include "api/types/condition.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<Condition>() {
  using T = Condition;
  static const TypeInfo info("io.k8s.apimachinery.pkg.apis.meta.v1.Condition",
                             {
                                 field(&T::type, "type", 1, kRequired),
                                 field(&T::status, "status", 2, kRequired),
                                 field(&T::observed_generation, "observedGeneration", 3, kOmitEmpty),
                                 field(&T::last_transition_time, "lastTransitionTime", 4, kRequired),
                                 field(&T::reason, "reason", 5, kRequired),
                                 field(&T::message, "message", 6, kRequired),
                             });
  return info;
}

}  // namespace fairlead::api
