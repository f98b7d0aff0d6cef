// POST, PUT, PATCH and DELETE.
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "api/apply/managed_fields.h"
#include "api/codec.h"
#include "api/kinds/namespace.h"
#include "api/kinds/node.h"
#include "api/kinds/pod.h"
#include "api/kinds/tokenrequest.h"
#include "api/protobuf.h"
#include "api/validation.h"
#include "apiserver/errors.h"
#include "apiserver/handlers.h"
#include "apiserver/patch.h"
#include "apiserver/pods.h"
#include "apiserver/render.h"
#include "apiserver/reviews.h"
#include "apiserver/scale.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

namespace json = boost::json;

// --- options and bodies
// --------------------------------------------------------------------------------------------------------

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

enum class Validation : uint8_t { kIgnore, kWarn, kStrict };

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

// Bodies that are no stored kind: Binding, Eviction, DeleteOptions.
template <class T>
Result<T> decode_value(const net::HttpRequest& http, std::string_view kind) {
  T value;
  if (http.body.empty()) return value;
  if (body_type(http.headers) == kProtobuf) return api::value_from_proto<T>(http.body);
  FL_TRY(const json::value body, parse_body(http, nullptr));
  if (!body.is_object()) return fail(Code::kBadRequest, fmt::format("the body is not an object of kind {}", kind));
  if (const auto* found = body.get_object().if_contains("kind");
      found != nullptr && found->is_string() && !(found->get_string() == kind)) {
    return fail(Code::kBadRequest, fmt::format("the body is of kind {}, not {}", found->get_string().c_str(), kind));
  }
  FL_CHECK(api::from_json(body, api::type_info<T>(), &value));
  return value;
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

// --- checks that need both who asks and what
// -------------------------------------------------------------------------------------

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

// --- creation
// ------------------------------------------------------------------------------------------------------------------

Task<Result<Reply>> create_binding(Context& context, const Request& request, std::string pod) {
  auto dry = dry_run(request.info, "CreateOptions");
  if (!dry) co_return fail(std::move(dry).error());
  auto binding = decode_value<api::Binding>(request.http, "Binding");
  if (!binding) co_return fail(std::move(binding).error());
  auto bound = co_await bind_pod(context.registry, request.info.ns, std::move(pod), std::move(*binding), *dry);
  if (!bound) co_return fail(std::move(bound).error());
  co_return success(*request.info.kind, nullptr, 201);
}

Task<Result<Reply>> create_eviction(Context& context, const Request& request) {
  auto dry = dry_run(request.info, "CreateOptions");
  if (!dry) co_return fail(std::move(dry).error());
  auto eviction = decode_value<api::Eviction>(request.http, "Eviction");
  if (!eviction) co_return fail(std::move(eviction).error());
  auto done = co_await evict_pod(context.registry, request.info.ns, request.info.name, std::move(*eviction), *dry);
  if (!done) co_return fail(std::move(done).error());
  co_return success(*request.info.kind, nullptr, 201);
}

// A node may only ask for tokens of pods that run on it (plugin/pkg/admission/noderestriction).
Result<> check_node_token(const Request& request, const api::TokenRequestSpec& spec, Registry& registry) {
  const std::string_view node = request.who.node();
  if (node.empty() || request.who.in("system:masters")) return {};
  const auto refuse = [&](std::string_view why) { return fail(forbidden(*request.info.kind, request.info.name, why)); };
  const auto& ref = spec.bound_object_ref;
  if (!ref || ref->kind != "Pod" || ref->name.empty()) return refuse("node requested token not bound to a pod");
  if (ref->uid.empty()) return refuse("node requested token with a pod binding without a uid");
  const CachedPtr pod = registry.cache(api::kind_of<api::Pod>()).find(api::key_of(request.info.ns, ref->name));
  if (!pod) return fail(not_found(api::kind_of<api::Pod>(), ref->name));
  if (pod->object()->meta().uid != ref->uid) return refuse("node requested token bound to a pod with another uid");
  if (pod->object()->as<api::Pod>().spec.node_name != node)
    return refuse("node requested token bound to a pod scheduled on a different node");
  return {};
}

Task<Result<Reply>> create_token(Context& context, const Request& request) {
  const RequestInfo& info = request.info;
  Result<> problem;
  const MediaType media = media_of(request, problem);
  if (!problem) co_return fail(std::move(problem).error());
  std::vector<std::string> warnings;
  const api::KindInfo& kind = api::kind_of<api::TokenRequest>();
  auto object = decode_object(request, kind, warnings);
  if (!object) co_return fail(std::move(object).error());
  auto& wanted = (*object)->as<api::TokenRequest>();
  auto named = check_name(info, **object);
  if (!named) co_return fail(std::move(named).error());
  kind.set_defaults(**object);
  auto problems = kind.validate(**object);
  if (!problems.empty()) co_return fail(api::invalid(kind, wanted.metadata.name, std::move(problems)));
  auto fresh = co_await context.registry.catch_up();
  if (!fresh) co_return fail(std::move(fresh).error());
  auto allowed = check_node_token(request, wanted.spec, context.registry);
  if (!allowed) co_return fail(std::move(allowed).error());
  auto granted = context.tokens.grant(info.ns, info.name, std::move(wanted));
  if (!granted) co_return fail(std::move(granted).error());
  const Cached answer(api::make_object(std::move(*granted)), 0);
  Reply reply = object_reply(request, media, answer, context.registry, 201);
  reply.warnings = std::move(warnings);
  co_return reply;
}

std::unexpected<Error> method_not_allowed() {
  return fail(Code::kMethodNotAllowed, "the server does not allow this method on the requested resource");
}

}  // namespace

Task<Result<Reply>> handle_create(Context& context, const Request& request) {
  const RequestInfo& info = request.info;
  if (info.subresource == "binding") co_return co_await create_binding(context, request, info.name);
  if (info.subresource == "eviction") co_return co_await create_eviction(context, request);
  if (info.subresource == "token") co_return co_await create_token(context, request);
  if (!info.name.empty()) co_return method_not_allowed();
  if (info.kind->namespaced && info.ns.empty()) co_return method_not_allowed();
  Result<> problem;
  const MediaType media = media_of(request, problem);
  if (!problem) co_return fail(std::move(problem).error());
  auto options = write_options(request, "CreateOptions");
  if (!options) co_return fail(std::move(options).error());
  std::vector<std::string> warnings;
  auto object = decode_object(request, *info.kind, warnings);
  if (!object) co_return fail(std::move(object).error());
  if (info.kind->create_only) {
    auto fresh = co_await context.registry.catch_up();
    if (!fresh) co_return fail(std::move(fresh).error());
    auto answered = answer_review(request.who, info.ns, **object, context.authenticator, context.registry);
    if (!answered) co_return fail(std::move(answered).error());
    const Cached answer(std::move(*object), 0);
    Reply review = object_reply(request, media, answer, context.registry, 201);
    review.warnings = std::move(warnings);
    co_return review;
  }
  auto allowed = check_node_object(request.who, **object);
  if (!allowed) co_return fail(std::move(allowed).error());
  auto written = co_await context.registry.create(info.ns, std::move(*object), std::move(*options));
  if (!written) co_return fail(std::move(written).error());
  Reply reply = object_reply(request, media, **written, context.registry, 201);
  reply.warnings = std::move(warnings);
  co_return reply;
}

// --- update and patch
// ----------------------------------------------------------------------------------------------------------

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

// --- deletion
// ------------------------------------------------------------------------------------------------------------------

namespace {

// The body's options, or those of the query.
Result<RemoveOptions> delete_options(const Request& request) {
  FL_TRY(auto options, decode_value<api::DeleteOptions>(request.http, "DeleteOptions"));
  const RequestInfo& info = request.info;
  if (const auto grace = info.param("gracePeriodSeconds"); !grace.empty()) {
    const auto n = parse_int(grace);
    if (!n) return fail(Code::kBadRequest, fmt::format("gracePeriodSeconds {} is not a number", quote(grace)));
    options.grace_period_seconds = *n;
  }
  if (const auto policy = info.param("propagationPolicy"); !policy.empty())
    options.propagation_policy = std::string(policy);
  if (const auto orphan = info.param("orphanDependents"); !orphan.empty())
    options.orphan_dependents = info.flag("orphanDependents");
  if (const auto dry = info.param("dryRun"); !dry.empty()) options.dry_run = {std::string(dry)};
  return remove_options(options);
}

// Deletions of one collection, a few dozen at a time, so that they share commits.
class CollectionDeletion {
 public:
  CollectionDeletion(Registry& registry, const api::KindInfo& kind, RemoveOptions options, std::vector<CachedPtr> items)
      : registry_(registry), kind_(kind), options_(std::move(options)), items_(std::move(items)) {}

  Task<Result<std::vector<CachedPtr>>> run() {
    rt::TaskGroup workers(registry_.loop());
    for (size_t i = 0; i < std::min<size_t>(items_.size(), 32); ++i) workers.spawn("delete", work());
    std::exception_ptr ended;
    try {
      co_await workers.join();
    } catch (...) {
      ended = std::current_exception();
    }
    if (ended) {
      co_await rt::shield();
      co_await workers.shutdown();
      std::rethrow_exception(ended);
    }
    if (!problem_.message.empty()) co_return fail(std::move(problem_));
    co_return std::move(deleted_);
  }

 private:
  Task<> work() {
    while (next_ < items_.size() && problem_.message.empty()) {
      const CachedPtr item = items_[next_++];
      const api::ObjectMeta& meta = item->object()->meta();
      auto removed = co_await registry_.remove(kind_, meta.namespace_, meta.name, options_);
      if (removed) {
        deleted_.push_back(removed->object);
      } else if (removed.error().code != Code::kNotFound) {
        problem_ = std::move(removed).error();
      }
    }
  }

  Registry& registry_;
  const api::KindInfo& kind_;
  RemoveOptions options_;
  std::vector<CachedPtr> items_;
  size_t next_ = 0;
  std::vector<CachedPtr> deleted_;
  Error problem_;
};

}  // namespace

Task<Result<Reply>> handle_delete(Context& context, const Request& request) {
  const RequestInfo& info = request.info;
  if (!info.subresource.empty()) co_return method_not_allowed();
  Result<> problem;
  const MediaType media = media_of(request, problem);
  if (!problem) co_return fail(std::move(problem).error());
  auto options = delete_options(request);
  if (!options) co_return fail(std::move(options).error());
  auto removed = co_await context.registry.remove(*info.kind, scope_of(info), info.name, std::move(*options));
  if (!removed) co_return fail(std::move(removed).error());
  const bool returns_object = !removed->gone || info.plural == "pods" || info.plural == "services";
  if (returns_object) co_return object_reply(request, media, *removed->object, context.registry, 200);
  co_return success(*info.kind, &removed->object->object()->meta(), 200);
}

Task<Result<Reply>> handle_delete_collection(Context& context, const Request& request) {
  const RequestInfo& info = request.info;
  if (info.kind->namespaced && info.ns.empty()) co_return method_not_allowed();
  auto options = delete_options(request);
  if (!options) co_return fail(std::move(options).error());
  auto filter = filter_of(info);
  if (!filter) co_return fail(std::move(filter).error());
  auto fresh = co_await context.registry.catch_up();
  if (!fresh) co_return fail(std::move(fresh).error());
  auto page = context.registry.cache(*info.kind).list(*filter, 0, "", 0);
  if (!page) co_return fail(std::move(page).error());
  CollectionDeletion deletion(context.registry, *info.kind, std::move(*options), std::move(page->items));
  auto deleted = co_await deletion.run();
  if (!deleted) co_return fail(std::move(deleted).error());
  ListMeta meta;
  meta.revision = context.registry.revision();
  const Renderer renderer(*info.kind, MediaType{}, "", context.registry.clock().now());
  Reply reply;
  reply.body = renderer.list(*deleted, meta);
  co_return reply;
}

}  // namespace fairlead::apiserver
