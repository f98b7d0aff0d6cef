// Service account tokens: JSON Web Tokens (RFC 7519) signed with ES256 (RFC 7518, 3.4). The key id is the base64url
// SHA-256 of the public key's DER form, as kube-apiserver computes it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace fairlead::pki {

// A P-256 key that signs or, with only the public half, verifies.
class JwtKey {
 public:
  static Result<JwtKey> generate();
  static Result<JwtKey> load_private(std::string_view pem);
  static Result<JwtKey> load_public(std::string_view pem);
  // Loads the private key at `path`, or generates one and writes it there (0600), when there is none.
  static Result<JwtKey> load_or_generate(const std::string& path);

  // `claims` is a JSON object; it is signed as given.
  [[nodiscard]] Result<std::string> sign(std::string_view claims) const;
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] Result<std::string> private_pem() const;
  [[nodiscard]] Result<std::string> public_pem() const;
  // The key as a JSON Web Key (RFC 7517).
  [[nodiscard]] Result<std::string> jwk() const;

 private:
  friend class JwtVerifier;
  struct Key;
  static Result<JwtKey> from(Key key);

  std::shared_ptr<const Key> key_;
  std::string id_;
};

class JwtVerifier {
 public:
  // Several, so that keys can rotate: old tokens verify until they expire.
  explicit JwtVerifier(std::vector<JwtKey> keys) : keys_(std::move(keys)) {}

  // The claims of a token that one of the keys signed and that is valid at `now` (exp and nbf; a token without exp does
  // not expire). Everything else, issuer and audience above all, is the caller's to check. Errors are kUnauthorized.
  [[nodiscard]] Result<std::string> verify(std::string_view token, WallTime now) const;
  // {"keys":[...]}, for /openid/v1/jwks.
  [[nodiscard]] Result<std::string> jwks() const;

 private:
  std::vector<JwtKey> keys_;
};

}  // namespace fairlead::pki
