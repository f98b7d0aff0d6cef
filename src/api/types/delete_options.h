// Preconditions, DeleteOptions.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"

namespace fairlead::api {

struct Preconditions {
  std::optional<std::string> uid;
  std::optional<std::string> resource_version;
  bool operator==(const Preconditions&) const = default;
};
template <>
const TypeInfo& type_info<Preconditions>();

struct DeleteOptions {
  std::optional<int64_t> grace_period_seconds;
  Box<Preconditions> preconditions;
  std::optional<bool> orphan_dependents;
  std::optional<std::string> propagation_policy;
  std::vector<std::string> dry_run;
  std::optional<bool> ignore_store_read_error_with_cluster_breaking_potential;
  bool operator==(const DeleteOptions&) const = default;
};
template <>
const TypeInfo& type_info<DeleteOptions>();

}  // namespace fairlead::api
