// StatusCause, StatusDetails, Status.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct StatusCause {
  std::string reason;
  std::string message;
  std::string field;
  bool operator==(const StatusCause&) const = default;
};
template <>
const TypeInfo& type_info<StatusCause>();

struct StatusDetails {
  std::string name;
  std::string group;
  std::string kind;
  std::string uid;
  std::vector<StatusCause> causes;
  int32_t retry_after_seconds = 0;
  bool operator==(const StatusDetails&) const = default;
};
template <>
const TypeInfo& type_info<StatusDetails>();

struct Status {
  ListMeta metadata;
  std::string status;
  std::string message;
  std::string reason;
  Box<StatusDetails> details;
  int32_t code = 0;
  bool operator==(const Status&) const = default;
};
template <>
const TypeInfo& type_info<Status>();

}  // namespace fairlead::api
