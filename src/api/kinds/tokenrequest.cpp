#include "api/kinds/tokenrequest.h"

#include "api/kind.h"
#include "api/validation.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<BoundObjectReference>() {
  using T = BoundObjectReference;
  static const TypeInfo info("io.k8s.api.authentication.v1.BoundObjectReference",
                             {
                                 field(&T::kind, "kind", 1, kOmitEmpty),
                                 field(&T::api_version, "apiVersion", 2, kOmitEmpty),
                                 field(&T::name, "name", 3, kOmitEmpty),
                                 field(&T::uid, "uid", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<TokenRequestSpec>() {
  using T = TokenRequestSpec;
  static const TypeInfo info("io.k8s.api.authentication.v1.TokenRequestSpec",
                             {
                                 field(&T::audiences, "audiences", 1, kRequired),
                                 field(&T::expiration_seconds, "expirationSeconds", 4, 0),
                                 field(&T::bound_object_ref, "boundObjectRef", 3, 0),
                             });
  return info;
}

template <>
const TypeInfo& type_info<TokenRequestStatus>() {
  using T = TokenRequestStatus;
  static const TypeInfo info("io.k8s.api.authentication.v1.TokenRequestStatus",
                             {
                                 field(&T::token, "token", 1, kRequired),
                                 field(&T::expiration_timestamp, "expirationTimestamp", 2, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<TokenRequest>() {
  using T = TokenRequest;
  static const TypeInfo info("io.k8s.api.authentication.v1.TokenRequest",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::spec, "spec", 2, kRequired),
                                 field(&T::status, "status", 3, kOmitEmpty),
                             });
  return info;
}

namespace {

void set_defaults(Object& object) {
  auto& spec = object.as<TokenRequest>().spec;
  if (!spec.expiration_seconds) spec.expiration_seconds = 3600;
}

FieldErrors validate(const Object& object) {
  constexpr int64_t kShortest = 10 * 60;
  constexpr int64_t kLongest = int64_t{1} << 32;
  const auto seconds = object.as<TokenRequest>().spec.expiration_seconds.value_or(0);
  const auto path = FieldPath("spec") / "expirationSeconds";
  Problems out;
  if (seconds < kShortest) out.invalid(path, seconds, "may not specify a duration less than 10 minutes");
  if (seconds > kLongest) out.invalid(path, seconds, "may not specify a duration larger than 2^32 seconds");
  return std::move(out).take();
}

}  // namespace

template <>
const KindInfo& kind_of<TokenRequest>() {
  static const KindInfo info{
      .group = "authentication.k8s.io",
      .version = "v1",
      .kind = "TokenRequest",
      .plural = "tokenrequests",
      .singular = "tokenrequest",
      .short_names = {},
      .categories = {},
      .namespaced = true,
      .create_only = true,
      .type = &type_info<TokenRequest>,
      .make = [] { return make_object(TokenRequest{}); },
      .set_defaults = set_defaults,
      .validate = validate,
  };
  return info;
}

}  // namespace fairlead::api
