// The kind Lease.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct LeaseSpec {
  std::optional<std::string> holder_identity;
  std::optional<int32_t> lease_duration_seconds;
  MicroTime acquire_time;
  MicroTime renew_time;
  std::optional<int32_t> lease_transitions;
  std::optional<std::string> strategy;
  std::optional<std::string> preferred_holder;
  bool operator==(const LeaseSpec&) const = default;
};
template <>
const TypeInfo& type_info<LeaseSpec>();

struct Lease {
  ObjectMeta metadata;
  LeaseSpec spec;
  bool operator==(const Lease&) const = default;
};
template <>
const TypeInfo& type_info<Lease>();
template <>
const KindInfo& kind_of<Lease>();

}  // namespace fairlead::api
