// Who asks, and whether they may. Identities come from client certificates (common name and organizations), from a file
// of static tokens, and from service account tokens. The rules are few and fixed: administrators, nodes, the proxy,
// service accounts.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apiserver/registry.h"
#include "apiserver/request_info.h"
#include "pki/jwt.h"

namespace fairlead::apiserver {

struct Identity {
  std::string name;
  std::string uid = {};
  std::vector<std::string> groups = {};
  [[nodiscard]] bool in(std::string_view group) const;
  [[nodiscard]] bool anonymous() const { return name == "system:anonymous"; }
};

class Authenticator {
 public:
  explicit Authenticator(const Clock& clock) : clock_(clock) {}
  // Lines of token,user,uid[,"group1,group2"]. Errors name the line.
  Result<> add_static_tokens(std::string_view csv);
  // Service account tokens that these keys signed.
  void add_service_accounts(pki::JwtVerifier verifier, std::string audience);

  // kUnauthorized for credentials that do not hold; nobody's request is anonymous.
  [[nodiscard]] Result<Identity> identify(const net::HttpRequest& request) const;

 private:
  [[nodiscard]] Result<Identity> by_token(std::string_view token) const;

  const Clock& clock_;
  std::map<std::string, Identity, std::less<>> tokens_;
  std::optional<pki::JwtVerifier> verifier_;
  std::string audience_;
};

// kForbidden with Kubernetes' sentence. `registry` tells which pods a node has.
Result<> authorize(const Identity& who, const RequestInfo& what, Registry& registry);

}  // namespace fairlead::apiserver
