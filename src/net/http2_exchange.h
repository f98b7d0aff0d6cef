// One request and its response on an HTTP/2 connection. Internal to http2_session.cpp.
#pragma once

#include <boost/asio/cancellation_signal.hpp>

#include "net/http2_session.h"

namespace fairlead::net {

class Http2Exchange final : public ResponseWriter {
 public:
  Http2Exchange(Http2Session& session, int32_t id, rt::Loop& loop);

  rt::Task<Result<>> send(int status, Headers headers, std::string body) override;
  rt::Task<Result<>> begin(int status, Headers headers) override;
  rt::Task<Result<>> write(std::string_view bytes) override;
  rt::Task<Result<>> finish() override;
  rt::Task<Result<Stream*>> upgrade(Headers headers) override;
  [[nodiscard]] bool started() const override { return phase_ != Phase::kUnanswered; }
  void cancel_when_client_leaves() override;

  // A response without a handler, or after one that gave none; needs no waiting.
  void answer(int status, Headers headers, std::string body);
  void answer_error(int status, std::string_view message);
  // What the handler has left undone.
  void conclude();
  void reset(uint32_t error_code);
  // The stream is closed: nothing more can be sent.
  void close();
  void cancel();
  // For nghttp2: bytes of the body into `into`; sets `end` with the last, and returns 0 without it when there are none
  // yet.
  size_t take(uint8_t* into, size_t size, bool& end);

  // The request as it arrives.
  int32_t id;
  HttpRequest request;
  size_t header_bytes = 0;
  bool header_done = false;
  bool complete = false;  // nothing more of it is wanted
  bool running = false;   // the handler
  bool closed = false;
  bool cancelled = false;
  MonoTime deadline = MonoTime::max();
  uint64_t mark = 0;  // of taken_bytes, when the deadline was set
  rt::asio::cancellation_signal signal;

  [[nodiscard]] bool follows_client() const { return follows_client_; }
  [[nodiscard]] bool waits_for_reader() const { return !pending_.empty(); }
  [[nodiscard]] uint64_t taken_bytes() const { return taken_; }

 private:
  enum class Phase : uint8_t { kUnanswered, kStreaming, kAnswered };

  Result<> submit(int status, const Headers& headers, bool with_body, std::optional<size_t> length);
  rt::Task<Result<>> taken();
  void arm();

  Http2Session& session_;
  rt::Event drained_;
  std::string body_;
  std::string_view pending_;  // of body_, or of the handler's bytes while it waits in write()
  uint64_t taken_ = 0;
  Phase phase_ = Phase::kUnanswered;
  bool last_ = false;  // after pending_ comes the end
  bool no_body_ = false;
  bool follows_client_ = false;
};

}  // namespace fairlead::net
