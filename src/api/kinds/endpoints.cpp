#include "api/kinds/endpoints.h"

#include "api/duration.h"
#include "api/kind.h"
#include "api/validation.h"
#include "base/ip.h"
#include "base/text.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<EndpointAddress>() {
  using T = EndpointAddress;
  static const TypeInfo info("io.k8s.api.core.v1.EndpointAddress",
                             {
                                 field(&T::ip, "ip", 1, kRequired),
                                 field(&T::hostname, "hostname", 3, kOmitEmpty),
                                 field(&T::node_name, "nodeName", 4, kOmitEmpty),
                                 field(&T::target_ref, "targetRef", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<EndpointPort>() {
  using T = EndpointPort;
  static const TypeInfo info("io.k8s.api.core.v1.EndpointPort",
                             {
                                 field(&T::name, "name", 1, kOmitEmpty),
                                 field(&T::port, "port", 2, kRequired),
                                 field(&T::protocol, "protocol", 3, kOmitEmpty),
                                 field(&T::app_protocol, "appProtocol", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<EndpointSubset>() {
  using T = EndpointSubset;
  static const TypeInfo info("io.k8s.api.core.v1.EndpointSubset",
                             {
                                 field(&T::addresses, "addresses", 1, kOmitEmpty),
                                 field(&T::not_ready_addresses, "notReadyAddresses", 2, kOmitEmpty),
                                 field(&T::ports, "ports", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<Endpoints>() {
  using T = Endpoints;
  static const TypeInfo info("io.k8s.api.core.v1.Endpoints", {
                                                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                                 field(&T::subsets, "subsets", 2, kOmitEmpty),
                                                             });
  return info;
}

namespace {

void set_defaults(Object& object) {
  for (auto& subset : object.as<Endpoints>().subsets) {
    for (auto& port : subset.ports) {
      if (port.protocol.empty()) port.protocol = "TCP";
    }
  }
}

void check_address(Problems& out, const FieldPath& path, const EndpointAddress& a) {
  if (!IpAddress::parse(a.ip))
    check_ip(out, path / "ip", a.ip);
  else
    check_endpoint_ip(out, path / "ip", a.ip);
  if (!a.hostname.empty()) out.invalid(path / "hostname", a.hostname, dns1123_label(a.hostname));
  if (a.node_name) out.invalid(path / "nodeName", *a.node_name, dns1123_subdomain(*a.node_name));
}

void check_port(Problems& out, const FieldPath& path, const EndpointPort& p, bool need_name) {
  if (need_name && p.name.empty())
    out.required(path / "name");
  else if (!p.name.empty())
    out.invalid(path / "name", p.name, dns1123_label(p.name));
  out.invalid(path / "port", p.port, port_number(p.port));
  check_protocol(out, path / "protocol", p.protocol);
  if (p.app_protocol) out.invalid(path / "appProtocol", *p.app_protocol, qualified_name(*p.app_protocol));
}

void check_subsets(Problems& out, const std::vector<EndpointSubset>& subsets) {
  for (size_t i = 0; i < subsets.size(); ++i) {
    const auto& s = subsets[i];
    const auto at = FieldPath("subsets")[i];
    if (s.addresses.empty() && s.not_ready_addresses.empty())
      out.required(at, "must specify `addresses` or `notReadyAddresses`");
    for (size_t j = 0; j < s.addresses.size(); ++j) check_address(out, (at / "addresses")[j], s.addresses[j]);
    for (size_t j = 0; j < s.not_ready_addresses.size(); ++j)
      check_address(out, (at / "notReadyAddresses")[j], s.not_ready_addresses[j]);
    for (size_t j = 0; j < s.ports.size(); ++j) check_port(out, (at / "ports")[j], s.ports[j], s.ports.size() > 1);
  }
}

FieldErrors validate(const Object& object) {
  Problems out;
  check_object_meta(out, object.meta(), true, name_is_subdomain);
  check_subsets(out, object.as<Endpoints>().subsets);
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next, const Object& old) {
  Problems out;
  check_object_meta_update(out, next.meta(), old.meta());
  check_object_meta(out, next.meta(), true, name_is_subdomain);
  if (next.as<Endpoints>().subsets != old.as<Endpoints>().subsets) check_subsets(out, next.as<Endpoints>().subsets);
  return std::move(out).take();
}

// "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more..."
std::string format(const Endpoints& e) {
  constexpr size_t kShown = 3;
  if (e.subsets.empty()) return "<none>";
  std::vector<std::string> list;
  size_t count = 0;
  const auto add = [&](const std::string& ip, int32_t port) {
    ++count;
    if (list.size() == kShown) return;
    if (port == 0)
      list.push_back(ip);
    else
      list.push_back(ip.find(':') == std::string::npos ? fmt::format("{}:{}", ip, port)
                                                       : fmt::format("[{}]:{}", ip, port));
  };
  for (const auto& s : e.subsets) {
    if (s.ports.empty()) {
      for (const auto& a : s.addresses) add(a.ip, 0);
    }
    for (const auto& p : s.ports) {
      for (const auto& a : s.addresses) add(a.ip, p.port);
    }
  }
  auto out = join(list, ",");
  return count > kShown ? fmt::format("{} + {} more...", out, count - kShown) : out;
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& e = object.as<Endpoints>();
  return {format(e), age(e.metadata.creation_timestamp, now)};
}

}  // namespace

template <>
const KindInfo& kind_of<Endpoints>() {
  static const KindInfo info{
      .group = "",
      .version = "v1",
      .kind = "Endpoints",
      .plural = "endpoints",
      .singular = "endpoints",
      .short_names = {"ep"},
      .categories = {},
      .namespaced = true,
      .has_status = false,
      .has_scale = false,
      .other_subresources = {},
      .type = &type_info<Endpoints>,
      .make = [] { return make_object(Endpoints{}); },
      .set_defaults = set_defaults,
      .prepare_update = [](Object& next, const Object& old) { next.meta().generation = old.meta().generation; },
      .validate = validate,
      .validate_update = validate_update,
      .columns = {{"Endpoints", "string"}, {"Age", "string"}},
      .row = row,
  };
  return info;
}

}  // namespace fairlead::api
