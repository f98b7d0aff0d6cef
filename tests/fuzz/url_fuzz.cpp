// Any text as a URL, a query and an encoded path; what was read must mean the same when written.
#include <cstdlib>

#include "net/url.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairlead::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto url = parse_url(text)) {
    std::string written = url->scheme + "://" + url->authority() + url->path;
    if (!url->query.empty()) written += "?" + url->query;
    const auto again = parse_url(written);
    const bool same = again && again->scheme == url->scheme && again->host == url->host && again->port == url->port &&
                      again->path == url->path && again->query == url->query;
    if (!same) std::abort();
  }
  if (const auto query = parse_query(text)) {
    const auto again = parse_query(format_query(*query));
    if (!again || *again != *query) std::abort();
  }
  (void)percent_decode(text);
  const auto decoded = percent_decode(percent_encode(text), true);
  if (!decoded || *decoded != text) std::abort();
  return 0;
}
