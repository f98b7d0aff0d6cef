// PodTemplateSpec.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"
#include "api/types/object_meta.h"
#include "api/types/pod_spec.h"

namespace fairlead::api {

struct PodTemplateSpec {
  ObjectMeta metadata;
  PodSpec spec;
  bool operator==(const PodTemplateSpec&) const = default;
};
template <>
const TypeInfo& type_info<PodTemplateSpec>();

}  // namespace fairlead::api
