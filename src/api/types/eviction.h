// Eviction.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"
#include "api/types/delete_options.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct Eviction {
  ObjectMeta metadata;
  Box<DeleteOptions> delete_options;
  bool operator==(const Eviction&) const = default;
};
template <>
const TypeInfo& type_info<Eviction>();

}  // namespace fairlead::api
