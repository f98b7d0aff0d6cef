#include "api/types/load_balancer.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<PortStatus>() {
  using T = PortStatus;
  static const TypeInfo info("io.k8s.api.core.v1.PortStatus", {
                                                                  field(&T::port, "port", 1, kRequired),
                                                                  field(&T::protocol, "protocol", 2, kRequired),
                                                                  field(&T::error, "error", 3, kOmitEmpty),
                                                              });
  return info;
}

template <>
const TypeInfo& type_info<LoadBalancerIngress>() {
  using T = LoadBalancerIngress;
  static const TypeInfo info("io.k8s.api.core.v1.LoadBalancerIngress",
                             {
                                 field(&T::ip, "ip", 1, kOmitEmpty),
                                 field(&T::hostname, "hostname", 2, kOmitEmpty),
                                 field(&T::ip_mode, "ipMode", 3, kOmitEmpty),
                                 field(&T::ports, "ports", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<LoadBalancerStatus>() {
  using T = LoadBalancerStatus;
  static const TypeInfo info("io.k8s.api.core.v1.LoadBalancerStatus", {
                                                                          field(&T::ingress, "ingress", 1, kOmitEmpty),
                                                                      });
  return info;
}

}  // namespace fairlead::api
