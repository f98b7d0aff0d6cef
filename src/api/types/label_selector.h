// LabelSelectorRequirement, LabelSelector.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"

namespace fairlead::api {

struct LabelSelectorRequirement {
  std::string key;
  std::string operator_;
  std::vector<std::string> values;
  bool operator==(const LabelSelectorRequirement&) const = default;
};
template <>
const TypeInfo& type_info<LabelSelectorRequirement>();

struct LabelSelector {
  StringMap match_labels;
  std::vector<LabelSelectorRequirement> match_expressions;
  bool operator==(const LabelSelector&) const = default;
};
template <>
const TypeInfo& type_info<LabelSelector>();

}  // namespace fairlead::api
