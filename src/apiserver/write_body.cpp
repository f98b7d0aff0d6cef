#include "apiserver/write_body.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "api/apply/managed_fields.h"
#include "api/kinds/node.h"
#include "apiserver/render.h"

namespace fairlead::apiserver {

namespace json = boost::json;

Result<bool> dry_run(const RequestInfo& info, std::string_view options) {
  const std::string_view value = info.param("dryRun");
  if (value.empty()) return false;
  if (value == "All") return true;
  return fail(Code::kInvalid,
              fmt::format("{}.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: {}: supported values: \"All\"",
                          options, quote(value)));
}

// dryRun and fieldManager; `kind` of options is what a problem with them is reported of.
Result<WriteOptions> write_options(const Request& request, std::string_view kind) {
  WriteOptions out;
  FL_TRY(out.dry_run, dry_run(request.info, kind));
  const std::string_view manager = request.info.param("fieldManager");
  auto sound = api::check_manager(manager);
  if (!sound) return fail(std::move(sound).error().in(fmt::format("{}.meta.k8s.io \"\" is invalid", kind)));
  out.manager = manager.empty() ? api::manager_from_user_agent(request.http.headers.get("user-agent")) : manager;
  return out;
}

Result<json::value> parse_body(const net::HttpRequest& http, api::DecodeReport* report) {
  const std::string type = body_type(http.headers);
  if (type == "application/json") return api::parse_json(http.body, report);
  if (type == "application/yaml" || type == "application/x-yaml" || type == "text/yaml")
    return api::parse_yaml(http.body, report);
  return fail(Code::kUnsupportedMedia, fmt::format("the body of the request was in an unknown format - accepted media "
                                                   "types include: application/json, "
                                                   "application/yaml, application/vnd.kubernetes.protobuf (found {})",
                                                   type));
}

Result<Validation> validation_of(const RequestInfo& info) {
  const std::string_view value = info.param("fieldValidation");
  if (value.empty() || value == "Warn") return Validation::kWarn;
  if (value == "Strict") return Validation::kStrict;
  if (value == "Ignore") return Validation::kIgnore;
  return fail(
      Code::kInvalid,
      fmt::format(
          "CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: {}: supported values: "
          "\"Ignore\", \"Strict\", \"Warn\"",
          quote(value)));
}

// What to do about fields that nobody knows: refuse, or tell.
Result<> judge(Validation validation, const api::KindInfo& kind, const api::DecodeReport& report,
               std::vector<std::string>& warnings) {
  std::vector<std::string> all = report.duplicate;
  all.insert(all.end(), report.unknown.begin(), report.unknown.end());
  if (all.empty() || validation == Validation::kIgnore) return {};
  if (validation == Validation::kWarn) {
    warnings.insert(warnings.end(), all.begin(), all.end());
    return {};
  }
  return fail(Code::kBadRequest,
              fmt::format("{} in version \"{}\" cannot be handled as a {}: strict decoding error: {}", kind.kind,
                          kind.version, kind.kind, join(all, ", ")));
}

Result<api::MutableObject> decode_object(const Request& request, const api::KindInfo& kind,
                                         std::vector<std::string>& warnings) {
  api::DecodeReport report;
  FL_TRY(const Validation validation, validation_of(request.info));
  if (body_type(request.http.headers) == kProtobuf) return api::object_from_proto(request.http.body, kind);
  FL_TRY(const json::value body, parse_body(request.http, &report));
  FL_TRY(auto object, api::object_from_json(body, kind, &report));
  FL_CHECK(judge(validation, kind, report, warnings));
  return object;
}

Reply success(const api::KindInfo& kind, const api::ObjectMeta* about, int code) {
  api::Status status;
  status.status = "Success";
  status.code = code == 201 ? 201 : 0;
  if (about != nullptr) {
    api::StatusDetails details;
    details.name = about->name;
    details.group = kind.group;
    details.kind = kind.plural;
    details.uid = about->uid;
    status.details = std::move(details);
  }
  Reply reply;
  reply.status = code;
  reply.body = status_json(status);
  return reply;
}

Result<> check_node_object(const Identity& who, const api::Object& object) {
  constexpr std::string_view kNodeUser = "system:node:";
  if (!who.in("system:nodes") || !object.is<api::Node>() || who.in("system:masters")) return {};
  const std::string own = who.name.substr(std::min(kNodeUser.size(), who.name.size()));
  if (object.meta().name == own) return {};
  return fail(
      forbidden(object.kind(), object.meta().name,
                fmt::format("node {} is not allowed to modify node {}", quote(own), quote(object.meta().name))));
}

Result<> check_name(const RequestInfo& info, const api::Object& object) {
  const api::ObjectMeta& meta = object.meta();
  if (!meta.name.empty() && meta.name != info.name) {
    return fail(bad_request(
        fmt::format("the name of the object ({}) does not match the name on the URL ({})", meta.name, info.name)));
  }
  if (info.kind->namespaced && !meta.namespace_.empty() && meta.namespace_ != info.ns) {
    return fail(bad_request(fmt::format("the namespace of the object ({}) does not match the namespace on the URL ({})",
                                        meta.namespace_, info.ns)));
  }
  return {};
}

std::string scope_of(const RequestInfo& info) { return info.kind->namespaced ? info.ns : ""; }

MediaType media_of(const Request& request, Result<>& problem) {
  auto media = negotiate(request.http.headers, {Shape::kObject, Shape::kTable, Shape::kPartialMetadata});
  if (media) return *media;
  problem = fail(std::move(media).error());
  return {};
}

Result<> from_body(const net::HttpRequest& http, std::string_view kind, const api::TypeInfo& type, void* value) {
  FL_TRY(const json::value body, parse_body(http, nullptr));
  if (!body.is_object()) return fail(Code::kBadRequest, fmt::format("the body is not an object of kind {}", kind));
  if (const auto* found = body.get_object().if_contains("kind");
      found != nullptr && found->is_string() && !(found->get_string() == kind)) {
    return fail(Code::kBadRequest, fmt::format("the body is of kind {}, not {}", found->get_string().c_str(), kind));
  }
  return api::from_json(body, type, value);
}

std::unexpected<Error> method_not_allowed() {
  return fail(Code::kMethodNotAllowed, "the server does not allow this method on the requested resource");
}

}  // namespace fairlead::apiserver
