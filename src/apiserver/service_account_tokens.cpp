#include "apiserver/service_account_tokens.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api/codec.h"
#include "api/kinds/node.h"
#include "api/kinds/pod.h"
#include "api/kinds/secret.h"
#include "api/kinds/serviceaccount.h"
#include "apiserver/errors.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

namespace json = boost::json;

constexpr auto kLeeway = std::chrono::seconds(60);

int64_t unix_seconds(WallTime t) { return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count(); }

std::string text_at(const json::object& object, std::string_view key) {
  const auto* v = object.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->get_string().data(), v->get_string().size()) : "";
}
const json::object* object_at(const json::object& object, std::string_view key) {
  const auto* v = object.if_contains(key);
  return v == nullptr ? nullptr : v->if_object();
}

std::vector<std::string> audiences_of(const json::object& claims) {
  std::vector<std::string> out;
  const auto* aud = claims.if_contains("aud");
  if (aud != nullptr && aud->is_string()) out.emplace_back(aud->get_string().c_str());
  if (aud != nullptr && aud->is_array()) {
    for (const auto& a : aud->get_array()) {
      if (a.is_string()) out.emplace_back(a.get_string().c_str());
    }
  }
  return out;
}

std::unexpected<Error> refuse(std::string why) { return fail(Code::kUnauthorized, std::move(why)); }

}  // namespace

ServiceAccountTokens::ServiceAccountTokens(Registry& registry, pki::JwtKey key, std::string issuer)
    : registry_(registry), key_(key), verifier_({std::move(key)}), issuer_(std::move(issuer)) {}

// --- granting

Result<std::vector<ServiceAccountTokens::Bound>> ServiceAccountTokens::bound_to(
    const std::string& ns, const std::string& account, const api::BoundObjectReference& ref) const {
  const bool core = ref.api_version == "v1" || ref.api_version.empty();
  const api::KindInfo* kind = nullptr;
  if (core && ref.kind == "Pod") kind = &api::kind_of<api::Pod>();
  if (core && ref.kind == "Secret") kind = &api::kind_of<api::Secret>();
  if (core && ref.kind == "Node") kind = &api::kind_of<api::Node>();
  if (kind == nullptr)
    return fail(bad_request(fmt::format("cannot bind token to object of type {}, Kind={}", ref.api_version, ref.kind)));
  const CachedPtr found = registry_.cache(*kind).find(api::key_of(kind->namespaced ? ns : "", ref.name));
  if (!found) return fail(not_found(*kind, ref.name));
  const api::ObjectMeta& meta = found->object()->meta();
  std::vector<Bound> out = {{lower(ref.kind), meta.name, meta.uid}};
  if (found->object()->is<api::Pod>()) {
    const auto& spec = found->object()->as<api::Pod>().spec;
    if (spec.service_account_name != account) {
      return fail(bad_request(
          fmt::format("cannot bind token for serviceaccount {} to pod running with different serviceaccount name.",
                      quote(account))));
    }
    if (!spec.node_name.empty()) {
      const CachedPtr node = registry_.cache(api::kind_of<api::Node>()).find(spec.node_name);
      out.push_back({"node", spec.node_name, node ? node->object()->meta().uid : ""});
    }
  }
  if (!ref.uid.empty() && ref.uid != meta.uid) {
    return fail(
        Code::kConflict,
        fmt::format("Operation cannot be fulfilled on {} {}: the UID in the bound object reference ({}) does not "
                    "match the UID in record. The object might have been deleted and then recreated",
                    ref.kind, quote(ref.name), ref.uid));
  }
  return out;
}

Result<api::TokenRequest> ServiceAccountTokens::grant(const std::string& ns, const std::string& name,
                                                      api::TokenRequest request) const {
  const auto& kind = api::kind_of<api::ServiceAccount>();
  const CachedPtr account = registry_.cache(kind).find(api::key_of(ns, name));
  if (!account) return fail(not_found(kind, name));
  api::TokenRequestSpec& spec = request.spec;
  if (spec.audiences.empty()) spec.audiences = {issuer_};
  json::object inner = {{"namespace", ns}};
  if (spec.bound_object_ref) {
    FL_TRY(const auto bound, bound_to(ns, name, *spec.bound_object_ref));
    for (const Bound& b : bound) {
      json::object entry = {{"name", b.name}};
      if (!b.uid.empty()) entry["uid"] = b.uid;
      inner[b.kind] = std::move(entry);
    }
  }
  inner["serviceaccount"] = json::object{{"name", name}, {"uid", account->object()->meta().uid}};
  const WallTime now = registry_.clock().now();
  const int64_t at = unix_seconds(now);
  const int64_t ends = at + spec.expiration_seconds.value_or(3600);
  json::array audiences;
  for (const auto& a : spec.audiences) audiences.emplace_back(a);
  const json::object claims = {{"aud", std::move(audiences)},
                               {"exp", ends},
                               {"iat", at},
                               {"iss", issuer_},
                               {"jti", new_uuid()},
                               {"kubernetes.io", std::move(inner)},
                               {"nbf", at},
                               {"sub", fmt::format("{}{}:{}", kServiceAccountUser, ns, name)}};
  FL_TRY(request.status.token, key_.sign(json::serialize(claims)));
  request.status.expiration_timestamp.at = WallTime(std::chrono::seconds(ends));
  request.metadata.name = name;
  request.metadata.namespace_ = ns;
  request.metadata.creation_timestamp.at = std::chrono::floor<std::chrono::seconds>(now);
  return request;
}

// --- checking

bool ServiceAccountTokens::lives(const api::KindInfo& kind, const std::string& ns, const std::string& name,
                                 const std::string& uid) const {
  const CachedPtr found = registry_.cache(kind).find(api::key_of(kind.namespaced ? ns : "", name));
  if (!found || found->object()->meta().uid != uid) return false;
  const auto& deleted = found->object()->meta().deletion_timestamp;
  return !deleted || *deleted.at >= registry_.clock().now() - kLeeway;
}

Result<TokenOwner> ServiceAccountTokens::check(std::string_view token,
                                               const std::vector<std::string>& audiences) const {
  FL_TRY(const std::string text, verifier_.verify(token, registry_.clock().now()));
  FL_TRY(const auto parsed, api::parse_json(text));
  const auto* claims = parsed.if_object();
  if (claims == nullptr || text_at(*claims, "iss") != issuer_) return refuse("the token is of another issuer");
  TokenOwner out;
  for (const auto& a : audiences_of(*claims)) {
    if (std::find(audiences.begin(), audiences.end(), a) != audiences.end()) out.audiences.push_back(a);
  }
  if (out.audiences.empty()) return refuse("the token is for another audience");

  const auto* inner = object_at(*claims, "kubernetes.io");
  const auto* account = inner == nullptr ? nullptr : object_at(*inner, "serviceaccount");
  if (account == nullptr) return refuse("the token names no service account");
  const std::string ns = text_at(*inner, "namespace");
  const std::string name = text_at(*account, "name");
  const std::string uid = text_at(*account, "uid");
  if (!lives(api::kind_of<api::ServiceAccount>(), ns, name, uid)) return refuse("the service account has been deleted");
  Identity& who = out.who;
  who.name = fmt::format("{}{}:{}", kServiceAccountUser, ns, name);
  if (text_at(*claims, "sub") != who.name) return refuse("the token's subject is not its service account");
  who.uid = uid;
  who.groups = {"system:serviceaccounts", fmt::format("system:serviceaccounts:{}", ns), "system:authenticated"};
  const std::string prefix = "authentication.kubernetes.io/";
  if (const auto id = text_at(*claims, "jti"); !id.empty()) who.extra[prefix + "credential-id"] = {"JTI=" + id};

  struct Row {
    const char* claim;
    const api::KindInfo& kind;
  };
  for (const Row& row : {Row{"pod", api::kind_of<api::Pod>()}, Row{"secret", api::kind_of<api::Secret>()},
                         Row{"node", api::kind_of<api::Node>()}}) {
    const auto* bound = object_at(*inner, row.claim);
    if (bound == nullptr) continue;
    const std::string bound_name = text_at(*bound, "name");
    const std::string bound_uid = text_at(*bound, "uid");
    // The node of a pod is there for information; a token that is bound to a node alone needs it.
    const bool needed = row.kind.kind != "Node" || object_at(*inner, "pod") == nullptr;
    if (needed && !lives(row.kind, ns, bound_name, bound_uid))
      return refuse(fmt::format("the token's {} has been deleted", row.claim));
    if (row.kind.kind == "Secret") continue;
    who.extra[prefix + row.claim + "-name"] = {bound_name};
    if (!bound_uid.empty()) who.extra[prefix + row.claim + "-uid"] = {bound_uid};
  }
  return out;
}

std::string ServiceAccountTokens::configuration(const std::string& url) const {
  const json::object out = {{"issuer", issuer_},
                            {"jwks_uri", url + "/openid/v1/jwks"},
                            {"response_types_supported", json::array{"id_token"}},
                            {"subject_types_supported", json::array{"public"}},
                            {"id_token_signing_alg_values_supported", json::array{"ES256"}}};
  return json::serialize(out);
}

}  // namespace fairlead::apiserver
