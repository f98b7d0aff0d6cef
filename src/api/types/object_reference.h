// LocalObjectReference, TypedLocalObjectReference, TypedObjectReference, ObjectReference.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"

namespace fairlead::api {

struct LocalObjectReference {
  std::string name;
  bool operator==(const LocalObjectReference&) const = default;
};
template <>
const TypeInfo& type_info<LocalObjectReference>();

struct TypedLocalObjectReference {
  std::optional<std::string> api_group;
  std::string kind;
  std::string name;
  bool operator==(const TypedLocalObjectReference&) const = default;
};
template <>
const TypeInfo& type_info<TypedLocalObjectReference>();

struct TypedObjectReference {
  std::optional<std::string> api_group;
  std::string kind;
  std::string name;
  std::optional<std::string> namespace_;
  bool operator==(const TypedObjectReference&) const = default;
};
template <>
const TypeInfo& type_info<TypedObjectReference>();

struct ObjectReference {
  std::string kind;
  std::string namespace_;
  std::string name;
  std::string uid;
  std::string api_version;
  std::string resource_version;
  std::string field_path;
  bool operator==(const ObjectReference&) const = default;
};
template <>
const TypeInfo& type_info<ObjectReference>();

}  // namespace fairlead::api
