#include "pki/certificate.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "base/text.h"
#include "pki/openssl.h"

namespace fairlead::pki {

namespace {

using namespace std::chrono_literals;

int64_t unix_seconds(WallTime t) { return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count(); }

WallTime wall_time(const ASN1_TIME* from) {
  std::tm utc{};
  ASN1_TIME_to_tm(from, &utc);
  return WallTime(std::chrono::seconds(timegm(&utc)));
}

// 127 random bits, positive (RFC 5280, 4.1.2.2).
Result<> set_serial(X509* certificate) {
  const BignumPtr number(BN_new());
  if (BN_rand(number.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return std::unexpected(openssl_error("certificate serial number"));
  }
  return {};
}

Result<> add_name(X509_NAME* name, const char* field, const std::string& value) {
  if (value.empty() || value.size() > 64) {
    return fail(Code::kInvalid, fmt::format("certificate {} {}: must have 1 to 64 characters, has {}", field,
                                            quote(value), value.size()));
  }
  if (X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                 static_cast<int>(value.size()), -1, 0) != 1) {
    return std::unexpected(openssl_error(fmt::format("certificate {} {}", field, quote(value))));
  }
  return {};
}

Result<> add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return std::unexpected(openssl_error(fmt::format("certificate extension {}", value)));
  const int added = X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  if (added != 1) return std::unexpected(openssl_error(fmt::format("certificate extension {}", value)));
  return {};
}

Result<std::string> subject_alternatives(const CertificateSpec& spec) {
  std::vector<std::string> parts;
  for (const std::string& name : spec.dns_names) {
    // The text form has no escapes, so what could end a name is refused.
    const bool clean = !name.empty() && std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
             c == '*' || c == '_';
    });
    if (!clean) return fail(Code::kInvalid, fmt::format("certificate DNS name {} is not a DNS name", quote(name)));
    parts.push_back("DNS:" + name);
  }
  for (const IpAddress& address : spec.ip_addresses) parts.push_back("IP:" + address.to_string());
  return join(parts, ",");
}

Result<X509Ptr> blank(EVP_PKEY* key, WallTime from, WallTime until) {
  X509Ptr certificate(X509_new());
  if (!certificate) return std::unexpected(openssl_error("certificate"));
  X509_set_version(certificate.get(), X509_VERSION_3);
  FL_CHECK(set_serial(certificate.get()));
  if (ASN1_TIME_set(X509_getm_notBefore(certificate.get()), unix_seconds(from)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), unix_seconds(until)) == nullptr ||
      X509_set_pubkey(certificate.get(), key) != 1) {
    return std::unexpected(openssl_error("certificate"));
  }
  return certificate;
}

Result<std::string> certificate_pem(X509* certificate) {
  return to_pem("write a certificate", [certificate](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::vector<std::string> subject_parts(X509* certificate, int nid) {
  std::vector<std::string> parts;
  X509_NAME* name = X509_get_subject_name(certificate);
  for (int i = -1; (i = X509_NAME_get_index_by_NID(name, nid, i)) >= 0;) {
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
    if (size < 0) continue;
    parts.emplace_back(reinterpret_cast<char*>(text), static_cast<size_t>(size));
    OPENSSL_free(text);
  }
  return parts;
}

void read_alternatives(X509* certificate, CertificateInfo& info) {
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) {
      info.dns_names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                                  static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      const unsigned char* bytes = ASN1_STRING_get0_data(name->d.iPAddress);
      if (ASN1_STRING_length(name->d.iPAddress) == 4) {
        info.ip_addresses.push_back(IpAddress::v4(uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 |
                                                  uint32_t{bytes[2]} << 8 | uint32_t{bytes[3]}));
      } else if (ASN1_STRING_length(name->d.iPAddress) == 16) {
        std::array<uint8_t, 16> v6{};
        std::copy_n(bytes, v6.size(), v6.begin());
        info.ip_addresses.push_back(IpAddress::v6(v6));
      }
    }
  }
  GENERAL_NAMES_free(names);
}

}  // namespace

struct Ca::Keys {
  X509Ptr certificate;
  KeyPtr key;
};

Result<Ca> Ca::create(const std::string& common_name, WallTime now, std::chrono::days validity) {
  FL_TRY(KeyPtr key, generate_p256());
  FL_TRY(const X509Ptr certificate, blank(key.get(), now - 5min, now + validity));
  X509* raw = certificate.get();
  FL_CHECK(add_name(X509_get_subject_name(raw), "CN", common_name));
  X509_set_issuer_name(raw, X509_get_subject_name(raw));
  FL_CHECK(add_extension(raw, raw, NID_basic_constraints, "critical,CA:TRUE"));
  FL_CHECK(add_extension(raw, raw, NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign"));
  FL_CHECK(add_extension(raw, raw, NID_subject_key_identifier, "hash"));
  if (X509_sign(raw, key.get(), EVP_sha256()) == 0) return std::unexpected(openssl_error("sign the CA certificate"));
  KeyPairPem pem;
  FL_TRY(pem.certificate, certificate_pem(raw));
  FL_TRY(pem.key, private_key_pem(key.get()));
  return load(pem);
}

Result<Ca> Ca::load(const KeyPairPem& pem) {
  auto keys = std::make_shared<Keys>();
  FL_TRY(keys->certificate, read_certificate(pem.certificate, "CA certificate"));
  FL_TRY(keys->key, read_private_key(pem.key, "CA key"));
  if (X509_check_ca(keys->certificate.get()) < 1) {
    ERR_clear_error();
    return fail(Code::kInvalid, "CA certificate: not an authority's (basicConstraints CA:TRUE is missing)");
  }
  if (X509_check_private_key(keys->certificate.get(), keys->key.get()) != 1) {
    ERR_clear_error();
    return fail(Code::kInvalid, "CA key: does not belong to the CA certificate");
  }
  return Ca(std::move(keys), pem);
}

Result<Ca> Ca::load_or_create(const std::string& prefix, const std::string& common_name, WallTime now) {
  const bool neither = ::access((prefix + ".crt").c_str(), F_OK) != 0 && ::access((prefix + ".key").c_str(), F_OK) != 0;
  if (neither) {
    FL_TRY(Ca made, create(common_name, now));
    FL_CHECK(write_key_pair(prefix, made.pem()));
    return made;
  }
  FL_TRY(const KeyPairPem pem, read_key_pair(prefix));
  auto loaded = load(pem);
  if (!loaded) return std::unexpected(std::move(loaded.error()).in(prefix));
  return loaded;
}

Result<KeyPairPem> Ca::issue(const CertificateSpec& spec, WallTime now) const {
  X509* issuer = keys_->certificate.get();
  FL_TRY(const KeyPtr key, generate_p256());
  const WallTime until = std::min(now + spec.validity, wall_time(X509_get0_notAfter(issuer)));
  FL_TRY(const X509Ptr certificate, blank(key.get(), now - 5min, until));
  X509* raw = certificate.get();
  X509_NAME* subject = X509_get_subject_name(raw);
  for (const std::string& organization : spec.organizations) FL_CHECK(add_name(subject, "O", organization));
  FL_CHECK(add_name(subject, "CN", spec.common_name));
  X509_set_issuer_name(raw, X509_get_subject_name(issuer));
  const char* purpose = spec.usage == Usage::kServer   ? "serverAuth"
                        : spec.usage == Usage::kClient ? "clientAuth"
                                                       : "serverAuth,clientAuth";
  FL_CHECK(add_extension(raw, issuer, NID_basic_constraints, "critical,CA:FALSE"));
  FL_CHECK(add_extension(raw, issuer, NID_key_usage, "critical,digitalSignature"));
  FL_CHECK(add_extension(raw, issuer, NID_ext_key_usage, purpose));
  FL_CHECK(add_extension(raw, issuer, NID_subject_key_identifier, "hash"));
  FL_CHECK(add_extension(raw, issuer, NID_authority_key_identifier, "keyid:always"));
  FL_TRY(const std::string alternatives, subject_alternatives(spec));
  if (!alternatives.empty()) FL_CHECK(add_extension(raw, issuer, NID_subject_alt_name, alternatives));
  if (X509_sign(raw, keys_->key.get(), EVP_sha256()) == 0) {
    return std::unexpected(openssl_error(fmt::format("sign the certificate of {}", spec.common_name)));
  }
  KeyPairPem pem;
  FL_TRY(pem.certificate, certificate_pem(raw));
  FL_TRY(pem.key, private_key_pem(key.get()));
  return pem;
}

Result<CertificateInfo> inspect(std::string_view pem) {
  FL_TRY(const X509Ptr certificate, read_certificate(pem, "certificate"));
  CertificateInfo info;
  const auto names = subject_parts(certificate.get(), NID_commonName);
  if (!names.empty()) info.common_name = names[0];
  info.organizations = subject_parts(certificate.get(), NID_organizationName);
  read_alternatives(certificate.get(), info);
  info.not_before = wall_time(X509_get0_notBefore(certificate.get()));
  info.not_after = wall_time(X509_get0_notAfter(certificate.get()));
  info.is_ca = X509_check_ca(certificate.get()) >= 1;
  ERR_clear_error();
  return info;
}

Result<int> days_until_expiry(std::string_view certificate, WallTime now) {
  FL_TRY(const CertificateInfo info, inspect(certificate));
  return static_cast<int>(std::chrono::floor<std::chrono::days>(info.not_after - now).count());
}

Result<bool> needs_renewal(std::string_view certificate, WallTime now) {
  FL_TRY(const CertificateInfo info, inspect(certificate));
  return info.not_after - now < (info.not_after - info.not_before) / 3;
}

Result<> write_key_pair(const std::string& prefix, const KeyPairPem& pem) {
  FL_CHECK(write_file_atomically(prefix + ".key", pem.key, 0600));
  return write_file_atomically(prefix + ".crt", pem.certificate, 0644);
}

Result<KeyPairPem> read_key_pair(const std::string& prefix) {
  KeyPairPem pem;
  FL_TRY(pem.certificate, read_file(prefix + ".crt"));
  FL_TRY(pem.key, read_file(prefix + ".key"));
  return pem;
}

}  // namespace fairlead::pki
