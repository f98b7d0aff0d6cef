#include "proxy/model/parse.h"

#include "base/text.h"

namespace fairlead::proxy {
namespace {

class Reporter {
 public:
  Reporter(std::string kind, std::string object, std::vector<Problem>& problems)
      : kind_(std::move(kind)), object_(std::move(object)), problems_(problems) {}
  void operator()(std::string field, std::string message) {
    problems_.push_back({kind_, object_, std::move(field), std::move(message)});
  }

 private:
  std::string kind_;
  std::string object_;
  std::vector<Problem>& problems_;
};

std::optional<uint16_t> port_number(int64_t value) {
  if (value < 1 || value > 65535) return std::nullopt;
  return static_cast<uint16_t>(value);
}

std::string out_of_range(int64_t value) { return fmt::format("{} is no port: must be between 1 and 65535", value); }

void parse_ports(const api::Service& service, ParsedService& parsed, Reporter& report) {
  for (size_t i = 0; i < service.spec.ports.size(); ++i) {
    const api::ServicePort& port = service.spec.ports[i];
    const auto field = [&](std::string_view name) { return fmt::format("spec.ports[{}].{}", i, name); };
    const auto protocol = parse_protocol(port.protocol.empty() ? "TCP" : port.protocol);
    if (!protocol) {
      report(field("protocol"), fmt::format("\"{}\" is not supported: must be TCP, UDP or SCTP", port.protocol));
      continue;
    }
    const auto number = port_number(port.port);
    if (!number) {
      report(field("port"), out_of_range(port.port));
      continue;
    }
    uint16_t node_port = 0;
    if (port.node_port != 0) {
      const auto given = port_number(port.node_port);
      if (given)
        node_port = *given;
      else
        report(field("nodePort"), out_of_range(port.node_port));
    }
    const bool repeated = std::ranges::any_of(
        parsed.ports, [&](const ParsedPort& p) { return p.name == port.name && p.protocol == *protocol; });
    if (repeated) {
      report(field("name"), fmt::format("another {} port is already called \"{}\"", port.protocol, port.name));
      continue;
    }
    parsed.ports.push_back({port.name, *protocol, *number, node_port});
  }
}

void parse_addresses(const api::Service& service, ParsedService& parsed, Reporter& report) {
  const auto family = [&](const IpAddress& a) -> ParsedService::Family& {
    return parsed.families[static_cast<size_t>(a.family())];
  };
  std::vector<std::string> cluster_ips = service.spec.cluster_ips;
  if (cluster_ips.empty()) cluster_ips.push_back(service.spec.cluster_ip);
  bool first = true;
  for (size_t i = 0; i < cluster_ips.size(); ++i) {
    const auto address = IpAddress::parse(cluster_ips[i]);
    if (!address) {
      report(fmt::format("spec.clusterIPs[{}]", i), address.error().message);
      continue;
    }
    if (std::exchange(first, false)) parsed.primary = address->family();
    if (family(*address).cluster_ips.empty()) family(*address).cluster_ips.push_back(*address);
  }
  for (size_t i = 0; i < service.spec.external_ips.size(); ++i) {
    const auto address = IpAddress::parse(service.spec.external_ips[i]);
    if (address)
      family(*address).external_ips.push_back(*address);
    else
      report(fmt::format("spec.externalIPs[{}]", i), address.error().message);
  }
  if (service.spec.type == "LoadBalancer") {
    for (size_t i = 0; i < service.status.load_balancer.ingress.size(); ++i) {
      const api::LoadBalancerIngress& ingress = service.status.load_balancer.ingress[i];
      if (ingress.ip.empty()) continue;
      // ipMode Proxy: the load balancer delivers to the node, and traffic to its address is to pass through it.
      if (ingress.ip_mode && *ingress.ip_mode == "Proxy") continue;
      const auto address = IpAddress::parse(ingress.ip);
      if (address)
        family(*address).load_balancer_ips.push_back(*address);
      else
        report(fmt::format("status.loadBalancer.ingress[{}].ip", i), address.error().message);
    }
  }
  parsed.restricted = !service.spec.load_balancer_source_ranges.empty();
  for (size_t i = 0; i < service.spec.load_balancer_source_ranges.size(); ++i) {
    const auto range = Cidr::parse(trim(service.spec.load_balancer_source_ranges[i]));
    if (range)
      family(range->base()).source_ranges.push_back(*range);
    else
      report(fmt::format("spec.loadBalancerSourceRanges[{}]", i), range.error().message);
  }
}

std::map<std::string, uint16_t> parse_weights(const api::EndpointSlice& slice, Reporter& report) {
  std::map<std::string, uint16_t> weights;
  const auto found = slice.metadata.annotations.find(std::string(kWeightsAnnotation));
  if (found == slice.metadata.annotations.end()) return weights;
  for (const std::string_view part : split(found->second, ',')) {
    const std::string_view item = trim(part);
    if (item.empty()) continue;
    const size_t equals = item.find('=');
    const auto weight = equals == std::string_view::npos ? std::nullopt : parse_int(item.substr(equals + 1));
    if (!weight || *weight < 0 || *weight > 65535) {
      report(fmt::format("metadata.annotations[{}]", kWeightsAnnotation),
             fmt::format("\"{}\" is not ADDRESS=WEIGHT with a weight from 0 to 65535", item));
      continue;
    }
    weights[std::string(item.substr(0, equals))] = static_cast<uint16_t>(*weight);
  }
  return weights;
}

void parse_slice_ports(const api::EndpointSlice& slice, ParsedSlice& parsed, Reporter& report) {
  for (size_t i = 0; i < slice.ports.size(); ++i) {
    const api::EndpointSlicePort& port = slice.ports[i];
    if (!port.port) continue;  // "all ports": the API leaves that to consumers other than the service proxy
    const auto number = port_number(*port.port);
    const auto protocol = parse_protocol(port.protocol.value_or("TCP"));
    if (!number)
      report(fmt::format("ports[{}].port", i), out_of_range(*port.port));
    else if (!protocol)
      report(fmt::format("ports[{}].protocol", i),
             fmt::format("\"{}\" is not supported: must be TCP, UDP or SCTP", *port.protocol));
    else
      parsed.ports.push_back({port.name.value_or(""), *protocol, *number});
  }
}

}  // namespace

uint32_t HintSets::intern(std::vector<std::string> zones) {
  if (zones.empty()) return 0;
  const auto [at, added] = index_.try_emplace(zones, static_cast<uint32_t>(sets_.size()));
  if (added) sets_.push_back(std::move(zones));
  return at->second;
}

bool HintSets::contains(uint32_t set, std::string_view zone) const {
  return !zone.empty() && std::ranges::find(sets_[set], zone) != sets_[set].end();
}

bool is_proxied(const api::Service& service) {
  if (service.spec.type == "ExternalName") return false;
  const std::string& ip = service.spec.cluster_ips.empty() ? service.spec.cluster_ip : service.spec.cluster_ips[0];
  if (ip.empty() || ip == "None") return false;
  return !service.metadata.labels.contains(std::string(kServiceProxyNameLabel)) &&
         !service.metadata.labels.contains(std::string(kHeadlessLabel));
}

bool is_proxied(const api::EndpointSlice& slice) {
  return !slice.metadata.labels.contains(std::string(kServiceProxyNameLabel)) &&
         !slice.metadata.labels.contains(std::string(kHeadlessLabel));
}

ParsedService parse_service(const api::Service& service, std::vector<Problem>& problems) {
  Reporter report("Service", api::key_of(service.metadata), problems);
  ParsedService parsed;
  parsed.ns = service.metadata.namespace_;
  parsed.name = service.metadata.name;
  if (service.metadata.creation_timestamp) parsed.created = *service.metadata.creation_timestamp.at;
  parse_ports(service, parsed, report);
  parse_addresses(service, parsed, report);
  parsed.internal_local = service.spec.internal_traffic_policy == "Local";
  parsed.external_local = service.spec.external_traffic_policy == "Local";
  if (service.spec.session_affinity == "ClientIP") {
    constexpr uint32_t kDefault = 10800;  // v1.DefaultClientIPServiceAffinitySeconds
    parsed.affinity_seconds = kDefault;
    const auto& config = service.spec.session_affinity_config;
    if (config && config->client_ip && config->client_ip->timeout_seconds) {
      const int32_t given = *config->client_ip->timeout_seconds;
      if (given >= 1 && given <= 86400)
        parsed.affinity_seconds = static_cast<uint32_t>(given);
      else
        report("spec.sessionAffinityConfig.clientIP.timeoutSeconds",
               fmt::format("{} is out of range: must be between 1 and 86400; {} is used", given, kDefault));
    }
  }
  if (service.spec.type == "LoadBalancer" && parsed.external_local && service.spec.health_check_node_port != 0) {
    const auto port = port_number(service.spec.health_check_node_port);
    if (port)
      parsed.health_check_port = *port;
    else
      report("spec.healthCheckNodePort", out_of_range(service.spec.health_check_node_port));
  }
  const auto scheduler = service.metadata.annotations.find(std::string(kSchedulerAnnotation));
  if (scheduler != service.metadata.annotations.end()) parsed.scheduler = scheduler->second;
  return parsed;
}

std::optional<ParsedSlice> parse_slice(const api::EndpointSlice& slice, std::string_view node, HintSets& hints,
                                       std::vector<Problem>& problems) {
  Reporter report("EndpointSlice", api::key_of(slice.metadata), problems);
  const auto label = slice.metadata.labels.find(std::string(kServiceNameLabel));
  if (label == slice.metadata.labels.end() || label->second.empty()) return std::nullopt;
  ParsedSlice parsed;
  parsed.service = api::key_of(slice.metadata.namespace_, label->second);
  if (slice.address_type == "FQDN") return std::nullopt;
  if (slice.address_type != "IPv4" && slice.address_type != "IPv6") {
    report("addressType", fmt::format("\"{}\" is not supported: must be IPv4, IPv6 or FQDN", slice.address_type));
    return std::nullopt;
  }
  parsed.family = slice.address_type == "IPv4" ? IpFamily::kV4 : IpFamily::kV6;
  parse_slice_ports(slice, parsed, report);
  const auto weights = parse_weights(slice, report);
  parsed.endpoints.reserve(slice.endpoints.size());
  for (size_t i = 0; i < slice.endpoints.size(); ++i) {
    const api::SliceEndpoint& endpoint = slice.endpoints[i];
    const auto field = [&] { return fmt::format("endpoints[{}].addresses[0]", i); };
    if (endpoint.addresses.empty()) {
      report(field(), "an endpoint must have an address");
      continue;
    }
    // Consumers use the first address only (discovery/v1, Endpoint.addresses).
    const auto address = IpAddress::parse(endpoint.addresses[0]);
    if (!address) {
      report(field(), address.error().message);
      continue;
    }
    if (address->family() != parsed.family) {
      report(field(), fmt::format("{} is not an {} address, which addressType says", *address, slice.address_type));
      continue;
    }
    ParsedEndpoint e;
    e.address = *address;
    const auto& conditions = endpoint.conditions;
    e.ready = conditions.ready.value_or(true);
    e.serving = conditions.serving.value_or(true);
    e.terminating = conditions.terminating.value_or(false);
    e.local = endpoint.node_name && *endpoint.node_name == node;
    if (endpoint.hints) {
      e.node_hints = !endpoint.hints->for_nodes.empty();
      e.node_hint_us = std::ranges::any_of(endpoint.hints->for_nodes, [&](const auto& n) { return n.name == node; });
      std::vector<std::string> zones;
      for (const api::ForZone& zone : endpoint.hints->for_zones) zones.push_back(zone.name);
      e.zone_hints = hints.intern(std::move(zones));
    }
    if (const auto weight = weights.find(endpoint.addresses[0]); weight != weights.end()) e.weight = weight->second;
    parsed.endpoints.push_back(e);
  }
  return parsed;
}

NodeInfo parse_node(const api::Node& node) {
  NodeInfo info;
  info.name = node.metadata.name;
  if (const auto zone = node.metadata.labels.find("topology.kubernetes.io/zone"); zone != node.metadata.labels.end())
    info.zone = zone->second;
  for (const std::string_view type : {"InternalIP", "ExternalIP"}) {
    for (const api::NodeAddress& address : node.status.addresses) {
      if (address.type != type) continue;
      if (const auto ip = IpAddress::parse(address.address)) info.ips.push_back(*ip);
    }
  }
  std::vector<std::string> cidrs = node.spec.pod_cidrs;
  if (cidrs.empty() && !node.spec.pod_cidr.empty()) cidrs.push_back(node.spec.pod_cidr);
  for (const std::string& text : cidrs)
    if (const auto cidr = Cidr::parse(text)) info.pod_cidrs.push_back(*cidr);
  return info;
}

}  // namespace fairlead::proxy
