// POST: objects, what is posted to a pod or a service account, and reviews.
#include "api/kinds/pod.h"
#include "api/kinds/tokenrequest.h"
#include "api/validation.h"
#include "apiserver/pods.h"
#include "apiserver/reviews.h"
#include "apiserver/write_body.h"

namespace fairlead::apiserver {
namespace {

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

}  // namespace fairlead::apiserver
