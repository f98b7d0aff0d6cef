// Incremental parser of HTTP/1.x messages (RFC 9112), without input or output: bytes in, one message out. Strict where
// leniency lets requests be smuggled: a transfer coding other than chunked, a length beside chunked, two lengths, no
// Host.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace fairlead::net {

struct Http1Limits {
  size_t max_header_bytes = 64 * 1024;
  std::optional<uint64_t> max_body_bytes = 3 * 1024 * 1024;
};

struct Http1Message {
  std::string method;  // of requests
  std::string target;
  int status = 0;  // of responses
  int minor_version = 1;
  Headers headers;
  std::string body;
};

class Http1Parser {
 public:
  enum class Side : uint8_t { kRequests, kResponses };
  Http1Parser(Side side, Http1Limits limits);
  ~Http1Parser();
  Http1Parser(const Http1Parser&) = delete;
  Http1Parser& operator=(const Http1Parser&) = delete;

  // Makes ready for the next message. `no_body`: the response to a HEAD request, whatever its fields say.
  void reset(bool no_body = false);

  // Takes bytes from the front of `input` and says how many; the caller gives the rest again, with more behind it.
  // Stops at the end of the message. After an error only reset() may follow.
  Result<size_t> put(std::string_view input);
  // The peer has ended: completes a response that lasts until then, and is an error in the middle of any other message.
  Result<> put_end();

  [[nodiscard]] bool header_done() const;
  [[nodiscard]] bool done() const;
  [[nodiscard]] bool keep_alive() const;  // the message allows another one on the connection
  // After an error: the status that a server answers with (400, 413, 431, 501, 505).
  [[nodiscard]] int error_status() const;

  // What has been parsed so far; `body` may be taken away in pieces while it arrives.
  [[nodiscard]] Http1Message& message();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::net
