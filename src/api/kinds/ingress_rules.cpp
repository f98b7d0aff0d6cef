#include "api/kinds/ingress_rules.h"

#include "api/kind.h"
#include "base/ip.h"

namespace fairlead::api {
namespace {

constexpr const char* kClassAnnotation = "kubernetes.io/ingress.class";

void check_host(Problems& out, const FieldPath& path, std::string_view host) {
  const bool wildcard = host.find('*') != std::string_view::npos;
  out.invalid(path, host, wildcard ? wildcard_dns1123_subdomain(host) : dns1123_subdomain(host));
}

void check_reference(Problems& out, const FieldPath& path, const TypedLocalObjectReference& ref) {
  if (ref.api_group) out.invalid(path / "apiGroup", *ref.api_group, dns1123_subdomain(*ref.api_group));
  if (ref.kind.empty()) out.required(path / "kind");
  out.invalid(path / "kind", ref.kind, name_is_path_segment(ref.kind));
  if (ref.name.empty()) out.required(path / "name");
  out.invalid(path / "name", ref.name, name_is_path_segment(ref.name));
}

void check_service(Problems& out, const FieldPath& path, const IngressServiceBackend& service) {
  const auto at = path / "service";
  if (service.name.empty())
    out.required(at / "name");
  else
    out.invalid(at / "name", service.name, dns1035_label(service.name));
  const auto& port = service.port;
  if (!port.name.empty() && port.number != 0)
    out.invalid(path, "", "cannot set both port name & port number");
  else if (!port.name.empty())
    out.invalid(at / "port" / "name", port.name, port_name(port.name));
  else if (port.number != 0)
    out.invalid(at / "port" / "number", port.number, port_number(port.number));
  else
    out.required(path, "port name or number is required");
}

void check_backend(Problems& out, const FieldPath& path, const IngressBackend& backend) {
  if (backend.resource && backend.service)
    out.invalid(path, "", "cannot set both resource and service backends");
  else if (backend.resource)
    check_reference(out, path / "resource", *backend.resource);
  else if (backend.service)
    check_service(out, path, *backend.service);
  else
    out.invalid(path, "", "resource or service backend is required");
}

void check_path(Problems& out, const FieldPath& path, const HttpIngressPath& p) {
  if (!p.path_type) return out.required(path / "pathType", "pathType must be specified");
  const bool absolute = p.path.starts_with('/');
  if (*p.path_type == "Exact" || *p.path_type == "Prefix") {
    if (!absolute) out.invalid(path / "path", p.path, "must be an absolute path");
    for (const std::string_view bad : {"//", "/./", "/../", "%2f", "%2F"}) {
      if (p.path.find(bad) != std::string::npos)
        out.invalid(path / "path", p.path, fmt::format("must not contain '{}'", bad));
    }
    for (const std::string_view bad : {"/..", "/."}) {
      if (p.path.ends_with(bad)) out.invalid(path / "path", p.path, fmt::format("cannot end with '{}'", bad));
    }
  } else if (*p.path_type == "ImplementationSpecific") {
    if (!p.path.empty() && !absolute) out.invalid(path / "path", p.path, "must be an absolute path");
  } else {
    out.not_supported(path / "pathType", *p.path_type, {"Exact", "ImplementationSpecific", "Prefix"});
  }
  check_backend(out, path / "backend", p.backend);
}

void check_rule(Problems& out, const FieldPath& path, const IngressRule& rule) {
  if (!rule.host.empty()) {
    if (IpAddress::parse(rule.host)) out.invalid(path / "host", rule.host, "must be a DNS name, not an IP address");
    check_host(out, path / "host", rule.host);
  }
  if (!rule.ingress_rule_value.http) return;
  const auto& paths = rule.ingress_rule_value.http->paths;
  const auto at = path / "http" / "paths";
  if (paths.empty()) out.required(at);
  for (size_t i = 0; i < paths.size(); ++i) check_path(out, at[i], paths[i]);
}

void check_spec(Problems& out, const IngressSpec& spec) {
  const FieldPath path("spec");
  if (spec.rules.empty() && !spec.default_backend)
    out.invalid(path, BadValue::json("null"), "either `defaultBackend` or `rules` must be specified");
  if (spec.default_backend) check_backend(out, path / "defaultBackend", *spec.default_backend);
  for (size_t i = 0; i < spec.rules.size(); ++i) check_rule(out, (path / "rules")[i], spec.rules[i]);
  for (size_t i = 0; i < spec.tls.size(); ++i) {
    const auto at = (path / "tls")[i];
    const auto& tls = spec.tls[i];
    for (size_t k = 0; k < tls.hosts.size(); ++k) check_host(out, (at / "hosts")[k], tls.hosts[k]);
    if (!tls.secret_name.empty()) out.invalid(at / "secretName", tls.secret_name, dns1123_subdomain(tls.secret_name));
  }
  if (spec.ingress_class_name)
    out.invalid(path / "ingressClassName", *spec.ingress_class_name, dns1123_subdomain(*spec.ingress_class_name));
}

}  // namespace

FieldErrors validate_ingress(const Object& object) {
  const auto& ingress = object.as<Ingress>();
  Problems out;
  check_object_meta(out, ingress.metadata, true, name_is_subdomain);
  check_spec(out, ingress.spec);
  const auto it = ingress.metadata.annotations.find(kClassAnnotation);
  const auto& name = ingress.spec.ingress_class_name;
  if (it != ingress.metadata.annotations.end() && name && it->second != *name) {
    out.invalid(FieldPath("annotations") / kClassAnnotation, it->second,
                "must match `ingressClassName` when both are specified");
  }
  return std::move(out).take();
}

FieldErrors validate_ingress_update(const Object& next, const Object& old) {
  Problems out;
  check_object_meta_update(out, next.meta(), old.meta());
  check_spec(out, next.as<Ingress>().spec);
  return std::move(out).take();
}

FieldErrors validate_ingress_status(const Object& next, const Object& old) {
  Problems out;
  check_object_meta_update(out, next.meta(), old.meta());
  const auto& ingress = next.as<Ingress>().status.load_balancer.ingress;
  const auto path = FieldPath("status") / "loadBalancer" / "ingress";
  for (size_t i = 0; i < ingress.size(); ++i) {
    if (!ingress[i].ip.empty()) check_ip(out, path[i] / "ip", ingress[i].ip);
    const auto& host = ingress[i].hostname;
    if (host.empty()) continue;
    out.invalid(path[i] / "hostname", host, dns1123_subdomain(host));
    if (IpAddress::parse(host)) out.invalid(path[i] / "hostname", host, "must be a DNS name, not an IP address");
  }
  return std::move(out).take();
}

}  // namespace fairlead::api
