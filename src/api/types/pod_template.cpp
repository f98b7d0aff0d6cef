#include "api/types/pod_template.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<PodTemplateSpec>() {
  using T = PodTemplateSpec;
  static const TypeInfo info("io.k8s.api.core.v1.PodTemplateSpec", {
                                                                       field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                                       field(&T::spec, "spec", 2, kOmitEmpty),
                                                                   });
  return info;
}

}  // namespace fairlead::api
