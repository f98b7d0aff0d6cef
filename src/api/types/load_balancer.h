// PortStatus, LoadBalancerIngress, LoadBalancerStatus.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"

namespace fairlead::api {

struct PortStatus {
  int32_t port = 0;
  std::string protocol;
  std::optional<std::string> error;
  bool operator==(const PortStatus&) const = default;
};
template <>
const TypeInfo& type_info<PortStatus>();

struct LoadBalancerIngress {
  std::string ip;
  std::string hostname;
  std::optional<std::string> ip_mode;
  std::vector<PortStatus> ports;
  bool operator==(const LoadBalancerIngress&) const = default;
};
template <>
const TypeInfo& type_info<LoadBalancerIngress>();

struct LoadBalancerStatus {
  std::vector<LoadBalancerIngress> ingress;
  bool operator==(const LoadBalancerStatus&) const = default;
};
template <>
const TypeInfo& type_info<LoadBalancerStatus>();

}  // namespace fairlead::api
