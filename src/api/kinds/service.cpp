#include "api/kinds/service.h"

#include <set>

#include "api/duration.h"
#include "api/kind.h"
#include "api/kinds/service_rules.h"
#include "api/selector.h"
#include "base/text.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<ServicePort>() {
  using T = ServicePort;
  static const TypeInfo info("io.k8s.api.core.v1.ServicePort",
                             {
                                 field(&T::name, "name", 1, kOmitEmpty),
                                 field(&T::protocol, "protocol", 2, kOmitEmpty),
                                 field(&T::app_protocol, "appProtocol", 6, kOmitEmpty),
                                 field(&T::port, "port", 3, kRequired),
                                 field(&T::target_port, "targetPort", 4, kOmitEmpty),
                                 field(&T::node_port, "nodePort", 5, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ClientIPConfig>() {
  using T = ClientIPConfig;
  static const TypeInfo info("io.k8s.api.core.v1.ClientIPConfig",
                             {
                                 field(&T::timeout_seconds, "timeoutSeconds", 1, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SessionAffinityConfig>() {
  using T = SessionAffinityConfig;
  static const TypeInfo info("io.k8s.api.core.v1.SessionAffinityConfig",
                             {
                                 field(&T::client_ip, "clientIP", 1, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ServiceSpec>() {
  using T = ServiceSpec;
  static const TypeInfo info(
      "io.k8s.api.core.v1.ServiceSpec",
      {
          field(&T::ports, "ports", 1, kOmitEmpty | kPatchMerge | kListMap, "port", "port,protocol"),
          field(&T::selector, "selector", 2, kOmitEmpty | kAtomic),
          field(&T::cluster_ip, "clusterIP", 3, kOmitEmpty),
          field(&T::cluster_ips, "clusterIPs", 18, kOmitEmpty),
          field(&T::type, "type", 4, kOmitEmpty),
          field(&T::external_ips, "externalIPs", 5, kOmitEmpty),
          field(&T::session_affinity, "sessionAffinity", 7, kOmitEmpty),
          field(&T::load_balancer_ip, "loadBalancerIP", 8, kOmitEmpty),
          field(&T::load_balancer_source_ranges, "loadBalancerSourceRanges", 9, kOmitEmpty),
          field(&T::external_name, "externalName", 10, kOmitEmpty),
          field(&T::external_traffic_policy, "externalTrafficPolicy", 11, kOmitEmpty),
          field(&T::health_check_node_port, "healthCheckNodePort", 12, kOmitEmpty),
          field(&T::publish_not_ready_addresses, "publishNotReadyAddresses", 13, kOmitEmpty),
          field(&T::session_affinity_config, "sessionAffinityConfig", 14, kOmitEmpty),
          field(&T::ip_families, "ipFamilies", 19, kOmitEmpty),
          field(&T::ip_family_policy, "ipFamilyPolicy", 17, kOmitEmpty),
          field(&T::allocate_load_balancer_node_ports, "allocateLoadBalancerNodePorts", 20, kOmitEmpty),
          field(&T::load_balancer_class, "loadBalancerClass", 21, kOmitEmpty),
          field(&T::internal_traffic_policy, "internalTrafficPolicy", 22, kOmitEmpty),
          field(&T::traffic_distribution, "trafficDistribution", 23, kOmitEmpty),
      });
  return info;
}

template <>
const TypeInfo& type_info<ServiceStatus>() {
  using T = ServiceStatus;
  static const TypeInfo info(
      "io.k8s.api.core.v1.ServiceStatus",
      {
          field(&T::load_balancer, "loadBalancer", 1, kOmitEmpty),
          field(&T::conditions, "conditions", 2, kOmitEmpty | kPatchMerge | kListMap, "type", "type"),
      });
  return info;
}

template <>
const TypeInfo& type_info<Service>() {
  using T = Service;
  static const TypeInfo info("io.k8s.api.core.v1.Service", {
                                                               field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                               field(&T::spec, "spec", 2, kOmitEmpty),
                                                               field(&T::status, "status", 3, kOmitEmpty),
                                                           });
  return info;
}

namespace {

std::string external_ip(const Service& s) {
  const auto& spec = s.spec;
  if (spec.type == "ExternalName") return spec.external_name;
  if (spec.type == "ClusterIP" || spec.type == "NodePort")
    return spec.external_ips.empty() ? "<none>" : join(spec.external_ips, ",");
  if (spec.type != "LoadBalancer") return "<unknown>";
  std::set<std::string> addresses;
  for (const auto& i : s.status.load_balancer.ingress) {
    if (!i.ip.empty() || !i.hostname.empty()) addresses.insert(i.ip.empty() ? i.hostname : i.ip);
  }
  std::vector<std::string> all(addresses.begin(), addresses.end());
  all.insert(all.end(), spec.external_ips.begin(), spec.external_ips.end());
  return all.empty() ? "<pending>" : join(all, ",");
}

// "80/TCP,443:30443/TCP"
std::string ports_of(const Service& s) {
  std::string out;
  for (const auto& p : s.spec.ports) {
    if (!out.empty()) out += ',';
    out += p.node_port > 0 ? fmt::format("{}:{}/{}", p.port, p.node_port, p.protocol)
                           : fmt::format("{}/{}", p.port, p.protocol);
  }
  return out.empty() ? "<none>" : out;
}

std::string selector_text(const Service& s) {
  return s.spec.selector.empty() ? "<none>" : Selector::from(s.spec.selector).to_string();
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& s = object.as<Service>();
  const auto& ips = s.spec.cluster_ips;
  return {s.spec.type,
          ips.empty() ? (s.spec.cluster_ip.empty() ? "<none>" : s.spec.cluster_ip) : ips[0],
          external_ip(s),
          ports_of(s),
          age(s.metadata.creation_timestamp, now),
          selector_text(s)};
}

std::optional<std::string> select_field(const Object& object, std::string_view path) {
  if (path == "spec.clusterIP") return object.as<Service>().spec.cluster_ip;
  if (path == "spec.type") return object.as<Service>().spec.type;
  return std::nullopt;
}

}  // namespace

template <>
const KindInfo& kind_of<Service>() {
  static const KindInfo info{
      .group = "",
      .version = "v1",
      .kind = "Service",
      .plural = "services",
      .singular = "service",
      .short_names = {"svc"},
      .categories = {"all"},
      .namespaced = true,
      .has_status = true,
      .has_scale = false,
      .other_subresources = {},
      .type = &type_info<Service>,
      .make = [] { return make_object(Service{}); },
      .set_defaults = [](Object& object) { default_service(object.as<Service>()); },
      .prepare_create = [](Object& object) { prepare_service(object.as<Service>()); },
      .prepare_update = [](Object& next,
                           const Object& old) { prepare_service_update(next.as<Service>(), old.as<Service>()); },
      .validate = [](const Object& object) { return validate_service(object.as<Service>()); },
      .validate_update =
          [](const Object& next, const Object& old) {
            return validate_service_update(next.as<Service>(), old.as<Service>());
          },
      .validate_status =
          [](const Object& next, const Object& old) {
            return validate_service_status(next.as<Service>(), old.as<Service>());
          },
      .columns = {{"Type", "string"},
                  {"Cluster-IP", "string"},
                  {"External-IP", "string"},
                  {"Port(s)", "string"},
                  {"Age", "string"},
                  {"Selector", "string", "", 1}},
      .row = row,
      .field = select_field,
  };
  return info;
}

}  // namespace fairlead::api
