// Label selectors and field selectors, as text in queries and as types in objects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/object.h"
#include "api/types/label_selector.h"
#include "base/result.h"

namespace fairlead::api {

// All requirements must hold; none means everything matches.
class Selector {
 public:
  Selector() = default;
  // "app=web,tier in (a, b),!canary,release!=old,count>3". Errors are BadRequest and show what was expected.
  static Result<Selector> parse(std::string_view text);
  // Invalid when an operator is unknown or its values do not fit it. An absent LabelSelector matches nothing and is the
  // caller's affair; an empty one matches everything.
  static Result<Selector> from(const LabelSelector& selector);
  // Every pair must be there: a Service's spec.selector.
  static Selector from(const StringMap& pairs);

  [[nodiscard]] bool matches(const StringMap& labels) const;
  [[nodiscard]] bool empty() const { return requirements_.empty(); }
  [[nodiscard]] std::string to_string() const;

 private:
  enum class Operator : uint8_t { kIn, kNotIn, kExists, kNotExists, kGreater, kLess };
  struct Requirement {
    std::string key;
    Operator op;
    std::vector<std::string> values;
  };
  friend class SelectorParser;
  std::vector<Requirement> requirements_;
};

// "metadata.name=web,status.phase!=Running".
class FieldSelector {
 public:
  FieldSelector() = default;
  // BadRequest when it cannot be parsed or `kind` does not support a field.
  static Result<FieldSelector> parse(std::string_view text, const KindInfo& kind);

  [[nodiscard]] bool matches(const Object& object) const;
  [[nodiscard]] bool empty() const { return terms_.empty(); }
  // The value that `field` must have, if the selector says so: lets callers look up one object instead of all.
  [[nodiscard]] const std::string* required(std::string_view field) const;

 private:
  struct Term {
    std::string field;
    bool equal;
    std::string value;
  };
  std::vector<Term> terms_;
};

// metadata.name, metadata.namespace and what the kind adds; nullopt when the kind does not support the field.
std::optional<std::string> field_value(const Object& object, std::string_view field);

// Kubernetes' rules for label keys (prefix/name) and values: what is wrong with `text`, or nothing.
std::optional<std::string> label_key_problem(std::string_view text);
std::optional<std::string> label_value_problem(std::string_view text);

}  // namespace fairlead::api
