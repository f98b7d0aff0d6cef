// The kind ServiceAccount.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"
#include "api/types/object_reference.h"

namespace fairlead::api {

struct ServiceAccount {
  ObjectMeta metadata;
  std::vector<ObjectReference> secrets;
  std::vector<LocalObjectReference> image_pull_secrets;
  std::optional<bool> automount_service_account_token;
  bool operator==(const ServiceAccount&) const = default;
};
template <>
const TypeInfo& type_info<ServiceAccount>();
template <>
const KindInfo& kind_of<ServiceAccount>();

}  // namespace fairlead::api
