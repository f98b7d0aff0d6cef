#include "api/types/binding.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<Binding>() {
  using T = Binding;
  static const TypeInfo info("io.k8s.api.core.v1.Binding", {
                                                               field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                               field(&T::target, "target", 2, kRequired),
                                                           });
  return info;
}

}  // namespace fairlead::api
