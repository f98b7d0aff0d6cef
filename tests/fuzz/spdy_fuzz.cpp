// Any bytes as a kubelet's side of a SPDY connection: the same is read whether they come at once or one by one, and
// what a remote command makes of it stays bounded.
#include <cstdlib>
#include <string>

#include "net/spdy.h"

namespace {

using namespace fairlead::net;

// What was read, as text; an error ends it.
std::string read(std::string_view bytes, size_t step) {
  SpdyDecoder decoder;
  std::string out;
  uint32_t data_of = 0;
  while (!bytes.empty()) {
    std::string_view input = bytes.substr(0, step);
    bytes.remove_prefix(input.size());
    for (;;) {
      const auto event = decoder.next(input);
      if (!event) return out + event.error().message;
      if (!*event) break;
      const bool data = (*event)->type == SpdyType::kData;
      // Pieces of one stream's data are joined; where they were cut means nothing.
      if (!data || data_of != (*event)->stream)
        out += "|" + std::to_string(static_cast<int>((*event)->type)) + ":" + std::to_string((*event)->stream) + ":";
      data_of = data ? (*event)->stream : 0;
      out += (*event)->bytes;
      if (!data) out += std::to_string((*event)->number) + "/" + std::to_string((*event)->headers.size());
      if ((*event)->fin) {
        out += "!";
        data_of = 0;
      }
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (read(bytes, size + 1) != read(bytes, 1)) std::abort();
  return 0;
}
