// The kind ConfigMap.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include <map>

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct ConfigMap {
  ObjectMeta metadata;
  StringMap data;
  std::map<std::string, Bytes> binary_data;
  std::optional<bool> immutable;
  bool operator==(const ConfigMap&) const = default;
};
template <>
const TypeInfo& type_info<ConfigMap>();
template <>
const KindInfo& kind_of<ConfigMap>();

// The most bytes that the values of one ConfigMap or Secret may have in all.
inline constexpr size_t kMaxConfigBytes = 1024 * 1024;

}  // namespace fairlead::api
