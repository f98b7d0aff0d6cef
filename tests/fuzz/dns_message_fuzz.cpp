// Any bytes, as a query and as an upstream's answer: neither reading may touch memory outside them or fail to end, and
// what was read must be written and read again as the same.
#include <cstdint>
#include <cstdlib>

#include "dns/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairlead::dns;
  const std::span<const uint8_t> bytes(data, size);
  Query query;
  const auto verdict = Query::parse(bytes, query);
  if (verdict != Query::Verdict::kDrop) {
    uint8_t buffer[512];
    const size_t n = write_error(query, Rcode::kServFail, buffer);
    if (n == 0 || !Message::parse(std::span(buffer, n))) std::abort();
  }
  const auto message = Message::parse(bytes);
  if (!message) return 0;
  const auto written = message->write();
  if (!written) return 0;  // decompressed names can make it too large
  const auto again = Message::parse(*written);
  if (!again || again->to_string() != message->to_string()) std::abort();
  return 0;
}
