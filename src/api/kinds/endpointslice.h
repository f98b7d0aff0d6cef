// The kind EndpointSlice.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"
#include "api/types/object_reference.h"

namespace fairlead::api {

struct EndpointConditions {
  std::optional<bool> ready;
  std::optional<bool> serving;
  std::optional<bool> terminating;
  bool operator==(const EndpointConditions&) const = default;
};
template <>
const TypeInfo& type_info<EndpointConditions>();

struct ForZone {
  std::string name;
  bool operator==(const ForZone&) const = default;
};
template <>
const TypeInfo& type_info<ForZone>();

struct ForNode {
  std::string name;
  bool operator==(const ForNode&) const = default;
};
template <>
const TypeInfo& type_info<ForNode>();

struct EndpointHints {
  std::vector<ForZone> for_zones;
  std::vector<ForNode> for_nodes;
  bool operator==(const EndpointHints&) const = default;
};
template <>
const TypeInfo& type_info<EndpointHints>();

struct SliceEndpoint {
  std::vector<std::string> addresses;
  EndpointConditions conditions;
  std::optional<std::string> hostname;
  Box<ObjectReference> target_ref;
  StringMap deprecated_topology;
  std::optional<std::string> node_name;
  std::optional<std::string> zone;
  Box<EndpointHints> hints;
  bool operator==(const SliceEndpoint&) const = default;
};
template <>
const TypeInfo& type_info<SliceEndpoint>();

struct EndpointSlicePort {
  std::optional<std::string> name;
  std::optional<std::string> protocol;
  std::optional<int32_t> port;
  std::optional<std::string> app_protocol;
  bool operator==(const EndpointSlicePort&) const = default;
};
template <>
const TypeInfo& type_info<EndpointSlicePort>();

struct EndpointSlice {
  ObjectMeta metadata;
  std::string address_type;
  std::vector<SliceEndpoint> endpoints;
  std::vector<EndpointSlicePort> ports;
  bool operator==(const EndpointSlice&) const = default;
};
template <>
const TypeInfo& type_info<EndpointSlice>();
template <>
const KindInfo& kind_of<EndpointSlice>();

}  // namespace fairlead::api
