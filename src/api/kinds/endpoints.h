// The kind Endpoints.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"
#include "api/types/object_reference.h"

namespace fairlead::api {

struct EndpointAddress {
  std::string ip;
  std::string hostname;
  std::optional<std::string> node_name;
  Box<ObjectReference> target_ref;
  bool operator==(const EndpointAddress&) const = default;
};
template <>
const TypeInfo& type_info<EndpointAddress>();

struct EndpointPort {
  std::string name;
  int32_t port = 0;
  std::string protocol;
  std::optional<std::string> app_protocol;
  bool operator==(const EndpointPort&) const = default;
};
template <>
const TypeInfo& type_info<EndpointPort>();

struct EndpointSubset {
  std::vector<EndpointAddress> addresses;
  std::vector<EndpointAddress> not_ready_addresses;
  std::vector<EndpointPort> ports;
  bool operator==(const EndpointSubset&) const = default;
};
template <>
const TypeInfo& type_info<EndpointSubset>();

struct Endpoints {
  ObjectMeta metadata;
  std::vector<EndpointSubset> subsets;
  bool operator==(const Endpoints&) const = default;
};
template <>
const TypeInfo& type_info<Endpoints>();
template <>
const KindInfo& kind_of<Endpoints>();

}  // namespace fairlead::api
