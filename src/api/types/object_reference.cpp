#include "api/types/object_reference.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<LocalObjectReference>() {
  using T = LocalObjectReference;
  static const TypeInfo info("io.k8s.api.core.v1.LocalObjectReference", {
                                                                            field(&T::name, "name", 1, kOmitEmpty),
                                                                        });
  return info;
}

template <>
const TypeInfo& type_info<TypedLocalObjectReference>() {
  using T = TypedLocalObjectReference;
  static const TypeInfo info("io.k8s.api.core.v1.TypedLocalObjectReference", {
                                                                                 field(&T::api_group, "apiGroup", 1, 0),
                                                                                 field(&T::kind, "kind", 2, kRequired),
                                                                                 field(&T::name, "name", 3, kRequired),
                                                                             });
  return info;
}

template <>
const TypeInfo& type_info<TypedObjectReference>() {
  using T = TypedObjectReference;
  static const TypeInfo info("io.k8s.api.core.v1.TypedObjectReference",
                             {
                                 field(&T::api_group, "apiGroup", 1, 0),
                                 field(&T::kind, "kind", 2, kRequired),
                                 field(&T::name, "name", 3, kRequired),
                                 field(&T::namespace_, "namespace", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ObjectReference>() {
  using T = ObjectReference;
  static const TypeInfo info("io.k8s.api.core.v1.ObjectReference",
                             {
                                 field(&T::kind, "kind", 1, kOmitEmpty),
                                 field(&T::namespace_, "namespace", 2, kOmitEmpty),
                                 field(&T::name, "name", 3, kOmitEmpty),
                                 field(&T::uid, "uid", 4, kOmitEmpty),
                                 field(&T::api_version, "apiVersion", 5, kOmitEmpty),
                                 field(&T::resource_version, "resourceVersion", 6, kOmitEmpty),
                                 field(&T::field_path, "fieldPath", 7, kOmitEmpty),
                             });
  return info;
}

}  // namespace fairlead::api
