#include "api/kinds/rulesreview.h"

#include "api/kind.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<ResourceRule>() {
  using T = ResourceRule;
  static const TypeInfo info("io.k8s.api.authorization.v1.ResourceRule",
                             {
                                 field(&T::verbs, "verbs", 1, kRequired),
                                 field(&T::api_groups, "apiGroups", 2, kOmitEmpty),
                                 field(&T::resources, "resources", 3, kOmitEmpty),
                                 field(&T::resource_names, "resourceNames", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NonResourceRule>() {
  using T = NonResourceRule;
  static const TypeInfo info("io.k8s.api.authorization.v1.NonResourceRule",
                             {
                                 field(&T::verbs, "verbs", 1, kRequired),
                                 field(&T::non_resource_urls, "nonResourceURLs", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SelfSubjectRulesReviewSpec>() {
  using T = SelfSubjectRulesReviewSpec;
  static const TypeInfo info("io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec",
                             {
                                 field(&T::namespace_, "namespace", 1, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SubjectRulesReviewStatus>() {
  using T = SubjectRulesReviewStatus;
  static const TypeInfo info("io.k8s.api.authorization.v1.SubjectRulesReviewStatus",
                             {
                                 field(&T::resource_rules, "resourceRules", 1, kRequired),
                                 field(&T::non_resource_rules, "nonResourceRules", 2, kRequired),
                                 field(&T::incomplete, "incomplete", 3, kRequired),
                                 field(&T::evaluation_error, "evaluationError", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SelfSubjectRulesReview>() {
  using T = SelfSubjectRulesReview;
  static const TypeInfo info("io.k8s.api.authorization.v1.SelfSubjectRulesReview",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::spec, "spec", 2, kRequired),
                                 field(&T::status, "status", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const KindInfo& kind_of<SelfSubjectRulesReview>() {
  static const KindInfo info{
      .group = "authorization.k8s.io",
      .version = "v1",
      .kind = "SelfSubjectRulesReview",
      .plural = "selfsubjectrulesreviews",
      .singular = "selfsubjectrulesreview",
      .short_names = {},
      .categories = {},
      .namespaced = false,
      .create_only = true,
      .type = &type_info<SelfSubjectRulesReview>,
      .make = [] { return make_object(SelfSubjectRulesReview{}); },
  };
  return info;
}

}  // namespace fairlead::api
