// What pods have beyond the generic verbs: binding to a node and eviction.
#pragma once

#include "api/types/binding.h"
#include "api/types/eviction.h"
#include "apiserver/registry.h"

namespace fairlead::apiserver {

// POST pods/NAME/binding. Conflict when the pod already has a node.
Task<Result<CachedPtr>> bind_pod(Registry& registry, std::string ns, std::string name, api::Binding binding,
                                 bool dry_run);

// POST pods/NAME/eviction: a deletion, since nothing here has a disruption budget.
Task<Result<>> evict_pod(Registry& registry, std::string ns, std::string name, api::Eviction eviction, bool dry_run);

// From metav1.DeleteOptions; errors name what does not fit.
Result<RemoveOptions> remove_options(const api::DeleteOptions& options);

}  // namespace fairlead::apiserver
