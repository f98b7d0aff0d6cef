#include "net/http2_exchange.h"

#include <nghttp2/nghttp2.h>

#include <cstring>

#include "base/text.h"
#include "net/http1_connection.h"

namespace fairlead::net {
namespace {

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

// Fields that HTTP/2 frames take the place of (RFC 9113, 8.2.2), and those that are added here.
bool is_ours(std::string_view name) {
  for (const std::string_view ours :
       {"connection", "content-length", "date", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}) {
    if (name == ours) return true;
  }
  return false;
}

// A field value must not be able to begin another field when a proxy turns it into HTTP/1.
std::string clean(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  }
  return out;
}

ssize_t read_body(nghttp2_session*, int32_t, uint8_t* into, size_t size, uint32_t* flags, nghttp2_data_source* source,
                  void*) {
  bool end = false;
  const size_t n = static_cast<Http2Exchange*>(source->ptr)->take(into, size, end);
  if (end) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return n == 0 && !end ? static_cast<ssize_t>(NGHTTP2_ERR_DEFERRED) : static_cast<ssize_t>(n);
}

std::unexpected<Error> gone() { return fail(Code::kCancelled, "the client has left"); }

}  // namespace

Http2Exchange::Http2Exchange(Http2Session& session, int32_t stream_id, rt::Loop& loop)
    : id(stream_id), session_(session), drained_(loop) {}

Result<> Http2Exchange::submit(int status, const Headers& headers, bool with_body, std::optional<size_t> length) {
  std::vector<std::pair<std::string, std::string>> fields;
  fields.reserve(headers.size() + 3);
  fields.emplace_back(":status", std::to_string(status));
  fields.emplace_back("date", session_.shared_.date());
  for (size_t i = 0; i < headers.size(); ++i) {
    std::string name = lower(headers[i].name);
    if (!is_ours(name)) fields.emplace_back(clean(name), clean(headers[i].value));
  }
  if (length && !has_no_body(status)) fields.emplace_back("content-length", std::to_string(*length));
  std::vector<nghttp2_nv> pairs;
  pairs.reserve(fields.size());
  for (auto& [name, value] : fields) {
    pairs.push_back({reinterpret_cast<uint8_t*>(name.data()), reinterpret_cast<uint8_t*>(value.data()), name.size(),
                     value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  nghttp2_data_provider provider{};
  provider.source.ptr = this;
  provider.read_callback = read_body;
  const int result =
      nghttp2_submit_response(session_.session_, id, pairs.data(), pairs.size(), with_body ? &provider : nullptr);
  if (result != 0) return fail(Code::kCancelled, fmt::format("cannot answer: {}", nghttp2_strerror(result)));
  session_.wake();
  return {};
}

void Http2Exchange::arm() {
  deadline = std::chrono::steady_clock::now() + session_.shared_.config.limits.write_timeout;
  mark = taken_;
}

size_t Http2Exchange::take(uint8_t* into, size_t size, bool& end) {
  const size_t n = std::min(size, pending_.size());
  if (n != 0) std::memcpy(into, pending_.data(), n);
  pending_.remove_prefix(n);
  taken_ += n;
  if (pending_.empty()) {
    end = last_;
    deadline = MonoTime::max();
    drained_.notify();
  }
  return n;
}

rt::Task<Result<>> Http2Exchange::taken() {
  // However this ends, the bytes are not the exchange's to keep; what is left of them is not the end of the body.
  struct Forget {
    std::string_view& pending;
    bool& last;
    ~Forget() {
      if (!pending.empty()) last = false;
      pending = {};
    }
  } forget{pending_, last_};
  while (!pending_.empty() && !closed) co_await drained_.wait();
  if (closed && !pending_.empty()) co_return gone();
  co_return Result<>();
}

void Http2Exchange::answer(int status, Headers headers, std::string body) {
  if (closed) return;
  phase_ = Phase::kAnswered;
  last_ = true;
  const bool bare = has_no_body(status) || request.method == "HEAD" || body.empty();
  const size_t length = body.size();
  if (!bare) {
    body_ = std::move(body);
    pending_ = body_;
    arm();
  }
  if (!submit(status, headers, !bare, length)) reset(NGHTTP2_INTERNAL_ERROR);
}

void Http2Exchange::answer_error(int status, std::string_view message) {
  ErrorBody made{"text/plain; charset=utf-8", std::string(message) + "\n"};
  if (session_.shared_.config.error_body) made = session_.shared_.config.error_body(status, message);
  Headers headers;
  headers.add("Content-Type", made.content_type);
  answer(status, std::move(headers), std::move(made.body));
}

rt::Task<Result<>> Http2Exchange::send(int status, Headers headers, std::string body) {
  check(phase_ == Phase::kUnanswered, "a second response to one request");
  if (closed) co_return gone();
  answer(status, std::move(headers), std::move(body));
  co_return co_await taken();
}

rt::Task<Result<>> Http2Exchange::begin(int status, Headers headers) {
  check(phase_ == Phase::kUnanswered, "a second response to one request");
  phase_ = Phase::kStreaming;
  follows_client_ = true;
  no_body_ = has_no_body(status) || request.method == "HEAD";
  if (closed) co_return gone();
  co_return submit(status, headers, !no_body_, std::nullopt);
}

rt::Task<Result<>> Http2Exchange::write(std::string_view bytes) {
  check(phase_ == Phase::kStreaming, "write() outside begin() and finish()");
  if (closed) co_return gone();
  if (bytes.empty() || no_body_) co_return Result<>();
  pending_ = bytes;
  arm();
  (void)nghttp2_session_resume_data(session_.session_, id);
  session_.wake();
  co_return co_await taken();
}

rt::Task<Result<>> Http2Exchange::finish() {
  check(phase_ == Phase::kStreaming, "finish() without begin()");
  phase_ = Phase::kAnswered;
  if (closed) co_return gone();
  last_ = true;
  if (!no_body_) (void)nghttp2_session_resume_data(session_.session_, id);
  session_.wake();
  co_return Result<>();
}

rt::Task<Result<Stream*>> Http2Exchange::upgrade(Headers) {
  co_return fail(Code::kInvalid, "an HTTP/2 stream cannot be upgraded: use HTTP/1.1");
}

void Http2Exchange::conclude() {
  if (closed) return;
  if (phase_ == Phase::kUnanswered) {
    answer_error(500, "the server did not answer the request");
  } else if (phase_ == Phase::kStreaming) {
    reset(NGHTTP2_INTERNAL_ERROR);  // the client must not take what it has for all
  } else if (!last_) {
    reset(NGHTTP2_CANCEL);
  }
}

void Http2Exchange::reset(uint32_t error_code) {
  (void)nghttp2_submit_rst_stream(session_.session_, NGHTTP2_FLAG_NONE, id, error_code);
  session_.wake();
}

void Http2Exchange::close() {
  closed = true;
  drained_.notify();
}

void Http2Exchange::cancel_when_client_leaves() {
  follows_client_ = true;
  if (closed) cancel();
}

void Http2Exchange::cancel() {
  if (!running || cancelled) return;
  cancelled = true;
  signal.emit(rt::asio::cancellation_type::terminal);
}

}  // namespace fairlead::net
