// What the agent proves its identity with when the API server calls it. The agent signs it itself, with an authority
// that only it has, and says the authority's certificate in its Node object, which nobody else but administrators may
// write: so no key of the cluster is on any node, and no request has to be signed by anyone (docs/decisions).
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/ip.h"
#include "base/result.h"
#include "net/tls.h"
#include "pki/certificate.h"

namespace fairlead::agent {

// The annotation of the Node: the DER of the authority's certificate in base64.
inline constexpr const char* kServingCaAnnotation = "fairlead.io/kubelet-ca";

class ServingCertificate {
 public:
  // The authority is kept in `directory` from one start to the next.
  static Result<ServingCertificate> open(const std::string& directory, const std::string& node_name,
                                         const IpAddress& address, const Clock& clock);

  [[nodiscard]] std::string annotation() const;
  // A server's context for clients with a certificate that `client_ca_pem` signed; renew() it now and then.
  Result<std::shared_ptr<net::TlsContext>> context(const std::string& client_ca_pem) const;
  Result<> renew(net::TlsContext& context, const std::string& client_ca_pem) const;

 private:
  ServingCertificate(pki::Ca ca, pki::CertificateSpec spec, const Clock& clock)
      : ca_(std::move(ca)), spec_(std::move(spec)), clock_(&clock) {}
  [[nodiscard]] Result<net::TlsServerConfig> config(const std::string& client_ca_pem) const;

  pki::Ca ca_;
  pki::CertificateSpec spec_;
  const Clock* clock_;
};

}  // namespace fairlead::agent
