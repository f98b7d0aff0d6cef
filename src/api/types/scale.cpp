#include "api/types/scale.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<ScaleSpec>() {
  using T = ScaleSpec;
  static const TypeInfo info("io.k8s.api.autoscaling.v1.ScaleSpec", {
                                                                        field(&T::replicas, "replicas", 1, kOmitEmpty),
                                                                    });
  return info;
}

template <>
const TypeInfo& type_info<ScaleStatus>() {
  using T = ScaleStatus;
  static const TypeInfo info("io.k8s.api.autoscaling.v1.ScaleStatus",
                             {
                                 field(&T::replicas, "replicas", 1, kRequired),
                                 field(&T::selector, "selector", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<Scale>() {
  using T = Scale;
  static const TypeInfo info("io.k8s.api.autoscaling.v1.Scale", {
                                                                    field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                                    field(&T::spec, "spec", 2, kOmitEmpty),
                                                                    field(&T::status, "status", 3, kOmitEmpty),
                                                                });
  return info;
}

}  // namespace fairlead::api
