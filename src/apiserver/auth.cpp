#include "apiserver/auth.h"

#include <algorithm>
#include <boost/json/value.hpp>

#include "api/codec.h"
#include "api/kinds/pod.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kNodeUser = "system:node:";
constexpr std::string_view kServiceAccountUser = "system:serviceaccount:";

bool one_of(std::string_view value, std::initializer_list<std::string_view> values) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool reads(const RequestInfo& what) { return one_of(what.verb, {"get", "list", "watch"}); }

bool under(std::string_view path, std::initializer_list<std::string_view> roots) {
  return std::any_of(roots.begin(), roots.end(), [&](std::string_view root) {
    return path == root || (path.starts_with(root) && path.size() > root.size() && path[root.size()] == '/');
  });
}

bool reports_events(const RequestInfo& what) {
  return what.plural == "events" && one_of(what.verb, {"create", "update", "patch"});
}

// What a node's agent may do: read what it needs to run pods and the proxy, and write what is its own.
bool node_may(std::string_view node, const RequestInfo& what, Registry& registry) {
  if (reads(what)) return true;
  if (reports_events(what)) return true;
  if (what.plural == "nodes") {
    if (what.verb == "create") return true;  // the name is checked with the object
    return what.name == node && one_of(what.verb, {"update", "patch"});
  }
  if (what.plural == "leases") return what.ns == "kube-node-lease" && (what.name == node || what.verb == "create");
  if (what.plural == "pods" && !what.name.empty()) {
    const bool own_verbs = (what.subresource == "status" && one_of(what.verb, {"update", "patch"})) ||
                           (what.subresource.empty() && what.verb == "delete");
    if (!own_verbs) return false;
    const CachedPtr pod = registry.cache(api::kind_of<api::Pod>()).find(api::key_of(what.ns, what.name));
    // A pod that is gone is answered with 404 by the handler.
    return !pod || pod->object()->as<api::Pod>().spec.node_name == node;
  }
  return false;
}

bool may(const Identity& who, const RequestInfo& what, Registry& registry) {
  if (who.in("system:masters")) return true;
  if (!what.resource) {
    if (!one_of(what.method, {"GET", "HEAD"})) return false;
    if (under(what.path, {"/healthz", "/livez", "/readyz", "/version"})) return true;
    if (who.anonymous()) return false;
    return under(what.path, {"/api", "/apis", "/openapi", "/openid", "/.well-known"}) || what.path == "/" ||
           (what.path == "/metrics" && who.in("system:monitoring"));
  }
  if (who.anonymous()) return false;
  if (one_of(who.name, {"system:kube-controller-manager", "system:kube-scheduler"})) return true;
  if (who.in("system:nodes") && who.name.starts_with(kNodeUser)) {
    return node_may(std::string_view(who.name).substr(kNodeUser.size()), what, registry);
  }
  if (who.name == "system:kube-proxy") {
    return (reads(what) && one_of(what.plural, {"services", "endpoints", "endpointslices", "nodes", "pods",
                                                "namespaces", "servicecidrs"})) ||
           reports_events(what);
  }
  // Until there are RBAC kinds, programs in pods may look at everything but secrets, and change nothing.
  if (who.in("system:serviceaccounts")) return reads(what) && what.plural != "secrets";
  return false;
}

}  // namespace

bool Identity::in(std::string_view group) const {
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

Result<> Authenticator::add_static_tokens(std::string_view csv) {
  size_t number = 0;
  for (const std::string_view raw : split(csv, '\n')) {
    ++number;
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    // The groups are one quoted field with commas of its own.
    std::string_view fields = line;
    std::string_view groups;
    if (const auto open = line.find('"'); open != std::string_view::npos) {
      const auto close = line.find('"', open + 1);
      if (close == std::string_view::npos)
        return fail(Code::kInvalid, fmt::format("line {}: a quote is not closed", number));
      groups = line.substr(open + 1, close - open - 1);
      fields = line.substr(0, open);
    }
    auto parts = split(fields, ',');
    if (parts.size() < 3 || parts[0].empty() || parts[1].empty()) {
      return fail(Code::kInvalid, fmt::format("line {}: expected token,user,uid[,\"group1,group2\"]", number));
    }
    Identity who{std::string(trim(parts[1])), std::string(trim(parts[2])), {}};
    if (groups.empty() && parts.size() > 3) groups = parts[3];
    for (const std::string_view g : split(groups, ',')) {
      if (!trim(g).empty()) who.groups.emplace_back(trim(g));
    }
    who.groups.emplace_back("system:authenticated");
    tokens_[std::string(trim(parts[0]))] = std::move(who);
  }
  return {};
}

void Authenticator::add_service_accounts(pki::JwtVerifier verifier, std::string audience) {
  verifier_.emplace(std::move(verifier));
  audience_ = std::move(audience);
}

Result<Identity> Authenticator::by_token(std::string_view token) const {
  if (const auto it = tokens_.find(token); it != tokens_.end()) return it->second;
  if (!verifier_) return fail(Code::kUnauthorized, "Unauthorized");
  FL_TRY(const std::string text, verifier_->verify(token, clock_.now()));
  FL_TRY(const auto claims, api::parse_json(text));
  const auto* object = claims.if_object();
  const auto* subject = object == nullptr ? nullptr : object->if_contains("sub");
  const auto* audience = object == nullptr ? nullptr : object->if_contains("aud");
  bool meant_for_us = false;
  if (audience != nullptr && audience->is_string()) meant_for_us = audience->get_string() == audience_.c_str();
  if (audience != nullptr && audience->is_array()) {
    for (const auto& a : audience->get_array())
      meant_for_us = meant_for_us || (a.is_string() && a.get_string() == audience_.c_str());
  }
  if (!meant_for_us || subject == nullptr || !subject->is_string()) return fail(Code::kUnauthorized, "Unauthorized");
  Identity who{std::string(subject->get_string().data(), subject->get_string().size()), {}, {}};
  if (!who.name.starts_with(kServiceAccountUser)) return fail(Code::kUnauthorized, "Unauthorized");
  const auto ns = split(std::string_view(who.name).substr(kServiceAccountUser.size()), ':')[0];
  who.groups = {"system:serviceaccounts", fmt::format("system:serviceaccounts:{}", ns), "system:authenticated"};
  return who;
}

Result<Identity> Authenticator::identify(const net::HttpRequest& request) const {
  if (request.client) {
    Identity who{request.client->common_name, {}, request.client->organizations};
    who.groups.emplace_back("system:authenticated");
    // Components in pods hold certificates in the name of their service account.
    if (who.name.starts_with(kServiceAccountUser)) who.groups.emplace_back("system:serviceaccounts");
    return who;
  }
  const std::string_view header = request.headers.get("authorization");
  if (header.empty()) return Identity{"system:anonymous", {}, {"system:unauthenticated"}};
  constexpr std::string_view kBearer = "bearer ";
  if (lower(header.substr(0, kBearer.size())) != kBearer) return fail(Code::kUnauthorized, "Unauthorized");
  auto who = by_token(trim(header.substr(kBearer.size())));
  // Why a token does not hold is nobody's business but the log's.
  if (!who) return fail(Code::kUnauthorized, "Unauthorized");
  return who;
}

Result<> authorize(const Identity& who, const RequestInfo& what, Registry& registry) {
  if (may(who, what, registry)) return {};
  if (!what.resource) {
    return fail(Code::kForbidden, fmt::format("forbidden: User {} cannot {} path {}", quote(who.name),
                                              lower(what.method), quote(what.path)));
  }
  std::string subject = what.group.empty() ? what.plural : what.plural + "." + what.group;
  if (!what.name.empty()) subject += " " + quote(what.name);
  const std::string resource = what.subresource.empty() ? what.plural : what.plural + "/" + what.subresource;
  const std::string scope =
      what.ns.empty() ? "at the cluster scope" : fmt::format("in the namespace {}", quote(what.ns));
  return fail(Code::kForbidden,
              fmt::format("{} is forbidden: User {} cannot {} resource {} in API group {} {}", subject, quote(who.name),
                          what.verb, quote(resource), quote(what.group), scope));
}

}  // namespace fairlead::apiserver
