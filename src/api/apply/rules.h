// How a field merges when it is applied, which is also how finely its ownership is kept: from the field tables, plus
// the types that Kubernetes marks as one whole (structType=atomic).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/schema.h"

namespace fairlead::api {

enum class MergeRule : uint8_t {
  kAtomic,    // one value: a scalar, an atomic list, map or struct
  kFields,    // a struct, field by field
  kEntries,   // a map, key by key
  kKeyed,     // a list whose items are known by FieldInfo::apply_keys
  kValueSet,  // a list of scalars, each once
};

// Of a value without its std::optional or Box.
const ValueType& inner_type(const ValueType& type);
MergeRule merge_rule(const FieldInfo& field);
// Of an item of a list or map.
MergeRule merge_rule(const ValueType& element);
// x-kubernetes-map-type: atomic on the type's definition.
bool is_atomic_type(const TypeInfo& type);
// The value of a merge key that an item leaves out, as JSON: "TCP" for the protocol of a port.
std::optional<std::string_view> default_key(std::string_view key);

}  // namespace fairlead::api
