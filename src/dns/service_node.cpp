#include "dns/service_node.h"

#include <algorithm>

#include "base/text.h"

namespace fairlead::dns {

void AddressSet::add(const IpAddress& address) {
  if (address.is_v4()) {
    v4.push_back(address.v4_host_order());
  } else {
    v6.push_back(address.bytes());
  }
}

void AddressSet::sort_unique() {
  const auto tidy = [](auto& v) {
    std::sort(v.begin(), v.end());
    v.erase(std::unique(v.begin(), v.end()), v.end());
    v.shrink_to_fit();
  };
  tidy(v4);
  tidy(v6);
}

namespace {

bool usable_label(std::string_view label) { return !label.empty() && label.size() <= kMaxLabel; }

}  // namespace

std::shared_ptr<const Slice> compile_slice(const api::EndpointSlice& slice) {
  const auto owner = slice.metadata.labels.find("kubernetes.io/service-name");
  if (owner == slice.metadata.labels.end() || !usable_label(owner->second) ||
      !usable_label(slice.metadata.namespace_) || (slice.address_type != "IPv4" && slice.address_type != "IPv6")) {
    return nullptr;
  }
  auto out = std::make_shared<Slice>();
  out->key = api::key_of(slice.metadata);
  out->service = wire_labels({owner->second, slice.metadata.namespace_});
  for (const auto& port : slice.ports) {
    const auto protocol = parse_protocol(port.protocol.value_or("TCP"));
    if (!port.port || *port.port <= 0 || *port.port > 65535 || !protocol) continue;
    out->ports.push_back({lower(port.name.value_or("")), *protocol, static_cast<uint16_t>(*port.port)});
  }
  for (const auto& endpoint : slice.endpoints) {
    if (!endpoint.conditions.ready.value_or(true)) continue;
    for (const auto& text : endpoint.addresses) {
      const auto address = IpAddress::parse(text);
      if (!address || to_string(address->family()) != slice.address_type) continue;
      if (!endpoint.hostname || !usable_label(*endpoint.hostname)) {
        out->unnamed.add(*address);
        continue;
      }
      out->named.push_back(
          {static_cast<uint32_t>(out->pool.size()), static_cast<uint32_t>(endpoint.hostname->size()), *address});
      out->pool += lower(*endpoint.hostname);
    }
  }
  out->unnamed.sort_unique();
  std::sort(out->named.begin(), out->named.end(), [&](const Slice::Named& a, const Slice::Named& b) {
    return std::pair(out->hostname(a), a.address) < std::pair(out->hostname(b), b.address);
  });
  out->pool.shrink_to_fit();
  return out;
}

ServiceNode compile_service(const api::Service& service) {
  ServiceNode node;
  node.key = wire_labels({service.metadata.name, service.metadata.namespace_});
  if (service.spec.type == "ExternalName") {
    const auto target = Name::parse(lower(service.spec.external_name));
    if (!target || target->is_root() || IpAddress::parse(service.spec.external_name)) return node;
    node.kind = ServiceKind::kExternal;
    node.external = target->wire();
    return node;
  }
  if (service.spec.cluster_ip == "None") {
    node.kind = ServiceKind::kHeadless;
    return node;
  }
  auto ips = service.spec.cluster_ips;
  if (ips.empty() && !service.spec.cluster_ip.empty()) ips = {service.spec.cluster_ip};
  for (const auto& text : ips) {
    if (const auto address = IpAddress::parse(text)) node.addresses.add(*address);
  }
  if (node.addresses.empty()) return node;  // not allocated yet
  node.kind = ServiceKind::kClusterIp;
  for (const auto& port : service.spec.ports) {
    const auto protocol = parse_protocol(port.protocol.empty() ? "TCP" : port.protocol);
    if (!protocol || port.port <= 0 || port.port > 65535) continue;
    node.ports.push_back({lower(port.name), *protocol, static_cast<uint16_t>(port.port)});
  }
  return node;
}

std::string dashed(const IpAddress& address) {
  std::string text = address.to_string();
  std::replace(text.begin(), text.end(), address.is_v4() ? '.' : ':', '-');
  // A label may neither begin nor end with a dash (RFC 1123): fd00:: is fd00--0.
  if (text.front() == '-') text.insert(text.begin(), '0');
  if (text.back() == '-') text += '0';
  return text;
}

std::optional<IpAddress> parse_dashed(std::string_view label) {
  if (label.empty() || label.size() > 45) return std::nullopt;
  const bool v4 = std::count(label.begin(), label.end(), '-') == 3 && label.find("--") == std::string_view::npos;
  std::string text(label);
  std::replace(text.begin(), text.end(), '-', v4 ? '.' : ':');
  const auto address = IpAddress::parse(text);
  if (!address || address->is_v4() != v4) return std::nullopt;
  return *address;
}

}  // namespace fairlead::dns
