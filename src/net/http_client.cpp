#include "net/http_client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/http1_parser.h"
#include "net/tls_stream.h"
#include "net/url.h"
#include "rt/time.h"

namespace fairlead::net {

namespace asio = rt::asio;

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kReadSize = 16 * 1024;

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS";
}

bool may_have_body(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; });
}

// One connection with a message on it, or none.
class Connection {
 public:
  Connection(std::unique_ptr<Stream> stream, Http1Limits limits)
      : stream_(std::move(stream)), parser_(Http1Parser::Side::kResponses, limits) {}

  [[nodiscard]] Stream& stream() { return *stream_; }
  [[nodiscard]] Http1Message& message() { return parser_.message(); }
  [[nodiscard]] bool done() const { return parser_.done(); }
  [[nodiscard]] bool heard() const { return heard_; }
  [[nodiscard]] bool reusable() const { return sent_ && parser_.done() && parser_.keep_alive() && in_.empty(); }

  // Whether a kept connection still stands: the server has neither ended it nor sent what nobody asked for.
  [[nodiscard]] bool alive() {
    std::array<char, 1> byte;
    const auto n = stream_->try_read(byte);
    return n.has_value() && !n->has_value();
  }

  // Until the header of the final response is complete.
  rt::Task<Result<>> exchange(std::string head, std::string_view body, bool is_head) {
    heard_ = false;
    sent_ = false;
    parser_.reset(is_head);
    const std::array<std::string_view, 2> pieces{head, body};
    const auto written = co_await stream_->write(pieces);
    sent_ = written.has_value();
    // A server may answer, and close, before it has read everything: the answer counts, not the failed write.
    for (;;) {
      const auto read = co_await advance();
      if (!read) co_return std::unexpected(written ? read.error() : written.error());
      if (!parser_.header_done()) continue;
      const int status = parser_.message().status;
      if (status >= 200 || status == 101) co_return Result<>();
      parser_.reset(is_head);  // 100, 103: another response follows
    }
  }

  // Parses what is at hand, or waits for more. Cancelling it loses nothing.
  rt::Task<Result<>> advance() {
    if (!in_.empty()) {
      const std::string left = std::exchange(in_, {});
      FL_CO_CHECK(parse(left));
      if (in_.size() < left.size()) co_return Result<>();
    }
    if (++burst_ % 32 == 0) co_await asio::post(asio::use_awaitable);
    if (buffer_.empty()) buffer_.resize(kReadSize);
    for (;;) {
      FL_CO_TRY(const auto n, stream_->try_read(buffer_));
      if (!n) {
        co_await stream_->wait_readable();
        continue;
      }
      if (*n == 0) co_return parser_.put_end();
      heard_ = true;
      std::string left = std::exchange(in_, {});
      const std::string_view fresh(buffer_.data(), *n);
      if (left.empty()) co_return parse(fresh);
      left += fresh;
      co_return parse(left);
    }
  }

  // The connection stops being HTTP.
  std::unique_ptr<Stream> release() {
    stream_->unread(in_);
    return std::move(stream_);
  }

  void rest(Clock::time_point now) {
    idle_since_ = now;
    buffer_ = {};
  }
  [[nodiscard]] Clock::time_point idle_since() const { return idle_since_; }

 private:
  Result<> parse(std::string_view bytes) {
    const auto used = parser_.put(bytes);
    if (!used) return fail(Error(used.error()).in("response"));
    in_ = bytes.substr(*used);
    return {};
  }

  std::unique_ptr<Stream> stream_;
  Http1Parser parser_;
  std::string in_;      // read, not parsed yet
  std::string buffer_;  // what reads go through; given back while the connection rests
  Clock::time_point idle_since_;
  uint8_t burst_ = 0;
  bool heard_ = false;  // something of the response came
  bool sent_ = false;   // the whole request went out
};

// Shared with the streams, which may outlive the client.
class Pool {
 public:
  Pool(std::chrono::milliseconds idle_timeout, size_t limit) : idle_timeout_(idle_timeout), limit_(limit) {}

  std::unique_ptr<Connection> take() {
    const Clock::time_point oldest = Clock::now() - idle_timeout_;
    std::erase_if(idle_, [&](const auto& connection) { return connection->idle_since() < oldest; });
    while (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection->alive()) return connection;
    }
    return nullptr;
  }

  void give_back(std::unique_ptr<Connection> connection) {
    if (!connection->reusable() || idle_.size() >= limit_) return;
    connection->rest(Clock::now());
    idle_.push_back(std::move(connection));
  }

  void clear() { idle_.clear(); }
  [[nodiscard]] size_t size() const { return idle_.size(); }

 private:
  std::vector<std::unique_ptr<Connection>> idle_;
  std::chrono::milliseconds idle_timeout_;
  size_t limit_;
};

class ResponseStream final : public BodyStream {
 public:
  ResponseStream(std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection)
      : pool_(std::move(pool)),
        connection_(std::move(connection)),
        status_(connection_->message().status),
        headers_(std::move(connection_->message().headers)) {}

  [[nodiscard]] int status() const override { return status_; }
  [[nodiscard]] const Headers& headers() const override { return headers_; }

  rt::Task<Result<std::optional<std::string>>> next() override {
    if (!connection_) co_return std::nullopt;
    for (;;) {
      std::string& body = connection_->message().body;
      if (!body.empty()) co_return std::exchange(body, {});
      if (connection_->done()) {
        pool_->give_back(std::move(connection_));
        connection_ = nullptr;
        co_return std::nullopt;
      }
      FL_CO_CHECK(co_await connection_->advance());
    }
  }

 private:
  std::shared_ptr<Pool> pool_;
  std::unique_ptr<Connection> connection_;  // null after the end
  int status_;
  Headers headers_;
};

class Client final : public HttpClient {
 public:
  Client(HttpClientConfig config, Url url)
      : config_(std::move(config)),
        url_(std::move(url)),
        pool_(std::make_shared<Pool>(config_.pool_idle_timeout, config_.max_idle_connections)) {}

  rt::Task<Result<HttpResponse>> request(HttpCall call) override {
    if (!call.timeout) co_return co_await whole(std::move(call));
    const auto limit = *call.timeout;
    const std::string what = describe(call);
    auto in_time = co_await rt::with_timeout(whole(std::move(call)), limit);
    if (!in_time) co_return late(what, limit);
    co_return std::move(*in_time);
  }

  rt::Task<Result<std::unique_ptr<BodyStream>>> stream(HttpCall call) override {
    FL_CO_TRY(auto connection, co_await start_in_time(std::move(call)));
    co_return std::make_unique<ResponseStream>(pool_, std::move(connection));
  }

  rt::Task<Result<Upgraded>> upgrade(HttpCall call) override {
    call.headers.set("Connection", "Upgrade");
    FL_CO_TRY(auto connection, co_await start_in_time(std::move(call)));
    Upgraded result;
    if (connection->message().status == 101) {
      result.response.status = 101;
      result.response.headers = std::move(connection->message().headers);
      result.stream = connection->release();
      co_return std::move(result);
    }
    FL_CO_TRY(result.response, co_await rest_of(std::move(connection)));
    co_return std::move(result);
  }

  [[nodiscard]] size_t idle_connections() const override { return pool_->size(); }

 private:
  using Started = Result<std::unique_ptr<Connection>>;

  [[nodiscard]] std::string describe(const HttpCall& call) const {
    return fmt::format("{} {}://{}{}", call.method, url_.scheme, url_.authority(), url_.path + call.target);
  }

  static std::unexpected<Error> late(const std::string& what, std::chrono::milliseconds limit) {
    return fail(Code::kTimeout, fmt::format("{}: no answer within {} ms", what, limit.count()));
  }

  rt::Task<Started> start_in_time(HttpCall call) {
    if (!call.timeout) co_return co_await start(std::move(call));
    const auto limit = *call.timeout;
    const std::string what = describe(call);
    auto in_time = co_await rt::with_timeout(start(std::move(call)), limit);
    if (!in_time) co_return late(what, limit);
    co_return std::move(*in_time);
  }

  rt::Task<Result<HttpResponse>> whole(HttpCall call) {
    FL_CO_TRY(auto connection, co_await start(std::move(call)));
    co_return co_await rest_of(std::move(connection));
  }

  rt::Task<Result<HttpResponse>> rest_of(std::unique_ptr<Connection> connection) {
    for (;;) {
      if (connection->message().body.size() > config_.max_response_bytes) {
        co_return fail(Code::kTooLarge,
                       fmt::format("response: the body is larger than {} bytes", config_.max_response_bytes));
      }
      if (connection->done()) break;
      FL_CO_CHECK(co_await connection->advance());
    }
    Http1Message& message = connection->message();
    HttpResponse response{message.status, std::move(message.headers), std::move(message.body)};
    pool_->give_back(std::move(connection));
    co_return std::move(response);
  }

  // Sends the call on a kept connection or a new one and waits for the response's header.
  rt::Task<Started> start(HttpCall call) {
    FL_CO_TRY(const std::string head, request_head(call));
    std::unique_ptr<Connection> connection = pool_->take();
    bool kept = connection != nullptr;
    for (;;) {
      if (!kept) {
        FL_CO_TRY(connection, co_await connect());
      }
      const auto done = co_await connection->exchange(head, call.body, call.method == "HEAD");
      if (done) co_return std::move(connection);
      // The server may have closed a kept connection just as the request was sent. Nothing was answered, so an
      // idempotent request is safe to send again (RFC 9112, 9.3.1).
      if (!kept || connection->heard() || !is_idempotent(call.method)) {
        co_return fail(Error(done.error()).in(describe(call)));
      }
      kept = false;
      pool_->clear();  // what else it kept is as old
    }
  }

  Result<std::string> request_head(const HttpCall& call) const {
    if (!call.target.starts_with('/') && !(call.target.empty() && !url_.path.empty())) {
      return fail(Code::kBadRequest, fmt::format("request target \"{}\" must begin with '/'", call.target));
    }
    if (has_control(call.target) || call.target.find(' ') != std::string::npos) {
      return fail(Code::kBadRequest, fmt::format("request target \"{}\" must be percent-encoded", call.target));
    }
    std::string head;
    head.reserve(512);
    auto out = std::back_inserter(head);
    fmt::format_to(out, "{} {}{} HTTP/1.1\r\n", call.method, url_.path, call.target);
    if (!call.headers.has("host")) fmt::format_to(out, "Host: {}\r\n", url_.authority());
    if (!call.headers.has("user-agent")) fmt::format_to(out, "User-Agent: {}\r\n", config_.user_agent);
    if (config_.bearer_token && !call.headers.has("authorization")) {
      const std::string token = config_.bearer_token();
      if (has_control(token))
        return fail(Code::kInvalid, "the bearer token has control characters (a line end?) in it");
      if (!token.empty()) fmt::format_to(out, "Authorization: Bearer {}\r\n", token);
    }
    for (size_t i = 0; i < call.headers.size(); ++i) {
      const auto [name, value] = call.headers[i];
      if (has_control(name) || has_control(value)) {
        return fail(Code::kBadRequest, fmt::format("header field {} has control characters in it", name));
      }
      fmt::format_to(out, "{}: {}\r\n", name, value);
    }
    if (!call.body.empty() || may_have_body(call.method))
      fmt::format_to(out, "Content-Length: {}\r\n", call.body.size());
    head += "\r\n";
    return head;
  }

  rt::Task<Started> connect() {
    auto opened = co_await rt::with_timeout(open(), config_.connect_timeout);
    if (!opened) {
      co_return fail(Code::kUnavailable, fmt::format("connect to {}: no answer within {} ms", url_.authority(),
                                                     config_.connect_timeout.count()));
    }
    if (!*opened) co_return std::unexpected(std::move(opened->error()));
    co_return std::make_unique<Connection>(std::move(**opened), Http1Limits{config_.max_header_bytes, std::nullopt});
  }

  rt::Task<Result<std::unique_ptr<Stream>>> open() {
    FL_CO_TRY(const std::vector<Endpoint> addresses, co_await resolve());
    Result<std::unique_ptr<Stream>> stream = fail(Code::kUnavailable, "no address");
    for (const Endpoint& address : addresses) {
      stream = co_await Stream::connect(address);
      if (stream) break;
    }
    if (!stream || url_.scheme == "http") co_return std::move(stream);
    const auto shaken = co_await (*stream)->connect_tls(*config_.tls, url_.host);
    if (!shaken) co_return fail(Error(shaken.error()).in(url_.authority()));
    co_return std::move(stream);
  }

  rt::Task<Result<std::vector<Endpoint>>> resolve() {
    std::vector<Endpoint> found;
    if (const auto literal = IpAddress::parse(url_.host)) {
      found.push_back({*literal, url_.port});
      co_return std::move(found);
    }
    auto executor = co_await asio::this_coro::executor;
    asio::ip::tcp::resolver resolver(executor);
    auto [error, results] =
        co_await resolver.async_resolve(url_.host, std::to_string(url_.port), asio::as_tuple(asio::use_awaitable));
    if (error) co_return fail(Code::kUnavailable, fmt::format("resolve {}: {}", url_.host, error.message()));
    for (const auto& result : results) {
      const auto address = IpAddress::parse(result.endpoint().address().to_string());
      if (address) found.push_back({*address, url_.port});
    }
    co_return std::move(found);
  }

  const HttpClientConfig config_;
  const Url url_;
  std::shared_ptr<Pool> pool_;
};

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::create(rt::Loop&, HttpClientConfig config) {
  FL_TRY(Url url, parse_url(config.base_url));
  if (!url.query.empty())
    return fail(Code::kInvalid, fmt::format("base URL {} must not have a query", config.base_url));
  if (url.scheme == "https" && !config.tls) {
    return fail(Code::kInvalid, fmt::format("base URL {} needs a TLS configuration", config.base_url));
  }
  return std::make_unique<Client>(std::move(config), std::move(url));
}

}  // namespace fairlead::net
