// OwnerReference, ManagedFieldsEntry, ObjectMeta, ListMeta.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"

namespace fairlead::api {

struct OwnerReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string uid;
  std::optional<bool> controller;
  std::optional<bool> block_owner_deletion;
  bool operator==(const OwnerReference&) const = default;
};
template <>
const TypeInfo& type_info<OwnerReference>();

struct ManagedFieldsEntry {
  std::string manager;
  std::string operation;
  std::string api_version;
  Time time;
  std::string fields_type;
  RawJson fields_v1;
  std::string subresource;
  bool operator==(const ManagedFieldsEntry&) const = default;
};
template <>
const TypeInfo& type_info<ManagedFieldsEntry>();

struct ObjectMeta {
  std::string name;
  std::string generate_name;
  std::string namespace_;
  std::string self_link;
  std::string uid;
  std::string resource_version;
  int64_t generation = 0;
  Time creation_timestamp;
  Time deletion_timestamp;
  std::optional<int64_t> deletion_grace_period_seconds;
  StringMap labels;
  StringMap annotations;
  std::vector<OwnerReference> owner_references;
  std::vector<std::string> finalizers;
  std::vector<ManagedFieldsEntry> managed_fields;
  bool operator==(const ObjectMeta&) const = default;
};
template <>
const TypeInfo& type_info<ObjectMeta>();

struct ListMeta {
  std::string self_link;
  std::string resource_version;
  std::string continue_;
  std::optional<int64_t> remaining_item_count;
  bool operator==(const ListMeta&) const = default;
};
template <>
const TypeInfo& type_info<ListMeta>();

}  // namespace fairlead::api
