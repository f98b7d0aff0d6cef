#include "net/websocket.h"

#include <openssl/sha.h>

#include <algorithm>

#include "base/text.h"

namespace fairlead::net {
namespace {

constexpr size_t kMaxControl = 125;

bool is_control(WsOpcode opcode) { return static_cast<uint8_t>(opcode) >= 8; }

bool is_known(uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

uint64_t big_endian(std::span<const char> bytes) {
  uint64_t out = 0;
  for (const char c : bytes) out = out << 8 | static_cast<uint8_t>(c);
  return out;
}

}  // namespace

// True when the header is complete.
Result<bool> WebSocketDecoder::take_header(std::span<char>& input) {
  size_t need = 2;
  for (;;) {
    while (header_size_ < need && !input.empty()) {
      header_[header_size_++] = input.front();
      input = input.subspan(1);
    }
    if (header_size_ < need) return false;
    const uint8_t second = static_cast<uint8_t>(header_[1]);
    const uint8_t length = second & 0x7f;
    const size_t whole = 2U + (length == 126 ? 2 : length == 127 ? 8 : 0) + 4;
    if ((second & 0x80) == 0) return fail(Code::kBadRequest, "WebSocket: a frame of the client is not masked");
    if (need == whole) break;
    need = whole;
  }
  const uint8_t first = static_cast<uint8_t>(header_[0]);
  const uint8_t length = static_cast<uint8_t>(header_[1]) & 0x7f;
  if ((first & 0x70) != 0) return fail(Code::kBadRequest, "WebSocket: a reserved bit is set");
  if (!is_known(first & 0x0f)) return fail(Code::kBadRequest, fmt::format("WebSocket: opcode {}", first & 0x0f));
  fin_ = (first & 0x80) != 0;
  const auto opcode = static_cast<WsOpcode>(first & 0x0f);
  const size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
  left_ = extended == 0 ? length : big_endian(std::span<const char>(header_).subspan(2, extended));
  if (left_ >> 63 != 0) return fail(Code::kBadRequest, "WebSocket: a frame longer than 2^63 bytes");
  for (size_t i = 0; i < 4; ++i) mask_[i] = static_cast<uint8_t>(header_[2 + extended + i]);
  mask_at_ = 0;
  header_size_ = 0;
  if (is_control(opcode)) {
    if (!fin_ || left_ > kMaxControl)
      return fail(Code::kBadRequest, "WebSocket: a control frame that is fragmented or longer than 125 bytes");
    opcode_ = opcode;
    control_.clear();
  } else if (opcode == WsOpcode::kContinuation) {
    if (!message_) return fail(Code::kBadRequest, "WebSocket: a continuation without a beginning");
    opcode_ = *message_;
  } else {
    if (message_) return fail(Code::kBadRequest, "WebSocket: a new message within a fragmented one");
    opcode_ = opcode;
    message_ = opcode;
    begun_ = false;
  }
  fresh_ = true;
  return true;
}

void WebSocketDecoder::unmask(std::span<char> bytes) {
  for (char& c : bytes) c = static_cast<char>(static_cast<uint8_t>(c) ^ mask_[mask_at_++ & 3]);
  left_ -= bytes.size();
}

Result<std::optional<WebSocketDecoder::Piece>> WebSocketDecoder::next(std::span<char>& input) {
  if (!in_frame_) {
    FL_TRY(in_frame_, take_header(input));
    if (!in_frame_) return std::nullopt;
  }
  // A frame without payload is a piece of its own; one with payload waits for its first byte.
  if (left_ > 0 && input.empty()) return std::nullopt;
  const std::span<char> bytes = input.first(static_cast<size_t>(std::min<uint64_t>(left_, input.size())));
  input = input.subspan(bytes.size());
  unmask(bytes);
  if (is_control(opcode_)) {
    control_.append(bytes.data(), bytes.size());
    if (left_ > 0) return std::nullopt;
    in_frame_ = false;
    return Piece{opcode_, true, true, control_};
  }
  Piece piece;
  piece.opcode = opcode_;
  piece.first = !std::exchange(begun_, true);
  piece.bytes = {bytes.data(), bytes.size()};
  if (left_ == 0) {
    in_frame_ = false;
    piece.last = fin_;
    if (fin_) message_.reset();
  }
  return piece;
}

std::string ws_header(WsOpcode opcode, uint64_t size) {
  std::string out;
  out += static_cast<char>(0x80 | static_cast<uint8_t>(opcode));
  size_t extended = 0;
  if (size < 126) {
    out += static_cast<char>(size);
  } else if (size <= 0xffff) {
    out += static_cast<char>(126);
    extended = 2;
  } else {
    out += static_cast<char>(127);
    extended = 8;
  }
  while (extended > 0) out += static_cast<char>(size >> (8 * --extended) & 0xff);
  return out;
}

std::string ws_frame(WsOpcode opcode, std::string_view payload) {
  std::string out = ws_header(opcode, payload.size());
  out += payload;
  return out;
}

std::string ws_close(uint16_t code, std::string_view reason) {
  std::string payload;
  payload += static_cast<char>(code >> 8);
  payload += static_cast<char>(code & 0xff);
  payload += reason.substr(0, kMaxControl - 2);
  return ws_frame(WsOpcode::kClose, payload);
}

std::string ws_accept(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool is_websocket(const Headers& headers) { return lower(headers.get("upgrade")) == "websocket"; }

Result<Headers> ws_handshake(const Headers& request, std::string_view protocol) {
  if (request.get("sec-websocket-version") != "13")
    return fail(Code::kBadRequest, "WebSocket: Sec-WebSocket-Version must be 13");
  const auto key = base64_decode(trim(request.get("sec-websocket-key")));
  if (!key || key->size() != 16)
    return fail(Code::kBadRequest, "WebSocket: Sec-WebSocket-Key must be 16 bytes in base64");
  Headers out =
      Headers::of("Upgrade", "websocket", "Sec-WebSocket-Accept", ws_accept(trim(request.get("sec-websocket-key"))));
  if (!protocol.empty()) out.add("Sec-WebSocket-Protocol", protocol);
  return out;
}

std::vector<std::string> ws_protocols(const Headers& request) {
  std::vector<std::string> out;
  for (const std::string_view line : request.all("sec-websocket-protocol")) {
    for (const std::string_view one : split(line, ',')) {
      if (!trim(one).empty()) out.emplace_back(trim(one));
    }
  }
  return out;
}

}  // namespace fairlead::net
