// The kinds SubjectAccessReview, SelfSubjectAccessReview and LocalSubjectAccessReview: may somebody do something?
// Answered, never stored. Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and
// meaning as documented there.
#pragma once

#include <map>

#include "api/object.h"
#include "api/schema.h"
#include "api/types/label_selector.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct FieldSelectorRequirement {
  std::string key;
  std::string operator_;
  std::vector<std::string> values;
  bool operator==(const FieldSelectorRequirement&) const = default;
};
template <>
const TypeInfo& type_info<FieldSelectorRequirement>();

struct FieldSelectorAttributes {
  std::string raw_selector;
  std::vector<FieldSelectorRequirement> requirements;
  bool operator==(const FieldSelectorAttributes&) const = default;
};
template <>
const TypeInfo& type_info<FieldSelectorAttributes>();

struct LabelSelectorAttributes {
  std::string raw_selector;
  std::vector<LabelSelectorRequirement> requirements;
  bool operator==(const LabelSelectorAttributes&) const = default;
};
template <>
const TypeInfo& type_info<LabelSelectorAttributes>();

struct ResourceAttributes {
  std::string namespace_;
  std::string verb;
  std::string group;
  std::string version;
  std::string resource;
  std::string subresource;
  std::string name;
  Box<FieldSelectorAttributes> field_selector;
  Box<LabelSelectorAttributes> label_selector;
  bool operator==(const ResourceAttributes&) const = default;
};
template <>
const TypeInfo& type_info<ResourceAttributes>();

struct NonResourceAttributes {
  std::string path;
  std::string verb;
  bool operator==(const NonResourceAttributes&) const = default;
};
template <>
const TypeInfo& type_info<NonResourceAttributes>();

struct SubjectAccessReviewSpec {
  Box<ResourceAttributes> resource_attributes;
  Box<NonResourceAttributes> non_resource_attributes;
  std::string user;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
  std::string uid;
  bool operator==(const SubjectAccessReviewSpec&) const = default;
};
template <>
const TypeInfo& type_info<SubjectAccessReviewSpec>();

struct SelfSubjectAccessReviewSpec {
  Box<ResourceAttributes> resource_attributes;
  Box<NonResourceAttributes> non_resource_attributes;
  bool operator==(const SelfSubjectAccessReviewSpec&) const = default;
};
template <>
const TypeInfo& type_info<SelfSubjectAccessReviewSpec>();

struct SubjectAccessReviewStatus {
  bool allowed = false;
  bool denied = false;
  std::string reason;
  std::string evaluation_error;
  bool operator==(const SubjectAccessReviewStatus&) const = default;
};
template <>
const TypeInfo& type_info<SubjectAccessReviewStatus>();

struct SubjectAccessReview {
  ObjectMeta metadata;
  SubjectAccessReviewSpec spec;
  SubjectAccessReviewStatus status;
  bool operator==(const SubjectAccessReview&) const = default;
};
template <>
const TypeInfo& type_info<SubjectAccessReview>();

template <>
const KindInfo& kind_of<SubjectAccessReview>();

struct SelfSubjectAccessReview {
  ObjectMeta metadata;
  SelfSubjectAccessReviewSpec spec;
  SubjectAccessReviewStatus status;
  bool operator==(const SelfSubjectAccessReview&) const = default;
};
template <>
const TypeInfo& type_info<SelfSubjectAccessReview>();

template <>
const KindInfo& kind_of<SelfSubjectAccessReview>();

struct LocalSubjectAccessReview {
  ObjectMeta metadata;
  SubjectAccessReviewSpec spec;
  SubjectAccessReviewStatus status;
  bool operator==(const LocalSubjectAccessReview&) const = default;
};
template <>
const TypeInfo& type_info<LocalSubjectAccessReview>();

template <>
const KindInfo& kind_of<LocalSubjectAccessReview>();

}  // namespace fairlead::api
