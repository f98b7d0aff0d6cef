// The cluster's certificate authorities and what they issue: ECDSA P-256, X.509 v3 (RFC 5280). In a client certificate
// the common name is the user and the organizations are its groups.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "base/result.h"

namespace fairlead::pki {

struct KeyPairPem {
  std::string certificate;
  std::string key;
};

enum class Usage : uint8_t { kServer, kClient, kBoth };

struct CertificateSpec {
  std::string common_name;  // 1 to 64 characters
  std::vector<std::string> organizations = {};
  std::vector<std::string> dns_names = {};
  std::vector<IpAddress> ip_addresses = {};
  Usage usage = Usage::kServer;
  std::chrono::days validity{365};  // cut to the authority's own
};

class Ca {
 public:
  // Self-signed.
  static Result<Ca> create(const std::string& common_name, WallTime now,
                           std::chrono::days validity = std::chrono::days{3650});
  // The certificate must be an authority's and the key must belong to it.
  static Result<Ca> load(const KeyPairPem& pem);
  // Loads the pair of files at `prefix`, or creates it and writes it there, when neither file exists.
  static Result<Ca> load_or_create(const std::string& prefix, const std::string& common_name, WallTime now);

  // A new key and its certificate, valid from five minutes before `now` (clocks differ).
  [[nodiscard]] Result<KeyPairPem> issue(const CertificateSpec& spec, WallTime now) const;
  [[nodiscard]] const KeyPairPem& pem() const { return pem_; }

 private:
  struct Keys;
  Ca(std::shared_ptr<const Keys> keys, KeyPairPem pem) : keys_(std::move(keys)), pem_(std::move(pem)) {}

  std::shared_ptr<const Keys> keys_;
  KeyPairPem pem_;
};

struct CertificateInfo {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> dns_names;
  std::vector<IpAddress> ip_addresses;
  WallTime not_before;
  WallTime not_after;
  bool is_ca = false;
};

// Of the first certificate in the PEM.
Result<CertificateInfo> inspect(std::string_view certificate_pem);
// Whole days left; negative when it has expired.
Result<int> days_until_expiry(std::string_view certificate_pem, WallTime now);
// Less than a third of its life is left.
Result<bool> needs_renewal(std::string_view certificate_pem, WallTime now);

// `prefix`.crt (0644) and `prefix`.key (0600), each replaced atomically.
Result<> write_key_pair(const std::string& prefix, const KeyPairPem& pem);
Result<KeyPairPem> read_key_pair(const std::string& prefix);

}  // namespace fairlead::pki
