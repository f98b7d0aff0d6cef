// The cluster's certificates and kubeconfigs in one directory: made at the first start, renewed when they come to their
// end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "pki/certificate.h"
#include "pki/jwt.h"

namespace fairlead::apiserver {

class Credentials {
 public:
  // `directory` empty: nothing is kept.
  static Result<Credentials> open(std::string directory, const Clock& clock);

  // The server's certificate for these names and addresses besides the usual ones; the stored one as long as it serves.
  Result<pki::KeyPairPem> server_certificate(const std::vector<IpAddress>& addresses);
  // What the server shows to kubelets; new with each call, kept nowhere.
  [[nodiscard]] Result<pki::KeyPairPem> kubelet_client_certificate() const;
  [[nodiscard]] const std::string& ca_pem() const { return ca_.pem().certificate; }
  [[nodiscard]] const pki::JwtKey& service_account_key() const { return service_accounts_; }

  [[nodiscard]] Result<std::string> kubeconfig_text(const std::string& server_url, const std::string& user,
                                                    const std::vector<std::string>& groups) const;
  // Writes NAME.kubeconfig unless a valid one for this URL is there; its path.
  Result<std::string> write_kubeconfig(const std::string& name, const std::string& server_url, const std::string& user,
                                       const std::vector<std::string>& groups) const;

 private:
  Credentials(std::string directory, const Clock& clock, pki::Ca ca, pki::JwtKey key)
      : directory_(std::move(directory)), clock_(&clock), ca_(std::move(ca)), service_accounts_(std::move(key)) {}

  std::string directory_;
  const Clock* clock_;
  pki::Ca ca_;
  pki::JwtKey service_accounts_;
};

}  // namespace fairlead::apiserver
