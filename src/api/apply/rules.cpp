#include "api/apply/rules.h"

#include <unordered_set>

namespace fairlead::api {

const ValueType& inner_type(const ValueType& type) {
  const ValueType* t = &type;
  while (t->shape == Shape::kOptional) t = t->element;
  return *t;
}

bool is_atomic_type(const TypeInfo& type) {
  // Those with +structType=atomic in the Kubernetes API. They mean something only as a whole: a reference, a selector.
  static const std::unordered_set<std::string_view> kAtomic = {
      "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
      "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
      "io.k8s.api.autoscaling.v1.CrossVersionObjectReference",
      "io.k8s.api.autoscaling.v2.CrossVersionObjectReference",
      "io.k8s.api.core.v1.ConfigMapKeySelector",
      "io.k8s.api.core.v1.EndpointAddress",
      "io.k8s.api.core.v1.EndpointPort",
      "io.k8s.api.core.v1.FileKeySelector",
      "io.k8s.api.core.v1.LocalObjectReference",
      "io.k8s.api.core.v1.NodeSelector",
      "io.k8s.api.core.v1.NodeSelectorTerm",
      "io.k8s.api.core.v1.ObjectFieldSelector",
      "io.k8s.api.core.v1.ObjectReference",
      "io.k8s.api.core.v1.ResourceFieldSelector",
      "io.k8s.api.core.v1.ScopeSelector",
      "io.k8s.api.core.v1.ScopedResourceSelectorRequirement",
      "io.k8s.api.core.v1.SecretKeySelector",
      "io.k8s.api.core.v1.SecretReference",
      "io.k8s.api.core.v1.TopologySelectorTerm",
      "io.k8s.api.core.v1.TypedLocalObjectReference",
      "io.k8s.api.discovery.v1.EndpointPort",
      "io.k8s.api.networking.v1.ServiceBackendPort",
      "io.k8s.api.rbac.v1.RoleRef",
      "io.k8s.api.rbac.v1.Subject",
      "io.k8s.api.storage.v1.TokenRequest",
  };
  return kAtomic.contains(type.name());
}

MergeRule merge_rule(const ValueType& element) {
  const ValueType& type = inner_type(element);
  switch (type.shape) {
    case Shape::kStruct:
      return is_atomic_type(type.type()) ? MergeRule::kAtomic : MergeRule::kFields;
    case Shape::kMap:
      return MergeRule::kEntries;
    default:
      return MergeRule::kAtomic;
  }
}

MergeRule merge_rule(const FieldInfo& field) {
  if (field.has(kAtomic)) return MergeRule::kAtomic;
  if (field.has(kListMap)) return MergeRule::kKeyed;
  if (field.has(kListSet)) return MergeRule::kValueSet;
  return merge_rule(*field.value);
}

std::optional<std::string_view> default_key(std::string_view key) {
  if (key == "protocol") return "\"TCP\"";
  return std::nullopt;
}

}  // namespace fairlead::api
