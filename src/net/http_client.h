// HTTP/1.1 client for one base URL, with a pool of kept-alive connections. One per loop.
//
//   auto client = HttpClient::create(loop, {.base_url = "https://127.0.0.1:6443", .tls = tls});
//   auto response = co_await (*client)->request({.target = "/api/v1/pods"});
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/http.h"
#include "net/tls.h"
#include "rt/loop.h"

namespace fairlead::net {

class Stream;

struct HttpClientConfig {
  std::string base_url;                       // http://host:port/prefix or https://...
  std::shared_ptr<TlsContext> tls = nullptr;  // needed for https
  // Asked before each request, so tokens can rotate; empty result: no Authorization header.
  std::function<std::string()> bearer_token = {};
  std::string user_agent = "fairlead";
  std::chrono::milliseconds connect_timeout{10'000};  // resolving, connecting and TLS together
  std::chrono::milliseconds pool_idle_timeout{60'000};
  size_t max_idle_connections = 16;
  size_t max_header_bytes = 256 * 1024;
  size_t max_response_bytes = 256 * 1024 * 1024;  // of request(); streams are not limited
};

struct HttpCall {
  std::string method = "GET";
  std::string target;  // appended to the base URL's path: "/api/v1/pods?limit=500", already percent-encoded
  Headers headers = {};
  std::string body = {};
  // Whole exchange; for stream() until the response header. Absent: as long as it takes. Ends as Code::kTimeout.
  std::optional<std::chrono::milliseconds> timeout = {};
};

// A response whose body arrives in pieces. Destroying it before the end closes the connection.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  [[nodiscard]] virtual int status() const = 0;
  [[nodiscard]] virtual const Headers& headers() const = 0;
  // The next bytes as they come, never empty; nullopt at the end. A body cut short is Code::kUnavailable. Waits without
  // limit: callers who want to notice silence use rt::with_timeout; a cancelled next() may be called again.
  virtual rt::Task<Result<std::optional<std::string>>> next() = 0;
};

// Failure to connect, resets and TLS errors are Code::kUnavailable with the address in the message; any HTTP status is
// success.
class HttpClient {
 public:
  static Result<std::unique_ptr<HttpClient>> create(rt::Loop& loop, HttpClientConfig config);
  virtual ~HttpClient() = default;

  // GET, HEAD, PUT, DELETE and OPTIONS are tried once more on a new connection when a kept one turns out to be closed.
  // Cancelling drops the connection.
  virtual rt::Task<Result<HttpResponse>> request(HttpCall call) = 0;
  virtual rt::Task<Result<std::unique_ptr<BodyStream>>> stream(HttpCall call) = 0;

  struct Upgraded {
    HttpResponse response;           // the whole response when the server refused
    std::unique_ptr<Stream> stream;  // null unless the status was 101
  };
  // `call.headers` names the protocol in Upgrade; Connection is added.
  virtual rt::Task<Result<Upgraded>> upgrade(HttpCall call) = 0;

  [[nodiscard]] virtual size_t idle_connections() const = 0;
};

}  // namespace fairlead::net
