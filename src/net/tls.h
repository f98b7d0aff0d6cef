// TLS contexts: certificates, trust and ALPN of servers and clients. TLS 1.2 at least. Contexts may be shared between
// loops; reload() takes effect for connections made after it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX
struct ssl_st;      // OpenSSL's SSL

namespace fairlead::net {

// Who a verified certificate says its holder is. Kubernetes reads the common name as the user and organizations as its
// groups.
struct PeerIdentity {
  std::string common_name;
  std::vector<std::string> organizations;
  bool operator==(const PeerIdentity&) const = default;
};

struct TlsServerConfig {
  std::string certificate_pem;  // the leaf first, then intermediates
  std::string key_pem;
  // Clients are asked for a certificate signed by one of these; they may come without one (and use a bearer token
  // instead), but one that does not verify ends the handshake. Empty: not asked.
  std::string client_ca_pem;
  std::vector<std::string> alpn = {"http/1.1"};  // in order of preference
};

struct TlsClientConfig {
  std::string ca_pem;           // empty: the system's trust store
  std::string certificate_pem;  // with key_pem: the client certificate, optional
  std::string key_pem;
  std::string server_name;            // what the server's certificate must be for; empty: the host that is connected to
  bool insecure_skip_verify = false;  // for kubeconfigs that ask for it; the peer is then anyone
  std::vector<std::string> alpn = {"http/1.1"};
};

// One SSL_CTX, shared by the connections that were made with it.
class TlsContext {
 public:
  // Errors name what is wrong: no certificate in the PEM, a key that does not belong to it, ...
  static Result<std::shared_ptr<TlsContext>> server(TlsServerConfig config);
  static Result<std::shared_ptr<TlsContext>> client(TlsClientConfig config);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // New certificates or trust for connections from now on. On an error the old ones stay. From any thread.
  Result<> reload(TlsServerConfig config);
  Result<> reload(TlsClientConfig config);

  // For Stream: a new SSL object. `host` is checked against the server's certificate (clients only).
  Result<ssl_st*> new_session(std::string_view host) const;
  [[nodiscard]] bool is_server() const { return server_; }

 private:
  TlsContext() = default;
  struct State;
  [[nodiscard]] std::shared_ptr<const State> state() const;
  void swap(std::shared_ptr<const State> next);

  bool server_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<const State> state_;
};

}  // namespace fairlead::net
