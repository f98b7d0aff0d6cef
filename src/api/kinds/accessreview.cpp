#include "api/kinds/accessreview.h"

#include "api/kind.h"
#include "api/validation.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<FieldSelectorRequirement>() {
  using T = FieldSelectorRequirement;
  static const TypeInfo info("io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement",
                             {
                                 field(&T::key, "key", 1, kRequired),
                                 field(&T::operator_, "operator", 2, kRequired),
                                 field(&T::values, "values", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<FieldSelectorAttributes>() {
  using T = FieldSelectorAttributes;
  static const TypeInfo info("io.k8s.api.authorization.v1.FieldSelectorAttributes",
                             {
                                 field(&T::raw_selector, "rawSelector", 1, kOmitEmpty),
                                 field(&T::requirements, "requirements", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<LabelSelectorAttributes>() {
  using T = LabelSelectorAttributes;
  static const TypeInfo info("io.k8s.api.authorization.v1.LabelSelectorAttributes",
                             {
                                 field(&T::raw_selector, "rawSelector", 1, kOmitEmpty),
                                 field(&T::requirements, "requirements", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ResourceAttributes>() {
  using T = ResourceAttributes;
  static const TypeInfo info("io.k8s.api.authorization.v1.ResourceAttributes",
                             {
                                 field(&T::namespace_, "namespace", 1, kOmitEmpty),
                                 field(&T::verb, "verb", 2, kOmitEmpty),
                                 field(&T::group, "group", 3, kOmitEmpty),
                                 field(&T::version, "version", 4, kOmitEmpty),
                                 field(&T::resource, "resource", 5, kOmitEmpty),
                                 field(&T::subresource, "subresource", 6, kOmitEmpty),
                                 field(&T::name, "name", 7, kOmitEmpty),
                                 field(&T::field_selector, "fieldSelector", 8, kOmitEmpty),
                                 field(&T::label_selector, "labelSelector", 9, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NonResourceAttributes>() {
  using T = NonResourceAttributes;
  static const TypeInfo info("io.k8s.api.authorization.v1.NonResourceAttributes",
                             {
                                 field(&T::path, "path", 1, kOmitEmpty),
                                 field(&T::verb, "verb", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SubjectAccessReviewSpec>() {
  using T = SubjectAccessReviewSpec;
  static const TypeInfo info("io.k8s.api.authorization.v1.SubjectAccessReviewSpec",
                             {
                                 field(&T::resource_attributes, "resourceAttributes", 1, kOmitEmpty),
                                 field(&T::non_resource_attributes, "nonResourceAttributes", 2, kOmitEmpty),
                                 field(&T::user, "user", 3, kOmitEmpty),
                                 field(&T::groups, "groups", 4, kOmitEmpty),
                                 field(&T::extra, "extra", 5, kOmitEmpty),
                                 field(&T::uid, "uid", 6, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SelfSubjectAccessReviewSpec>() {
  using T = SelfSubjectAccessReviewSpec;
  static const TypeInfo info("io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec",
                             {
                                 field(&T::resource_attributes, "resourceAttributes", 1, kOmitEmpty),
                                 field(&T::non_resource_attributes, "nonResourceAttributes", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SubjectAccessReviewStatus>() {
  using T = SubjectAccessReviewStatus;
  static const TypeInfo info("io.k8s.api.authorization.v1.SubjectAccessReviewStatus",
                             {
                                 field(&T::allowed, "allowed", 1, kRequired),
                                 field(&T::denied, "denied", 4, kOmitEmpty),
                                 field(&T::reason, "reason", 2, kOmitEmpty),
                                 field(&T::evaluation_error, "evaluationError", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SubjectAccessReview>() {
  using T = SubjectAccessReview;
  static const TypeInfo info("io.k8s.api.authorization.v1.SubjectAccessReview",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::spec, "spec", 2, kRequired),
                                 field(&T::status, "status", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SelfSubjectAccessReview>() {
  using T = SelfSubjectAccessReview;
  static const TypeInfo info("io.k8s.api.authorization.v1.SelfSubjectAccessReview",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::spec, "spec", 2, kRequired),
                                 field(&T::status, "status", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<LocalSubjectAccessReview>() {
  using T = LocalSubjectAccessReview;
  static const TypeInfo info("io.k8s.api.authorization.v1.LocalSubjectAccessReview",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::spec, "spec", 2, kRequired),
                                 field(&T::status, "status", 3, kOmitEmpty),
                             });
  return info;
}

namespace {

void check_attributes(Problems& out, const Box<ResourceAttributes>& resource, const Box<NonResourceAttributes>& other) {
  const FieldPath path("spec");
  if (resource && other) {
    out.invalid(path / "nonResourceAttributes", BadValue::of(*other),
                "cannot be specified in combination with resourceAttributes");
  }
  if (!resource && !other) {
    out.invalid(path / "resourceAttributes", BadValue::json("null"),
                "exactly one of nonResourceAttributes or resourceAttributes must be specified");
  }
}

void check_subject(Problems& out, const SubjectAccessReviewSpec& spec) {
  if (spec.user.empty() && spec.groups.empty())
    out.invalid(FieldPath("spec") / "user", spec.user, "at least one of user or group must be specified");
}

FieldErrors validate_subject(const Object& object) {
  const auto& spec = object.as<SubjectAccessReview>().spec;
  Problems out;
  check_attributes(out, spec.resource_attributes, spec.non_resource_attributes);
  check_subject(out, spec);
  return std::move(out).take();
}

FieldErrors validate_self(const Object& object) {
  const auto& spec = object.as<SelfSubjectAccessReview>().spec;
  Problems out;
  check_attributes(out, spec.resource_attributes, spec.non_resource_attributes);
  return std::move(out).take();
}

FieldErrors validate_local(const Object& object) {
  const auto& review = object.as<LocalSubjectAccessReview>();
  const auto& spec = review.spec;
  Problems out;
  check_attributes(out, spec.resource_attributes, spec.non_resource_attributes);
  check_subject(out, spec);
  if (spec.resource_attributes && spec.resource_attributes->namespace_ != review.metadata.namespace_) {
    out.invalid(FieldPath("spec") / "resourceAttributes" / "namespace", spec.resource_attributes->namespace_,
                "must match metadata.namespace");
  }
  if (spec.non_resource_attributes) {
    out.invalid(FieldPath("spec") / "nonResourceAttributes", BadValue::of(*spec.non_resource_attributes),
                "disallowed on this kind of request");
  }
  return std::move(out).take();
}

}  // namespace

template <>
const KindInfo& kind_of<SubjectAccessReview>() {
  static const KindInfo info{
      .group = "authorization.k8s.io",
      .version = "v1",
      .kind = "SubjectAccessReview",
      .plural = "subjectaccessreviews",
      .singular = "subjectaccessreview",
      .short_names = {},
      .categories = {},
      .namespaced = false,
      .create_only = true,
      .type = &type_info<SubjectAccessReview>,
      .make = [] { return make_object(SubjectAccessReview{}); },
      .validate = validate_subject,
  };
  return info;
}

template <>
const KindInfo& kind_of<SelfSubjectAccessReview>() {
  static const KindInfo info{
      .group = "authorization.k8s.io",
      .version = "v1",
      .kind = "SelfSubjectAccessReview",
      .plural = "selfsubjectaccessreviews",
      .singular = "selfsubjectaccessreview",
      .short_names = {},
      .categories = {},
      .namespaced = false,
      .create_only = true,
      .type = &type_info<SelfSubjectAccessReview>,
      .make = [] { return make_object(SelfSubjectAccessReview{}); },
      .validate = validate_self,
  };
  return info;
}

template <>
const KindInfo& kind_of<LocalSubjectAccessReview>() {
  static const KindInfo info{
      .group = "authorization.k8s.io",
      .version = "v1",
      .kind = "LocalSubjectAccessReview",
      .plural = "localsubjectaccessreviews",
      .singular = "localsubjectaccessreview",
      .short_names = {},
      .categories = {},
      .namespaced = true,
      .create_only = true,
      .type = &type_info<LocalSubjectAccessReview>,
      .make = [] { return make_object(LocalSubjectAccessReview{}); },
      .validate = validate_local,
  };
  return info;
}

}  // namespace fairlead::api
