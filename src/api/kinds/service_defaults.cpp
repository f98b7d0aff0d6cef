// Defaults of Services, and what an update keeps or drops (kubernetes pkg/registry/core/service).
#include <algorithm>
#include <map>
#include <set>

#include "api/kinds/service_rules.h"

namespace fairlead::api {
namespace {

bool same_node_ports(const Service& a, const Service& b) {
  const auto ports = [](const Service& s) {
    std::set<int32_t> out;
    for (const auto& p : s.spec.ports) out.insert(p.node_port);
    out.erase(0);
    return out;
  };
  return ports(a) == ports(b);
}

void keep_allocated(Service& next, const Service& old) {
  if (needs_cluster_ip(old) && needs_cluster_ip(next)) {
    if (next.spec.cluster_ip.empty() && next.spec.cluster_ips.empty()) next.spec.cluster_ip = old.spec.cluster_ip;
    if (next.spec.cluster_ips.empty() && next.spec.cluster_ip == old.spec.cluster_ip)
      next.spec.cluster_ips = old.spec.cluster_ips;
    if (!next.spec.ip_family_policy) next.spec.ip_family_policy = old.spec.ip_family_policy;
    if (next.spec.ip_families.empty()) next.spec.ip_families = old.spec.ip_families;
  }
  if (needs_node_ports(old) && needs_node_ports(next)) {
    std::set<int32_t> used;
    for (const auto& p : next.spec.ports) used.insert(p.node_port);
    std::map<std::string_view, int32_t> by_name;
    for (const auto& p : old.spec.ports) by_name[p.name] = p.node_port;
    for (auto& p : next.spec.ports) {
      const auto it = by_name.find(p.name);
      if (p.node_port == 0 && it != by_name.end() && used.insert(it->second).second) p.node_port = it->second;
    }
  }
  if (needs_health_check(old) && needs_health_check(next) && next.spec.health_check_node_port == 0)
    next.spec.health_check_node_port = old.spec.health_check_node_port;
}

// clusterIP and clusterIPs say the same; old clients know only the first.
void join_cluster_ips(Service& next, const Service& old) {
  if (next.spec.cluster_ip == old.spec.cluster_ip) return;
  if (next.spec.cluster_ips != old.spec.cluster_ips) return;
  if (next.spec.cluster_ip.empty())
    next.spec.cluster_ips.clear();
  else
    next.spec.cluster_ips = {next.spec.cluster_ip};
}

// Fields that the old type needed and the new one does not, unless the client changed them too (validation says so
// then).
void drop_unneeded(Service& next, const Service& old) {
  auto& n = next.spec;
  const auto& o = old.spec;
  if (needs_cluster_ip(old) && !needs_cluster_ip(next)) {
    if (n.cluster_ip == o.cluster_ip && n.cluster_ips == o.cluster_ips) {
      n.cluster_ip.clear();
      n.cluster_ips.clear();
    }
    if (n.ip_families == o.ip_families) n.ip_families.clear();
    if (n.ip_family_policy == o.ip_family_policy) n.ip_family_policy.reset();
  }
  if (needs_node_ports(old) && !needs_node_ports(next) && same_node_ports(old, next)) {
    for (auto& p : n.ports) p.node_port = 0;
  }
  if (needs_health_check(old) && !needs_health_check(next) && n.health_check_node_port == o.health_check_node_port)
    n.health_check_node_port = 0;
  if (o.type == "LoadBalancer" && n.type != "LoadBalancer") {
    if (n.allocate_load_balancer_node_ports == o.allocate_load_balancer_node_ports)
      n.allocate_load_balancer_node_ports.reset();
    if (n.load_balancer_class == o.load_balancer_class) n.load_balancer_class.reset();
  }
  if (is_externally_accessible(old) && !is_externally_accessible(next) &&
      n.external_traffic_policy == o.external_traffic_policy)
    n.external_traffic_policy.clear();
  if (n.type != "LoadBalancer") next.status.load_balancer = {};
}

}  // namespace

bool is_headless(const Service& s) {
  return s.spec.cluster_ips.empty() ? s.spec.cluster_ip == "None"
                                    : s.spec.cluster_ips.size() == 1 && s.spec.cluster_ips[0] == "None";
}
bool needs_cluster_ip(const Service& s) { return s.spec.type != "ExternalName"; }
bool needs_node_ports(const Service& s) {
  return s.spec.type == "NodePort" ||
         (s.spec.type == "LoadBalancer" && s.spec.allocate_load_balancer_node_ports.value_or(true));
}
bool needs_health_check(const Service& s) {
  return s.spec.type == "LoadBalancer" && s.spec.external_traffic_policy == "Local";
}
bool is_externally_accessible(const Service& s) {
  return s.spec.type == "LoadBalancer" || s.spec.type == "NodePort" ||
         (s.spec.type == "ClusterIP" && !s.spec.external_ips.empty());
}

void default_service(Service& service) {
  auto& spec = service.spec;
  if (spec.session_affinity.empty()) spec.session_affinity = "None";
  if (spec.session_affinity == "None") spec.session_affinity_config.reset();
  if (spec.session_affinity == "ClientIP") {
    auto& client = spec.session_affinity_config.get_or_create().client_ip.get_or_create();
    if (!client.timeout_seconds) client.timeout_seconds = 10800;
  }
  if (spec.type.empty()) spec.type = "ClusterIP";
  for (auto& p : spec.ports) {
    if (p.protocol.empty()) p.protocol = "TCP";
    if (p.target_port.empty()) p.target_port = IntOrString(p.port);
  }
  if (is_externally_accessible(service) && spec.external_traffic_policy.empty())
    spec.external_traffic_policy = "Cluster";
  const bool known = spec.type == "ClusterIP" || spec.type == "NodePort" || spec.type == "LoadBalancer";
  if (!spec.internal_traffic_policy && known) spec.internal_traffic_policy = "Cluster";
  if (spec.type == "LoadBalancer") {
    if (!spec.allocate_load_balancer_node_ports) spec.allocate_load_balancer_node_ports = true;
    for (auto& i : service.status.load_balancer.ingress) {
      if (!i.ip.empty() && !i.ip_mode) i.ip_mode = "VIP";
    }
  }
}

void prepare_service(Service& service) {
  service.status = {};
  service.metadata.generation = 0;
  if (!service.spec.cluster_ip.empty() && service.spec.cluster_ips.empty())
    service.spec.cluster_ips = {service.spec.cluster_ip};
}

void prepare_service_update(Service& next, const Service& old) {
  next.status = old.status;
  next.metadata.generation = old.metadata.generation;
  keep_allocated(next, old);
  join_cluster_ips(next, old);
  drop_unneeded(next, old);
}

}  // namespace fairlead::api
