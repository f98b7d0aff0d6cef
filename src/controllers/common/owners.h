// Controller references: which object manages which (k8s.io/apimachinery/pkg/apis/meta/v1/controller_ref.go).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/kind.h"
#include "api/selector.h"
#include "client/informer.h"

namespace fairlead::controllers {

// The reference with controller: true, or null.
const api::OwnerReference* controller_of(const api::ObjectMeta& meta);
// To `owner` as managing controller.
api::OwnerReference controller_reference(const api::KindInfo& kind, const api::ObjectMeta& owner);
template <class T>
api::OwnerReference controller_reference(const T& owner) {
  return controller_reference(api::kind_of<T>(), owner.metadata);
}

// The values of an index with which all candidates of an owner are found: what it controls, and what nobody does.
std::vector<std::string> owner_index_values(const api::Object& object);
std::string owned_by(const api::ObjectMeta& owner);
std::string orphans_in(std::string_view ns);

// What an owner with `selector` makes of the candidates (client-go's ControllerRefManager).
struct Claim {
  std::vector<client::ObjectPtr> owned;    // controlled and selected
  std::vector<client::ObjectPtr> adopt;    // selected, without controller, not being deleted
  std::vector<client::ObjectPtr> release;  // controlled, no longer selected
};
Claim claim(const api::ObjectMeta& owner, const api::Selector& selector, const client::Index& by_owner);

// The object with the owner's reference added or taken away.
client::MutableObject adopted(const api::Object& object, api::OwnerReference reference);
client::MutableObject released(const api::Object& object, std::string_view owner_uid);

}  // namespace fairlead::controllers
