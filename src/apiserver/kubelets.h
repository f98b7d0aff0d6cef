// The way from the API server to the kubelets: HTTPS with a client certificate of the API server's own, to the address
// and port that the Node says. A kubelet is believed when it holds a certificate of the authority that its Node names
// in the annotation fairlead.io/kubelet-ca, or else one of the cluster's authority.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "apiserver/registry.h"
#include "net/http_client.h"
#include "pki/certificate.h"

namespace fairlead::apiserver {

inline constexpr const char* kKubeletCaAnnotation = "fairlead.io/kubelet-ca";

class Kubelets {
 public:
  Kubelets(rt::Loop& loop, Registry& registry, std::string ca_pem)
      : loop_(loop), registry_(registry), ca_pem_(std::move(ca_pem)) {}

  // What the API server shows to kubelets from now on.
  void set_certificate(pki::KeyPairPem pair);

  // A client for one node's kubelet. kNotFound when there is no such node; the connection is made with the first
  // request.
  Result<std::unique_ptr<net::HttpClient>> client(const std::string& node);

 private:
  struct Trust {
    std::string ca_pem;
    std::shared_ptr<net::TlsContext> tls;
  };
  Result<std::shared_ptr<net::TlsContext>> tls_for(const std::string& node, std::string ca_pem);

  rt::Loop& loop_;
  Registry& registry_;
  std::string ca_pem_;
  pki::KeyPairPem pair_;
  std::map<std::string, Trust> trust_;  // by node
};

// PEM of a certificate whose DER in base64 is the annotation's value.
std::string pem_of_annotation(std::string_view base64);

}  // namespace fairlead::apiserver
