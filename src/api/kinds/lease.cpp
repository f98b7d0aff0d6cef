#include "api/kinds/lease.h"

#include "api/duration.h"
#include "api/kind.h"
#include "api/validation.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<LeaseSpec>() {
  using T = LeaseSpec;
  static const TypeInfo info("io.k8s.api.coordination.v1.LeaseSpec",
                             {
                                 field(&T::holder_identity, "holderIdentity", 1, kOmitEmpty),
                                 field(&T::lease_duration_seconds, "leaseDurationSeconds", 2, kOmitEmpty),
                                 field(&T::acquire_time, "acquireTime", 3, kOmitEmpty),
                                 field(&T::renew_time, "renewTime", 4, kOmitEmpty),
                                 field(&T::lease_transitions, "leaseTransitions", 5, kOmitEmpty),
                                 field(&T::strategy, "strategy", 6, kOmitEmpty),
                                 field(&T::preferred_holder, "preferredHolder", 7, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<Lease>() {
  using T = Lease;
  static const TypeInfo info("io.k8s.api.coordination.v1.Lease", {
                                                                     field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                                     field(&T::spec, "spec", 2, kOmitEmpty),
                                                                 });
  return info;
}

namespace {

void check_spec(Problems& out, const LeaseSpec& spec) {
  const FieldPath path("spec");
  if (spec.lease_duration_seconds && *spec.lease_duration_seconds <= 0)
    out.invalid(path / "leaseDurationSeconds", *spec.lease_duration_seconds, "must be greater than 0");
  if (spec.lease_transitions && *spec.lease_transitions < 0)
    out.invalid(path / "leaseTransitions", *spec.lease_transitions, "must be greater than or equal to 0");
  if (spec.preferred_holder && !spec.preferred_holder->empty() && spec.strategy.value_or("").empty())
    out.forbidden(path / "preferredHolder", "may only be specified if `strategy` is defined");
}

FieldErrors validate(const Object& object) {
  Problems out;
  check_object_meta(out, object.meta(), true, name_is_subdomain);
  check_spec(out, object.as<Lease>().spec);
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next, const Object& old) {
  Problems out;
  check_object_meta_update(out, next.meta(), old.meta());
  check_spec(out, next.as<Lease>().spec);
  return std::move(out).take();
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& lease = object.as<Lease>();
  return {lease.spec.holder_identity.value_or(""), age(lease.metadata.creation_timestamp, now)};
}

}  // namespace

template <>
const KindInfo& kind_of<Lease>() {
  static const KindInfo info{
      .group = "coordination.k8s.io",
      .version = "v1",
      .kind = "Lease",
      .plural = "leases",
      .singular = "lease",
      .short_names = {},
      .categories = {},
      .namespaced = true,
      .has_status = false,
      .has_scale = false,
      .other_subresources = {},
      .type = &type_info<Lease>,
      .make = [] { return make_object(Lease{}); },
      .prepare_update = [](Object& next, const Object& old) { next.meta().generation = old.meta().generation; },
      .validate = validate,
      .validate_update = validate_update,
      .columns = {{"Holder", "string"}, {"Age", "string"}},
      .row = row,
  };
  return info;
}

}  // namespace fairlead::api
