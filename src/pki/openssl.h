// OpenSSL's objects with owners, and its errors as text. Internal to this directory.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead::pki {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;

// "what: OpenSSL's reason"; empties OpenSSL's error queue.
Error openssl_error(std::string_view what);

Result<KeyPtr> generate_p256();
Result<KeyPtr> read_private_key(std::string_view pem, std::string_view what);
Result<KeyPtr> read_public_key(std::string_view pem, std::string_view what);
Result<X509Ptr> read_certificate(std::string_view pem, std::string_view what);

// Writes with `write(BIO*)`, which says 1 for success, and gives the text.
template <class F>
Result<std::string> to_pem(std::string_view what, F write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) return std::unexpected(openssl_error(what));
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}
Result<std::string> private_key_pem(EVP_PKEY* key);  // PKCS #8

}  // namespace fairlead::pki
