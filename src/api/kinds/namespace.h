// The kind Namespace.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct NamespaceSpec {
  std::vector<std::string> finalizers;
  bool operator==(const NamespaceSpec&) const = default;
};
template <>
const TypeInfo& type_info<NamespaceSpec>();

struct NamespaceCondition {
  std::string type;
  std::string status;
  Time last_transition_time;
  std::string reason;
  std::string message;
  bool operator==(const NamespaceCondition&) const = default;
};
template <>
const TypeInfo& type_info<NamespaceCondition>();

struct NamespaceStatus {
  std::string phase;
  std::vector<NamespaceCondition> conditions;
  bool operator==(const NamespaceStatus&) const = default;
};
template <>
const TypeInfo& type_info<NamespaceStatus>();

struct Namespace {
  ObjectMeta metadata;
  NamespaceSpec spec;
  NamespaceStatus status;
  bool operator==(const Namespace&) const = default;
};
template <>
const TypeInfo& type_info<Namespace>();
template <>
const KindInfo& kind_of<Namespace>();

}  // namespace fairlead::api
