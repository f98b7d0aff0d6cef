#include "net/http1_connection.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>

#include "base/log.h"
#include "base/text.h"

namespace fairlead::net {

namespace asio = rt::asio;

namespace {

constexpr std::chrono::milliseconds kLinger{2'000};

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

bool is_framing(std::string_view name) {
  switch (name.size()) {
    case 4:
      return lower(name) == "date";
    case 10:
      return lower(name) == "connection";
    case 14:
      return lower(name) == "content-length";
    case 17:
      return lower(name) == "transfer-encoding";
    default:
      return false;
  }
}

// A field value must not be able to begin another field or the body.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  const auto clean = [&out](std::string_view text) {
    for (const char c : text) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  };
  clean(name);
  out += ": ";
  clean(value);
  out += "\r\n";
}

// RFC 9112, 3.2.2: servers take the absolute form too. What is left is a path and query, "*", or the authority of a
// CONNECT.
std::string origin_form(std::string target) {
  const size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string::npos) return target;
  const size_t path = target.find_first_of("/?", scheme + 3);
  if (path == std::string::npos) return "/";
  std::string origin = target.substr(path);
  return origin.starts_with('?') ? "/" + origin : origin;
}

}  // namespace

std::string_view HttpServerShared::date() {
  const int64_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    const std::time_t seconds = now;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 64> text;
    date_.assign(text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc));
  }
  return date_;
}

Http1Connection::Http1Connection(HttpServerShared& shared, asio::ip::tcp::socket socket)
    : shared_(shared), stream_(std::move(socket)) {
  half_open_ = shared_.half_open.insert(shared_.half_open.end(), this);
}

Http1Connection::~Http1Connection() { no_longer_half_open(); }

void Http1Connection::no_longer_half_open() {
  if (!is_half_open_) return;
  is_half_open_ = false;
  shared_.half_open.erase(half_open_);
}

void Http1Connection::start(std::function<void()> on_end) {
  on_end_ = std::move(on_end);
  running_ = true;
  asio::co_spawn(shared_.loop.executor(), run(),
                 asio::bind_cancellation_slot(signal_.slot(), [this](const std::exception_ptr& e) {
                   if (e) {
                     try {
                       std::rethrow_exception(e);
                     } catch (const boost::system::system_error& error) {
                       if (error.code() != asio::error::operation_aborted) panic(error.what());
                     } catch (const std::exception& error) {
                       panic(error.what());
                     }
                   }
                   running_ = false;
                   if (watch_ && watch_->running) watch_->signal.emit(asio::cancellation_type::terminal);
                   part_ended();
                 }));
}

void Http1Connection::part_ended() {
  if (running_ || (watch_ && watch_->running)) return;
  // Destroys this, and with it the function: it must not be running from its own storage.
  const auto on_end = std::move(on_end_);
  on_end();
}

void Http1Connection::cancel() {
  cancelled_ = true;
  no_longer_half_open();
  disarm();
  if (http2_) http2_->cancel();
  signal_.emit(asio::cancellation_type::terminal);
}

void Http1Connection::arm(std::chrono::milliseconds limit) { deadline_ = std::chrono::steady_clock::now() + limit; }

void Http1Connection::sweep(MonoTime now) {
  if (http2_) {
    if (!http2_->sweep(now)) cancel();
    return;
  }
  if (now < deadline_) return;
  if (writing_ && stream_.bytes_written() != written_mark_) {
    written_mark_ = stream_.bytes_written();
    deadline_ = now + shared_.config.limits.write_timeout;
    return;
  }
  log::debug("connection timed out",
             {{"server", shared_.config.name}, {"peer", stream_.peer()}, {"writing", writing_}});
  cancel();
}

rt::Task<> Http1Connection::run() {
  const HttpLimits& limits = shared_.config.limits;
  if (shared_.config.tls) {
    arm(limits.handshake_timeout);
    co_await stream_.wait_readable();
    const auto shaken = co_await stream_.accept_tls(*shared_.config.tls);
    if (!shaken) {
      log::debug("TLS handshake failed",
                 {{"server", shared_.config.name}, {"peer", stream_.peer()}, {"error", shaken.error().message}});
      co_return;
    }
    identity_ = stream_.peer_identity();
    if (stream_.alpn() == "h2") {
      disarm();
      http2_ = std::make_unique<Http2Session>(shared_, stream_, identity_);
      std::function<void()> first_request = [this] { no_longer_half_open(); };
      co_await http2_->run(std::move(first_request));
      co_return;
    }
  }
  arm(limits.header_timeout);
  bool more = true;
  while (more) more = co_await serve_one();
  if (broken_) co_return;
  stream_.shutdown_write();
  if (linger_) co_await linger();
}

rt::Task<bool> Http1Connection::serve_one() {
  phase_ = Phase::kUnanswered;
  head_ = chunked_ = no_body_ = keep_alive_ = false;
  minor_version_ = 1;
  const auto asked = co_await read_request();
  if (!asked) {
    if (asked.error().code == Code::kUnavailable) co_return false;  // gone
    co_await send_error(parser_->error_status(), asked.error().message);
    co_return false;
  }
  if (!*asked) co_return false;
  disarm();
  keep_alive_ = parser_->keep_alive();
  co_await call_handler(take_request());
  if (phase_ == Phase::kUnanswered && !broken_) {
    co_await send_error(500, "the server did not answer the request");
    co_return false;
  }
  if (broken_ || phase_ != Phase::kAnswered || !keep_alive_) co_return false;
  co_await stop_watching();
  arm(shared_.config.limits.idle_timeout);
  // Pipelined requests must not keep other connections waiting.
  if (++burst_ % 32 == 0) co_await asio::post(asio::use_awaitable);
  co_return true;
}

rt::Task<Result<bool>> Http1Connection::read_request() {
  const HttpLimits& limits = shared_.config.limits;
  if (parser_) parser_->reset();
  bool begun = false;
  bool header_seen = false;
  if (!in_.empty()) {
    const std::string pipelined = std::exchange(in_, {});
    FL_CO_CHECK(parse(pipelined));
    begun = true;
    arm(limits.header_timeout);
  }
  for (;;) {
    if (parser_ && parser_->header_done() && !header_seen) {
      header_seen = true;
      no_longer_half_open();
      if (parser_->done()) co_return true;
      arm(limits.body_timeout);
      if (parser_->message().minor_version == 1 && parser_->message().headers.has_token("expect", "100-continue")) {
        const auto sent = co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n");
        if (!sent) co_return std::unexpected(sent.error());
      }
    }
    if (parser_ && parser_->done()) co_return true;
    FL_CO_TRY(const size_t n, co_await fill());
    std::string_view fresh(shared_.scratch.data(), n);
    if (n == 0) {
      if (!begun) co_return false;
      co_return fail(Code::kUnavailable, "the client left in the middle of a request");
    }
    // RFC 9112, 2.2: empty lines before a request are ignored.
    if (!begun) {
      while (fresh.starts_with('\r') || fresh.starts_with('\n')) fresh.remove_prefix(1);
      if (fresh.empty()) continue;
      begun = true;
      arm(limits.header_timeout);
    }
    FL_CO_CHECK(parse(fresh));
  }
}

// Reads into the shared buffer, to be used before the next wait.
rt::Task<Result<size_t>> Http1Connection::fill() {
  if (++burst_ % 32 == 0) co_await asio::post(asio::use_awaitable);
  for (;;) {
    FL_CO_TRY(const auto n, stream_.try_read(shared_.scratch));
    if (n) co_return *n;
    co_await stream_.wait_readable();
  }
}

Result<> Http1Connection::parse(std::string_view fresh) {
  if (!parser_) {
    parser_.emplace(Http1Parser::Side::kRequests,
                    Http1Limits{shared_.config.limits.max_header_bytes, shared_.config.limits.max_body_bytes});
  }
  if (in_.empty()) {
    FL_TRY(const size_t used, parser_->put(fresh));
    in_ = fresh.substr(used);
  } else {
    in_ += fresh;
    FL_TRY(const size_t used, parser_->put(in_));
    in_.erase(0, used);
  }
  return {};
}

HttpRequest Http1Connection::take_request() {
  Http1Message& message = parser_->message();
  minor_version_ = message.minor_version;
  head_ = message.method == "HEAD";
  HttpRequest request;
  request.method = std::move(message.method);
  request.target = origin_form(std::move(message.target));
  request.headers = std::move(message.headers);
  request.body = std::move(message.body);
  request.peer = stream_.peer();
  request.secure = stream_.secure();
  request.client = identity_;
  return request;
}

rt::Task<> Http1Connection::call_handler(HttpRequest request) {
  std::string defect;
  try {
    rt::Task<> task = shared_.handler(std::move(request), *this);
    co_await std::move(task);
  } catch (const boost::system::system_error& error) {
    if (cancelled_) throw;
    defect = error.what();
  } catch (const std::exception& error) {
    defect = error.what();
  }
  if (!defect.empty()) {
    log::error("HTTP handler threw", {{"server", shared_.config.name}, {"error", defect}});
    keep_alive_ = false;
  }
}

std::string Http1Connection::head(int status, const Headers& headers, Framing framing, size_t length) {
  std::string out;
  out.reserve(512);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", status, reason_phrase(status),
                 shared_.date());
  if (headers.has_token("connection", "close")) keep_alive_ = false;
  if (framing == Framing::kUntilClose) keep_alive_ = false;
  for (size_t i = 0; i < headers.size(); ++i) {
    if (!is_framing(headers[i].name)) append_field(out, headers[i].name, headers[i].value);
  }
  if (framing == Framing::kLength) fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", length);
  if (framing == Framing::kChunked) out += "Transfer-Encoding: chunked\r\n";
  if (phase_ == Phase::kUpgraded) {
    out += "Connection: Upgrade\r\n";
  } else if (!keep_alive_) {
    out += "Connection: close\r\n";
  } else if (minor_version_ == 0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  return out;
}

rt::Task<Result<>> Http1Connection::put(std::span<const std::string_view> pieces) {
  if (broken_) co_return fail(Code::kCancelled, "the client has left");
  arm(shared_.config.limits.write_timeout);
  written_mark_ = stream_.bytes_written();
  writing_ = true;
  const auto written = co_await stream_.write(pieces);
  writing_ = false;
  disarm();
  if (written) co_return Result<>();
  broken_ = true;
  co_return fail(Code::kCancelled, fmt::format("the client has left: {}", written.error().message));
}

rt::Task<Result<>> Http1Connection::send(int status, Headers headers, std::string body) {
  check(phase_ == Phase::kUnanswered, "a second response to one request");
  const bool none = has_no_body(status);
  phase_ = Phase::kAnswered;
  const std::string start = head(status, headers, none ? Framing::kNone : Framing::kLength, body.size());
  const std::array<std::string_view, 2> pieces{start, none || head_ ? std::string_view() : std::string_view(body)};
  co_return co_await put(pieces);
}

rt::Task<Result<>> Http1Connection::begin(int status, Headers headers) {
  check(phase_ == Phase::kUnanswered, "a second response to one request");
  phase_ = Phase::kStreaming;
  no_body_ = head_ || has_no_body(status);
  chunked_ = minor_version_ == 1 && !has_no_body(status);
  Framing framing = Framing::kUntilClose;
  if (has_no_body(status)) framing = Framing::kNone;
  if (chunked_) framing = Framing::kChunked;
  const std::string start = head(status, headers, framing, 0);
  cancel_when_client_leaves();
  const std::array<std::string_view, 1> pieces{start};
  co_return co_await put(pieces);
}

rt::Task<Result<>> Http1Connection::write(std::string_view bytes) {
  check(phase_ == Phase::kStreaming, "write() outside begin() and finish()");
  if (bytes.empty() || no_body_) co_return Result<>();
  if (!chunked_) {
    const std::array<std::string_view, 1> pieces{bytes};
    co_return co_await put(pieces);
  }
  std::array<char, 24> size;
  const auto end = fmt::format_to(size.data(), "{:x}\r\n", bytes.size());
  const std::array<std::string_view, 3> pieces{std::string_view(size.data(), end), bytes, "\r\n"};
  co_return co_await put(pieces);
}

rt::Task<Result<>> Http1Connection::finish() {
  check(phase_ == Phase::kStreaming, "finish() without begin()");
  phase_ = Phase::kAnswered;
  if (!chunked_ || no_body_) co_return Result<>();
  const std::array<std::string_view, 1> pieces{"0\r\n\r\n"};
  co_return co_await put(pieces);
}

rt::Task<Result<Stream*>> Http1Connection::upgrade(Headers headers) {
  check(phase_ == Phase::kUnanswered, "a second response to one request");
  co_await stop_watching();
  phase_ = Phase::kUpgraded;
  const std::string start = head(101, headers, Framing::kNone, 0);
  const std::array<std::string_view, 1> pieces{start};
  FL_CO_CHECK(co_await put(pieces));
  stream_.unread(std::exchange(in_, {}));
  co_return &stream_;
}

rt::Task<> Http1Connection::send_error(int status, std::string message) {
  keep_alive_ = false;
  linger_ = true;
  ErrorBody answer{"text/plain; charset=utf-8", message + "\n"};
  if (shared_.config.error_body) answer = shared_.config.error_body(status, message);
  Headers headers;
  headers.add("Content-Type", answer.content_type);
  // A client that is gone by now needs no answer.
  (void)co_await send(status, std::move(headers), std::move(answer.body));
}

// Closing while the client still sends makes its kernel throw the answer away (RFC 9112, 9.6).
rt::Task<> Http1Connection::linger() {
  arm(kLinger);
  for (;;) {
    const auto n = co_await fill();
    if (!n || *n == 0) co_return;
  }
}

void Http1Connection::cancel_when_client_leaves() {
  if (watch_ && watch_->running) return;
  if (!watch_) watch_ = std::make_unique<Watch>(shared_.loop);
  watch_->running = true;
  asio::co_spawn(shared_.loop.executor(), watch_client(),
                 asio::bind_cancellation_slot(watch_->signal.slot(), [this](const std::exception_ptr&) {
                   watch_->running = false;
                   watch_->ended.notify();
                   part_ended();
                 }));
}

// What the client sends meanwhile is kept as the beginning of its next request, up to a limit beyond which nothing is
// read.
rt::Task<> Http1Connection::watch_client() {
  while (in_.size() < shared_.config.limits.max_header_bytes) {
    const auto n = stream_.try_read(shared_.scratch);
    if (!n || *n == 0UZ) {
      cancel();
      co_return;
    }
    if (*n) {
      in_.append(shared_.scratch.data(), **n);
    } else {
      co_await stream_.wait_readable();
    }
  }
}

rt::Task<> Http1Connection::stop_watching() {
  if (!watch_ || !watch_->running) co_return;
  watch_->signal.emit(asio::cancellation_type::terminal);
  while (watch_->running) co_await watch_->ended.wait();
}

}  // namespace fairlead::net
