#include "api/kinds/ipaddress.h"

#include "api/duration.h"
#include "api/kind.h"
#include "api/kinds/service.h"
#include "base/ip.h"
#include "base/text.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<ParentReference>() {
  using T = ParentReference;
  static const TypeInfo info("io.k8s.api.networking.v1.ParentReference",
                             {
                                 field(&T::group, "group", 1, kOmitEmpty),
                                 field(&T::resource, "resource", 2, kOmitEmpty | kRequired),
                                 field(&T::namespace_, "namespace", 3, kOmitEmpty),
                                 field(&T::name, "name", 4, kOmitEmpty | kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<IpAddressSpec>() {
  using T = IpAddressSpec;
  static const TypeInfo info("io.k8s.api.networking.v1.IPAddressSpec",
                             {
                                 field(&T::parent_ref, "parentRef", 1, kOmitEmpty | kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<IpAddressObject>() {
  using T = IpAddressObject;
  static const TypeInfo info("io.k8s.api.networking.v1.IPAddress", {
                                                                       field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                                       field(&T::spec, "spec", 2, kOmitEmpty),
                                                                   });
  return info;
}

namespace {

// The same for the same Service and address, in every life of the server.
std::string derived_uid(const std::string& owner_uid, const std::string& address) {
  const uint64_t high = stable_hash(owner_uid + "/" + address);
  const uint64_t low = stable_hash(address + "/" + owner_uid);
  // Version 8 of RFC 9562: a UUID of one's own making.
  return fmt::format("{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xfff,
                     0x8000 | ((low >> 48) & 0x3fff), low & 0xffffffffffff);
}

std::vector<MutableObject> views(const Object& stored) {
  const auto& service = stored.as<Service>();
  std::vector<MutableObject> out;
  for (const auto& text : service.spec.cluster_ips) {
    const auto address = IpAddress::parse(text);
    if (!address) continue;  // None
    IpAddressObject a;
    a.metadata.name = text;
    a.metadata.uid = derived_uid(service.metadata.uid, text);
    a.metadata.resource_version = service.metadata.resource_version;
    a.metadata.creation_timestamp = service.metadata.creation_timestamp;
    a.metadata.labels = {{"ipaddress.kubernetes.io/ip-family", std::string(to_string(address->family()))},
                         {"ipaddress.kubernetes.io/managed-by", "ipallocator.k8s.io"}};
    ParentReference parent;
    parent.resource = "services";
    parent.namespace_ = service.metadata.namespace_;
    parent.name = service.metadata.name;
    a.spec.parent_ref = std::move(parent);
    out.push_back(make_object(std::move(a)));
  }
  return out;
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& a = object.as<IpAddressObject>();
  std::string parent = "<none>";
  if (a.spec.parent_ref) {
    const auto& p = *a.spec.parent_ref;
    parent = p.resource;
    if (!p.group.empty()) parent += "." + p.group;
    if (!p.namespace_.empty()) parent += "/" + p.namespace_;
    parent += "/" + p.name;
  }
  return {parent, age(a.metadata.creation_timestamp, now)};
}

std::optional<std::string> select_field(const Object& object, std::string_view path) {
  static const ParentReference kNone;
  const auto& ref = object.as<IpAddressObject>().spec.parent_ref;
  const auto& p = ref ? *ref : kNone;
  if (path == "spec.parentRef.group") return p.group;
  if (path == "spec.parentRef.resource") return p.resource;
  if (path == "spec.parentRef.namespace") return p.namespace_;
  if (path == "spec.parentRef.name") return p.name;
  return std::nullopt;
}

}  // namespace

template <>
const KindInfo& kind_of<IpAddressObject>() {
  static const KindInfo info{
      .group = "networking.k8s.io",
      .version = "v1",
      .kind = "IPAddress",
      .plural = "ipaddresses",
      .singular = "ipaddress",
      .short_names = {"ip"},
      .categories = {},
      .namespaced = false,
      .read_only = true,
      .view_of = &kind_of<Service>,
      .views = views,
      .type = &type_info<IpAddressObject>,
      .make = [] { return make_object(IpAddressObject{}); },
      .columns = {{"ParentRef", "string"}, {"Age", "string"}},
      .row = row,
      .field = select_field,
  };
  return info;
}

}  // namespace fairlead::api
