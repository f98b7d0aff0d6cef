#include "pki/jwt.h"

#include <openssl/core_names.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/text.h"
#include "pki/openssl.h"

namespace fairlead::pki {

namespace json = boost::json;

namespace {

constexpr size_t kHalf = 32;  // bytes of r and of s

std::unexpected<Error> refuse(std::string_view why) {
  return fail(Code::kUnauthorized, fmt::format("bearer token: {}", why));
}

Result<json::object> object_of(std::string_view text, std::string_view what) {
  boost::system::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) return refuse(fmt::format("its {} is not a JSON object", what));
  return std::move(value.as_object());
}

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) return {};
  return {value->as_string().data(), value->as_string().size()};
}

// NumericDate (RFC 7519, 2): seconds since 1970, possibly with a fraction.
std::optional<double> date_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

// JWS wants r and s side by side, OpenSSL speaks DER.
Result<std::string> raw_signature(std::string_view der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  const SignaturePtr signature(d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size())));
  std::string raw(2 * kHalf, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, kHalf) != kHalf ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + kHalf, kHalf) != kHalf) {
    return std::unexpected(openssl_error("sign a token"));
  }
  return raw;
}

std::string der_signature(std::string_view raw) {
  const auto* in = reinterpret_cast<const unsigned char*>(raw.data());
  const SignaturePtr signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(in, kHalf, nullptr), BN_bin2bn(in + kHalf, kHalf, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return out;
}

Result<std::string> coordinate(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return std::unexpected(openssl_error("read a public key"));
  const BignumPtr owned(number);
  std::string bytes(kHalf, '\0');
  if (BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), kHalf) != kHalf) {
    return std::unexpected(openssl_error("read a public key"));
  }
  return base64url_encode(bytes);
}

}  // namespace

struct JwtKey::Key {
  KeyPtr pkey;
};

Result<JwtKey> JwtKey::from(Key key) {
  std::array<char, 32> group{};
  size_t size = 0;
  if (EVP_PKEY_get_group_name(key.pkey.get(), group.data(), group.size(), &size) != 1 ||
      std::string_view(group.data(), size) != "prime256v1") {
    ERR_clear_error();
    return fail(Code::kInvalid, "service account key: must be an ECDSA P-256 key");
  }
  unsigned char* der = nullptr;
  const int der_size = i2d_PUBKEY(key.pkey.get(), &der);
  if (der_size <= 0) return std::unexpected(openssl_error("service account key"));
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(der, static_cast<size_t>(der_size), hash.data());
  OPENSSL_free(der);
  JwtKey made;
  made.id_ = base64url_encode({reinterpret_cast<const char*>(hash.data()), hash.size()});
  made.key_ = std::make_shared<const Key>(std::move(key));
  return made;
}

Result<JwtKey> JwtKey::generate() {
  FL_TRY(KeyPtr key, generate_p256());
  return from({std::move(key)});
}

Result<JwtKey> JwtKey::load_private(std::string_view pem) {
  FL_TRY(KeyPtr key, read_private_key(pem, "service account key"));
  return from({std::move(key)});
}

Result<JwtKey> JwtKey::load_public(std::string_view pem) {
  FL_TRY(KeyPtr key, read_public_key(pem, "service account key"));
  return from({std::move(key)});
}

Result<JwtKey> JwtKey::load_or_generate(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) {
    FL_TRY(const std::string pem, read_file(path));
    auto key = load_private(pem);
    if (!key) return std::unexpected(std::move(key.error()).in(path));
    return key;
  }
  FL_TRY(JwtKey made, generate());
  FL_TRY(const std::string pem, made.private_pem());
  FL_CHECK(write_file_atomically(path, pem, 0600));
  return made;
}

Result<std::string> JwtKey::sign(std::string_view claims) const {
  const std::string header = fmt::format(R"({{"alg":"ES256","kid":"{}"}})", id_);
  std::string token = base64url_encode(header) + '.' + base64url_encode(claims);
  const DigestPtr digest(EVP_MD_CTX_new());
  const auto* data = reinterpret_cast<const unsigned char*>(token.data());
  std::string der(128, '\0');
  size_t size = der.size();
  if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_->pkey.get()) != 1 ||
      EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(der.data()), &size, data, token.size()) != 1) {
    return std::unexpected(openssl_error("sign a token"));
  }
  der.resize(size);
  FL_TRY(const std::string raw, raw_signature(der));
  return token + '.' + base64url_encode(raw);
}

Result<std::string> JwtKey::private_pem() const { return private_key_pem(key_->pkey.get()); }

Result<std::string> JwtKey::public_pem() const {
  return to_pem("write a public key", [this](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key_->pkey.get()); });
}

Result<std::string> JwtKey::jwk() const {
  FL_TRY(const std::string x, coordinate(key_->pkey.get(), OSSL_PKEY_PARAM_EC_PUB_X));
  FL_TRY(const std::string y, coordinate(key_->pkey.get(), OSSL_PKEY_PARAM_EC_PUB_Y));
  return fmt::format(R"({{"use":"sig","kty":"EC","kid":"{}","crv":"P-256","alg":"ES256","x":"{}","y":"{}"}})", id_, x,
                     y);
}

Result<std::string> JwtVerifier::verify(std::string_view token, WallTime now) const {
  const auto parts = split(token, '.');
  if (parts.size() != 3) return refuse("not a JSON Web Token (three parts with dots between)");
  const auto header_text = base64url_decode(parts[0]);
  const auto claims_text = base64url_decode(parts[1]);
  const auto signature = base64url_decode(parts[2]);
  if (!header_text || !claims_text || !signature) return refuse("not base64url");
  FL_TRY(const json::object header, object_of(*header_text, "header"));
  if (text_of(header, "alg") != "ES256") return refuse("signed with another algorithm than ES256");
  if (signature->size() != 2 * kHalf) return refuse("its signature has the wrong length");

  const std::string_view id = text_of(header, "kid");
  const auto key = std::ranges::find_if(keys_, [id](const JwtKey& k) { return k.id() == id; });
  if (key == keys_.end()) return refuse("signed with an unknown key");
  const std::string der = der_signature(*signature);
  const std::string_view content = token.substr(0, parts[0].size() + 1 + parts[1].size());
  const DigestPtr digest(EVP_MD_CTX_new());
  const bool valid = EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key->key_->pkey.get()) == 1 &&
                     EVP_DigestVerify(digest.get(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                                      reinterpret_cast<const unsigned char*>(content.data()), content.size()) == 1;
  ERR_clear_error();
  if (!valid) return refuse("its signature is wrong");

  FL_TRY(const json::object claims, object_of(*claims_text, "payload"));
  const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  for (const char* name : {"exp", "nbf"}) {
    if (claims.contains(name) && !date_of(claims, name)) return refuse(fmt::format("its {} is not a number", name));
  }
  if (const auto until = date_of(claims, "exp"); until && seconds >= *until) return refuse("it has expired");
  if (const auto from = date_of(claims, "nbf"); from && seconds < *from) return refuse("it is not valid yet");
  return *claims_text;
}

Result<std::string> JwtVerifier::jwks() const {
  std::vector<std::string> keys;
  for (const JwtKey& key : keys_) {
    FL_TRY(std::string jwk, key.jwk());
    keys.push_back(std::move(jwk));
  }
  return fmt::format(R"({{"keys":[{}]}})", join(keys, ","));
}

}  // namespace fairlead::pki
