// Rules for Services (kubernetes pkg/apis/core/validation, validateService and its kin).
#include "api/kinds/service_rules.h"

#include <algorithm>
#include <set>

#include "base/ip.h"
#include "base/text.h"

namespace fairlead::api {
namespace {

const FieldPath kSpec("spec");

bool contains(const std::vector<std::string>& list, std::string_view s) {
  return std::ranges::find(list, s) != list.end();
}

void check_port(Problems& out, const FieldPath& path, const ServicePort& p, bool need_name,
                std::set<std::string_view>& names) {
  if (need_name && p.name.empty()) {
    out.required(path / "name");
  } else if (!p.name.empty()) {
    out.invalid(path / "name", p.name, dns1123_label(p.name));
    if (!names.insert(p.name).second) out.duplicate(path / "name", p.name);
  }
  out.invalid(path / "port", p.port, port_number(p.port));
  check_protocol(out, path / "protocol", p.protocol);
  check_port_or_name(out, path / "targetPort", p.target_port);
  if (p.app_protocol) out.invalid(path / "appProtocol", *p.app_protocol, qualified_name(*p.app_protocol));
  if (p.node_port != 0) out.invalid(path / "nodePort", p.node_port, port_number(p.node_port));
}

void check_ports(Problems& out, const Service& s) {
  const auto path = kSpec / "ports";
  const auto& ports = s.spec.ports;
  if (ports.empty() && !is_headless(s) && s.spec.type != "ExternalName") out.required(path);
  std::set<std::string_view> names;
  for (size_t i = 0; i < ports.size(); ++i) check_port(out, path[i], ports[i], ports.size() > 1, names);
  if (s.spec.type == "ClusterIP") {
    for (size_t i = 0; i < ports.size(); ++i) {
      if (ports[i].node_port != 0) out.forbidden(path[i] / "nodePort", "may not be used when `type` is 'ClusterIP'");
    }
  }
  std::set<std::pair<std::string_view, int32_t>> node_ports;
  std::set<std::pair<std::string_view, int32_t>> numbers;
  for (size_t i = 0; i < ports.size(); ++i) {
    const auto& p = ports[i];
    if (p.node_port != 0 && !node_ports.insert({p.protocol, p.node_port}).second)
      out.duplicate(path[i] / "nodePort", p.node_port);
    if (!numbers.insert({p.protocol, p.port}).second) {
      // The value as Go renders a ServicePort that has only these two set.
      out.duplicate(path[i], BadValue::json(fmt::format(R"({{"protocol":{},"port":{},"targetPort":0}})",
                                                        quote(p.protocol), p.port)));
    }
  }
}

void check_type(Problems& out, const Service& s) {
  const auto& spec = s.spec;
  if ((spec.type == "LoadBalancer" || spec.type == "NodePort") && is_headless(s)) {
    out.invalid((kSpec / "clusterIPs")[0], "None", fmt::format("may not be set to 'None' for {} services", spec.type));
  }
  if (spec.type != "ExternalName") return;
  if (!spec.cluster_ips.empty()) out.forbidden(kSpec / "clusterIPs", "may not be set for ExternalName services");
  if (!spec.ip_families.empty()) out.forbidden(kSpec / "ipFamilies", "may not be set for ExternalName services");
  if (spec.ip_family_policy) out.forbidden(kSpec / "ipFamilyPolicy", "may not be set for ExternalName services");
  std::string_view name = spec.external_name;
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty())
    out.required(kSpec / "externalName");
  else
    out.invalid(kSpec / "externalName", name, dns1123_subdomain(name));
}

void check_affinity(Problems& out, const ServiceSpec& spec) {
  const auto& kind = spec.session_affinity;
  if (kind.empty())
    out.required(kSpec / "sessionAffinity");
  else if (kind != "ClientIP" && kind != "None")
    out.not_supported(kSpec / "sessionAffinity", kind, {"ClientIP", "None"});
  const auto path = kSpec / "sessionAffinityConfig";
  const auto& config = spec.session_affinity_config;
  if (kind == "None" && config) out.forbidden(path, "must not be set when session affinity is None");
  if (kind != "ClientIP") return;
  constexpr std::string_view kWhy = "when session affinity type is ClientIP";
  if (!config) return out.required(path, kWhy);
  if (!config->client_ip) return out.required(path / "clientIP", kWhy);
  const auto seconds = path / "clientIP" / "timeoutSeconds";
  const auto& timeout = config->client_ip->timeout_seconds;
  if (!timeout) return out.required(seconds, kWhy);
  if (*timeout <= 0 || *timeout > 86400) out.invalid(seconds, *timeout, "must be greater than 0 and less than 86400");
}

void check_cluster_ips(Problems& out, const Service& s, const Service* old) {
  const auto& spec = s.spec;
  if (spec.type == "ExternalName") return;
  const auto path = kSpec / "clusterIPs";
  const auto& ips = spec.cluster_ips;
  if (!spec.cluster_ip.empty()) {
    if (ips.empty())
      out.required(path);
    else if (ips[0] != spec.cluster_ip)
      out.invalid(path, ips, "first value must match `clusterIP`");
  } else if (!ips.empty()) {
    out.invalid(path, ips, "must be empty when `clusterIP` is not specified");
  }
  const auto families = kSpec / "ipFamilies";
  for (size_t i = 0; i < spec.ip_families.size(); ++i) {
    const auto& f = spec.ip_families[i];
    if (f != "IPv4" && f != "IPv6") out.not_supported(families[i], f, {"IPv4", "IPv6"});
    if (std::find(spec.ip_families.begin(), spec.ip_families.begin() + static_cast<ptrdiff_t>(i), f) !=
        spec.ip_families.begin() + static_cast<ptrdiff_t>(i))
      out.duplicate(families[i], f);
  }
  if (const auto& p = spec.ip_family_policy;
      p && *p != "SingleStack" && *p != "PreferDualStack" && *p != "RequireDualStack")
    out.not_supported(kSpec / "ipFamilyPolicy", *p, {"PreferDualStack", "RequireDualStack", "SingleStack"});
  bool wrong = false;
  std::vector<IpFamily> found;
  for (size_t i = 0; i < ips.size(); ++i) {
    if (i == 0 && ips[i] == "None") {
      if (ips.size() > 1) {
        wrong = true;
        out.invalid(path, ips, "'None' must be the first and only value");
      }
      continue;
    }
    const auto ip = IpAddress::parse(ips[i]);
    if (ip) found.push_back(ip->family());
    if (ip || (old != nullptr && contains(old->spec.cluster_ips, ips[i]))) continue;
    wrong = true;
    check_ip(out, path[i], ips[i]);
  }
  if (ips.size() > 2) out.invalid(path, ips, "may only hold up to 2 values");
  if (wrong) return;
  if (found.size() > 1 && found[0] == found[1])
    out.invalid(path, ips, "may specify no more than one IP for each IP family");
  if (is_headless(s)) return;
  for (size_t i = 0; i < found.size() && i < spec.ip_families.size(); ++i) {
    if (to_string(found[i]) != spec.ip_families[i])
      out.invalid(path[i], ips[i],
                  fmt::format("expected an {} value as indicated by `ipFamilies[{}]`", spec.ip_families[i], i));
  }
}

void check_load_balancer(Problems& out, const Service& s, const Service* old) {
  const auto& spec = s.spec;
  const bool balanced = spec.type == "LoadBalancer";
  constexpr std::string_view kOnly = "may only be used when `type` is 'LoadBalancer'";
  if (!spec.load_balancer_source_ranges.empty()) {
    // Kubernetes spells this path with a capital letter.
    const auto path = kSpec / "LoadBalancerSourceRanges";
    if (!balanced) out.forbidden(path, kOnly);
    for (size_t i = 0; i < spec.load_balancer_source_ranges.size(); ++i) {
      const auto range = trim(spec.load_balancer_source_ranges[i]);
      if (old == nullptr || !contains(old->spec.load_balancer_source_ranges, range)) check_cidr(out, path[i], range);
    }
  }
  if (spec.allocate_load_balancer_node_ports && !balanced)
    out.forbidden(kSpec / "allocateLoadBalancerNodePorts", kOnly);
  if (!spec.load_balancer_class) return;
  const auto path = kSpec / "loadBalancerClass";
  if (balanced)
    out.invalid(path, *spec.load_balancer_class, qualified_name(*spec.load_balancer_class));
  else
    out.forbidden(path, kOnly);
}

void check_traffic(Problems& out, const Service& s) {
  const auto& spec = s.spec;
  const auto& external = spec.external_traffic_policy;
  if (!is_externally_accessible(s)) {
    if (!external.empty())
      out.invalid(kSpec / "externalTrafficPolicy", external, "may only be set for externally-accessible services");
  } else if (external.empty()) {
    out.required(kSpec / "externalTrafficPolicy");
  } else if (external != "Cluster" && external != "Local") {
    out.not_supported(kSpec / "externalTrafficPolicy", external, {"Cluster", "Local"});
  }
  // Absent is fine: the server allocates it.
  if (spec.health_check_node_port != 0) {
    if (needs_health_check(s))
      out.invalid(kSpec / "healthCheckNodePort", spec.health_check_node_port, port_number(spec.health_check_node_port));
    else
      out.invalid(kSpec / "healthCheckNodePort", spec.health_check_node_port,
                  "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
  }
  const auto& internal = spec.internal_traffic_policy;
  if (!internal && spec.type != "ExternalName")
    out.required(kSpec / "internalTrafficPolicy");
  else if (internal && *internal != "Cluster" && *internal != "Local")
    out.not_supported(kSpec / "internalTrafficPolicy", *internal, {"Cluster", "Local"});
  const auto& spread = spec.traffic_distribution;
  if (spread && *spread != "PreferClose" && *spread != "PreferSameZone" && *spread != "PreferSameNode")
    out.not_supported(kSpec / "trafficDistribution", *spread, {"PreferClose", "PreferSameZone", "PreferSameNode"});
}

void check_service(Problems& out, const Service& s, const Service* old) {
  check_type(out, s);
  check_ports(out, s);
  check_labels(out, kSpec / "selector", s.spec.selector);
  check_affinity(out, s.spec);
  check_cluster_ips(out, s, old);
  const auto external = kSpec / "externalIPs";
  for (size_t i = 0; i < s.spec.external_ips.size(); ++i) {
    const auto& ip = s.spec.external_ips[i];
    if (IpAddress::parse(ip))
      check_endpoint_ip(out, external[i], ip);
    else if (old == nullptr || !contains(old->spec.external_ips, ip))
      check_ip(out, external[i], ip);
  }
  const auto& type = s.spec.type;
  if (type.empty())
    out.required(kSpec / "type");
  else if (type != "ClusterIP" && type != "ExternalName" && type != "LoadBalancer" && type != "NodePort")
    out.not_supported(kSpec / "type", type, {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"});
  check_load_balancer(out, s, old);
  check_traffic(out, s);
}

// One address or family may come or go at the end; the first stays what it is.
void check_list_change(Problems& out, const char* name, const char* singular, const Service& next,
                       const std::vector<std::string>& now, const std::vector<std::string>& before) {
  const auto path = kSpec / name;
  const auto value = BadValue(next.spec.cluster_ips);
  if (now.size() == before.size()) {
    for (size_t i = 0; i < now.size(); ++i) {
      if (now[i] != before[i]) out.invalid(path[i], value, "may not change once set");
    }
    return;
  }
  if (now.empty()) {
    out.invalid(path[0], value, fmt::format("primary {} can not be unset", singular));
  } else if (!before.empty() && now[0] != before[0]) {
    out.invalid(path[0], value, "may not change once set");
  }
  if (now.size() == 1 && before.size() > 1 && next.spec.ip_family_policy != "SingleStack") {
    out.invalid(kSpec / "ipFamilyPolicy", next.spec.ip_family_policy,
                fmt::format("must be set to 'SingleStack' when releasing the secondary {}", singular));
  }
}

}  // namespace

FieldErrors validate_service(const Service& s) {
  Problems out;
  check_object_meta(out, s.metadata, true, dns1035_label);
  check_service(out, s, nullptr);
  return std::move(out).take();
}

FieldErrors validate_service_update(const Service& next, const Service& old) {
  Problems out;
  check_object_meta_update(out, next.metadata, old.metadata);
  if (needs_cluster_ip(next) && needs_cluster_ip(old)) {
    const bool both_headless = is_headless(next) && is_headless(old);
    if (!both_headless)
      check_list_change(out, "clusterIPs", "clusterIP", next, next.spec.cluster_ips, old.spec.cluster_ips);
    if (!old.spec.ip_families.empty())
      check_list_change(out, "ipFamilies", "ipFamily", next, next.spec.ip_families, old.spec.ip_families);
  }
  if (next.spec.type == "LoadBalancer" && old.spec.type == "LoadBalancer" &&
      next.spec.load_balancer_class != old.spec.load_balancer_class)
    out.invalid(kSpec / "loadBalancerClass", next.spec.load_balancer_class, "may not change once set");
  if (needs_health_check(next) && needs_health_check(old) &&
      next.spec.health_check_node_port != old.spec.health_check_node_port)
    out.forbidden(kSpec / "healthCheckNodePort", "field is immutable");
  check_service(out, next, &old);
  return std::move(out).take();
}

FieldErrors validate_service_status(const Service& next, const Service& old) {
  Problems out;
  check_object_meta_update(out, next.metadata, old.metadata);
  const auto path = FieldPath("status") / "loadBalancer" / "ingress";
  const auto& ingress = next.status.load_balancer.ingress;
  if (!ingress.empty() && next.spec.type != "LoadBalancer")
    out.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'");
  for (size_t i = 0; i < ingress.size(); ++i) {
    const auto& in = ingress[i];
    if (!in.ip.empty()) check_ip(out, path[i] / "ip", in.ip);
    if (in.ip_mode && *in.ip_mode != "VIP" && *in.ip_mode != "Proxy")
      out.not_supported(path[i] / "ipMode", *in.ip_mode, {"Proxy", "VIP"});
    if (in.ip_mode && in.ip.empty()) out.forbidden(path[i] / "ipMode", "may not be specified when `ip` is not set");
    if (!in.hostname.empty()) {
      out.invalid(path[i] / "hostname", in.hostname, dns1123_subdomain(in.hostname));
      if (IpAddress::parse(in.hostname))
        out.invalid(path[i] / "hostname", in.hostname, "must be a DNS name, not an IP address");
    }
  }
  return std::move(out).take();
}

}  // namespace fairlead::api
