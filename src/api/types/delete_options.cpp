#include "api/types/delete_options.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<Preconditions>() {
  using T = Preconditions;
  static const TypeInfo info("io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions",
                             {
                                 field(&T::uid, "uid", 1, kOmitEmpty),
                                 field(&T::resource_version, "resourceVersion", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<DeleteOptions>() {
  using T = DeleteOptions;
  static const TypeInfo info("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
                             {
                                 field(&T::grace_period_seconds, "gracePeriodSeconds", 1, kOmitEmpty),
                                 field(&T::preconditions, "preconditions", 2, kOmitEmpty),
                                 field(&T::orphan_dependents, "orphanDependents", 3, kOmitEmpty),
                                 field(&T::propagation_policy, "propagationPolicy", 4, kOmitEmpty),
                                 field(&T::dry_run, "dryRun", 5, kOmitEmpty),
                                 field(&T::ignore_store_read_error_with_cluster_breaking_potential,
                                       "ignoreStoreReadErrorWithClusterBreakingPotential", 6, kOmitEmpty),
                             });
  return info;
}

}  // namespace fairlead::api
