// Server-side apply on JSON: the fields that a configuration names, a configuration merged into an object, and fields
// taken out of one. The semantics are those of sigs.k8s.io/structured-merge-diff.
#pragma once

#include <boost/json/fwd.hpp>

#include "api/apply/field_set.h"
#include "api/schema.h"

namespace fairlead::api {

// The fields of an applied configuration, an object of `type`. Errors name the path:
// ".spec.replica: field not declared in schema".
Result<FieldSet> fields_of(const boost::json::value& config, const TypeInfo& type);

// `live` with what `config` says in it. Lists keep the configuration's order, with the items that only `live` has
// between them where they were. Both have been accepted by fields_of(), or come from a typed object.
boost::json::value merged(const boost::json::value& live, const boost::json::value& config, const TypeInfo& type);

// `from` without the fields, items and entries in `fields`, each with all that is below it.
boost::json::value without(const boost::json::value& from, const TypeInfo& type, const FieldSet& fields);

// `fields` with every field that has something of it below it.
FieldSet with_parents(const FieldSet& fields, const TypeInfo& type);

}  // namespace fairlead::api
