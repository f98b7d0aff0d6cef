// TokenRequest: the body and the answer of serviceaccounts/NAME/token. No resource of its own, so not in the list of
// kinds. Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as
// documented there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct BoundObjectReference {
  std::string kind;
  std::string api_version;
  std::string name;
  std::string uid;
  bool operator==(const BoundObjectReference&) const = default;
};
template <>
const TypeInfo& type_info<BoundObjectReference>();

struct TokenRequestSpec {
  std::vector<std::string> audiences;
  std::optional<int64_t> expiration_seconds;
  Box<BoundObjectReference> bound_object_ref;
  bool operator==(const TokenRequestSpec&) const = default;
};
template <>
const TypeInfo& type_info<TokenRequestSpec>();

struct TokenRequestStatus {
  std::string token;
  Time expiration_timestamp;
  bool operator==(const TokenRequestStatus&) const = default;
};
template <>
const TypeInfo& type_info<TokenRequestStatus>();

struct TokenRequest {
  ObjectMeta metadata;
  TokenRequestSpec spec;
  TokenRequestStatus status;
  bool operator==(const TokenRequest&) const = default;
};
template <>
const TypeInfo& type_info<TokenRequest>();

template <>
const KindInfo& kind_of<TokenRequest>();

}  // namespace fairlead::api
