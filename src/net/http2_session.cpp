#include "net/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "net/http1_connection.h"
#include "net/http2_exchange.h"

namespace fairlead::net {

namespace asio = rt::asio;

namespace {

using namespace std::chrono_literals;

constexpr uint32_t kMaxStreams = 250;
constexpr int32_t kConnectionWindow = 1 << 20;
constexpr size_t kMaxBuffered = 32UZ * 1024 * 1024;
constexpr size_t kOutBytes = 64UZ * 1024;
constexpr uint64_t kResetBurst = 1000;
constexpr uint64_t kResetsPerSecond = 33;
constexpr auto kFarewell = 200ms;
constexpr auto kLinger = 2s;

std::string_view text(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

}  // namespace

// What nghttp2 reports while it reads or writes. Nothing here may start a handler or call nghttp2's reading or writing.
struct Http2Callbacks {
  static Http2Session& self(void* data) { return *static_cast<Http2Session*>(data); }

  static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* data) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    Http2Session& me = self(data);
    const int32_t id = frame->hd.stream_id;
    // Streams that the client has reset still have their handlers.
    if (me.exchanges_.size() >= 2UZ * kMaxStreams || me.stopping_) {
      return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
    }
    me.exchanges_[id] = std::make_unique<Http2Exchange>(me, id, me.shared_.loop);
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* raw_name, size_t name_size,
                    const uint8_t* raw_value, size_t value_size, uint8_t, void* data) {
    Http2Session& me = self(data);
    Http2Exchange* exchange = me.find(frame->hd.stream_id);
    if (exchange == nullptr || exchange->header_done) return 0;  // refused, or trailers
    const std::string_view name = text(raw_name, name_size);
    const std::string_view value = text(raw_value, value_size);
    exchange->header_bytes += name_size + value_size + 32;  // as RFC 9113 counts them, 6.5.2
    if (exchange->header_bytes > me.shared_.config.limits.max_header_bytes) return 0;
    HttpRequest& request = exchange->request;
    if (name == ":method") {
      request.method = value;
    } else if (name == ":path") {
      request.target = value;
    } else if (name == ":authority") {
      request.headers.add("host", value);
    } else if (!name.starts_with(':') && !(name == "host" && request.headers.has("host"))) {
      request.headers.add(name, value);
    }
    return 0;
  }

  static void header_complete(Http2Session& me, Http2Exchange& exchange, bool end) {
    const HttpLimits& limits = me.shared_.config.limits;
    exchange.header_done = true;
    if (me.first_request_) std::exchange(me.first_request_, nullptr)();
    exchange.deadline = std::chrono::steady_clock::now() + limits.body_timeout;
    if (exchange.request.target.empty()) {
      exchange.complete = true;
      exchange.answer_error(400, "the request has no path");
    } else if (exchange.header_bytes > limits.max_header_bytes) {
      exchange.complete = true;
      exchange.answer_error(431, fmt::format("the request header is larger than {} bytes", limits.max_header_bytes));
    } else if (!end && exchange.request.headers.has_token("expect", "100-continue")) {
      std::string name = ":status";
      std::string value = "100";
      const nghttp2_nv field{reinterpret_cast<uint8_t*>(name.data()), reinterpret_cast<uint8_t*>(value.data()),
                             name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
      nghttp2_submit_headers(me.session_, NGHTTP2_FLAG_NONE, exchange.id, nullptr, &field, 1, nullptr);
    }
  }

  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* data) {
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Http2Session& me = self(data);
    Http2Exchange* exchange = me.find(frame->hd.stream_id);
    if (exchange == nullptr) return 0;
    const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!exchange->header_done) header_complete(me, *exchange, end);
    if (end && !exchange->complete) {
      exchange->complete = true;
      me.buffered_ -= exchange->request.body.size();
      me.ready_.push_back(exchange->id);
    }
    return 0;
  }

  static int data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* data) {
    Http2Session& me = self(data);
    Http2Exchange* exchange = me.find(id);
    if (exchange == nullptr || exchange->complete) return 0;
    const size_t limit = me.shared_.config.limits.max_body_bytes;
    std::string& body = exchange->request.body;
    const bool too_large = body.size() + size > limit;
    if (too_large || me.buffered_ + size > kMaxBuffered) {
      me.buffered_ -= body.size();
      body = {};
      exchange->complete = true;
      if (too_large) {
        exchange->answer_error(413, fmt::format("the request body is larger than {} bytes", limit));
      } else {
        exchange->reset(NGHTTP2_ENHANCE_YOUR_CALM);
      }
      return 0;
    }
    body.append(reinterpret_cast<const char*>(bytes), size);
    me.buffered_ += size;
    return 0;
  }

  static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* data) {
    const bool ends = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                      (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!ends) return 0;
    // An answer that came before the whole request. Some clients lose it when the stream is reset at once, so the rest
    // is read and thrown away for a while (RFC 9113, 8.1).
    Http2Exchange* exchange = self(data).find(frame->hd.stream_id);
    if (exchange != nullptr && nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0)
      exchange->deadline = std::chrono::steady_clock::now() + kLinger;
    return 0;
  }

  static int stream_closed(nghttp2_session*, int32_t id, uint32_t, void* data) {
    Http2Session& me = self(data);
    Http2Exchange* exchange = me.find(id);
    if (exchange == nullptr) return 0;
    if (!exchange->complete) me.buffered_ -= exchange->request.body.size();
    exchange->complete = true;
    exchange->close();
    if (exchange->running) {
      me.leaving_.push_back(id);
    } else {
      me.exchanges_.erase(id);
      me.deadline_ = std::chrono::steady_clock::now() + me.shared_.config.limits.idle_timeout;
    }
    return 0;
  }
};

namespace {

// Made once: callbacks do not change.
nghttp2_session_callbacks* callbacks() {
  static nghttp2_session_callbacks* const made = [] {
    nghttp2_session_callbacks* c = nullptr;
    check(nghttp2_session_callbacks_new(&c) == 0, "out of memory");
    nghttp2_session_callbacks_set_on_begin_headers_callback(c, Http2Callbacks::begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(c, Http2Callbacks::header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, Http2Callbacks::frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, Http2Callbacks::data);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, Http2Callbacks::frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, Http2Callbacks::stream_closed);
    return c;
  }();
  return made;
}

nghttp2_option* options() {
  static nghttp2_option* const made = [] {
    nghttp2_option* o = nullptr;
    check(nghttp2_option_new(&o) == 0, "out of memory");
    nghttp2_option_set_no_closed_streams(o, 1);
    nghttp2_option_set_stream_reset_rate_limit(o, kResetBurst, kResetsPerSecond);
    return o;
  }();
  return made;
}

}  // namespace

Http2Session::Http2Session(HttpServerShared& shared, Stream& stream, std::shared_ptr<const PeerIdentity> identity)
    : shared_(shared),
      stream_(stream),
      identity_(std::move(identity)),
      wake_(shared.loop),
      changed_(shared.loop),
      deadline_(std::chrono::steady_clock::now() + shared.config.limits.header_timeout) {
  check(nghttp2_session_server_new2(&session_, callbacks(), this, options()) == 0, "out of memory");
  const std::array<nghttp2_settings_entry, 2> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMaxStreams},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(shared.config.limits.max_header_bytes)},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

Http2Session::~Http2Session() { nghttp2_session_del(session_); }

Http2Exchange* Http2Session::find(int32_t id) {
  const auto it = exchanges_.find(id);
  return it == exchanges_.end() ? nullptr : it->second.get();
}

bool Http2Session::finished() const {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

rt::Task<> Http2Session::run(std::function<void()> first_request) {
  first_request_ = std::move(first_request);
  start_writer();
  std::exception_ptr ended;
  try {
    co_await read();
  } catch (...) {
    ended = std::current_exception();
  }
  co_await rt::shield();
  co_await end();
  if (ended) std::rethrow_exception(ended);
}

rt::Task<> Http2Session::read() {
  for (;;) {
    const auto n = stream_.try_read(shared_.scratch);
    if (!n || (*n && **n == 0)) co_return;
    if (!*n) {
      co_await stream_.wait_readable();
      continue;
    }
    const ssize_t used =
        nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(shared_.scratch.data()), **n);
    settle();
    wake();
    if (used < 0) {
      log::debug("HTTP/2 connection ended", {{"server", shared_.config.name},
                                             {"peer", stream_.peer()},
                                             {"error", nghttp2_strerror(static_cast<int>(used))}});
      co_return;
    }
    if (finished()) co_return;
    // A client that always has something to say must not keep others waiting.
    if (++burst_ % 32 == 0) co_await asio::post(asio::use_awaitable);
  }
}

void Http2Session::start_writer() {
  writing_ = true;
  asio::co_spawn(shared_.loop.executor(), write(),
                 asio::bind_cancellation_slot(writer_signal_.slot(), [this](std::exception_ptr) {
                   writing_ = false;
                   changed_.notify();
                 }));
}

rt::Task<> Http2Session::write() {
  for (;;) {
    out_.clear();
    while (out_.size() < kOutBytes) {
      const uint8_t* bytes = nullptr;
      const ssize_t n = nghttp2_session_mem_send(session_, &bytes);
      if (n < 0) broken_ = true;
      if (n <= 0) break;
      out_.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
    }
    settle();
    if (broken_) break;
    if (out_.empty()) {
      if (stopping_ || finished()) break;
      co_await wake_.wait();
      continue;
    }
    written_mark_ = stream_.bytes_written();
    write_deadline_ = std::chrono::steady_clock::now() + shared_.config.limits.write_timeout;
    const auto written = co_await stream_.write(out_);
    write_deadline_ = MonoTime::max();
    if (!written) {
      broken_ = true;
      break;
    }
  }
  if (!broken_) stream_.shutdown_write();
  // The peer closes now; one that does not is closed.
  const auto patience = broken_ ? std::chrono::steady_clock::duration::zero() : kLinger;
  deadline_ = std::chrono::steady_clock::now() + patience;
  stopping_ = true;
}

// Handlers first, then the farewell, then the socket is the owner's again.
rt::Task<> Http2Session::end() {
  for (auto& [id, exchange] : exchanges_) exchange->close();
  std::vector<int32_t> running;
  for (const auto& [id, exchange] : exchanges_) {
    if (exchange->running) running.push_back(id);
  }
  leaving_ = std::move(running);
  settle();
  while (handlers_ > 0) co_await changed_.wait();
  nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
  stopping_ = true;
  wake();
  const MonoTime patience = std::chrono::steady_clock::now() + kFarewell;
  while (writing_ && std::chrono::steady_clock::now() < patience)
    (void)co_await changed_.wait_for(patience - std::chrono::steady_clock::now());
  if (writing_) writer_signal_.emit(asio::cancellation_type::terminal);
  while (writing_) co_await changed_.wait();
}

void Http2Session::cancel() {
  cancelled_ = true;
  std::vector<int32_t> all;
  for (const auto& [id, exchange] : exchanges_) all.push_back(id);
  for (const int32_t id : all) {
    if (Http2Exchange* exchange = find(id)) exchange->cancel();
  }
}

void Http2Session::settle() {
  for (const int32_t id : std::exchange(leaving_, {})) {
    Http2Exchange* exchange = find(id);
    if (exchange != nullptr && (exchange->follows_client() || cancelled_)) exchange->cancel();
  }
  for (const int32_t id : std::exchange(ready_, {})) {
    Http2Exchange* exchange = find(id);
    if (exchange != nullptr && !exchange->closed && !cancelled_) start_handler(*exchange);
  }
}

namespace {

rt::Task<> call(const HttpHandler& handler, Http2Exchange& exchange, const std::string& server) {
  std::string defect;
  HttpRequest request = std::move(exchange.request);
  exchange.request.method = request.method;
  try {
    rt::Task<> task = handler(std::move(request), exchange);
    co_await std::move(task);
  } catch (const boost::system::system_error& error) {
    if (!exchange.cancelled) defect = error.what();
  } catch (const std::exception& error) {
    defect = error.what();
  }
  if (!defect.empty()) log::error("HTTP handler threw", {{"server", server}, {"error", defect}});
}

}  // namespace

void Http2Session::start_handler(Http2Exchange& exchange) {
  exchange.running = true;
  exchange.deadline = MonoTime::max();
  ++handlers_;
  HttpRequest& request = exchange.request;
  request.peer = stream_.peer();
  request.secure = stream_.secure();
  request.client = identity_;
  // Later, because the end of a task must not destroy the signal that the task is bound to.
  const auto on_end = [this, id = exchange.id](std::exception_ptr) {
    asio::post(shared_.loop.executor(), [this, id] { handler_ended(id); });
  };
  asio::co_spawn(shared_.loop.executor(), call(shared_.handler, exchange, shared_.config.name),
                 asio::bind_cancellation_slot(exchange.signal.slot(), on_end));
}

void Http2Session::handler_ended(int32_t id) {
  Http2Exchange* exchange = find(id);
  exchange->running = false;
  if (exchange->closed) {
    exchanges_.erase(id);
  } else {
    exchange->conclude();
  }
  deadline_ = std::chrono::steady_clock::now() + shared_.config.limits.idle_timeout;
  --handlers_;
  changed_.notify();
}

bool Http2Session::sweep(MonoTime now) {
  const HttpLimits& limits = shared_.config.limits;
  if (now >= write_deadline_) {
    if (stream_.bytes_written() == written_mark_) return false;
    written_mark_ = stream_.bytes_written();
    write_deadline_ = now + limits.write_timeout;
  }
  if (stopping_) return now < deadline_;
  for (auto& [id, exchange] : exchanges_) {
    if (now < exchange->deadline || exchange->closed) continue;
    if (exchange->waits_for_reader() && exchange->taken_bytes() != exchange->mark) {
      exchange->mark = exchange->taken_bytes();
      exchange->deadline = now + limits.write_timeout;
      continue;
    }
    // Its body is late, or its client does not read, or goes on sending after the answer.
    exchange->deadline = MonoTime::max();
    exchange->reset(exchange->complete && !exchange->waits_for_reader() ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
  }
  if (exchanges_.empty() && now >= deadline_) {
    if (first_request_) return false;  // never asked anything
    nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
    wake();
  }
  return true;
}

}  // namespace fairlead::net
