// Any bytes as what a client sends on one connection, and as what a server answers. How a sender cuts them into packets
// must not change what is read: where two readers disagree, requests can be smuggled.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "net/http1_parser.h"

namespace {

using fairlead::net::Http1Message;
using fairlead::net::Http1Parser;

std::string show(const Http1Message& m) {
  std::string out = m.method + " " + m.target + " " + std::to_string(m.status) + " " + std::to_string(m.minor_version);
  for (size_t i = 0; i < m.headers.size(); ++i) {
    out += "\n";
    out += m.headers[i].name;
    out += ":";
    out += m.headers[i].value;
  }
  return out + "\n\n" + m.body;
}

// The messages in `input`, which arrives `step` bytes at a time, and how it ends. When it ends badly does not count:
// what is wrong may be seen before its message is complete, or not.
std::string read_all(Http1Parser::Side side, std::string_view input, size_t step) {
  Http1Parser parser(side, {});
  std::string out;
  std::string pending;
  while (!input.empty()) {
    const size_t n = std::min(step, input.size());
    pending += input.substr(0, n);
    input.remove_prefix(n);
    while (!pending.empty()) {
      const auto used = parser.put(pending);
      if (!used) return out + "error";
      if (*used > pending.size()) std::abort();
      pending.erase(0, *used);
      if (parser.done()) {
        out += show(parser.message()) + "\n--\n";
        if (!parser.keep_alive()) return out + "close";
        parser.reset();
      } else if (*used == 0) {
        break;
      }
    }
  }
  const auto ended = parser.put_end();
  return out + (ended ? "end " + show(parser.message()) : "error");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const auto side : {Http1Parser::Side::kRequests, Http1Parser::Side::kResponses}) {
    const std::string whole = read_all(side, input, size);
    for (const size_t step : {size_t{1}, size_t{7}}) {
      const std::string parts = read_all(side, input, step);
      if (parts == whole) continue;
      std::fprintf(stderr, "whole:\n%s\n\n%zu bytes at a time:\n%s\n", whole.c_str(), step, parts.c_str());
      std::abort();
    }
  }
  return 0;
}
