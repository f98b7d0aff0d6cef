#include "api/kinds/ingress.h"

#include <set>

#include "api/duration.h"
#include "api/kind.h"
#include "api/kinds/ingress_rules.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<ServiceBackendPort>() {
  using T = ServiceBackendPort;
  static const TypeInfo info("io.k8s.api.networking.v1.ServiceBackendPort",
                             {
                                 field(&T::name, "name", 1, kOmitEmpty),
                                 field(&T::number, "number", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<IngressServiceBackend>() {
  using T = IngressServiceBackend;
  static const TypeInfo info("io.k8s.api.networking.v1.IngressServiceBackend",
                             {
                                 field(&T::name, "name", 1, kRequired),
                                 field(&T::port, "port", 2, kOmitEmpty | kAtomic),
                             });
  return info;
}

template <>
const TypeInfo& type_info<IngressBackend>() {
  using T = IngressBackend;
  static const TypeInfo info("io.k8s.api.networking.v1.IngressBackend",
                             {
                                 field(&T::service, "service", 4, kOmitEmpty),
                                 field(&T::resource, "resource", 3, kOmitEmpty | kAtomic),
                             });
  return info;
}

template <>
const TypeInfo& type_info<HttpIngressPath>() {
  using T = HttpIngressPath;
  static const TypeInfo info("io.k8s.api.networking.v1.HTTPIngressPath",
                             {
                                 field(&T::path, "path", 1, kOmitEmpty),
                                 field(&T::path_type, "pathType", 3, kRequired),
                                 field(&T::backend, "backend", 2, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<HttpIngressRuleValue>() {
  using T = HttpIngressRuleValue;
  static const TypeInfo info("io.k8s.api.networking.v1.HTTPIngressRuleValue",
                             {
                                 field(&T::paths, "paths", 1, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<IngressRuleValue>() {
  using T = IngressRuleValue;
  static const TypeInfo info("io.k8s.api.networking.v1.IngressRuleValue", {
                                                                              field(&T::http, "http", 1, kOmitEmpty),
                                                                          });
  return info;
}

template <>
const TypeInfo& type_info<IngressRule>() {
  using T = IngressRule;
  static const TypeInfo info("io.k8s.api.networking.v1.IngressRule", {
                                                                         field(&T::host, "host", 1, kOmitEmpty),
                                                                         field(&T::ingress_rule_value, "", 2, kInline),
                                                                     });
  return info;
}

template <>
const TypeInfo& type_info<IngressTls>() {
  using T = IngressTls;
  static const TypeInfo info("io.k8s.api.networking.v1.IngressTLS",
                             {
                                 field(&T::hosts, "hosts", 1, kOmitEmpty),
                                 field(&T::secret_name, "secretName", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<IngressSpec>() {
  using T = IngressSpec;
  static const TypeInfo info("io.k8s.api.networking.v1.IngressSpec",
                             {
                                 field(&T::ingress_class_name, "ingressClassName", 4, kOmitEmpty),
                                 field(&T::default_backend, "defaultBackend", 1, kOmitEmpty),
                                 field(&T::tls, "tls", 2, kOmitEmpty),
                                 field(&T::rules, "rules", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<IngressPortStatus>() {
  using T = IngressPortStatus;
  static const TypeInfo info("io.k8s.api.networking.v1.IngressPortStatus",
                             {
                                 field(&T::port, "port", 1, kRequired),
                                 field(&T::protocol, "protocol", 2, kRequired),
                                 field(&T::error, "error", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<IngressLoadBalancerIngress>() {
  using T = IngressLoadBalancerIngress;
  static const TypeInfo info("io.k8s.api.networking.v1.IngressLoadBalancerIngress",
                             {
                                 field(&T::ip, "ip", 1, kOmitEmpty),
                                 field(&T::hostname, "hostname", 2, kOmitEmpty),
                                 field(&T::ports, "ports", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<IngressLoadBalancerStatus>() {
  using T = IngressLoadBalancerStatus;
  static const TypeInfo info("io.k8s.api.networking.v1.IngressLoadBalancerStatus",
                             {
                                 field(&T::ingress, "ingress", 1, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<IngressStatus>() {
  using T = IngressStatus;
  static const TypeInfo info("io.k8s.api.networking.v1.IngressStatus",
                             {
                                 field(&T::load_balancer, "loadBalancer", 1, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<Ingress>() {
  using T = Ingress;
  static const TypeInfo info("io.k8s.api.networking.v1.Ingress", {
                                                                     field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                                     field(&T::spec, "spec", 2, kOmitEmpty),
                                                                     field(&T::status, "status", 3, kOmitEmpty),
                                                                 });
  return info;
}

namespace {

void prepare_create(Object& object) {
  object.as<Ingress>().status = {};
  object.meta().generation = 1;
}

void prepare_update(Object& object, const Object& old_object) {
  auto& next = object.as<Ingress>();
  const auto& old = old_object.as<Ingress>();
  next.status = old.status;
  next.metadata.generation = old.metadata.generation + (next.spec == old.spec ? 0 : 1);
}

std::string hosts_cell(const std::vector<IngressRule>& rules) {
  constexpr size_t kShown = 3;
  std::string out;
  size_t shown = 0;
  bool more = false;
  for (const auto& rule : rules) {
    if (shown == kShown) more = true;
    if (more || rule.host.empty()) continue;
    out += (shown++ == 0 ? "" : ",") + rule.host;
  }
  if (shown == 0) return "*";
  return more ? fmt::format("{} + {} more...", out, rules.size() - kShown) : out;
}

std::string address_cell(const IngressLoadBalancerStatus& status) {
  std::set<std::string> addresses;
  for (const auto& i : status.ingress) {
    if (!i.ip.empty())
      addresses.insert(i.ip);
    else if (!i.hostname.empty())
      addresses.insert(i.hostname);
  }
  std::string out;
  for (const auto& a : addresses) out += (out.empty() ? "" : ",") + a;
  return out;
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& ingress = object.as<Ingress>();
  return {ingress.spec.ingress_class_name.value_or("<none>"), hosts_cell(ingress.spec.rules),
          address_cell(ingress.status.load_balancer), ingress.spec.tls.empty() ? "80" : "80, 443",
          age(ingress.metadata.creation_timestamp, now)};
}

}  // namespace

template <>
const KindInfo& kind_of<Ingress>() {
  static const KindInfo info{
      .group = "networking.k8s.io",
      .version = "v1",
      .kind = "Ingress",
      .plural = "ingresses",
      .singular = "ingress",
      .short_names = {"ing"},
      .categories = {},
      .has_status = true,
      .type = &type_info<Ingress>,
      .make = [] { return make_object(Ingress{}); },
      .prepare_create = prepare_create,
      .prepare_update = prepare_update,
      .validate = validate_ingress,
      .validate_update = validate_ingress_update,
      .validate_status = validate_ingress_status,
      .columns =
          {{"Class", "string"}, {"Hosts", "string"}, {"Address", "string"}, {"Ports", "string"}, {"Age", "string"}},
      .row = row,
  };
  return info;
}

}  // namespace fairlead::api
