// The kind Service.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/condition.h"
#include "api/types/load_balancer.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct ServicePort {
  std::string name;
  std::string protocol;
  std::optional<std::string> app_protocol;
  int32_t port = 0;
  IntOrString target_port;
  int32_t node_port = 0;
  bool operator==(const ServicePort&) const = default;
};
template <>
const TypeInfo& type_info<ServicePort>();

struct ClientIPConfig {
  std::optional<int32_t> timeout_seconds;
  bool operator==(const ClientIPConfig&) const = default;
};
template <>
const TypeInfo& type_info<ClientIPConfig>();

struct SessionAffinityConfig {
  Box<ClientIPConfig> client_ip;
  bool operator==(const SessionAffinityConfig&) const = default;
};
template <>
const TypeInfo& type_info<SessionAffinityConfig>();

struct ServiceSpec {
  std::vector<ServicePort> ports;
  StringMap selector;
  std::string cluster_ip;
  std::vector<std::string> cluster_ips;
  std::string type;
  std::vector<std::string> external_ips;
  std::string session_affinity;
  std::string load_balancer_ip;
  std::vector<std::string> load_balancer_source_ranges;
  std::string external_name;
  std::string external_traffic_policy;
  int32_t health_check_node_port = 0;
  bool publish_not_ready_addresses = false;
  Box<SessionAffinityConfig> session_affinity_config;
  std::vector<std::string> ip_families;
  std::optional<std::string> ip_family_policy;
  std::optional<bool> allocate_load_balancer_node_ports;
  std::optional<std::string> load_balancer_class;
  std::optional<std::string> internal_traffic_policy;
  std::optional<std::string> traffic_distribution;
  bool operator==(const ServiceSpec&) const = default;
};
template <>
const TypeInfo& type_info<ServiceSpec>();

struct ServiceStatus {
  LoadBalancerStatus load_balancer;
  std::vector<Condition> conditions;
  bool operator==(const ServiceStatus&) const = default;
};
template <>
const TypeInfo& type_info<ServiceStatus>();

struct Service {
  ObjectMeta metadata;
  ServiceSpec spec;
  ServiceStatus status;
  bool operator==(const Service&) const = default;
};
template <>
const TypeInfo& type_info<Service>();
template <>
const KindInfo& kind_of<Service>();

}  // namespace fairlead::api
