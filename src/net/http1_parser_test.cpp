#include "net/http1_parser.h"

#include <gtest/gtest.h>

namespace fairlead::net {
namespace {

// The body of the one request in `input`, which arrives byte by byte.
std::string body_byte_by_byte(std::string_view input) {
  Http1Parser parser(Http1Parser::Side::kRequests, {});
  std::string pending;
  for (const char c : input) {
    pending += c;
    const auto used = parser.put(pending);
    if (!used) return "error: " + used.error().message;
    pending.erase(0, *used);
  }
  return parser.done() && pending.empty() ? parser.message().body : "incomplete";
}

TEST(Http1Parser, TakesChunkedBodiesByteByByte) {
  const std::string header = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(body_byte_by_byte(header + "0\r\n\r\n"), "");
  EXPECT_EQ(body_byte_by_byte(header + "0\r\nTrailer: x\r\n\r\n"), "");
  EXPECT_EQ(body_byte_by_byte(header + "1\r\na\r\n0\r\n\r\n"), "a");
  EXPECT_EQ(body_byte_by_byte(header + "5;x=y\r\nhello\r\n2\r\n, \r\n00\r\n\r\n"), "hello, ");
}

TEST(Http1Parser, GivesAChunkAsItArrives) {
  Http1Parser parser(Http1Parser::Side::kResponses, {});
  ASSERT_TRUE(parser.put("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab"));
  EXPECT_EQ(parser.message().body, "ab");
  ASSERT_TRUE(parser.put("c"));
  EXPECT_EQ(parser.message().body, "abc");
}

}  // namespace
}  // namespace fairlead::net
