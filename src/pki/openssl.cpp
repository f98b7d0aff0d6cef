#include "pki/openssl.h"

namespace fairlead::pki {

namespace {

BioPtr memory(std::string_view pem) { return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// OpenSSL would ask on the terminal.
int no_password(char*, int, int, void*) { return 0; }

}  // namespace

Error openssl_error(std::string_view what) {
  const unsigned long code = ERR_get_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return {Code::kInvalid, fmt::format("{}: {}", what, reason != nullptr ? reason : "OpenSSL gives no reason"), {}};
}

Result<KeyPtr> generate_p256() {
  KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return std::unexpected(openssl_error("generate a P-256 key"));
  return key;
}

Result<KeyPtr> read_private_key(std::string_view pem, std::string_view what) {
  if (pem.empty()) return fail(Code::kInvalid, fmt::format("{}: empty, expected a PEM private key", what));
  KeyPtr key(PEM_read_bio_PrivateKey(memory(pem).get(), nullptr, no_password, nullptr));
  if (!key) return std::unexpected(openssl_error(fmt::format("{}: no usable unencrypted PEM private key", what)));
  return key;
}

Result<KeyPtr> read_public_key(std::string_view pem, std::string_view what) {
  KeyPtr key(PEM_read_bio_PUBKEY(memory(pem).get(), nullptr, no_password, nullptr));
  if (!key) return std::unexpected(openssl_error(fmt::format("{}: no usable PEM public key", what)));
  return key;
}

Result<X509Ptr> read_certificate(std::string_view pem, std::string_view what) {
  if (pem.empty()) return fail(Code::kInvalid, fmt::format("{}: empty, expected a PEM certificate", what));
  X509Ptr certificate(PEM_read_bio_X509(memory(pem).get(), nullptr, no_password, nullptr));
  if (!certificate) return std::unexpected(openssl_error(fmt::format("{}: no usable PEM certificate", what)));
  return certificate;
}

Result<std::string> private_key_pem(EVP_PKEY* key) {
  return to_pem("write a private key", [key](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

}  // namespace fairlead::pki
