// Service account tokens: signed for programs in pods and for `kubectl create token`, and looked at again whenever one
// comes back. A token names its account and, when bound, its pod, Secret or Node by uid, and holds as long as they live
// (KEP-1205).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/kinds/tokenrequest.h"
#include "apiserver/identity.h"
#include "apiserver/registry.h"
#include "pki/jwt.h"

namespace fairlead::apiserver {

struct TokenOwner {
  Identity who;
  std::vector<std::string> audiences;  // those of the token that were asked for
};

class ServiceAccountTokens {
 public:
  // `issuer` is the only audience of tokens that name none, too.
  ServiceAccountTokens(Registry& registry, pki::JwtKey key, std::string issuer);

  // What a POST to serviceaccounts/NAME/token asks for; the answer is the request with its status.
  [[nodiscard]] Result<api::TokenRequest> grant(const std::string& ns, const std::string& name,
                                                api::TokenRequest request) const;
  // kUnauthorized, with the reason for the log, unless the token is good for one of `audiences`.
  [[nodiscard]] Result<TokenOwner> check(std::string_view token, const std::vector<std::string>& audiences) const;

  [[nodiscard]] const std::string& issuer() const { return issuer_; }
  // {"keys":[...]} for /openid/v1/jwks, and /.well-known/openid-configuration of a server at `url`.
  [[nodiscard]] Result<std::string> jwks() const { return verifier_.jwks(); }
  [[nodiscard]] std::string configuration(const std::string& url) const;

 private:
  struct Bound {
    std::string kind;  // pod, secret, node
    std::string name;
    std::string uid;
  };
  [[nodiscard]] Result<std::vector<Bound>> bound_to(const std::string& ns, const std::string& account,
                                                    const api::BoundObjectReference& ref) const;
  // The object lives, or has been dying for less than a minute.
  [[nodiscard]] bool lives(const api::KindInfo& kind, const std::string& ns, const std::string& name,
                           const std::string& uid) const;

  Registry& registry_;
  pki::JwtKey key_;
  pki::JwtVerifier verifier_;
  std::string issuer_;
};

}  // namespace fairlead::apiserver
