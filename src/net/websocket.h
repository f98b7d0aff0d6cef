// WebSocket frames of a server (RFC 6455), without input or output: bytes in, pieces of messages out. Data passes
// through as it comes, unmasked in place, so that the size of a message costs nothing; control frames are whole.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace fairlead::net {

enum class WsOpcode : uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

// Close codes (RFC 6455, 7.4.1).
inline constexpr uint16_t kWsNormal = 1000;
inline constexpr uint16_t kWsProtocolError = 1002;
inline constexpr uint16_t kWsInternalError = 1011;

class WebSocketDecoder {
 public:
  struct Piece {
    WsOpcode opcode = WsOpcode::kBinary;  // of the message: never kContinuation
    bool first = false;                   // begins a message
    bool last = false;                    // ends it
    std::string_view bytes;               // valid until the next call
  };

  // Takes bytes from the front of `input`, which it changes, and returns the next piece; nullopt when all of it is
  // taken and more is needed. kBadRequest when the client breaks the protocol; the decoder is of no use afterwards.
  Result<std::optional<Piece>> next(std::span<char>& input);

 private:
  Result<bool> take_header(std::span<char>& input);
  void unmask(std::span<char> bytes);

  std::array<char, 14> header_{};
  size_t header_size_ = 0;
  bool in_frame_ = false;
  bool fin_ = false;
  bool fresh_ = false;  // no piece of this frame was returned yet
  WsOpcode opcode_ = WsOpcode::kBinary;
  std::optional<WsOpcode> message_;  // of a fragmented message that has not ended
  bool begun_ = false;               // something of it was returned
  uint64_t left_ = 0;
  std::array<uint8_t, 4> mask_{};
  size_t mask_at_ = 0;
  std::string control_;
};

// The header of an unmasked, final frame; the payload follows it.
std::string ws_header(WsOpcode opcode, uint64_t payload_size);
std::string ws_frame(WsOpcode opcode, std::string_view payload);
std::string ws_close(uint16_t code, std::string_view reason = {});

// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455, 4.2.2).
std::string ws_accept(std::string_view key);

// Whether the request is a WebSocket handshake, of whatever version.
bool is_websocket(const Headers& headers);
// The fields of the 101 answer, with `protocol` unless it is empty. Errors say what the client got wrong.
Result<Headers> ws_handshake(const Headers& request, std::string_view protocol);
// What the client offers in Sec-WebSocket-Protocol, in its order.
std::vector<std::string> ws_protocols(const Headers& request);

}  // namespace fairlead::net
