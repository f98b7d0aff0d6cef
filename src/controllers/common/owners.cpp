#include "controllers/common/owners.h"

namespace fairlead::controllers {

const api::OwnerReference* controller_of(const api::ObjectMeta& meta) {
  for (const auto& ref : meta.owner_references) {
    if (ref.controller.value_or(false)) return &ref;
  }
  return nullptr;
}

api::OwnerReference controller_reference(const api::KindInfo& kind, const api::ObjectMeta& owner) {
  api::OwnerReference ref;
  ref.api_version = kind.api_version();
  ref.kind = kind.kind;
  ref.name = owner.name;
  ref.uid = owner.uid;
  ref.controller = true;
  ref.block_owner_deletion = true;
  return ref;
}

std::string owned_by(const api::ObjectMeta& owner) { return "u:" + owner.uid; }
std::string orphans_in(std::string_view ns) { return "n:" + std::string(ns); }

std::vector<std::string> owner_index_values(const api::Object& object) {
  if (const auto* ref = controller_of(object.meta())) return {"u:" + ref->uid};
  return {orphans_in(object.meta().namespace_)};
}

Claim claim(const api::ObjectMeta& owner, const api::Selector& selector, const client::Index& by_owner) {
  Claim out;
  for (const auto& [key, object] : by_owner.find(owned_by(owner))) {
    (selector.matches(object->meta().labels) ? out.owned : out.release).push_back(object);
  }
  for (const auto& [key, object] : by_owner.find(orphans_in(owner.namespace_))) {
    if (!object->meta().deletion_timestamp && selector.matches(object->meta().labels)) out.adopt.push_back(object);
  }
  // Who is being deleted itself neither takes nor gives.
  if (owner.deletion_timestamp) {
    out.adopt.clear();
    out.release.clear();
  }
  return out;
}

client::MutableObject adopted(const api::Object& object, api::OwnerReference reference) {
  auto next = object.clone();
  next->meta().owner_references.push_back(std::move(reference));
  return next;
}

client::MutableObject released(const api::Object& object, std::string_view owner_uid) {
  auto next = object.clone();
  std::erase_if(next->meta().owner_references, [&](const auto& ref) { return ref.uid == owner_uid; });
  return next;
}

}  // namespace fairlead::controllers
