#include "net/websocket.h"

#include <gtest/gtest.h>

namespace fairlead::net {
namespace {

struct Message {
  WsOpcode opcode;
  std::string payload;
  bool operator==(const Message&) const = default;
};

// A client's frame: masked.
std::string masked(WsOpcode opcode, std::string payload, bool fin = true) {
  std::string out = ws_header(opcode, payload.size());
  if (!fin) out[0] = static_cast<char>(out[0] & 0x7f);
  out[1] = static_cast<char>(out[1] | 0x80);
  const std::string mask = "\x12\x34\x56\x78";
  out += mask;
  for (size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

struct Heard {
  std::vector<Message> messages;
  std::string error;
};

Heard hear(std::string wire, size_t step) {
  Heard out;
  WebSocketDecoder decoder;
  std::optional<Message> open;
  for (size_t at = 0; at < wire.size(); at += step) {
    std::span<char> input(wire.data() + at, std::min(step, wire.size() - at));
    for (;;) {
      const auto piece = decoder.next(input);
      if (!piece) {
        out.error = piece.error().message;
        return out;
      }
      if (!*piece) break;
      if (static_cast<uint8_t>((*piece)->opcode) >= 8) {
        out.messages.push_back({(*piece)->opcode, std::string((*piece)->bytes)});
        continue;
      }
      EXPECT_EQ((*piece)->first, !open.has_value());
      if (!open) open = Message{(*piece)->opcode, {}};
      open->payload += (*piece)->bytes;
      if (!(*piece)->last) continue;
      out.messages.push_back(*std::exchange(open, std::nullopt));
    }
  }
  return out;
}

TEST(WebSocket, AnswersTheHandshakeOfTheRfc) {
  EXPECT_EQ(ws_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  Headers request =
      Headers::of("Upgrade", "WebSocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key",
                  "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol", "a, b", "Sec-WebSocket-Protocol", "c");
  EXPECT_TRUE(is_websocket(request));
  EXPECT_EQ(ws_protocols(request), (std::vector<std::string>{"a", "b", "c"}));
  const auto answer = ws_handshake(request, "b");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(answer->get("sec-websocket-protocol"), "b");
  request.set("Sec-WebSocket-Version", "8");
  EXPECT_EQ(ws_handshake(request, "").error().message, "WebSocket: Sec-WebSocket-Version must be 13");
  request.set("Sec-WebSocket-Version", "13");
  request.set("Sec-WebSocket-Key", "short");
  EXPECT_FALSE(ws_handshake(request, ""));
}

TEST(WebSocket, ReadsMessagesOfEverySizeInPiecesOfAnySize) {
  std::string wire;
  std::vector<Message> wanted;
  for (const size_t size : {0U, 1U, 125U, 126U, 65535U, 65536U}) {
    wanted.push_back({WsOpcode::kBinary, std::string(size, static_cast<char>('a' + size % 20))});
    wire += masked(WsOpcode::kBinary, wanted.back().payload);
  }
  for (const size_t step : {1U, 7U, 4096U, 1'000'000U}) {
    const Heard heard = hear(wire, step);
    EXPECT_EQ(heard.error, "");
    EXPECT_EQ(heard.messages, wanted) << step;
  }
}

TEST(WebSocket, JoinsFragmentsAndLetsControlFramesBetween) {
  const std::string wire = masked(WsOpcode::kText, "he", false) + masked(WsOpcode::kPing, "are you there") +
                           masked(WsOpcode::kContinuation, "", false) + masked(WsOpcode::kContinuation, "llo") +
                           masked(WsOpcode::kClose, "\x03\xe8");
  for (const size_t step : {1U, 1000U}) {
    EXPECT_EQ(hear(wire, step).messages,
              (std::vector<Message>{
                  {WsOpcode::kPing, "are you there"}, {WsOpcode::kText, "hello"}, {WsOpcode::kClose, "\x03\xe8"}}));
  }
}

TEST(WebSocket, RefusesWhatIsBroken) {
  std::string reserved = masked(WsOpcode::kBinary, "x");
  reserved[0] = static_cast<char>(reserved[0] | 0x40);
  std::string unknown = masked(WsOpcode::kBinary, "x");
  unknown[0] = static_cast<char>(0x83);
  std::string endless = masked(WsOpcode::kBinary, std::string(70'000, 'x'));
  endless[2] = static_cast<char>(0xff);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {ws_frame(WsOpcode::kBinary, "x"), "WebSocket: a frame of the client is not masked"},
      {reserved, "WebSocket: a reserved bit is set"},
      {unknown, "WebSocket: opcode 3"},
      {endless, "WebSocket: a frame longer than 2^63 bytes"},
      {masked(WsOpcode::kPing, "x", false), "WebSocket: a control frame that is fragmented or longer than 125 bytes"},
      {masked(WsOpcode::kPing, std::string(126, 'x')),
       "WebSocket: a control frame that is fragmented or longer than 125 bytes"},
      {masked(WsOpcode::kContinuation, "x"), "WebSocket: a continuation without a beginning"},
      {masked(WsOpcode::kText, "x", false) + masked(WsOpcode::kText, "y"),
       "WebSocket: a new message within a fragmented one"},
  };
  for (const auto& [wire, error] : cases) {
    EXPECT_EQ(hear(wire, 1).error, error);
    EXPECT_EQ(hear(wire, 100'000).error, error);
  }
}

TEST(WebSocket, ClosesWithACodeAndAReasonThatFits) {
  EXPECT_EQ(ws_close(kWsNormal), std::string("\x88\x02\x03\xe8"));
  EXPECT_EQ(ws_close(kWsInternalError, std::string(500, 'r')).size(), 2U + 125U);
}

}  // namespace
}  // namespace fairlead::net
