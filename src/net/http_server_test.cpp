#include "net/http_server.h"

#include <gtest/gtest.h>

#include "net/http_client.h"
#include "net/http_testing.h"
#include "rt/event.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using namespace testing;

// What the handlers of these tests tell.
struct Seen {
  explicit Seen(rt::Loop& loop) : changed(loop) {}
  rt::Event changed;
  int started = 0;
  int unwound = 0;
  std::vector<HttpRequest> requests;
};

struct Unwinding {
  Seen& seen;
  ~Unwinding() {
    ++seen.unwound;
    seen.changed.notify();
  }
};

rt::Task<> wait_for_unwound(Seen& seen, int count) {
  while (seen.unwound < count) co_await seen.changed.wait();
}

// A watch that never has news.
rt::Task<> quiet_watch(rt::Loop& loop, Seen& seen, ResponseWriter& response) {
  const Unwinding unwinding{seen};
  (void)co_await response.begin(200, Headers::of("Content-Type", "application/json"));
  (void)co_await response.write("{\"type\":\"ADDED\"}\n");
  ++seen.started;
  seen.changed.notify();
  rt::Event never(loop);
  for (;;) co_await never.wait();
}

rt::Task<> endless(Seen& seen, ResponseWriter& response) {
  const Unwinding unwinding{seen};
  (void)co_await response.begin(200, Headers());
  const std::string chunk(64 * 1024, 'x');
  for (;;) {
    const auto written = co_await response.write(chunk);
    if (!written) co_return;
  }
}

rt::Task<> echo_upgraded(ResponseWriter& response) {
  const auto stream = co_await response.upgrade(Headers::of("Upgrade", "echo"));
  if (!stream) co_return;
  std::array<char, 256> buffer;
  for (;;) {
    const auto n = co_await (*stream)->read_some(buffer);
    if (!n || *n == 0) co_return;
    (void)co_await (*stream)->write(std::string_view(buffer.data(), *n));
  }
}

rt::Task<> count_to_three(ResponseWriter& response) {
  (void)co_await response.begin(200, Headers());
  for (const char* number : {"one ", "two ", "three"}) (void)co_await response.write(number);
  (void)co_await response.finish();
}

rt::Task<> throws_instead() {
  co_await rt::sleep(0ms);
  throw std::runtime_error("a defect");
}

rt::Task<> says_nothing() { co_return; }

struct Router {
  rt::Loop& loop;
  Seen& seen;
  rt::Task<> operator()(const HttpRequest& request, ResponseWriter& response) const {
    const std::string path(request.path());
    if (path == "/watch") return quiet_watch(loop, seen, response);
    if (path == "/endless") return endless(seen, response);
    if (path == "/upgrade") return echo_upgraded(response);
    if (path == "/count") return count_to_three(response);
    if (path == "/throw") return throws_instead();
    if (path == "/nothing") return says_nothing();
    seen.requests.push_back(request);
    return answer(response, path == "/empty" ? 204 : 200, request.method + " " + request.target + " " + request.body);
  }
  static rt::Task<> answer(ResponseWriter& response, int status, std::string body) {
    (void)co_await response.send(status, Headers::of("Content-Type", "text/plain"), std::move(body));
  }
};

using Test = rt::Task<> (*)(rt::Loop&, Seen&, HttpServer&);

void with_server(HttpServerConfig config, Test test) {
  rt::Loop loop;
  Seen seen(loop);
  if (config.listen.empty()) config.listen = {any_loopback_port()};
  auto server = HttpServer::create(loop, std::move(config), Router{loop, seen});
  ASSERT_TRUE(server) << server.error().message;
  const auto whole = [](rt::Loop& l, Seen& s, HttpServer& h, Test t) -> rt::Task<> {
    co_await t(l, s, h);
    co_await h.shutdown();
    EXPECT_EQ(h.connections(), 0U);
  };
  rt::run(loop, whole(loop, seen, **server, test));
}

rt::Task<> keeps_alive(rt::Loop&, Seen& seen, HttpServer& server) {
  auto peer = co_await dial(server.endpoints()[0]);
  for (int i = 0; i < 3; ++i) {
    co_await say(*peer,
                 fmt::format("POST /a?b={} HTTP/1.1\r\nHost: x\r\nX-Tag: T{}\r\nContent-Length: 2\r\n\r\nhi", i, i));
    const std::string expected = fmt::format("POST /a?b={} hi", i);
    const std::string answer = co_await hear_until(*peer, expected);
    EXPECT_TRUE(answer.ends_with(expected)) << answer;
    EXPECT_NE(answer.find("Content-Length: 14\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("Date: "), std::string::npos);
    EXPECT_EQ(answer.find("Connection:"), std::string::npos);
  }
  EXPECT_EQ(server.connections(), 1U);
  const HttpRequest& last = seen.requests.back();
  EXPECT_EQ(last.headers.get("x-tag"), "T2");
  EXPECT_EQ(last.path(), "/a");
  EXPECT_EQ(last.query(), "b=2");
  EXPECT_EQ(last.client, nullptr);
  EXPECT_FALSE(last.secure);
  EXPECT_TRUE(last.peer.address.is_loopback());
}

TEST(HttpServer, KeepsConnectionsForMoreRequests) { with_server({}, keeps_alive); }

rt::Task<> pipelines(rt::Loop&, Seen&, HttpServer& server) {
  std::string all;
  for (int i = 0; i < 100; ++i) all += fmt::format("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", i);
  all += "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const std::string heard = co_await converse(server.endpoints()[0], all);
  size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = heard.find(fmt::format("GET /{} ", i), at);
    EXPECT_NE(at, std::string::npos) << i;
  }
  EXPECT_TRUE(heard.ends_with("GET /last ")) << heard;
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) { with_server({}, pipelines); }

struct Exchange {
  std::string request;
  int status;
  const char* contains;
};

rt::Task<> semantics(rt::Loop&, Seen&, HttpServer& server) {
  const std::vector<Exchange> cases{
      {"HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200, "Content-Length: 8\r\n"},
      {"GET /empty HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 204, "Connection: close"},
      {"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 500, "did not answer"},
      {"GET /throw HTTP/1.1\r\nHost: x\r\n\r\n", 500, "did not answer"},
      {"GET http://x/abs?q HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200, "GET /abs?q "},
      {"GET http://x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200, "GET / "},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200, "GET / "},
      {"GET /old HTTP/1.0\r\n\r\n", 200, "Connection: close"},
      {"GET /count HTTP/1.0\r\n\r\n", 200, "\r\n\r\none two three"},
      {"GET /count HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200,
       "\r\n\r\n4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"},
      {"HEAD /count HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200, "Transfer-Encoding: chunked\r\n"},
      {"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: "
       "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n"
       "Trailer: t\r\n\r\n",
       200, "POST / abcde"},
      {"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", 100, ""},
  };
  for (const Exchange& c : cases) {
    auto peer = co_await dial(server.endpoints()[0]);
    co_await say(*peer, c.request);
    if (c.status == 100) {
      const std::string interim = co_await hear_until(*peer, "\r\n\r\n");
      EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
      co_await say(*peer, "!");
      const std::string answer = co_await hear_all(*peer);
      EXPECT_TRUE(answer.ends_with("POST / !")) << answer;
      continue;
    }
    const std::string answer = co_await hear_all(*peer);
    EXPECT_EQ(status_of(answer), c.status) << c.request << answer;
    EXPECT_NE(answer.find(c.contains), std::string::npos) << c.request << answer;
    if (c.request.starts_with("HEAD")) {
      EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
    }
  }
}

TEST(HttpServer, FollowsTheRulesOfHttp) { with_server({}, semantics); }

rt::Task<> malformed(rt::Loop&, Seen& seen, HttpServer& server) {
  const std::string post = "POST / HTTP/1.1\r\nHost: x\r\n";
  const std::vector<Exchange> cases{
      {"nonsense\r\n\r\n", 400, ""},
      {"GET\r\n\r\n", 400, ""},
      {"GET / HTTP/1.1\r\n\r\n", 400, "Host"},
      {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "Host"},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, ""},
      {"GET / HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n", 400, ""},
      {"GET / HTTP/1.1\r\nHost: x\r\nNoColon\r\n\r\n", 400, ""},
      {std::string("GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 33), 400, ""},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400, ""},  // TLS to a plain port
      {post + "Content-Length: x\r\n\r\n", 400, ""},
      {post + "Content-Length: -1\r\n\r\n", 400, ""},
      {post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, ""},
      {post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, ""},
      {post + "Transfer-Encoding: gzip\r\n\r\n", 501, "gzip"},
      {post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, ""},
      {post + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400, ""},
      {post + "Content-Length: 1001\r\n\r\n", 413, "1000"},
      {post + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", 413, "1000"},
      {"GET /" + std::string(3000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 431, "2048"},
      {"GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(3000, 'a') + "\r\n\r\n", 431, "2048"},
  };
  for (const Exchange& c : cases) {
    const std::string answer = co_await converse(server.endpoints()[0], c.request);
    EXPECT_EQ(status_of(answer), c.status) << c.request << answer;
    EXPECT_NE(answer.find(fmt::format("hook {}", c.status)), std::string::npos) << answer;
    EXPECT_NE(answer.find(c.contains), std::string::npos) << c.request << answer;
  }
  EXPECT_TRUE(seen.requests.empty());
}

HttpServerConfig strict_config() {
  HttpServerConfig config;
  config.limits.max_header_bytes = 2048;
  config.limits.max_body_bytes = 1000;
  config.error_body = [](int status, std::string_view message) {
    return ErrorBody{"application/json", fmt::format("hook {}: {}", status, message)};
  };
  return config;
}

TEST(HttpServer, AnswersMalformedRequestsWithTheOwnersErrorBody) { with_server(strict_config(), malformed); }

rt::Task<> dripping_fields(rt::Loop&, Seen&, HttpServer& server) {
  auto peer = co_await dial(server.endpoints()[0]);
  co_await say(*peer, "GET / HTTP/1.1\r\nHost: x\r\n");
  // Each field is complete, and parsed, before the next: their sum must still be limited.
  for (int i = 0; i < 100; ++i) {
    const auto written = co_await peer->write(fmt::format("X-{}: {}\r\n", i, std::string(100, 'v')));
    if (!written) break;
    co_await rt::sleep(0ms);
  }
  const std::string answer = co_await hear_all(*peer);
  EXPECT_EQ(status_of(answer), 431) << answer;
}

TEST(HttpServer, CountsHeadersThatComeInSmallPieces) { with_server(strict_config(), dripping_fields); }

rt::Task<> large_upload_refused(rt::Loop&, Seen&, HttpServer& server) {
  // The client sends on, as HTTP clients do, and must get the answer and not a reset.
  const std::string body(8 * 1024 * 1024, 'b');
  const std::string answer =
      co_await converse(server.endpoints()[0],
                        fmt::format("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.size()) + body);
  EXPECT_EQ(status_of(answer), 413);
}

TEST(HttpServer, AnswersAnOversizeUploadThatIsStillBeingSent) { with_server(strict_config(), large_upload_refused); }

HttpServerConfig impatient_config() {
  HttpServerConfig config;
  config.limits.handshake_timeout = 40ms;
  config.limits.header_timeout = 40ms;
  config.limits.body_timeout = 40ms;
  config.limits.idle_timeout = 40ms;
  config.limits.write_timeout = 40ms;
  return config;
}

rt::Task<> slow_peers(rt::Loop&, Seen&, HttpServer& server) {
  // Says nothing; never ends its header; never ends its body; keeps its connection and asks nothing more.
  for (const char* bytes : {"", "GET / HTTP/1.1\r\nHost:", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
                            "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    const std::string answer = co_await converse(server.endpoints()[0], bytes);
    const bool ok = std::string_view(bytes).find("/ok") != std::string_view::npos;
    EXPECT_EQ(status_of(answer), ok ? 200 : 0) << bytes;
  }
}

TEST(HttpServer, ClosesConnectionsThatTakeTooLong) { with_server(impatient_config(), slow_peers); }

rt::Task<> drip(Endpoint to, Seen& seen) {
  const Unwinding unwinding{seen};
  auto peer = co_await dial(to);
  (void)co_await peer->write("GET / HTTP/1.1\r\nHost: x\r\n");
  for (int i = 0;; ++i) {
    co_await rt::sleep(5ms);
    const auto written = co_await peer->write(fmt::format("X-{}: 1\r\n", i));
    std::array<char, 64> buffer;
    const auto ended = peer->try_read(buffer);
    if (!written || !ended || *ended) co_return;
  }
}

rt::Task<> slowloris(rt::Loop& loop, Seen& seen, HttpServer& server) {
  rt::TaskGroup group(loop);
  for (int i = 0; i < 50; ++i) group.spawn("drip", drip(server.endpoints()[0], seen));
  while (server.connections() < 50 && seen.unwound == 0) co_await rt::sleep(1ms);
  const std::string answer =
      co_await converse(server.endpoints()[0], "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(answer), 200);
  // Progress in the header does not buy time.
  co_await wait_for_unwound(seen, 50);
  co_await group.join();
}

TEST(HttpServer, DropsDrippingHeadersAndServesOthersMeanwhile) { with_server(impatient_config(), slowloris); }

rt::Task<> never_reads(rt::Loop&, Seen& seen, HttpServer& server) {
  auto peer = co_await dial(server.endpoints()[0]);
  co_await say(*peer, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
  co_await wait_for_unwound(seen, 1);
  EXPECT_EQ(seen.unwound, 1);
}

TEST(HttpServer, CancelsTheHandlerOfAPeerThatNeverReads) { with_server(impatient_config(), never_reads); }

rt::Task<> half_open_flood(rt::Loop&, Seen&, HttpServer& server) {
  std::vector<std::unique_ptr<Stream>> idlers;
  for (int i = 0; i < 1000; ++i) {
    idlers.push_back(co_await dial(server.endpoints()[0]));
    if (i % 2 == 0) (void)co_await idlers.back()->write("GET /");
  }
  const std::string answer =
      co_await converse(server.endpoints()[0], "GET /in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_LE(server.connections(), 101U);
}

TEST(HttpServer, AThousandHalfOpenConnectionsKeepNobodyOut) {
  HttpServerConfig config;
  config.limits.max_half_open = 100;
  with_server(std::move(config), half_open_flood);
}

rt::Task<> beyond_the_limit(rt::Loop&, Seen& seen, HttpServer& server) {
  std::vector<std::unique_ptr<Stream>> watchers;
  for (int i = 0; i < 3; ++i) {
    watchers.push_back(co_await dial(server.endpoints()[0]));
    co_await say(*watchers.back(), "GET /watch HTTP/1.1\r\nHost: x\r\n\r\n");
    while (seen.started <= i) co_await seen.changed.wait();
  }
  EXPECT_EQ(co_await converse(server.endpoints()[0], ""), "");
  watchers.pop_back();
  co_await wait_for_unwound(seen, 1);
  while (server.connections() > 2) co_await rt::sleep(0ms);
  const std::string answer =
      co_await converse(server.endpoints()[0], "GET /in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(answer), 200);
}

TEST(HttpServer, ClosesConnectionsBeyondItsLimitAtOnce) {
  HttpServerConfig config;
  config.limits.max_connections = 3;
  with_server(std::move(config), beyond_the_limit);
}

rt::Task<> leaving(rt::Loop&, Seen& seen, HttpServer& server) {
  auto peer = co_await dial(server.endpoints()[0]);
  co_await say(*peer, "GET /watch HTTP/1.1\r\nHost: x\r\n\r\n");
  co_await hear_until(*peer, "ADDED\"}\n\r\n");
  EXPECT_EQ(seen.unwound, 0);
  peer.reset();
  co_await wait_for_unwound(seen, 1);
}

TEST(HttpServer, CancelsAStreamWhenItsClientLeaves) { with_server({}, leaving); }

rt::Task<> shutdown_with_streams(rt::Loop&, Seen& seen, HttpServer& server) {
  std::vector<std::unique_ptr<Stream>> watchers;
  for (int i = 0; i < 20; ++i) {
    watchers.push_back(co_await dial(server.endpoints()[0]));
    co_await say(*watchers.back(), "GET /watch HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  watchers.push_back(co_await dial(server.endpoints()[0]));
  co_await say(*watchers.back(), "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
  co_await hear_until(*watchers.back(), "\r\n\r\n");
  while (seen.started < 20) co_await seen.changed.wait();
  co_await server.shutdown();
  EXPECT_EQ(seen.unwound, 21);
  EXPECT_EQ(server.connections(), 0U);
  const auto refused = co_await Stream::connect(server.endpoints()[0]);
  EXPECT_FALSE(refused);
}

TEST(HttpServer, ShutsDownWhileStreamsAreOpen) { with_server({}, shutdown_with_streams); }

rt::Task<> requests_after_stream(rt::Loop&, Seen&, HttpServer& server) {
  auto peer = co_await dial(server.endpoints()[0]);
  // The second request comes while the first one's handler streams.
  co_await say(*peer, "GET /count HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string heard = co_await hear_until(*peer, "GET /next ");
  EXPECT_TRUE(heard.ends_with("GET /next ")) << heard;
  co_await say(*peer, "GET /count HTTP/1.1\r\nHost: x\r\n\r\n");
  co_await hear_until(*peer, "0\r\n\r\n");
  co_await say(*peer, "GET /third HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string third = co_await hear_until(*peer, "GET /third ");
  EXPECT_TRUE(third.ends_with("GET /third ")) << third;
}

TEST(HttpServer, KeepsConnectionsBeyondStreams) { with_server({}, requests_after_stream); }

rt::Task<> upgrades(rt::Loop&, Seen&, HttpServer& server) {
  auto peer = co_await dial(server.endpoints()[0]);
  // Bytes behind the request belong to the new protocol already.
  co_await say(*peer, "GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly");
  const std::string answer = co_await hear_until(*peer, "early");
  EXPECT_EQ(status_of(answer), 101) << answer;
  EXPECT_NE(answer.find("Connection: Upgrade\r\n"), std::string::npos) << answer;
  co_await say(*peer, "late");
  EXPECT_EQ(co_await hear_until(*peer, "late"), "late");
}

TEST(HttpServer, HandsOverUpgradedConnections) { with_server({}, upgrades); }

TEST(HttpServer, SaysWhichAddressItCannotHave) {
  rt::Loop loop;
  Seen seen(loop);
  auto first = HttpServer::create(loop, {.listen = {any_loopback_port()}}, Router{loop, seen});
  ASSERT_TRUE(first);
  const Endpoint taken = (*first)->endpoints()[0];
  const auto second = HttpServer::create(loop, {.listen = {taken}}, Router{loop, seen});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, fmt::format("listen on {}: Address already in use", taken));
  rt::run(loop, (*first)->shutdown());
}

}  // namespace
}  // namespace fairlead::net
