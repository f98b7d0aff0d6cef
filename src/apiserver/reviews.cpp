#include "apiserver/reviews.h"

#include "api/kinds/accessreview.h"
#include "api/kinds/rulesreview.h"
#include "api/kinds/tokenreview.h"
#include "api/validation.h"
#include "apiserver/errors.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

api::UserInfo info_of(const Identity& who) {
  api::UserInfo out;
  out.username = who.name;
  out.uid = who.uid;
  out.groups = who.groups;
  out.extra = who.extra;
  return out;
}

// --- access

RequestInfo request_of(const api::ResourceAttributes& a) {
  RequestInfo info;
  info.resource = true;
  info.verb = a.verb;
  info.group = a.group;
  info.version = a.version;
  info.ns = a.namespace_;
  info.plural = a.resource;
  info.subresource = a.subresource;
  info.name = a.name;
  if (a.field_selector && !a.field_selector->raw_selector.empty())
    info.query.emplace_back("fieldSelector", a.field_selector->raw_selector);
  return info;
}

RequestInfo request_of(const api::NonResourceAttributes& a) {
  RequestInfo info;
  info.verb = a.verb;
  info.path = a.path;
  for (const char c : a.verb) info.method += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return info;
}

api::SubjectAccessReviewStatus judge(const Identity& who, const api::Box<api::ResourceAttributes>& resource,
                                     const api::Box<api::NonResourceAttributes>& other, Registry& registry) {
  const RequestInfo what = resource ? request_of(*resource) : request_of(*other);
  api::SubjectAccessReviewStatus out;
  out.allowed = authorize(who, what, registry).has_value();
  return out;
}

Identity subject_of(const api::SubjectAccessReviewSpec& spec) {
  Identity who;
  who.name = spec.user;
  who.uid = spec.uid;
  who.groups = spec.groups;
  who.extra = spec.extra;
  return who;
}

// --- rules

void add_rule(api::SubjectRulesReviewStatus& out, std::vector<std::string> verbs, std::string group,
              std::vector<std::string> resources) {
  auto& rule = out.resource_rules.emplace_back();
  rule.verbs = std::move(verbs);
  rule.api_groups = {std::move(group)};
  rule.resources = std::move(resources);
}

// What a service account may read, one rule for each group.
void add_readable(api::SubjectRulesReviewStatus& out, const Identity& who, const std::string& ns, Registry& registry) {
  std::map<std::string, std::vector<std::string>> groups;
  for (const api::KindInfo* kind : api::all_kinds()) {
    if (kind->create_only) continue;
    RequestInfo what;
    what.resource = true;
    what.verb = "list";
    what.group = kind->group;
    what.ns = kind->namespaced ? ns : "";
    what.plural = kind->plural;
    if (authorize(who, what, registry)) groups[what.group].push_back(what.plural);
  }
  for (auto& [group, resources] : groups) add_rule(out, {"get", "list", "watch"}, group, std::move(resources));
}

api::SubjectRulesReviewStatus rules_of(const Identity& who, const std::string& ns, Registry& registry) {
  api::SubjectRulesReviewStatus out;
  if (who.in("system:masters")) {
    add_rule(out, {"*"}, "*", {"*"});
    out.non_resource_rules.push_back({{"*"}, {"*"}});
    return out;
  }
  add_rule(out, {"create"}, "authorization.k8s.io", {"selfsubjectaccessreviews", "selfsubjectrulesreviews"});
  add_rule(out, {"create"}, "authentication.k8s.io", {"selfsubjectreviews"});
  out.non_resource_rules.push_back({{"get"},
                                    {"/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi",
                                     "/openapi/*", "/readyz", "/version", "/version/"}});
  if (!who.node().empty()) {
    out.incomplete = true;
    out.evaluation_error = "node authorizer does not support user rule resolution";
    return out;
  }
  add_readable(out, who, ns, registry);
  return out;
}

}  // namespace

Result<> answer_review(const Identity& who, const std::string& ns, api::Object& review, const Authenticator& auth,
                       Registry& registry) {
  const api::KindInfo& kind = review.kind();
  if (kind.namespaced && review.meta().namespace_.empty()) review.meta().namespace_ = ns;
  if (kind.set_defaults != nullptr) kind.set_defaults(review);
  if (kind.validate != nullptr) {
    auto problems = kind.validate(review);
    if (!problems.empty()) return fail(api::invalid(kind, review.meta().name, std::move(problems)));
  }
  if (review.is<api::SelfSubjectReview>()) {
    review.meta().creation_timestamp.at = std::chrono::floor<std::chrono::seconds>(registry.clock().now());
    review.as<api::SelfSubjectReview>().status.user_info = info_of(who);
  } else if (review.is<api::TokenReview>()) {
    auto& r = review.as<api::TokenReview>();
    if (r.spec.token.empty()) return fail(bad_request("token is required for TokenReview in authentication"));
    r.status = {};
    const auto owner = auth.by_token(r.spec.token, r.spec.audiences);
    if (owner) {
      r.status.authenticated = true;
      r.status.user = info_of(owner->who);
      r.status.audiences = owner->audiences;
    } else {
      r.status.error = "invalid bearer token";
    }
  } else if (review.is<api::SubjectAccessReview>()) {
    auto& r = review.as<api::SubjectAccessReview>();
    r.status = judge(subject_of(r.spec), r.spec.resource_attributes, r.spec.non_resource_attributes, registry);
  } else if (review.is<api::LocalSubjectAccessReview>()) {
    auto& r = review.as<api::LocalSubjectAccessReview>();
    r.status = judge(subject_of(r.spec), r.spec.resource_attributes, r.spec.non_resource_attributes, registry);
  } else if (review.is<api::SelfSubjectAccessReview>()) {
    auto& r = review.as<api::SelfSubjectAccessReview>();
    r.status = judge(who, r.spec.resource_attributes, r.spec.non_resource_attributes, registry);
  } else if (review.is<api::SelfSubjectRulesReview>()) {
    auto& r = review.as<api::SelfSubjectRulesReview>();
    if (r.spec.namespace_.empty()) return fail(bad_request("no namespace on request"));
    r.status = rules_of(who, r.spec.namespace_, registry);
  } else {
    return fail(Code::kMethodNotAllowed, "the server does not allow this method on the requested resource");
  }
  return {};
}

}  // namespace fairlead::apiserver
