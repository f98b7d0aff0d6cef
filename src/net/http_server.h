// HTTP/1.1 server (RFC 9112) on one rt::Loop, plain or TLS, and HTTP/2 where the TLS context offers "h2" by ALPN.
// Bounded in everything a peer can make it hold: connections, connections that have not yet asked anything, header and
// body bytes, time. Several servers may share a loop; for several threads, run one server per loop on the same port
// with `reuse_port`.
//
//   auto server = HttpServer::create(loop, {.listen = {endpoint}, .tls = tls}, &handle);   // serves from here on
//   ...
//   co_await (*server)->shutdown();                                                        // before it is destroyed
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "net/http.h"
#include "net/tls.h"
#include "rt/loop.h"

namespace fairlead::net {

class Stream;

// How a handler answers its one request: send() once, or begin(), any number of write(), finish(). Errors mean that the
// client is gone (Code::kCancelled); there is nobody to tell. HEAD requests and statuses without a body are taken care
// of: the handler answers as it would a GET.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  // A whole response. Content-Length, Date and Connection are added.
  virtual rt::Task<Result<>> send(int status, Headers headers, std::string body) = 0;

  // A response of unknown length. From begin() on, the handler is cancelled (operation_aborted at its next wait) as
  // soon as the client closes the connection.
  virtual rt::Task<Result<>> begin(int status, Headers headers) = 0;
  // Returns when the bytes are in the kernel, so a slow reader holds its handler and nothing else. `bytes` must live
  // until then.
  virtual rt::Task<Result<>> write(std::string_view bytes) = 0;
  virtual rt::Task<Result<>> finish() = 0;

  // Answers 101 with `headers` (Upgrade is the handler's to set, Connection is added) and hands over the bare
  // connection until the handler returns. HTTP/1.1 only; elsewhere kInvalid.
  virtual rt::Task<Result<Stream*>> upgrade(Headers headers) = 0;

  [[nodiscard]] virtual bool started() const = 0;  // a status line has been sent

  // For handlers that wait long before they answer (a long poll): from here on, as from begin(), the handler is
  // cancelled when the client goes away.
  virtual void cancel_when_client_leaves() = 0;
};

// Runs as one task per connection (HTTP/2: per stream). Cancelled when the client leaves (see begin()), when a write
// takes longer than write_timeout, and at shutdown. Returning without an answer makes the server answer 500.
using HttpHandler = std::function<rt::Task<>(HttpRequest request, ResponseWriter& response)>;

struct HttpLimits {
  size_t max_header_bytes = 64 * 1024;      // request line and header fields; more is 431
  size_t max_body_bytes = 3 * 1024 * 1024;  // as kube-apiserver's; more is 413
  size_t max_connections = 10'000;          // more are closed as they are accepted
  // Connections that have not sent a whole request header yet, in TLS handshake or after: when there are more, the one
  // that has been waiting longest is closed, so new clients always get in.
  size_t max_half_open = 512;
  std::chrono::milliseconds handshake_timeout{10'000};
  std::chrono::milliseconds header_timeout{10'000};  // from the first byte of a request to the end of its header
  std::chrono::milliseconds body_timeout{60'000};    // from the end of the header to the end of the body
  std::chrono::milliseconds idle_timeout{180'000};   // between requests
  std::chrono::milliseconds write_timeout{30'000};   // a write that makes no progress for this long ends the connection
};

struct ErrorBody {
  std::string content_type;
  std::string body;
};

struct HttpServerConfig {
  std::vector<Endpoint> listen;               // port 0: any free one, see endpoints()
  std::shared_ptr<TlsContext> tls = nullptr;  // null: plain
  HttpLimits limits = {};
  // What the server itself answers with (400, 408, 413, 431, 500, 505); empty: plain text.
  std::function<ErrorBody(int status, std::string_view message)> error_body = {};
  bool reuse_port = false;
  std::string name = "http";  // in log lines
};

class HttpServer {
 public:
  // Binds, listens and serves. Errors name the address: "listen on 127.0.0.1:6443: Address already in use".
  static Result<std::unique_ptr<HttpServer>> create(rt::Loop& loop, HttpServerConfig config, HttpHandler handler);
  virtual ~HttpServer() = default;  // shutdown() first

  // Where it listens, in the order of config.listen, with the real ports.
  [[nodiscard]] virtual const std::vector<Endpoint>& endpoints() const = 0;
  [[nodiscard]] virtual size_t connections() const = 0;
  // Stops accepting, cancels the handlers, returns when all have ended.
  virtual rt::Task<> shutdown() = 0;
};

}  // namespace fairlead::net
