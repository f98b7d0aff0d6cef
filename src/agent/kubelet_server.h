// Serves KubeletApi over TLS on the node's address for as long as the agent runs.
#pragma once

#include <optional>
#include <string>

#include "agent/agent.h"
#include "agent/kubelet_api.h"
#include "agent/serving_certificate.h"

namespace fairlead::agent {

class KubeletServer {
 public:
  // Makes the node's serving certificate unless config.kubelet_port is 0.
  KubeletServer(rt::Loop& loop, Cri& cri, const Clock& clock, rt::BlockingPool& pool, KubeletHost& host,
                const AgentConfig& config);

  // What the Node says about the certificate; empty when there is none.
  [[nodiscard]] std::string certificate() const { return certificate_ ? certificate_->annotation() : ""; }

  // Until cancelled. A port that is taken is tried again.
  rt::Task<> run();

 private:
  Result<std::unique_ptr<net::HttpServer>> listen();

  rt::Loop& loop_;
  KubeletApi api_;
  Endpoint address_;
  std::string client_ca_pem_;
  std::optional<ServingCertificate> certificate_;
  std::shared_ptr<net::TlsContext> tls_;
};

}  // namespace fairlead::agent
