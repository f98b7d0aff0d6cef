// The kind Ingress.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"
#include "api/types/object_reference.h"

namespace fairlead::api {

struct ServiceBackendPort {
  std::string name;
  int32_t number = 0;
  bool operator==(const ServiceBackendPort&) const = default;
};
template <>
const TypeInfo& type_info<ServiceBackendPort>();

struct IngressServiceBackend {
  std::string name;
  ServiceBackendPort port;
  bool operator==(const IngressServiceBackend&) const = default;
};
template <>
const TypeInfo& type_info<IngressServiceBackend>();

struct IngressBackend {
  Box<IngressServiceBackend> service;
  Box<TypedLocalObjectReference> resource;
  bool operator==(const IngressBackend&) const = default;
};
template <>
const TypeInfo& type_info<IngressBackend>();

struct HttpIngressPath {
  std::string path;
  std::optional<std::string> path_type;
  IngressBackend backend;
  bool operator==(const HttpIngressPath&) const = default;
};
template <>
const TypeInfo& type_info<HttpIngressPath>();

struct HttpIngressRuleValue {
  std::vector<HttpIngressPath> paths;
  bool operator==(const HttpIngressRuleValue&) const = default;
};
template <>
const TypeInfo& type_info<HttpIngressRuleValue>();

struct IngressRuleValue {
  Box<HttpIngressRuleValue> http;
  bool operator==(const IngressRuleValue&) const = default;
};
template <>
const TypeInfo& type_info<IngressRuleValue>();

struct IngressRule {
  std::string host;
  IngressRuleValue ingress_rule_value;
  bool operator==(const IngressRule&) const = default;
};
template <>
const TypeInfo& type_info<IngressRule>();

struct IngressTls {
  std::vector<std::string> hosts;
  std::string secret_name;
  bool operator==(const IngressTls&) const = default;
};
template <>
const TypeInfo& type_info<IngressTls>();

struct IngressSpec {
  std::optional<std::string> ingress_class_name;
  Box<IngressBackend> default_backend;
  std::vector<IngressTls> tls;
  std::vector<IngressRule> rules;
  bool operator==(const IngressSpec&) const = default;
};
template <>
const TypeInfo& type_info<IngressSpec>();

struct IngressPortStatus {
  int32_t port = 0;
  std::string protocol;
  std::optional<std::string> error;
  bool operator==(const IngressPortStatus&) const = default;
};
template <>
const TypeInfo& type_info<IngressPortStatus>();

struct IngressLoadBalancerIngress {
  std::string ip;
  std::string hostname;
  std::vector<IngressPortStatus> ports;
  bool operator==(const IngressLoadBalancerIngress&) const = default;
};
template <>
const TypeInfo& type_info<IngressLoadBalancerIngress>();

struct IngressLoadBalancerStatus {
  std::vector<IngressLoadBalancerIngress> ingress;
  bool operator==(const IngressLoadBalancerStatus&) const = default;
};
template <>
const TypeInfo& type_info<IngressLoadBalancerStatus>();

struct IngressStatus {
  IngressLoadBalancerStatus load_balancer;
  bool operator==(const IngressStatus&) const = default;
};
template <>
const TypeInfo& type_info<IngressStatus>();

struct Ingress {
  ObjectMeta metadata;
  IngressSpec spec;
  IngressStatus status;
  bool operator==(const Ingress&) const = default;
};
template <>
const TypeInfo& type_info<Ingress>();
template <>
const KindInfo& kind_of<Ingress>();

}  // namespace fairlead::api
