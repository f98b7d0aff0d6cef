// Condition.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"

namespace fairlead::api {

struct Condition {
  std::string type;
  std::string status;
  int64_t observed_generation = 0;
  Time last_transition_time;
  std::string reason;
  std::string message;
  bool operator==(const Condition&) const = default;
};
template <>
const TypeInfo& type_info<Condition>();

}  // namespace fairlead::api
