// PUT and PATCH: both change what is there, and an apply patch may make it.
#include <boost/json/value.hpp>

#include "api/apply/managed_fields.h"
#include "api/kinds/namespace.h"
#include "apiserver/patch.h"
#include "apiserver/scale.h"
#include "apiserver/write_body.h"

namespace fairlead::apiserver {

namespace json = boost::json;

namespace {

// `change` makes the wanted object; for scale it makes the wanted Scale first.
Task<Result<Reply>> write(Context& context, const Request& request, Registry::Change change,
                          std::shared_ptr<std::vector<std::string>> warnings, WriteOptions options) {
  const RequestInfo& info = request.info;
  Result<> problem;
  const MediaType media = media_of(request, problem);
  if (!problem) co_return fail(std::move(problem).error());
  // A scale is an update of the spec.
  if (info.subresource == "scale") {
    options.through = info.subresource;
  } else {
    options.subresource = info.subresource;
  }
  auto written =
      co_await context.registry.update(*info.kind, scope_of(info), info.name, std::move(change), std::move(options));
  if (!written) co_return fail(std::move(written).error());
  Reply reply;
  if (info.subresource == "scale") {
    const Cached view(api::make_object(scale_of(*(*written)->object())), (*written)->revision());
    reply = object_reply(request, media, view, context.registry, 200);
  } else {
    reply = object_reply(request, media, **written, context.registry, 200);
  }
  reply.warnings = std::move(*warnings);
  co_return reply;
}

// The namespace with the finalizers of `wanted` and nothing else of it.
Result<api::MutableObject> finalized(const api::Object& current, const api::Object& wanted) {
  auto next = current.clone();
  next->as<api::Namespace>().spec.finalizers = wanted.as<api::Namespace>().spec.finalizers;
  next->meta().resource_version = wanted.meta().resource_version;
  return next;
}

bool updatable(const RequestInfo& info) {
  if (info.name.empty()) return false;
  if (info.subresource.empty()) return true;
  if (info.subresource == "status") return info.kind->has_status;
  return (info.subresource == "scale" && info.kind->has_scale) ||
         (info.subresource == "finalize" && info.method == "PUT");
}

Result<client::PatchType> patch_type(const net::HttpRequest& http) {
  const std::string type = body_type(http.headers);
  if (type == "application/json-patch+json") return client::PatchType::kJson;
  if (type == "application/merge-patch+json") return client::PatchType::kMerge;
  if (type == "application/strategic-merge-patch+json") return client::PatchType::kStrategic;
  return fail(Code::kUnsupportedMedia,
              fmt::format("the body of the request was in an unknown format ({}) - accepted media types include: "
                          "application/json-patch+json, "
                          "application/merge-patch+json, application/strategic-merge-patch+json, "
                          "application/apply-patch+yaml",
                          type));
}

}  // namespace

Task<Result<Reply>> handle_update(Context& context, const Request& request) {
  const RequestInfo& info = request.info;
  if (!updatable(info)) co_return method_not_allowed();
  const bool scale = info.subresource == "scale";
  auto warnings = std::make_shared<std::vector<std::string>>();
  auto decoded = decode_object(request, scale ? scale_kind() : *info.kind, *warnings);
  if (!decoded) co_return fail(std::move(decoded).error());
  auto named = check_name(info, **decoded);
  if (!named) co_return fail(std::move(named).error());
  auto allowed = check_node_object(request.who, **decoded);
  if (!allowed) co_return fail(std::move(allowed).error());
  (*decoded)->meta().name = info.name;
  const std::shared_ptr<const api::Object> wanted = std::move(*decoded);
  Registry::Change change;
  if (scale) {
    change = [wanted](const api::Object& current) { return scaled(current, wanted->as<api::Scale>()); };
  } else if (info.subresource == "finalize") {
    change = [wanted](const api::Object& current) { return finalized(current, *wanted); };
  } else {
    change = [wanted](const api::Object&) -> Result<api::MutableObject> { return wanted->clone(); };
  }
  auto options = write_options(request, "UpdateOptions");
  if (!options) co_return fail(std::move(options).error());
  co_return co_await write(context, request, std::move(change), std::move(warnings), std::move(*options));
}

namespace {

std::unexpected<Error> bad_patch_option(std::string_view problem) {
  return fail(Code::kInvalid, fmt::format("PatchOptions.meta.k8s.io \"\" is invalid: {}", problem));
}

Task<Result<Reply>> apply_patch(Context& context, const Request& request) {
  const RequestInfo& info = request.info;
  if (info.subresource == "scale")
    co_return fail(Code::kUnsupportedMedia, "apply patches of scale are not supported: use a merge patch");
  auto options = write_options(request, "PatchOptions");
  if (!options) co_return fail(std::move(options).error());
  if (info.param("fieldManager").empty())
    co_return bad_patch_option("fieldManager: Required value: is required for apply patch");
  auto validation = validation_of(info);
  if (!validation) co_return fail(std::move(validation).error());
  auto warnings = std::make_shared<std::vector<std::string>>();
  api::DecodeReport report;
  auto config = api::parse_yaml(request.http.body, &report);
  if (!config) co_return fail(std::move(config).error().in("error decoding YAML"));
  auto judged = judge(*validation, *info.kind, report, *warnings);
  if (!judged) co_return fail(std::move(judged).error());
  options->tracking = WriteOptions::Tracking::kApplied;
  auto made = std::make_shared<bool>(false);
  const Clock& clock = context.registry.clock();
  Registry::Change change = [config = std::move(*config), manager = options->manager, through = info.subresource,
                             force = info.flag("force"), &info, &clock,
                             made](const api::Object& current) -> Result<api::MutableObject> {
    *made = current.meta().name.empty();
    const api::Writer writer{manager, through, clock.now()};
    FL_TRY(auto next, api::applied(current, config, writer, force));
    FL_CHECK(check_name(info, *next));
    return next;
  };
  auto reply = co_await write(context, request, std::move(change), std::move(warnings), std::move(*options));
  if (reply && *made) reply->status = 201;
  co_return reply;
}

}  // namespace

Task<Result<Reply>> handle_patch(Context& context, const Request& request) {
  const RequestInfo& info = request.info;
  if (!updatable(info)) co_return method_not_allowed();
  if (body_type(request.http.headers) == "application/apply-patch+yaml")
    co_return co_await apply_patch(context, request);
  if (!info.param("force").empty())
    co_return bad_patch_option("force: Forbidden: may not be specified for non-apply patch");
  auto options = write_options(request, "PatchOptions");
  if (!options) co_return fail(std::move(options).error());
  auto type = patch_type(request.http);
  if (!type) co_return fail(std::move(type).error());
  auto validation = validation_of(info);
  if (!validation) co_return fail(std::move(validation).error());
  auto warnings = std::make_shared<std::vector<std::string>>();
  const bool scale = info.subresource == "scale";
  Registry::Change change = [type = *type, validation = *validation, body = request.http.body, name = info.name, scale,
                             warnings](const api::Object& current) -> Result<api::MutableObject> {
    // An object that is not there is not made by a patch.
    if (current.meta().name.empty()) return fail(not_found(current.kind(), name));
    api::DecodeReport report;
    warnings->clear();
    if (scale) {
      const auto view = api::make_object(scale_of(current));
      FL_TRY(const auto next, patched(*view, type, body, &report));
      FL_CHECK(judge(validation, scale_kind(), report, *warnings));
      return scaled(current, next->as<api::Scale>());
    }
    FL_TRY(auto next, patched(current, type, body, &report));
    FL_CHECK(judge(validation, current.kind(), report, *warnings));
    if (next->meta().name != name) {
      return fail(bad_request(
          fmt::format("the name of the object ({}) does not match the name on the URL ({})", next->meta().name, name)));
    }
    return next;
  };
  co_return co_await write(context, request, std::move(change), std::move(warnings), std::move(*options));
}

}  // namespace fairlead::apiserver
