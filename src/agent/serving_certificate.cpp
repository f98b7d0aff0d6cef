#include "agent/serving_certificate.h"

#include <fmt/format.h>

#include <filesystem>

namespace fairlead::agent {

Result<ServingCertificate> ServingCertificate::open(const std::string& directory, const std::string& node_name,
                                                    const IpAddress& address, const Clock& clock) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return fail(Code::kInternal, fmt::format("create {}: {}", directory, error.message()));
  // X.509 bounds a common name to 64 characters, Kubernetes a node's name to 253.
  const std::string name = fmt::format("system:node:{}", node_name).substr(0, 64);
  FL_TRY(auto ca, pki::Ca::load_or_create(directory + "/serving-ca", name, clock.now()));
  pki::CertificateSpec spec;
  spec.common_name = name;
  spec.organizations = {"system:nodes"};
  spec.dns_names = {node_name};
  spec.ip_addresses = {address};
  spec.usage = pki::Usage::kServer;
  return ServingCertificate(std::move(ca), std::move(spec), clock);
}

std::string ServingCertificate::annotation() const {
  const std::string& pem = ca_.pem().certificate;
  const size_t begin = pem.find('\n') + 1;
  std::string body = pem.substr(begin, pem.find("-----END") - begin);
  std::erase(body, '\n');
  return body;
}

Result<net::TlsServerConfig> ServingCertificate::config(const std::string& client_ca_pem) const {
  FL_TRY(auto pair, ca_.issue(spec_, clock_->now()));
  net::TlsServerConfig out;
  out.certificate_pem = std::move(pair.certificate);
  out.key_pem = std::move(pair.key);
  out.client_ca_pem = client_ca_pem;
  return out;
}

Result<std::shared_ptr<net::TlsContext>> ServingCertificate::context(const std::string& client_ca_pem) const {
  FL_TRY(auto made, config(client_ca_pem));
  return net::TlsContext::server(std::move(made));
}

Result<> ServingCertificate::renew(net::TlsContext& context, const std::string& client_ca_pem) const {
  FL_TRY(auto made, config(client_ca_pem));
  return context.reload(std::move(made));
}

}  // namespace fairlead::agent
