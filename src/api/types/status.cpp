#include "api/types/status.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<StatusCause>() {
  using T = StatusCause;
  static const TypeInfo info("io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause",
                             {
                                 field(&T::reason, "reason", 1, kOmitEmpty),
                                 field(&T::message, "message", 2, kOmitEmpty),
                                 field(&T::field, "field", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<StatusDetails>() {
  using T = StatusDetails;
  static const TypeInfo info("io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails",
                             {
                                 field(&T::name, "name", 1, kOmitEmpty),
                                 field(&T::group, "group", 2, kOmitEmpty),
                                 field(&T::kind, "kind", 3, kOmitEmpty),
                                 field(&T::uid, "uid", 6, kOmitEmpty),
                                 field(&T::causes, "causes", 4, kOmitEmpty),
                                 field(&T::retry_after_seconds, "retryAfterSeconds", 5, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<Status>() {
  using T = Status;
  static const TypeInfo info("io.k8s.apimachinery.pkg.apis.meta.v1.Status",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::status, "status", 2, kOmitEmpty),
                                 field(&T::message, "message", 3, kOmitEmpty),
                                 field(&T::reason, "reason", 4, kOmitEmpty),
                                 field(&T::details, "details", 5, kOmitEmpty),
                                 field(&T::code, "code", 6, kOmitEmpty),
                             });
  return info;
}

}  // namespace fairlead::api
