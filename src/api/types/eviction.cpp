#include "api/types/eviction.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<Eviction>() {
  using T = Eviction;
  static const TypeInfo info("io.k8s.api.policy.v1.Eviction",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::delete_options, "deleteOptions", 2, kOmitEmpty),
                             });
  return info;
}

}  // namespace fairlead::api
