// Field numbers are those of gnostic's OpenAPIv2.proto; what Fairlead's documents do not use is left out.
#include "api/openapi_v2_proto.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api/proto_wire.h"

namespace fairlead::api {
namespace json = boost::json;
namespace {

std::string_view text(const json::string& s) { return {s.data(), s.size()}; }

void put_text(std::string& out, uint32_t number, const json::object& in, std::string_view key) {
  const auto* v = in.if_contains(key);
  if (v != nullptr && v->is_string()) put_bytes(out, number, text(v->get_string()));
}
void put_bool(std::string& out, uint32_t number, const json::object& in, std::string_view key) {
  const auto* v = in.if_contains(key);
  if (v != nullptr && v->is_bool() && v->get_bool()) put_int(out, number, 1);
}
void put_texts(std::string& out, uint32_t number, const json::object& in, std::string_view key) {
  const auto* v = in.if_contains(key);
  if (v == nullptr || !v->is_array()) return;
  for (const auto& s : v->get_array()) put_bytes(out, number, text(s.as_string()));
}

// NamedAny {name=1, value=2 Any {yaml=2}}: JSON is YAML.
void put_extensions(std::string& out, uint32_t number, const json::object& in) {
  for (const auto& [key, value] : in) {
    const std::string_view name(key.data(), key.size());
    if (!name.starts_with("x-")) continue;
    Nested named(out, number);
    put_bytes(out, 1, name);
    Nested any(out, 2);
    put_bytes(out, 2, json::serialize(value));
    any.finish();
    named.finish();
  }
}

void put_schema(std::string& out, const json::object& in) {
  put_text(out, 1, in, "$ref");
  put_text(out, 2, in, "format");
  put_text(out, 4, in, "description");
  put_texts(out, 19, in, "required");
  if (const auto* v = in.if_contains("additionalProperties")) {
    Nested item(out, 21);
    Nested schema(out, 1);
    put_schema(out, v->as_object());
    schema.finish();
    item.finish();
  }
  if (in.contains("type")) {
    Nested type(out, 22);
    put_text(out, 1, in, "type");
    type.finish();
  }
  if (const auto* v = in.if_contains("items")) {
    Nested items(out, 23);
    Nested schema(out, 1);
    put_schema(out, v->as_object());
    schema.finish();
    items.finish();
  }
  if (const auto* v = in.if_contains("properties")) {
    Nested properties(out, 25);
    for (const auto& [key, value] : v->as_object()) {
      Nested named(out, 1);
      put_bytes(out, 1, {key.data(), key.size()});
      Nested schema(out, 2);
      put_schema(out, value.as_object());
      schema.finish();
      named.finish();
    }
    properties.finish();
  }
  put_extensions(out, 31, in);
}

void put_body_parameter(std::string& out, const json::object& in) {
  Nested parameter(out, 1);
  put_text(out, 2, in, "name");
  put_text(out, 3, in, "in");
  put_bool(out, 4, in, "required");
  Nested schema(out, 5);
  put_schema(out, in.at("schema").as_object());
  schema.finish();
  parameter.finish();
}

void put_other_parameter(std::string& out, const json::object& in) {
  Nested parameter(out, 2);
  const bool path = in.at("in").as_string() == "path";
  Nested sub(out, path ? 4 : 3);
  put_bool(out, 1, in, "required");
  put_text(out, 2, in, "in");
  put_text(out, 4, in, "name");
  put_text(out, path ? 5 : 6, in, "type");
  put_bool(out, path ? 19 : 20, in, "uniqueItems");
  sub.finish();
  parameter.finish();
}

// repeated ParametersItem {parameter=1 Parameter {body_parameter=1, non_body_parameter=2}}
void put_parameters(std::string& out, uint32_t number, const json::object& in) {
  const auto* list = in.if_contains("parameters");
  if (list == nullptr) return;
  for (const auto& p : list->as_array()) {
    Nested item(out, number);
    Nested parameter(out, 1);
    if (p.as_object().at("in").as_string() == "body")
      put_body_parameter(out, p.as_object());
    else
      put_other_parameter(out, p.as_object());
    parameter.finish();
    item.finish();
  }
}

void put_responses(std::string& out, const json::object& in) {
  Nested responses(out, 9);
  for (const auto& [code, value] : in.at("responses").as_object()) {
    Nested named(out, 1);
    put_bytes(out, 1, {code.data(), code.size()});
    Nested response_value(out, 2);
    Nested response(out, 1);
    put_text(out, 1, value.as_object(), "description");
    Nested item(out, 2);
    Nested schema(out, 1);
    put_schema(out, value.as_object().at("schema").as_object());
    schema.finish();
    item.finish();
    response.finish();
    response_value.finish();
    named.finish();
  }
  responses.finish();
}

void put_operation(std::string& out, const json::object& in) {
  put_text(out, 5, in, "operationId");
  put_texts(out, 6, in, "produces");
  put_texts(out, 7, in, "consumes");
  put_parameters(out, 8, in);
  put_responses(out, in);
  put_extensions(out, 13, in);
}

void put_path_item(std::string& out, const json::object& in) {
  constexpr std::pair<std::string_view, uint32_t> kVerbs[] = {
      {"get", 2}, {"put", 3}, {"post", 4}, {"delete", 5}, {"patch", 8}};
  for (const auto& [verb, number] : kVerbs) {
    const auto* v = in.if_contains(verb);
    if (v == nullptr) continue;
    Nested operation(out, number);
    put_operation(out, v->as_object());
    operation.finish();
  }
  put_parameters(out, 9, in);
}

}  // namespace

std::string openapi_v2_to_proto(const json::object& document) {
  std::string out;
  put_text(out, 1, document, "swagger");
  const auto& about = document.at("info").as_object();
  Nested info(out, 2);
  put_text(out, 1, about, "title");
  put_text(out, 2, about, "version");
  info.finish();
  Nested paths(out, 8);
  for (const auto& [path, item] : document.at("paths").as_object()) {
    Nested named(out, 2);
    put_bytes(out, 1, {path.data(), path.size()});
    Nested value(out, 2);
    put_path_item(out, item.as_object());
    value.finish();
    named.finish();
  }
  paths.finish();
  Nested definitions(out, 9);
  for (const auto& [name, schema] : document.at("definitions").as_object()) {
    Nested named(out, 1);
    put_bytes(out, 1, {name.data(), name.size()});
    Nested value(out, 2);
    put_schema(out, schema.as_object());
    value.finish();
    named.finish();
  }
  definitions.finish();
  return out;
}

}  // namespace fairlead::api
