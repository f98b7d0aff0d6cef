// For tests of this directory: peers that speak bytes rather than HTTP, and certificates.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <vector>

#include "net/http_server.h"
#include "net/tls_stream.h"
#include "pki/certificate.h"
#include "rt/loop.h"

namespace fairlead::net::testing {

inline Endpoint any_loopback_port() { return {*IpAddress::parse("127.0.0.1"), 0}; }

inline rt::Task<std::unique_ptr<Stream>> dial(Endpoint to) {
  auto stream = co_await Stream::connect(to);
  check(stream.has_value(), stream ? "" : stream.error().message);
  co_return std::move(*stream);
}

inline rt::Task<> say(Stream& stream, std::string bytes) {
  const auto written = co_await stream.write(bytes);
  check(written.has_value(), written ? "" : written.error().message);
}

// Until the peer ends, one way or the other.
inline rt::Task<std::string> hear_all(Stream& stream) {
  std::string heard;
  std::vector<char> buffer(16 * 1024);
  for (;;) {
    const auto n = co_await stream.read_some(buffer);
    if (!n || *n == 0) co_return heard;
    heard.append(buffer.data(), *n);
  }
}

// Until `end` has been heard, or the peer ends.
inline rt::Task<std::string> hear_until(Stream& stream, std::string end) {
  std::string heard;
  std::vector<char> byte(1);
  while (!heard.ends_with(end)) {
    const auto n = co_await stream.read_some(byte);
    if (!n || *n == 0) co_return heard;
    heard += byte[0];
  }
  co_return heard;
}

// Everything the server answers to `bytes` until it closes.
inline rt::Task<std::string> converse(Endpoint to, std::string bytes) {
  auto stream = co_await dial(to);
  (void)co_await stream->write(bytes);
  co_return co_await hear_all(*stream);
}

inline int status_of(const std::string& response) {
  return response.starts_with("HTTP/1.1 ") ? std::stoi(response.substr(9, 3)) : 0;
}

inline pki::KeyPairPem must_issue(const pki::Ca& ca, const pki::CertificateSpec& spec) {
  auto pem = ca.issue(spec, SystemClock().now());
  check(pem.has_value(), pem ? "" : pem.error().message);
  return *pem;
}

inline pki::Ca must_create_ca(std::string name) {
  auto ca = pki::Ca::create(std::move(name), SystemClock().now());
  check(ca.has_value(), ca ? "" : ca.error().message);
  return *ca;
}

inline pki::KeyPairPem server_certificate(const pki::Ca& ca) {
  return must_issue(ca, {.common_name = "server", .ip_addresses = {*IpAddress::parse("127.0.0.1")}});
}

inline std::shared_ptr<TlsContext> server_tls(const pki::Ca& ca, const std::string& client_ca_pem = {}) {
  const auto pem = server_certificate(ca);
  auto tls =
      TlsContext::server({.certificate_pem = pem.certificate, .key_pem = pem.key, .client_ca_pem = client_ca_pem});
  check(tls.has_value(), tls ? "" : tls.error().message);
  return *tls;
}

inline std::shared_ptr<TlsContext> client_tls(TlsClientConfig config) {
  auto tls = TlsContext::client(std::move(config));
  check(tls.has_value(), tls ? "" : tls.error().message);
  return *tls;
}

}  // namespace fairlead::net::testing
