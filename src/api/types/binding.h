// Binding.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"
#include "api/types/object_meta.h"
#include "api/types/object_reference.h"

namespace fairlead::api {

struct Binding {
  ObjectMeta metadata;
  ObjectReference target;
  bool operator==(const Binding&) const = default;
};
template <>
const TypeInfo& type_info<Binding>();

}  // namespace fairlead::api
