// JSON to and from typed objects, by field table.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/object.h"
#include "base/result.h"

namespace fairlead::api {

// ---- encoding

// Appends `value` as JSON. `type_meta` adds apiVersion and kind in front.
void write_json(std::string& out, const TypeInfo& type, const void* value);
std::string to_json(const Object& object);  // with apiVersion and kind
template <class T>
std::string to_json(const T& value) {
  std::string out;
  write_json(out, type_info<T>(), &value);
  return out;
}

// ---- decoding

// Problems that do not prevent decoding; what the caller does with them depends on fieldValidation (Strict, Warn,
// Ignore).
struct DecodeReport {
  std::vector<std::string> unknown;    // `unknown field "spec.x"`
  std::vector<std::string> duplicate;  // `duplicate field "spec.y"`
};

// Parses text; remembers duplicate keys in `report` (may be null). Errors give line and column. Depth is bounded.
Result<boost::json::value> parse_json(std::string_view text, DecodeReport* report = nullptr);
// The same for YAML (one document), converted by YAML 1.2's core schema as Kubernetes does.
Result<boost::json::value> parse_yaml(std::string_view text, DecodeReport* report = nullptr);

// Decodes into `value`, which must be freshly made. Type errors are BadRequest in Go's words:
// "json: cannot unmarshal string into Go struct field ServiceSpec.spec.selector of type map[string]string".
Result<> from_json(const boost::json::value& json, const TypeInfo& type, void* value, DecodeReport* report = nullptr);
// An object of the kind that the caller expects; apiVersion and kind inside, when present, must agree.
Result<MutableObject> object_from_json(const boost::json::value& json, const KindInfo& kind,
                                       DecodeReport* report = nullptr);
Result<MutableObject> object_from_text(std::string_view json, const KindInfo& kind, DecodeReport* report = nullptr);
template <class T>
Result<T> value_from_text(std::string_view json);

Result<> from_text(std::string_view json, const TypeInfo& type, void* value);
template <class T>
Result<T> value_from_text(std::string_view json) {
  T value;
  FL_CHECK(from_text(json, type_info<T>(), &value));
  return value;
}

}  // namespace fairlead::api
