// One accepted connection of an HttpServer: TLS handshake, then HTTP/1.1 requests one after the other, or an
// Http2Session where ALPN has chosen that. Internal to http_server.cpp.
//
// Costs little while nothing happens: no buffer (reads go through one that all connections of a server share), no TLS
// state before the first byte, no timer (the server sweeps deadlines), and one task. A second task watches for the
// client's leaving, but only once a handler streams.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "net/http1_parser.h"
#include "net/http2_session.h"
#include "net/http_server.h"
#include "net/tls_stream.h"
#include "rt/event.h"
#include "rt/loop.h"

namespace fairlead::net {

class Http1Connection;

// What the connections of one server share.
struct HttpServerShared {
  HttpServerShared(rt::Loop& l, HttpServerConfig c, HttpHandler h)
      : loop(l), config(std::move(c)), handler(std::move(h)) {}

  std::string_view date();  // now, as in a Date field (RFC 9110, 5.6.7)

  rt::Loop& loop;
  const HttpServerConfig config;
  const HttpHandler handler;
  // Filled and emptied without a wait in between.
  std::array<char, 32 * 1024> scratch;
  // Connections whose first request header is not complete, oldest first.
  std::list<Http1Connection*> half_open;

 private:
  int64_t date_second_ = 0;
  std::string date_;
};

class Http1Connection final : private ResponseWriter {
 public:
  Http1Connection(HttpServerShared& shared, rt::asio::ip::tcp::socket socket);
  ~Http1Connection() override;
  Http1Connection(const Http1Connection&) = delete;
  Http1Connection& operator=(const Http1Connection&) = delete;

  // `on_end` is called once, when every task of the connection has ended; it may destroy the connection.
  void start(std::function<void()> on_end);
  void cancel();
  // Cancels the connection when its deadline has passed.
  void sweep(MonoTime now);

 private:
  enum class Phase : uint8_t { kUnanswered, kStreaming, kAnswered, kUpgraded };

  // The task that notices the client's leaving while a handler streams.
  struct Watch {
    explicit Watch(rt::Loop& loop) : ended(loop) {}
    rt::asio::cancellation_signal signal;
    rt::Event ended;
    bool running = false;
  };

  // ResponseWriter, for the handler of the current request.
  rt::Task<Result<>> send(int status, Headers headers, std::string body) override;
  rt::Task<Result<>> begin(int status, Headers headers) override;
  rt::Task<Result<>> write(std::string_view bytes) override;
  rt::Task<Result<>> finish() override;
  rt::Task<Result<Stream*>> upgrade(Headers headers) override;
  [[nodiscard]] bool started() const override { return phase_ != Phase::kUnanswered; }
  void cancel_when_client_leaves() override;

  rt::Task<> run();
  // False when the connection is to be closed.
  rt::Task<bool> serve_one();
  // False when the client has ended without asking anything more.
  rt::Task<Result<bool>> read_request();
  rt::Task<Result<size_t>> fill();
  Result<> parse(std::string_view fresh);
  HttpRequest take_request();
  rt::Task<> call_handler(HttpRequest request);
  rt::Task<> send_error(int status, std::string message);
  rt::Task<Result<>> put(std::span<const std::string_view> pieces);
  rt::Task<> linger();
  rt::Task<> watch_client();
  rt::Task<> stop_watching();
  void part_ended();

  enum class Framing : uint8_t { kNone, kLength, kChunked, kUntilClose };
  std::string head(int status, const Headers& headers, Framing framing, size_t length);
  void arm(std::chrono::milliseconds limit);
  void disarm() { deadline_ = MonoTime::max(); }
  void no_longer_half_open();

  HttpServerShared& shared_;
  Stream stream_;
  std::shared_ptr<const PeerIdentity> identity_;
  std::optional<Http1Parser> parser_;  // from the first byte on
  std::string in_;                     // read, not yet parsed
  rt::asio::cancellation_signal signal_;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<Http2Session> http2_;
  std::function<void()> on_end_;
  std::list<Http1Connection*>::iterator half_open_;
  MonoTime deadline_ = MonoTime::max();
  uint64_t written_mark_ = 0;
  uint8_t burst_ = 0;
  bool is_half_open_ = true;
  bool running_ = false;
  bool cancelled_ = false;
  bool writing_ = false;
  bool broken_ = false;  // a write failed
  bool linger_ = false;

  // Of the current request.
  Phase phase_ = Phase::kUnanswered;
  bool head_ = false;
  bool chunked_ = false;
  bool no_body_ = false;
  bool keep_alive_ = false;
  int minor_version_ = 1;
};

}  // namespace fairlead::net
