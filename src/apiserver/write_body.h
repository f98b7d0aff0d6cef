// What the handlers of writes share: options of the query, bodies in any format, and what is checked before an object
// is written.
#pragma once

#include <boost/json/fwd.hpp>

#include "api/codec.h"
#include "api/protobuf.h"
#include "apiserver/errors.h"
#include "apiserver/handlers.h"
#include "base/text.h"

namespace fairlead::apiserver {

// dryRun, of the query; `options` is the kind of options that a problem is reported of.
Result<bool> dry_run(const RequestInfo& info, std::string_view options);
// dryRun and fieldManager.
Result<WriteOptions> write_options(const Request& request, std::string_view kind);

// A body of JSON or YAML.
Result<boost::json::value> parse_body(const net::HttpRequest& http, api::DecodeReport* report);

// fieldValidation: what to do about fields that nobody knows, or that stand twice.
enum class Validation : uint8_t { kIgnore, kWarn, kStrict };
Result<Validation> validation_of(const RequestInfo& info);
// Refuses, or adds to the warnings.
Result<> judge(Validation validation, const api::KindInfo& kind, const api::DecodeReport& report,
               std::vector<std::string>& warnings);

// The object in the body, of any format.
Result<api::MutableObject> decode_object(const Request& request, const api::KindInfo& kind,
                                         std::vector<std::string>& warnings);

Result<> from_body(const net::HttpRequest& http, std::string_view kind, const api::TypeInfo& type, void* value);
// Bodies that are no stored kind: Binding, Eviction, DeleteOptions. None at all is an empty one.
template <class T>
Result<T> decode_value(const net::HttpRequest& http, std::string_view kind) {
  T value;
  if (http.body.empty()) return value;
  if (body_type(http.headers) == kProtobuf) return api::value_from_proto<T>(http.body);
  FL_CHECK(from_body(http, kind, api::type_info<T>(), &value));
  return value;
}

// A Status that says it is done, about an object if there is one.
Reply success(const api::KindInfo& kind, const api::ObjectMeta* about, int code);

// Nodes write their own Node and no other.
Result<> check_node_object(const Identity& who, const api::Object& object);
// The object is the one on the URL.
Result<> check_name(const RequestInfo& info, const api::Object& object);
std::string scope_of(const RequestInfo& info);
// What to answer in; `problem` says why not.
MediaType media_of(const Request& request, Result<>& problem);
std::unexpected<Error> method_not_allowed();

}  // namespace fairlead::apiserver
