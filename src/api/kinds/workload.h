// What Deployments and ReplicaSets (and later kinds that make pods from a template) have in common.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "api/podspec/podspec.h"

namespace fairlead::api {

// The selector is there, well formed and selects the pods made from the template; the template is fine.
void check_workload_template(Problems& out, const FieldPath& path, const Box<LabelSelector>& selector,
                             const PodTemplateSpec& value);
void check_selector_unchanged(Problems& out, const Box<LabelSelector>& next, const Box<LabelSelector>& old);
// status.<name> is neither negative nor more than status.replicas.
void check_replica_counts(Problems& out, int32_t replicas,
                          std::initializer_list<std::pair<std::string_view, int32_t>> counts);

struct ContainerCells {
  std::string names;
  std::string images;
};
ContainerCells container_cells(const PodTemplateSpec& value);
std::string selector_cell(const Box<LabelSelector>& selector, std::string_view when_empty);

}  // namespace fairlead::api
