// Who asks, and whether they may. Identities come from client certificates (common name and organizations), from a file
// of static tokens, and from service account tokens. The rules are few and fixed: administrators, nodes, the proxy,
// service accounts.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apiserver/identity.h"
#include "apiserver/registry.h"
#include "apiserver/request_info.h"
#include "apiserver/service_account_tokens.h"

namespace fairlead::apiserver {

class Authenticator {
 public:
  // Lines of token,user,uid[,"group1,group2"]. Errors name the line.
  Result<> add_static_tokens(std::string_view csv);
  // From now on service account tokens hold, too. Borrowed.
  void use(const ServiceAccountTokens& tokens) { service_accounts_ = &tokens; }

  // kUnauthorized for credentials that do not hold; nobody's request is anonymous.
  [[nodiscard]] Result<Identity> identify(const net::HttpRequest& request) const;

  // Whose token this is, if it is good for one of `audiences`; none: for this server.
  [[nodiscard]] Result<TokenOwner> by_token(std::string_view token, std::vector<std::string> audiences = {}) const;

 private:
  std::map<std::string, Identity, std::less<>> tokens_;
  const ServiceAccountTokens* service_accounts_ = nullptr;
};

// Who is asked to be taken for (Impersonate-User and Impersonate-Group), which administrators may; `who` when nobody is
// named. kForbidden with Kubernetes' sentence.
Result<Identity> impersonated(Identity who, const net::HttpRequest& request);

// kForbidden with Kubernetes' sentence. `registry` tells which pods a node has.
Result<> authorize(const Identity& who, const RequestInfo& what, Registry& registry);

}  // namespace fairlead::apiserver
