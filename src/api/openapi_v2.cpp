// The document is built once as JSON values; the protobuf form is a walk over them.
#include "api/openapi_v2.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "api/apply/rules.h"
#include "api/kind.h"
#include "api/openapi_v2_proto.h"
#include "api/types/delete_options.h"
#include "api/types/scale.h"
#include "api/types/status.h"
#include "base/text.h"

namespace fairlead::api {
namespace json = boost::json;
namespace {

constexpr std::string_view kMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

json::object definition_ref(std::string_view name) { return {{"$ref", fmt::format("#/definitions/{}", name)}}; }
json::object typed(std::string_view type, std::string_view format = {}) {
  json::object out{{"type", type}};
  if (!format.empty()) out["format"] = format;
  return out;
}
json::object gvk(const KindInfo& kind, std::string_view suffix = {}) {
  return {{"group", kind.group}, {"kind", std::string(kind.kind) + std::string(suffix)}, {"version", kind.version}};
}

class Definitions {
 public:
  void add(const TypeInfo& type) {
    if (!seen_.insert(&type).second) return;
    json::object properties;
    json::array required;
    for (const auto& f : type.json_fields()) {
      properties[f.json] = property(f);
      if (f.has(kRequired)) required.emplace_back(f.json);
    }
    json::object out{{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) out["required"] = std::move(required);
    if (is_atomic_type(type)) out["x-kubernetes-map-type"] = "atomic";
    all_[type.name()] = std::move(out);
  }

  void add_kind(const KindInfo& kind) {
    add(kind.type());
    const std::string name(kind.type().name());
    auto& definition = all_[name].as_object();
    definition["properties"].as_object()["apiVersion"] = typed("string");
    definition["properties"].as_object()["kind"] = typed("string");
    definition["x-kubernetes-group-version-kind"] = json::array{gvk(kind)};
    add(type_info<ListMeta>());
    json::object properties{{"apiVersion", typed("string")},
                            {"kind", typed("string")},
                            {"metadata", definition_ref(type_info<ListMeta>().name())},
                            {"items", json::object{{"type", "array"}, {"items", definition_ref(name)}}}};
    all_[name + "List"] = json::object{{"type", "object"},
                                       {"required", json::array{"items"}},
                                       {"properties", std::move(properties)},
                                       {"x-kubernetes-group-version-kind", json::array{gvk(kind, "List")}}};
  }

  json::object take() {
    all_[std::string(kMeta) + "Patch"] = typed("object");
    return std::move(all_);
  }

 private:
  json::object property(const FieldInfo& f) {
    auto out = schema(*f.value);
    if (f.has(kListMap)) {
      json::array keys;
      for (const auto key : split(f.apply_keys, ',')) keys.emplace_back(key);
      out["x-kubernetes-list-map-keys"] = std::move(keys);
      out["x-kubernetes-list-type"] = "map";
    } else if (f.has(kListSet)) {
      out["x-kubernetes-list-type"] = "set";
    } else if (f.has(kAtomic)) {
      out["x-kubernetes-map-type"] = "atomic";
    } else if (f.value->shape == Shape::kList && !f.has(kPatchMerge)) {
      out["x-kubernetes-list-type"] = "atomic";
    }
    if (f.has(kPatchMerge) || f.has(kRetainKeys)) {
      out["x-kubernetes-patch-strategy"] = !f.has(kPatchMerge)  ? "retainKeys"
                                           : f.has(kRetainKeys) ? "merge,retainKeys"
                                                                : "merge";
      if (!f.patch_key.empty()) out["x-kubernetes-patch-merge-key"] = f.patch_key;
    }
    return out;
  }

  json::object schema(const ValueType& type) {
    switch (type.shape) {
      case Shape::kString:
        return typed("string");
      case Shape::kBool:
        return typed("boolean");
      case Shape::kInt32:
        return typed("integer", "int32");
      case Shape::kInt64:
        return typed("integer", "int64");
      case Shape::kDouble:
        return typed("number", "double");
      case Shape::kBytes:
        return typed("string", "byte");
      case Shape::kTime:
        return scalar(std::string(kMeta) + "Time", typed("string", "date-time"));
      case Shape::kMicroTime:
        return scalar(std::string(kMeta) + "MicroTime", typed("string", "date-time"));
      case Shape::kQuantity:
        return scalar("io.k8s.apimachinery.pkg.api.resource.Quantity", typed("string"));
      case Shape::kIntOrString:
        return scalar("io.k8s.apimachinery.pkg.util.intstr.IntOrString", typed("string", "int-or-string"));
      case Shape::kRawJson:
        return scalar(std::string(kMeta) + "FieldsV1", typed("object"));
      case Shape::kStruct:
        add(type.type());
        return definition_ref(type.type().name());
      case Shape::kList:
        return {{"type", "array"}, {"items", schema(*type.element)}};
      case Shape::kMap:
        return {{"type", "object"}, {"additionalProperties", schema(*type.element)}};
      case Shape::kOptional:
        return schema(*type.element);
    }
    return {};
  }

  json::object scalar(const std::string& name, json::object definition) {
    all_.emplace(name, std::move(definition));
    return definition_ref(name);
  }

  std::set<const TypeInfo*> seen_;
  json::object all_;
};

json::object query(std::string_view name, std::string_view type) {
  return {{"name", name}, {"in", "query"}, {"type", type}, {"uniqueItems", true}};
}
json::object in_path(std::string_view name) {
  return {{"name", name}, {"in", "path"}, {"required", true}, {"type", "string"}, {"uniqueItems", true}};
}
json::object body(json::object schema) {
  return {{"name", "body"}, {"in", "body"}, {"required", true}, {"schema", std::move(schema)}};
}

// All operations of one kind.
class Paths {
 public:
  Paths(json::object& out, const KindInfo& kind) : out_(out), kind_(kind), type_(kind.type().name()) {}

  void add() {
    const auto root = kind_.group.empty() ? fmt::format("/api/{}", kind_.version)
                                          : fmt::format("/apis/{}/{}", kind_.group, kind_.version);
    const auto collection = kind_.namespaced ? fmt::format("{}/namespaces/{{namespace}}/{}", root, kind_.plural)
                                             : fmt::format("{}/{}", root, kind_.plural);
    json::array scope;
    if (kind_.namespaced) scope.push_back(in_path("namespace"));
    json::object many{{"get", list("list")},
                      {"post", write("post", "create", {body(definition_ref(type_))})},
                      {"delete", operation("deletecollection", "deleteCollection", {}, std::string(kMeta) + "Status")}};
    if (!scope.empty()) many["parameters"] = scope;
    out_[collection] = std::move(many);
    if (kind_.namespaced) out_[fmt::format("{}/{}", root, kind_.plural)] = json::object{{"get", list("listAll")}};
    scope.insert(scope.begin(), in_path("name"));
    one(collection + "/{name}", scope, true);
    if (kind_.has_status) one(collection + "/{name}/status", scope, false);
  }

 private:
  void one(const std::string& path, const json::array& scope, bool removable) {
    json::object item{{"get", operation("get", "read", {}, type_)},
                      {"put", write("put", "replace", {body(definition_ref(type_))})},
                      {"patch", write("patch", "patch", {body(definition_ref(std::string(kMeta) + "Patch"))})},
                      {"parameters", scope}};
    if (removable) {
      item["delete"] =
          operation("delete", "delete", {query("dryRun", "string"), query("gracePeriodSeconds", "integer")},
                    std::string(kMeta) + "Status");
    }
    out_[path] = std::move(item);
  }
  json::object list(std::string_view id) {
    return operation("list", id,
                     {query("labelSelector", "string"), query("fieldSelector", "string"), query("limit", "integer"),
                      query("continue", "string"), query("resourceVersion", "string"), query("watch", "boolean")},
                     type_ + "List");
  }
  json::object write(std::string_view action, std::string_view id, json::array parameters) {
    for (const auto* name : {"dryRun", "fieldManager", "fieldValidation"}) parameters.push_back(query(name, "string"));
    if (action == "patch") parameters.push_back(query("force", "boolean"));
    return operation(action, id, std::move(parameters), type_);
  }
  json::object operation(std::string_view action, std::string_view id, json::array parameters,
                         const std::string& answer) {
    json::array consumes{"*/*"};
    if (action == "patch") {
      consumes = {"application/json-patch+json", "application/merge-patch+json",
                  "application/strategic-merge-patch+json", "application/apply-patch+yaml"};
    }
    return {
        {"operationId", fmt::format("{}{}{}", id, kind_.kind, ++count_)},
        {"consumes", std::move(consumes)},
        {"produces", json::array{"application/json", "application/yaml", "application/vnd.kubernetes.protobuf"}},
        {"parameters", std::move(parameters)},
        {"responses", json::object{{"200", json::object{{"description", "OK"}, {"schema", definition_ref(answer)}}}}},
        {"x-kubernetes-action", action},
        {"x-kubernetes-group-version-kind", gvk(kind_)}};
  }

  json::object& out_;
  const KindInfo& kind_;
  std::string type_;
  int count_ = 0;
};

const json::value& document() {
  static const json::value doc = [] {
    Definitions definitions;
    json::object paths;
    for (const auto* kind : all_kinds()) {
      definitions.add_kind(*kind);
      Paths(paths, *kind).add();
    }
    definitions.add(type_info<Status>());
    definitions.add(type_info<DeleteOptions>());
    return json::value{{"swagger", "2.0"},
                       {"info", json::object{{"title", "Kubernetes"}, {"version", "v1.35.0"}}},
                       {"paths", std::move(paths)},
                       {"definitions", definitions.take()}};
  }();
  return doc;
}

}  // namespace

std::string openapi_v2_json() { return json::serialize(document()); }

std::string openapi_v2_proto() { return openapi_v2_to_proto(document().as_object()); }

}  // namespace fairlead::api
