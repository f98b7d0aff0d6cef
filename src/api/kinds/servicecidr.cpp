#include "api/kinds/servicecidr.h"

#include "api/duration.h"
#include "api/kind.h"
#include "api/validation.h"
#include "base/ip.h"
#include "base/text.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<ServiceCidrSpec>() {
  using T = ServiceCidrSpec;
  static const TypeInfo info("io.k8s.api.networking.v1.ServiceCIDRSpec", {
                                                                             field(&T::cidrs, "cidrs", 1, kOmitEmpty),
                                                                         });
  return info;
}

template <>
const TypeInfo& type_info<ServiceCidrStatus>() {
  using T = ServiceCidrStatus;
  static const TypeInfo info(
      "io.k8s.api.networking.v1.ServiceCIDRStatus",
      {
          field(&T::conditions, "conditions", 1, kOmitEmpty | kPatchMerge | kListMap, "type", "type"),
      });
  return info;
}

template <>
const TypeInfo& type_info<ServiceCidr>() {
  using T = ServiceCidr;
  static const TypeInfo info("io.k8s.api.networking.v1.ServiceCIDR", {
                                                                         field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                                         field(&T::spec, "spec", 2, kOmitEmpty),
                                                                         field(&T::status, "status", 3, kOmitEmpty),
                                                                     });
  return info;
}

namespace {

void check_cidrs(Problems& out, const std::vector<std::string>& cidrs) {
  const auto path = FieldPath("spec") / "cidrs";
  if (cidrs.empty()) return out.required(path, "at least one CIDR required");
  if (cidrs.size() > 2) return out.invalid(path, cidrs, "may only hold up to 2 values");
  for (size_t i = 0; i < cidrs.size(); ++i) check_cidr(out, path[i], cidrs[i]);
  if (cidrs.size() < 2) return;
  const auto first = Cidr::parse(cidrs[0]);
  const auto second = Cidr::parse(cidrs[1]);
  if (first && second && first->family() == second->family()) {
    out.invalid(path, cidrs,
                "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
  }
}

FieldErrors validate(const Object& object) {
  Problems out;
  check_object_meta(out, object.meta(), false, name_is_subdomain);
  check_cidrs(out, object.as<ServiceCidr>().spec.cidrs);
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next_object, const Object& old_object) {
  const auto& next = next_object.as<ServiceCidr>().spec.cidrs;
  const auto& old = old_object.as<ServiceCidr>().spec.cidrs;
  const auto path = FieldPath("spec") / "cidrs";
  Problems out;
  check_object_meta_update(out, next_object.meta(), old_object.meta());
  const bool second_added = old.size() == 1 && next.size() == 2;
  if (next.size() != old.size() && !second_added) {
    out.immutable(path, next);
    return std::move(out).take();
  }
  for (size_t i = 0; i < old.size(); ++i) {
    if (next[i] != old[i]) out.immutable(path[i], next[i]);
  }
  if (second_added) check_cidrs(out, next);
  return std::move(out).take();
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& c = object.as<ServiceCidr>();
  return {join(c.spec.cidrs, ","), age(c.metadata.creation_timestamp, now)};
}

}  // namespace

template <>
const KindInfo& kind_of<ServiceCidr>() {
  static const KindInfo info{
      .group = "networking.k8s.io",
      .version = "v1",
      .kind = "ServiceCIDR",
      .plural = "servicecidrs",
      .singular = "servicecidr",
      .short_names = {},
      .categories = {},
      .namespaced = false,
      .has_status = true,
      .read_only = true,
      .type = &type_info<ServiceCidr>,
      .make = [] { return make_object(ServiceCidr{}); },
      .prepare_create = [](Object& next) { next.as<ServiceCidr>().status = {}; },
      .validate = validate,
      .validate_update = validate_update,
      .columns = {{"CIDRs", "string"}, {"Age", "string"}},
      .row = row,
  };
  return info;
}

}  // namespace fairlead::api
