// The kind Secret.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include <map>

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct Secret {
  ObjectMeta metadata;
  std::map<std::string, Bytes> data;
  std::string type;
  StringMap string_data;  // write only: the defaults move it to data
  std::optional<bool> immutable;
  bool operator==(const Secret&) const = default;
};
template <>
const TypeInfo& type_info<Secret>();
template <>
const KindInfo& kind_of<Secret>();

}  // namespace fairlead::api
