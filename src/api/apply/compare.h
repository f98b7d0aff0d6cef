// What a write changes, field by field, from the typed objects: nothing is serialised, and what is equal is not
// descended into.
#pragma once

#include <string_view>

#include "api/apply/field_set.h"
#include "api/object.h"

namespace fairlead::api {

struct FieldChanges {
  FieldSet added;
  FieldSet modified;
  FieldSet removed;
  [[nodiscard]] bool empty() const { return added.empty() && modified.empty() && removed.empty(); }
};

// Both of one kind. `except`: a top-level field that is left out ("status"), or "".
FieldChanges compare(const Object& from, const Object& to, std::string_view except = {});

}  // namespace fairlead::api
