#include "api/types/label_selector.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<LabelSelectorRequirement>() {
  using T = LabelSelectorRequirement;
  static const TypeInfo info("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement",
                             {
                                 field(&T::key, "key", 1, kRequired),
                                 field(&T::operator_, "operator", 2, kRequired),
                                 field(&T::values, "values", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<LabelSelector>() {
  using T = LabelSelector;
  static const TypeInfo info("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
                             {
                                 field(&T::match_labels, "matchLabels", 1, kOmitEmpty),
                                 field(&T::match_expressions, "matchExpressions", 2, kOmitEmpty),
                             });
  return info;
}

}  // namespace fairlead::api
