#include "api/types/object_meta.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<OwnerReference>() {
  using T = OwnerReference;
  static const TypeInfo info("io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
                             {
                                 field(&T::api_version, "apiVersion", 5, kRequired),
                                 field(&T::kind, "kind", 1, kRequired),
                                 field(&T::name, "name", 3, kRequired),
                                 field(&T::uid, "uid", 4, kRequired),
                                 field(&T::controller, "controller", 6, kOmitEmpty),
                                 field(&T::block_owner_deletion, "blockOwnerDeletion", 7, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ManagedFieldsEntry>() {
  using T = ManagedFieldsEntry;
  static const TypeInfo info("io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry",
                             {
                                 field(&T::manager, "manager", 1, kOmitEmpty),
                                 field(&T::operation, "operation", 2, kOmitEmpty),
                                 field(&T::api_version, "apiVersion", 3, kOmitEmpty),
                                 field(&T::time, "time", 4, kOmitEmpty),
                                 field(&T::fields_type, "fieldsType", 6, kOmitEmpty),
                                 field(&T::fields_v1, "fieldsV1", 7, kOmitEmpty),
                                 field(&T::subresource, "subresource", 8, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ObjectMeta>() {
  using T = ObjectMeta;
  static const TypeInfo info(
      "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
      {
          field(&T::name, "name", 1, kOmitEmpty),
          field(&T::generate_name, "generateName", 2, kOmitEmpty),
          field(&T::namespace_, "namespace", 3, kOmitEmpty),
          field(&T::self_link, "selfLink", 4, kOmitEmpty),
          field(&T::uid, "uid", 5, kOmitEmpty),
          field(&T::resource_version, "resourceVersion", 6, kOmitEmpty),
          field(&T::generation, "generation", 7, kOmitEmpty),
          field(&T::creation_timestamp, "creationTimestamp", 8, kOmitEmpty),
          field(&T::deletion_timestamp, "deletionTimestamp", 9, kOmitEmpty),
          field(&T::deletion_grace_period_seconds, "deletionGracePeriodSeconds", 10, kOmitEmpty),
          field(&T::labels, "labels", 11, kOmitEmpty),
          field(&T::annotations, "annotations", 12, kOmitEmpty),
          field(&T::owner_references, "ownerReferences", 13, kOmitEmpty | kPatchMerge | kListMap, "uid", "uid"),
          field(&T::finalizers, "finalizers", 14, kOmitEmpty | kPatchMerge | kListSet),
          field(&T::managed_fields, "managedFields", 17, kOmitEmpty),
      });
  return info;
}

template <>
const TypeInfo& type_info<ListMeta>() {
  using T = ListMeta;
  static const TypeInfo info("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta",
                             {
                                 field(&T::self_link, "selfLink", 1, kOmitEmpty),
                                 field(&T::resource_version, "resourceVersion", 2, kOmitEmpty),
                                 field(&T::continue_, "continue", 3, kOmitEmpty),
                                 field(&T::remaining_item_count, "remainingItemCount", 4, kOmitEmpty),
                             });
  return info;
}

}  // namespace fairlead::api
