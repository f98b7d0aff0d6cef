#include "agent/kubelet_server.h"

#include "base/log.h"
#include "rt/time.h"

namespace fairlead::agent {

KubeletServer::KubeletServer(rt::Loop& loop, Cri& cri, const Clock& clock, rt::BlockingPool& pool, KubeletHost& host,
                             const AgentConfig& config)
    : loop_(loop),
      api_(loop, cri, clock, pool, host),
      address_{config.node_ip, config.kubelet_port},
      client_ca_pem_(config.client_ca_pem) {
  if (config.kubelet_port == 0) return;
  auto certificate = ServingCertificate::open(config.data_dir + "/pki", config.node_name, config.node_ip, clock);
  if (!certificate) {
    log::error("no kubelet API: logs, exec and port-forward will not work", {{"error", certificate.error().message}});
    return;
  }
  certificate_.emplace(*std::move(certificate));
}

Result<std::unique_ptr<net::HttpServer>> KubeletServer::listen() {
  // Without an authority everyone's certificate would have to be believed.
  if (client_ca_pem_.empty()) return fail(Code::kInvalid, "the authority of client certificates is not known (--ca)");
  if (!tls_) {
    FL_TRY(tls_, certificate_->context(client_ca_pem_));
  }
  net::HttpServerConfig config;
  config.listen = {address_};
  config.tls = tls_;
  config.name = "kubelet";
  return net::HttpServer::create(loop_, std::move(config),
                                 [this](net::HttpRequest request, net::ResponseWriter& response) {
                                   return api_.handle(std::move(request), response);
                                 });
}

rt::Task<> KubeletServer::run() {
  if (!certificate_) co_return;
  auto server = listen();
  for (bool said = false; !server; server = listen()) {
    if (!std::exchange(said, true))
      log::error("kubelet API not served; trying again", {{"error", server.error().message}});
    co_await rt::sleep(std::chrono::seconds{1});
  }
  log::info("kubelet API ready", {{"address", address_}});
  std::exception_ptr cancelled;
  try {
    for (;;) {
      co_await rt::sleep(std::chrono::hours{12});
      const auto renewed = certificate_->renew(*tls_, client_ca_pem_);
      if (!renewed) log::error("cannot renew the kubelet API's certificate", {{"error", renewed.error().message}});
    }
  } catch (const boost::system::system_error&) {
    cancelled = std::current_exception();
  }
  co_await rt::shield();
  co_await (*server)->shutdown();
  std::rethrow_exception(cancelled);
}

}  // namespace fairlead::agent
