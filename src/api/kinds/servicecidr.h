// The kind ServiceCIDR: the networks of ClusterIPs. There is the one named kubernetes, which says what the server was
// started with; clients may only look.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/condition.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct ServiceCidrSpec {
  std::vector<std::string> cidrs;
  bool operator==(const ServiceCidrSpec&) const = default;
};
template <>
const TypeInfo& type_info<ServiceCidrSpec>();

struct ServiceCidrStatus {
  std::vector<Condition> conditions;
  bool operator==(const ServiceCidrStatus&) const = default;
};
template <>
const TypeInfo& type_info<ServiceCidrStatus>();

struct ServiceCidr {
  ObjectMeta metadata;
  ServiceCidrSpec spec;
  ServiceCidrStatus status;
  bool operator==(const ServiceCidr&) const = default;
};
template <>
const TypeInfo& type_info<ServiceCidr>();
template <>
const KindInfo& kind_of<ServiceCidr>();

}  // namespace fairlead::api
