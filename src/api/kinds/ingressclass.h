// The kind IngressClass.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

struct IngressClassParametersReference {
  std::optional<std::string> api_group;
  std::string kind;
  std::string name;
  std::optional<std::string> scope;
  std::optional<std::string> namespace_;
  bool operator==(const IngressClassParametersReference&) const = default;
};
template <>
const TypeInfo& type_info<IngressClassParametersReference>();

struct IngressClassSpec {
  std::string controller;
  Box<IngressClassParametersReference> parameters;
  bool operator==(const IngressClassSpec&) const = default;
};
template <>
const TypeInfo& type_info<IngressClassSpec>();

struct IngressClass {
  ObjectMeta metadata;
  IngressClassSpec spec;
  bool operator==(const IngressClass&) const = default;
};
template <>
const TypeInfo& type_info<IngressClass>();
template <>
const KindInfo& kind_of<IngressClass>();

// Whether Ingresses without a class get this one (ingressclass.kubernetes.io/is-default-class).
bool is_default_class(const IngressClass& c);

}  // namespace fairlead::api
