// Any bytes as a client's side of a WebSocket connection: the same messages are read whether they come at once or one
// by one.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "net/websocket.h"

namespace {

using namespace fairlead::net;

std::string read(std::string bytes, size_t step) {
  WebSocketDecoder decoder;
  std::string control;  // may come between the pieces of a message
  std::string messages;
  for (size_t at = 0; at < bytes.size(); at += step) {
    std::span<char> input(bytes.data() + at, std::min(step, bytes.size() - at));
    for (;;) {
      const auto piece = decoder.next(input);
      if (!piece) return messages + "#" + control + "#" + piece.error().message;
      if (!*piece) break;
      std::string& out = static_cast<uint8_t>((*piece)->opcode) >= 8 ? control : messages;
      if ((*piece)->first) out += std::to_string(static_cast<int>((*piece)->opcode)) + ":";
      out += (*piece)->bytes;
      if ((*piece)->last) out += "|";
    }
  }
  return messages + "#" + control;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (read(bytes, size + 1) != read(bytes, 1)) std::abort();
  return 0;
}
