// The kind SelfSubjectRulesReview: what may I do in a namespace? Answered, never stored.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct ResourceRule {
  std::vector<std::string> verbs;
  std::vector<std::string> api_groups;
  std::vector<std::string> resources;
  std::vector<std::string> resource_names;
  bool operator==(const ResourceRule&) const = default;
};
template <>
const TypeInfo& type_info<ResourceRule>();

struct NonResourceRule {
  std::vector<std::string> verbs;
  std::vector<std::string> non_resource_urls;
  bool operator==(const NonResourceRule&) const = default;
};
template <>
const TypeInfo& type_info<NonResourceRule>();

struct SelfSubjectRulesReviewSpec {
  std::string namespace_;
  bool operator==(const SelfSubjectRulesReviewSpec&) const = default;
};
template <>
const TypeInfo& type_info<SelfSubjectRulesReviewSpec>();

struct SubjectRulesReviewStatus {
  std::vector<ResourceRule> resource_rules;
  std::vector<NonResourceRule> non_resource_rules;
  bool incomplete = false;
  std::string evaluation_error;
  bool operator==(const SubjectRulesReviewStatus&) const = default;
};
template <>
const TypeInfo& type_info<SubjectRulesReviewStatus>();

struct SelfSubjectRulesReview {
  ObjectMeta metadata;
  SelfSubjectRulesReviewSpec spec;
  SubjectRulesReviewStatus status;
  bool operator==(const SelfSubjectRulesReview&) const = default;
};
template <>
const TypeInfo& type_info<SelfSubjectRulesReview>();

template <>
const KindInfo& kind_of<SelfSubjectRulesReview>();

}  // namespace fairlead::api
