// The kind IPAddress: the address of a Service. Each follows from its Service, so that the two never differ, and
// clients may only look. Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and
// meaning as documented there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct ParentReference {
  std::string group;
  std::string resource;
  std::string namespace_;
  std::string name;
  bool operator==(const ParentReference&) const = default;
};
template <>
const TypeInfo& type_info<ParentReference>();

struct IpAddressSpec {
  Box<ParentReference> parent_ref;
  bool operator==(const IpAddressSpec&) const = default;
};
template <>
const TypeInfo& type_info<IpAddressSpec>();

// Not IpAddress, which is the value in base/.
struct IpAddressObject {
  ObjectMeta metadata;
  IpAddressSpec spec;
  bool operator==(const IpAddressObject&) const = default;
};
template <>
const TypeInfo& type_info<IpAddressObject>();
template <>
const KindInfo& kind_of<IpAddressObject>();

}  // namespace fairlead::api
