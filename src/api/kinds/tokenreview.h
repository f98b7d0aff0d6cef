// The kinds TokenReview and SelfSubjectReview: who somebody is. Answered, never stored.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"
#include "api/types/user_info.h"

namespace fairlead::api {

struct TokenReviewSpec {
  std::string token;
  std::vector<std::string> audiences;
  bool operator==(const TokenReviewSpec&) const = default;
};
template <>
const TypeInfo& type_info<TokenReviewSpec>();

struct TokenReviewStatus {
  bool authenticated = false;
  UserInfo user;
  std::vector<std::string> audiences;
  std::string error;
  bool operator==(const TokenReviewStatus&) const = default;
};
template <>
const TypeInfo& type_info<TokenReviewStatus>();

struct TokenReview {
  ObjectMeta metadata;
  TokenReviewSpec spec;
  TokenReviewStatus status;
  bool operator==(const TokenReview&) const = default;
};
template <>
const TypeInfo& type_info<TokenReview>();

template <>
const KindInfo& kind_of<TokenReview>();

struct SelfSubjectReviewStatus {
  UserInfo user_info;
  bool operator==(const SelfSubjectReviewStatus&) const = default;
};
template <>
const TypeInfo& type_info<SelfSubjectReviewStatus>();

struct SelfSubjectReview {
  ObjectMeta metadata;
  SelfSubjectReviewStatus status;
  bool operator==(const SelfSubjectReview&) const = default;
};
template <>
const TypeInfo& type_info<SelfSubjectReview>();

template <>
const KindInfo& kind_of<SelfSubjectReview>();

}  // namespace fairlead::api
