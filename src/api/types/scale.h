// ScaleSpec, ScaleStatus, Scale.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct ScaleSpec {
  int32_t replicas = 0;
  bool operator==(const ScaleSpec&) const = default;
};
template <>
const TypeInfo& type_info<ScaleSpec>();

struct ScaleStatus {
  int32_t replicas = 0;
  std::string selector;
  bool operator==(const ScaleStatus&) const = default;
};
template <>
const TypeInfo& type_info<ScaleStatus>();

struct Scale {
  ObjectMeta metadata;
  ScaleSpec spec;
  ScaleStatus status;
  bool operator==(const Scale&) const = default;
};
template <>
const TypeInfo& type_info<Scale>();

}  // namespace fairlead::api
