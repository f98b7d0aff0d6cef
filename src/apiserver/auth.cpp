#include "apiserver/auth.h"

#include <algorithm>

#include "apiserver/node_authorizer.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

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
  // Everybody may ask about themselves (system:basic-user).
  if (what.verb == "create" && what.subresource.empty() &&
      one_of(what.plural, {"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"}))
    return true;
  if (const auto node = who.node(); !node.empty()) return node_may(node, what, registry);
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

Result<TokenOwner> Authenticator::by_token(std::string_view token, std::vector<std::string> audiences) const {
  if (service_accounts_ == nullptr && tokens_.empty()) return fail(Code::kUnauthorized, "no tokens are known");
  const std::string own = service_accounts_ == nullptr ? "" : service_accounts_->issuer();
  if (audiences.empty()) audiences = {own};
  if (const auto it = tokens_.find(token); it != tokens_.end()) {
    // Static tokens know no audience: they are for this server.
    if (std::find(audiences.begin(), audiences.end(), own) == audiences.end())
      return fail(Code::kUnauthorized, "the token is for another audience");
    return TokenOwner{it->second, {own}};
  }
  if (service_accounts_ == nullptr) return fail(Code::kUnauthorized, "the token is not known");
  return service_accounts_->check(token, audiences);
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
  return std::move(who->who);
}

Result<Identity> impersonated(Identity who, const net::HttpRequest& request) {
  const std::string user(request.headers.get("impersonate-user"));
  if (user.empty()) return who;
  if (!who.in("system:masters")) {
    return fail(Code::kForbidden,
                fmt::format("users {} is forbidden: User {} cannot impersonate resource \"users\" in API group \"\" at "
                            "the cluster scope",
                            quote(user), quote(who.name)));
  }
  Identity other{user, std::string(request.headers.get("impersonate-uid")), {}, {}};
  for (const auto group : request.headers.all("impersonate-group")) other.groups.emplace_back(group);
  if (user.starts_with(kServiceAccountUser) && other.groups.empty()) {
    const auto ns = split(std::string_view(user).substr(kServiceAccountUser.size()), ':')[0];
    other.groups = {"system:serviceaccounts", fmt::format("system:serviceaccounts:{}", ns)};
  }
  const bool anonymous = other.anonymous();
  other.groups.emplace_back(anonymous ? "system:unauthenticated" : "system:authenticated");
  return other;
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
