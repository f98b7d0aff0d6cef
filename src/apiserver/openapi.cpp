#include "apiserver/openapi.h"

#include <map>
#include <set>
#include <vector>

#include "api/apply/rules.h"
#include "api/kind.h"
#include "api/types/delete_options.h"
#include "api/types/scale.h"
#include "api/types/status.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

using api::FieldInfo;
using api::KindInfo;
using api::Shape;
using api::TypeInfo;
using api::ValueType;

constexpr std::string_view kMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.";
constexpr std::string_view kRef = "#/components/schemas/";

// Writes the schemas of the types it meets.
class Schemas {
 public:
  void add(const TypeInfo& type) {
    if (!todo_.insert(&type).second) return;
    std::string properties;
    std::string required;
    for (const FieldInfo& f : type.json_fields()) {
      if (!properties.empty()) properties += ',';
      properties += quote(f.json) + ":" + property(f);
      if (f.has(api::kRequired)) required += (required.empty() ? "" : ",") + quote(f.json);
    }
    std::string text = R"({"type":"object")";
    if (!required.empty()) text += ",\"required\":[" + required + "]";
    if (!properties.empty()) text += ",\"properties\":{" + properties + "}";
    if (api::is_atomic_type(type)) text += R"(,"x-kubernetes-map-type":"atomic")";
    out_[std::string(type.name())] = text;
  }

  void add_kind(const KindInfo& kind) {
    add(kind.type());
    const std::string name(kind.type().name());
    std::string& text = out_[name];
    const std::string gvk =
        fmt::format(R"(,"x-kubernetes-group-version-kind":[{{"group":"{}","kind":"{}","version":"{}"}}])", kind.group,
                    kind.kind, kind.version);
    // apiVersion and kind are of no field table: every object has them.
    const std::string type_meta = R"("apiVersion":{"type":"string"},"kind":{"type":"string"},)";
    const auto at = text.find("\"properties\":{");
    text.insert(at + 14, type_meta);
    text += gvk;
    out_[name + "List"] = fmt::format(
        R"({{"type":"object","required":["items"],"properties":{{{}"items":{{"type":"array","items":{}}},"metadata":{}}},"x-kubernetes-group-version-kind":[{{"group":"{}","kind":"{}List","version":"{}"}}])",
        type_meta, ref(name), ref(std::string(kMeta) + "ListMeta"), kind.group, kind.kind, kind.version);
    add(api::type_info<api::ListMeta>());
  }

  [[nodiscard]] std::string text() const {
    std::string out;
    for (const auto& [name, schema] : out_) {
      if (!out.empty()) out += ',';
      out += quote(name) + ":" + schema + "}";
    }
    return out;
  }

  static std::string ref(std::string_view name) { return fmt::format(R"({{"$ref":"{}{}"}})", kRef, name); }

 private:
  std::string property(const FieldInfo& f) {
    std::string text = schema_of(*f.value, true);
    std::string extra;
    if (f.has(api::kListMap)) {
      extra += R"(,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":[)";
      bool first = true;
      for (const std::string_view key : split(f.apply_keys, ',')) {
        extra += (first ? "" : ",") + quote(key);
        first = false;
      }
      extra += ']';
    }
    if (f.has(api::kListSet)) extra += R"(,"x-kubernetes-list-type":"set")";
    if (f.has(api::kAtomic)) extra += R"(,"x-kubernetes-map-type":"atomic")";
    if (f.value->shape == Shape::kList && !f.has(api::kListMap) && !f.has(api::kListSet))
      extra += R"(,"x-kubernetes-list-type":"atomic")";
    if (f.has(api::kPatchMerge) || f.has(api::kRetainKeys)) {
      const std::string_view strategy =
          f.has(api::kPatchMerge) ? (f.has(api::kRetainKeys) ? "merge,retainKeys" : "merge") : "retainKeys";
      extra += fmt::format(R"(,"x-kubernetes-patch-strategy":"{}")", strategy);
      if (!f.patch_key.empty()) extra += fmt::format(R"(,"x-kubernetes-patch-merge-key":"{}")", f.patch_key);
    }
    text.insert(text.size() - 1, extra);
    return text;
  }

  std::string schema_of(const ValueType& type, bool wrap) {
    switch (type.shape) {
      case Shape::kString:
        return R"({"type":"string"})";
      case Shape::kBool:
        return R"({"type":"boolean"})";
      case Shape::kInt32:
        return R"({"type":"integer","format":"int32"})";
      case Shape::kInt64:
        return R"({"type":"integer","format":"int64"})";
      case Shape::kDouble:
        return R"({"type":"number","format":"double"})";
      case Shape::kBytes:
        return R"({"type":"string","format":"byte"})";
      case Shape::kTime:
        return named("io.k8s.apimachinery.pkg.apis.meta.v1.Time", R"({"type":"string","format":"date-time")", wrap);
      case Shape::kMicroTime:
        return named("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", R"({"type":"string","format":"date-time")",
                     wrap);
      case Shape::kQuantity:
        return named("io.k8s.apimachinery.pkg.api.resource.Quantity",
                     R"({"oneOf":[{"type":"string"},{"type":"number"}])", wrap);
      case Shape::kIntOrString:
        return named("io.k8s.apimachinery.pkg.util.intstr.IntOrString",
                     R"({"format":"int-or-string","oneOf":[{"type":"integer"},{"type":"string"}])", wrap);
      case Shape::kRawJson:
        return R"({"type":"object"})";
      case Shape::kStruct: {
        add(type.type());
        const std::string r = ref(type.type().name());
        return wrap ? R"({"default":{},"allOf":[)" + r + "]}" : r;
      }
      case Shape::kList:
        return R"({"type":"array","items":)" + schema_of(*type.element, true) + "}";
      case Shape::kMap:
        return R"({"type":"object","additionalProperties":)" + schema_of(*type.element, true) + "}";
      case Shape::kOptional: {
        if (type.element->shape == Shape::kStruct) {
          add(type.element->type());
          return R"({"allOf":[)" + ref(type.element->type().name()) + "]}";
        }
        return schema_of(*type.element, wrap);
      }
    }
    return "{}";
  }

  std::string named(const std::string& name, const char* schema, bool wrap) {
    out_.try_emplace(name, schema);
    return wrap ? R"({"allOf":[)" + ref(name) + "]}" : ref(name);
  }

  std::set<const TypeInfo*> todo_;
  std::map<std::string, std::string> out_;  // without the closing brace
};

std::string parameter(std::string_view name, std::string_view type) {
  return fmt::format(R"({{"name":"{}","in":"query","schema":{{"type":"{}","uniqueItems":true}}}})", name, type);
}

std::string write_parameters(bool force) {
  std::string out = parameter("dryRun", "string") + "," + parameter("fieldManager", "string") + "," +
                    parameter("fieldValidation", "string");
  if (force) out += "," + parameter("force", "boolean");
  return out;
}

std::string operation(const KindInfo& kind, std::string_view action, std::string_view id, std::string_view parameters,
                      std::string_view body, std::string_view answer) {
  std::string out = fmt::format(
      R"({{"operationId":"{}{}","x-kubernetes-action":"{}","x-kubernetes-group-version-kind":{{"group":"{}","kind":"{}","version":"{}"}})",
      id, kind.kind, action, kind.group, kind.kind, kind.version);
  if (!parameters.empty()) out += fmt::format(R"(,"parameters":[{}])", parameters);
  if (!body.empty()) out += fmt::format(R"(,"requestBody":{{"required":true,"content":{}}})", body);
  out += fmt::format(
      R"(,"responses":{{"200":{{"description":"OK","content":{{"application/json":{{"schema":{}}}}}}},"401":{{"description":"Unauthorized"}}}}}})",
      Schemas::ref(answer));
  return out;
}

void add_paths(const KindInfo& kind, const std::string& root, std::string& out) {
  const std::string type(kind.type().name());
  const std::string list = type + "List";
  const std::string status = std::string(kMeta) + "Status";
  const std::string any_body = fmt::format(R"({{"*/*":{{"schema":{}}}}})", Schemas::ref(type));
  const std::string patch_schema = Schemas::ref(std::string(kMeta) + "Patch");
  std::string patch_body = "{";
  for (const char* t : {"application/json-patch+json", "application/merge-patch+json",
                        "application/strategic-merge-patch+json", "application/apply-patch+yaml"}) {
    patch_body += fmt::format(R"({}"{}":{{"schema":{}}})", patch_body.size() > 1 ? "," : "", t, patch_schema);
  }
  patch_body += '}';
  const std::string list_parameters = parameter("labelSelector", "string") + "," +
                                      parameter("fieldSelector", "string") + "," + parameter("limit", "integer") + "," +
                                      parameter("continue", "string") + "," + parameter("resourceVersion", "string") +
                                      "," + parameter("watch", "boolean");
  const std::string ns_parameter =
      R"({"name":"namespace","in":"path","required":true,"schema":{"type":"string","uniqueItems":true}})";
  const std::string name_parameter =
      R"({"name":"name","in":"path","required":true,"schema":{"type":"string","uniqueItems":true}})";
  const std::string collection = root + (kind.namespaced ? "/namespaces/{namespace}/" : "/") + std::string(kind.plural);
  const auto path = [&](const std::string& p, const std::string& operations, std::string parameters) {
    if (!out.empty()) out += ',';
    if (kind.namespaced && p.starts_with(root + "/namespaces/{namespace}/"))
      parameters += (parameters.empty() ? "" : ",") + ns_parameter;
    out += fmt::format(R"({}:{{{}{}}})", quote(p), operations,
                       parameters.empty() ? "" : fmt::format(R"(,"parameters":[{}])", parameters));
  };
  const std::string get_list = "\"get\":" + operation(kind, "list", "list", list_parameters, "", list);
  path(collection,
       get_list + ",\"post\":" + operation(kind, "post", "create", write_parameters(false), any_body, type) +
           ",\"delete\":" + operation(kind, "deletecollection", "deleteCollection", list_parameters, "", status),
       "");
  if (kind.namespaced) path(root + "/" + std::string(kind.plural), get_list, "");
  const auto one = [&](const std::string& p, bool removable) {
    std::string operations =
        "\"get\":" + operation(kind, "get", "read", "", "", type) +
        ",\"put\":" + operation(kind, "put", "replace", write_parameters(false), any_body, type) +
        ",\"patch\":" + operation(kind, "patch", "patch", write_parameters(true), patch_body, type);
    if (removable)
      operations += ",\"delete\":" + operation(kind, "delete", "delete", parameter("dryRun", "string"), "", status);
    path(p, operations, name_parameter);
  };
  one(collection + "/{name}", true);
  if (kind.has_status) one(collection + "/{name}/status", false);
}

std::string document_path(const KindInfo& kind) {
  return kind.group.empty() ? fmt::format("api/{}", kind.version) : fmt::format("apis/{}/{}", kind.group, kind.version);
}

std::string make_document(std::string_view path) {
  Schemas schemas;
  std::string paths;
  for (const KindInfo* kind : api::all_kinds()) {
    if (document_path(*kind) != path) continue;
    schemas.add_kind(*kind);
    add_paths(*kind, "/" + std::string(path), paths);
  }
  if (paths.empty()) return {};
  schemas.add(api::type_info<api::Status>());
  schemas.add(api::type_info<api::DeleteOptions>());
  std::string all = schemas.text();
  all += fmt::format(R"(,"{}Patch":{{"type":"object"}})", kMeta);
  return fmt::format(
      R"({{"openapi":"3.0.0","info":{{"title":"Kubernetes","version":"v1.35.0"}},"paths":{{{}}},"components":{{"schemas":{{{}}}}}}})",
      paths, all);
}

}  // namespace

std::optional<std::string> openapi_document(std::string_view path) {
  std::string text = make_document(path);
  if (text.empty()) return std::nullopt;
  return text;
}

namespace {

std::string make_index() {
  std::set<std::string> seen;
  std::string out;
  for (const KindInfo* kind : api::all_kinds()) {
    const std::string path = document_path(*kind);
    if (!seen.insert(path).second) continue;
    if (!out.empty()) out += ',';
    out += fmt::format(R"({}:{{"serverRelativeURL":"/openapi/v3/{}?hash={:016X}"}})", quote(path), path,
                       stable_hash(make_document(path)));
  }
  return fmt::format(R"({{"paths":{{{}}}}})", out);
}

}  // namespace

std::string openapi_index() {
  // The kinds do not change, so neither do the hashes.
  static const std::string kIndex = make_index();
  return kIndex;
}

}  // namespace fairlead::apiserver
