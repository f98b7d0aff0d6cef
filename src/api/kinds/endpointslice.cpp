#include "api/kinds/endpointslice.h"

#include <set>

#include "api/duration.h"
#include "api/kind.h"
#include "api/validation.h"
#include "base/ip.h"
#include "base/text.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<EndpointConditions>() {
  using T = EndpointConditions;
  static const TypeInfo info("io.k8s.api.discovery.v1.EndpointConditions",
                             {
                                 field(&T::ready, "ready", 1, kOmitEmpty),
                                 field(&T::serving, "serving", 2, kOmitEmpty),
                                 field(&T::terminating, "terminating", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ForZone>() {
  using T = ForZone;
  static const TypeInfo info("io.k8s.api.discovery.v1.ForZone", {
                                                                    field(&T::name, "name", 1, kRequired),
                                                                });
  return info;
}

template <>
const TypeInfo& type_info<ForNode>() {
  using T = ForNode;
  static const TypeInfo info("io.k8s.api.discovery.v1.ForNode", {
                                                                    field(&T::name, "name", 1, kRequired),
                                                                });
  return info;
}

template <>
const TypeInfo& type_info<EndpointHints>() {
  using T = EndpointHints;
  static const TypeInfo info("io.k8s.api.discovery.v1.EndpointHints",
                             {
                                 field(&T::for_zones, "forZones", 1, kOmitEmpty),
                                 field(&T::for_nodes, "forNodes", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SliceEndpoint>() {
  using T = SliceEndpoint;
  static const TypeInfo info("io.k8s.api.discovery.v1.Endpoint",
                             {
                                 field(&T::addresses, "addresses", 1, kRequired | kListSet),
                                 field(&T::conditions, "conditions", 2, kOmitEmpty),
                                 field(&T::hostname, "hostname", 3, kOmitEmpty),
                                 field(&T::target_ref, "targetRef", 4, kOmitEmpty),
                                 field(&T::deprecated_topology, "deprecatedTopology", 5, kOmitEmpty),
                                 field(&T::node_name, "nodeName", 6, kOmitEmpty),
                                 field(&T::zone, "zone", 7, kOmitEmpty),
                                 field(&T::hints, "hints", 8, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<EndpointSlicePort>() {
  using T = EndpointSlicePort;
  static const TypeInfo info("io.k8s.api.discovery.v1.EndpointPort",
                             {
                                 field(&T::name, "name", 1, kOmitEmpty),
                                 field(&T::protocol, "protocol", 2, kOmitEmpty),
                                 field(&T::port, "port", 3, kOmitEmpty),
                                 field(&T::app_protocol, "appProtocol", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<EndpointSlice>() {
  using T = EndpointSlice;
  static const TypeInfo info("io.k8s.api.discovery.v1.EndpointSlice",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::address_type, "addressType", 4, kRequired),
                                 field(&T::endpoints, "endpoints", 2, kRequired),
                                 field(&T::ports, "ports", 3, 0),
                             });
  return info;
}

namespace {

constexpr size_t kMaxEndpoints = 1000;
constexpr size_t kMaxAddresses = 100;
constexpr size_t kMaxPorts = 20000;
constexpr size_t kMaxTopologyLabels = 16;
constexpr size_t kMaxHints = 8;

void set_defaults(Object& object) {
  for (auto& port : object.as<EndpointSlice>().ports) {
    if (!port.name) port.name = "";
    if (!port.protocol) port.protocol = "TCP";
  }
}

void prepare_update(Object& object, const Object& old_object) {
  auto& next = object.as<EndpointSlice>();
  const auto& old = old_object.as<EndpointSlice>();
  const bool same = next.ports == old.ports && next.endpoints == old.endpoints &&
                    next.metadata.labels == old.metadata.labels &&
                    next.metadata.annotations == old.metadata.annotations;
  next.metadata.generation = old.metadata.generation + (same ? 0 : 1);
}

void check_ports(Problems& out, const std::vector<EndpointSlicePort>& ports) {
  const FieldPath path("ports");
  if (ports.size() > kMaxPorts) {
    out.too_many(path, ports.size(), kMaxPorts);
    return;
  }
  std::set<std::string_view> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    const auto& p = ports[i];
    const std::string_view name = p.name ? std::string_view(*p.name) : std::string_view();
    if (!name.empty()) out.invalid(path[i] / "name", name, dns1123_label(name));
    if (!names.insert(name).second) out.duplicate(path[i] / "name", name);
    check_protocol(out, path[i] / "protocol", p.protocol ? *p.protocol : "");
    if (p.app_protocol) out.invalid(path[i] / "appProtocol", *p.app_protocol, qualified_name(*p.app_protocol));
  }
}

void check_fqdn(Problems& out, const FieldPath& path, std::string_view name) {
  if (name.empty()) {
    out.required(path);
    return;
  }
  if (name.ends_with('.')) name.remove_suffix(1);
  const auto wrong = dns1123_subdomain(name);
  if (!wrong.empty())
    out.invalid(path, name, std::string_view(join(wrong, ",")));
  else if (name.find('.') == std::string_view::npos)
    out.invalid(path, name, "should be a domain with at least two segments separated by dots");
}

void check_address(Problems& out, const FieldPath& list, size_t index, std::string_view type, const std::string& text) {
  if (type == "FQDN") return check_fqdn(out, list[index], text);
  if (type != "IPv4" && type != "IPv6") return;
  const auto ip = IpAddress::parse(text);
  if (!ip) return check_ip(out, list[index], text);
  if (to_string(ip->family()) != type)
    out.invalid(list, text, fmt::format("must be an {} address", type));
  else if (type == "IPv6" && ip->to_string() != text)
    out.invalid(list[index], text, fmt::format("must be in canonical form ({})", quote(ip->to_string())));
  check_endpoint_ip(out, list[index], text);
}

void check_hints(Problems& out, const FieldPath& path, const EndpointHints& hints) {
  const auto zones = path / "forZones";
  if (hints.for_zones.size() > kMaxHints) return out.too_many(zones, hints.for_zones.size(), kMaxHints);
  for (size_t i = 0; i < hints.for_zones.size(); ++i)
    out.invalid(zones[i] / "name", hints.for_zones[i].name, label_value(hints.for_zones[i].name));
  const auto nodes = path / "forNodes";
  if (hints.for_nodes.size() > kMaxHints) return out.too_many(nodes, hints.for_nodes.size(), kMaxHints);
  for (size_t i = 0; i < hints.for_nodes.size(); ++i)
    out.invalid(nodes[i] / "name", hints.for_nodes[i].name, dns1123_subdomain(hints.for_nodes[i].name));
}

void check_endpoints(Problems& out, const EndpointSlice& slice) {
  const FieldPath path("endpoints");
  if (slice.endpoints.size() > kMaxEndpoints) return out.too_many(path, slice.endpoints.size(), kMaxEndpoints);
  for (size_t i = 0; i < slice.endpoints.size(); ++i) {
    const auto& e = slice.endpoints[i];
    const auto at = path[i];
    const auto addresses = at / "addresses";
    if (e.addresses.empty()) out.required(addresses, "must contain at least 1 address");
    if (e.addresses.size() > kMaxAddresses) out.too_many(addresses, e.addresses.size(), kMaxAddresses);
    for (size_t j = 0; j < e.addresses.size(); ++j)
      check_address(out, addresses, j, slice.address_type, e.addresses[j]);
    if (e.node_name) out.invalid(at / "nodeName", *e.node_name, dns1123_subdomain(*e.node_name));
    if (e.deprecated_topology.size() > kMaxTopologyLabels)
      out.too_many(at / "deprecatedTopology", e.deprecated_topology.size(), kMaxTopologyLabels);
    check_labels(out, at / "deprecatedTopology", e.deprecated_topology);
    if (e.hostname) out.invalid(at / "hostname", *e.hostname, dns1123_label(*e.hostname));
    if (e.hints) check_hints(out, at / "hints", *e.hints);
  }
}

void check_all(Problems& out, const EndpointSlice& slice, const EndpointSlice* old) {
  check_object_meta(out, slice.metadata, true, name_is_subdomain);
  const auto& type = slice.address_type;
  if (type.empty())
    out.required(FieldPath("addressType"));
  else if (type != "IPv4" && type != "IPv6" && type != "FQDN")
    out.not_supported(FieldPath("addressType"), type, {"FQDN", "IPv4", "IPv6"});
  check_ports(out, slice.ports);
  if (old == nullptr || slice.endpoints != old->endpoints) check_endpoints(out, slice);
}

FieldErrors validate(const Object& object) {
  Problems out;
  check_all(out, object.as<EndpointSlice>(), nullptr);
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next_object, const Object& old_object) {
  const auto& next = next_object.as<EndpointSlice>();
  const auto& old = old_object.as<EndpointSlice>();
  Problems out;
  check_all(out, next, &old);
  if (next.address_type != old.address_type) out.immutable(FieldPath("addressType"), next.address_type);
  return std::move(out).take();
}

// The first three, and how many more.
std::string shorten(const std::vector<std::string_view>& all) {
  constexpr size_t kShown = 3;
  if (all.empty()) return "<unset>";
  std::string out;
  for (size_t i = 0; i < all.size() && i < kShown; ++i) {
    if (i != 0) out += ',';
    out += all[i];
  }
  return all.size() > kShown ? fmt::format("{} + {} more...", out, all.size() - kShown) : out;
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& slice = object.as<EndpointSlice>();
  std::vector<std::string> port_texts;
  port_texts.reserve(slice.ports.size());
  for (const auto& p : slice.ports) port_texts.push_back(p.port ? std::to_string(*p.port) : p.name.value_or("*"));
  std::vector<std::string_view> addresses;
  for (const auto& e : slice.endpoints) addresses.insert(addresses.end(), e.addresses.begin(), e.addresses.end());
  return {slice.address_type, shorten({port_texts.begin(), port_texts.end()}), shorten(addresses),
          age(slice.metadata.creation_timestamp, now)};
}

}  // namespace

template <>
const KindInfo& kind_of<EndpointSlice>() {
  static const KindInfo info{
      .group = "discovery.k8s.io",
      .version = "v1",
      .kind = "EndpointSlice",
      .plural = "endpointslices",
      .singular = "endpointslice",
      .short_names = {},
      .categories = {},
      .namespaced = true,
      .has_status = false,
      .has_scale = false,
      .other_subresources = {},
      .type = &type_info<EndpointSlice>,
      .make = [] { return make_object(EndpointSlice{}); },
      .set_defaults = set_defaults,
      .prepare_create = [](Object& next) { next.meta().generation = 1; },
      .prepare_update = prepare_update,
      .validate = validate,
      .validate_update = validate_update,
      .columns = {{"AddressType", "string"}, {"Ports", "string"}, {"Endpoints", "string"}, {"Age", "string"}},
      .row = row,
  };
  return info;
}

}  // namespace fairlead::api
