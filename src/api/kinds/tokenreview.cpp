#include "api/kinds/tokenreview.h"

#include "api/kind.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<TokenReviewSpec>() {
  using T = TokenReviewSpec;
  static const TypeInfo info("io.k8s.api.authentication.v1.TokenReviewSpec",
                             {
                                 field(&T::token, "token", 1, kOmitEmpty),
                                 field(&T::audiences, "audiences", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<TokenReviewStatus>() {
  using T = TokenReviewStatus;
  static const TypeInfo info("io.k8s.api.authentication.v1.TokenReviewStatus",
                             {
                                 field(&T::authenticated, "authenticated", 1, kOmitEmpty),
                                 field(&T::user, "user", 2, kOmitEmpty),
                                 field(&T::audiences, "audiences", 4, kOmitEmpty),
                                 field(&T::error, "error", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<TokenReview>() {
  using T = TokenReview;
  static const TypeInfo info("io.k8s.api.authentication.v1.TokenReview",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::spec, "spec", 2, kRequired),
                                 field(&T::status, "status", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SelfSubjectReviewStatus>() {
  using T = SelfSubjectReviewStatus;
  static const TypeInfo info("io.k8s.api.authentication.v1.SelfSubjectReviewStatus",
                             {
                                 field(&T::user_info, "userInfo", 1, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SelfSubjectReview>() {
  using T = SelfSubjectReview;
  static const TypeInfo info("io.k8s.api.authentication.v1.SelfSubjectReview",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::status, "status", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const KindInfo& kind_of<TokenReview>() {
  static const KindInfo info{
      .group = "authentication.k8s.io",
      .version = "v1",
      .kind = "TokenReview",
      .plural = "tokenreviews",
      .singular = "tokenreview",
      .short_names = {},
      .categories = {},
      .namespaced = false,
      .create_only = true,
      .type = &type_info<TokenReview>,
      .make = [] { return make_object(TokenReview{}); },
  };
  return info;
}

template <>
const KindInfo& kind_of<SelfSubjectReview>() {
  static const KindInfo info{
      .group = "authentication.k8s.io",
      .version = "v1",
      .kind = "SelfSubjectReview",
      .plural = "selfsubjectreviews",
      .singular = "selfsubjectreview",
      .short_names = {},
      .categories = {},
      .namespaced = false,
      .create_only = true,
      .type = &type_info<SelfSubjectReview>,
      .make = [] { return make_object(SelfSubjectReview{}); },
  };
  return info;
}

}  // namespace fairlead::api
