#include "net/http_client.h"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>

#include "net/http_testing.h"
#include "rt/event.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using namespace testing;
namespace asio = rt::asio;

// What a server says to one connection: an answer to each request in turn, then the end. A request ends at its empty
// line plus `body` bytes.
struct Line {
  std::vector<std::string> answers;
  bool hold = false;  // stay open after the last answer
};

// A server that follows a script, one Line per connection.
class Scripted {
 public:
  Scripted(rt::Loop& loop, std::vector<Line> lines)
      : acceptor_(loop.executor(), {asio::ip::address_v4::loopback(), 0}), group_(loop), never_(loop) {
    group_.spawn("script", serve(std::move(lines)));
  }
  [[nodiscard]] std::string url() const {
    return fmt::format("http://127.0.0.1:{}", acceptor_.local_endpoint().port());
  }
  [[nodiscard]] int accepted() const { return accepted_; }
  [[nodiscard]] const std::vector<std::string>& requests() const { return requests_; }
  rt::Task<> stop() { co_await group_.shutdown(); }

 private:
  rt::Task<> serve(std::vector<Line> lines) {
    for (Line& line : lines) {
      auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
      ++accepted_;
      group_.spawn("line", follow(std::make_unique<Stream>(std::move(socket)), std::move(line)));
    }
  }
  rt::Task<> follow(std::unique_ptr<Stream> stream, Line line) {
    for (const std::string& answer : line.answers) {
      std::string request = co_await hear_until(*stream, "\r\n\r\n");
      if (request.empty()) co_return;
      requests_.push_back(std::move(request));
      if (answer.empty()) co_return;
      (void)co_await stream->write(answer);
    }
    while (line.hold) co_await never_.wait();
  }

  asio::ip::tcp::acceptor acceptor_;
  rt::TaskGroup group_;
  rt::Event never_;
  std::vector<std::string> requests_;
  int accepted_ = 0;
};

std::string ok(std::string_view body) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
}

using Test = rt::Task<> (*)(HttpClient&, Scripted&);

void with_script(std::vector<Line> lines, Test test, HttpClientConfig config = {}) {
  rt::Loop loop;
  Scripted script(loop, std::move(lines));
  config.base_url = script.url();
  auto client = HttpClient::create(loop, std::move(config));
  ASSERT_TRUE(client) << client.error().message;
  const auto whole = [](HttpClient& c, Scripted& s, Test t) -> rt::Task<> {
    co_await t(c, s);
    co_await s.stop();
  };
  rt::run(loop, whole(**client, script, test));
}

rt::Task<Result<HttpResponse>> get(HttpClient& client, std::string target) {
  HttpCall call;
  call.target = std::move(target);
  co_return co_await client.request(std::move(call));
}

rt::Task<std::unique_ptr<BodyStream>> open_stream(HttpClient& client) {
  HttpCall call;
  call.target = "/watch";
  auto stream = co_await client.stream(std::move(call));
  check(stream.has_value(), stream ? "" : stream.error().message);
  co_return std::move(*stream);
}

rt::Task<> reuses(HttpClient& client, Scripted& script) {
  for (const char* body : {"one", "two", "three"}) {
    const auto response = co_await get(client, "/x?y=z");
    EXPECT_TRUE(response) << response.error().message;
    if (!response) co_return;
    EXPECT_EQ(response->body, body);
    EXPECT_EQ(client.idle_connections(), 1U);
  }
  EXPECT_EQ(script.accepted(), 1);
  const std::string& request = script.requests()[0];
  EXPECT_TRUE(request.starts_with("GET /x?y=z HTTP/1.1\r\nHost: 127.0.0.1:")) << request;
  EXPECT_NE(request.find("Authorization: Bearer secret\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("User-Agent: fairlead\r\n"), std::string::npos) << request;
}

TEST(HttpClient, ReusesConnectionsAndAuthenticates) {
  HttpClientConfig config;
  config.bearer_token = [] { return std::string("secret"); };
  with_script({{{ok("one"), ok("two"), ok("three")}, true}}, reuses, std::move(config));
}

// The second connection answers what the first one, kept, was closed instead of answering.
std::vector<Line> stale_then_fresh() { return {{{ok("one"), ""}}, {{ok("two")}, true}}; }

rt::Task<> retries_get(HttpClient& client, Scripted& script) {
  (void)co_await get(client, "/1");
  const auto second = co_await get(client, "/2");
  EXPECT_TRUE(second) << second.error().message;
  if (second) {
    EXPECT_EQ(second->body, "two");
  }
  EXPECT_EQ(script.requests().size(), 3U);
}

TEST(HttpClient, SendsAnIdempotentRequestAgainWhenAKeptConnectionWasClosed) {
  with_script(stale_then_fresh(), retries_get);
}

rt::Task<> does_not_retry_post(HttpClient& client, Scripted& script) {
  (void)co_await get(client, "/1");
  HttpCall call;
  call.method = "POST";
  call.target = "/2";
  const auto second = co_await client.request(std::move(call));
  EXPECT_FALSE(second);
  if (!second) {
    EXPECT_EQ(second.error().code, Code::kUnavailable);
    EXPECT_TRUE(second.error().message.starts_with("POST http://127.0.0.1:")) << second.error().message;
  }
  EXPECT_EQ(script.accepted(), 1);
}

TEST(HttpClient, NeverSendsAPostTwice) { with_script(stale_then_fresh(), does_not_retry_post); }

struct Body {
  std::string answer;
  const char* body;  // null: an error
  const char* error;
};

rt::Task<> reads_bodies(Body expected, HttpClient& client) {
  const auto response = co_await get(client, "/");
  if (expected.body != nullptr) {
    EXPECT_TRUE(response) << response.error().message;
    if (response) {
      EXPECT_EQ(response->body, expected.body);
    }
  } else {
    EXPECT_FALSE(response) << expected.answer;
    if (!response) {
      EXPECT_NE(response.error().message.find(expected.error), std::string::npos) << response.error().message;
    }
  }
}

TEST(HttpClient, ReadsEveryKindOfBody) {
  const std::vector<Body> cases{
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "abc", nullptr},
      {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end", nullptr},
      {"HTTP/1.1 204 No Content\r\n\r\n", "", nullptr},
      {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!", "!", nullptr},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", nullptr, "middle of a message"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", nullptr, "middle of a message"},
      {"SSH-2.0-OpenSSH\r\n", nullptr, "malformed"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'), nullptr, "larger than 100 bytes"},
      {"HTTP/1.1 200 OK\r\n\r\n" + std::string(500, 'x'), nullptr, "larger than 100 bytes"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(3000, 'x') + "\r\n\r\n", nullptr, "larger than 1000 bytes"},
      {"", nullptr, "closed the connection"},
  };
  for (const Body& c : cases) {
    rt::Loop loop;
    Scripted script(loop, {{{c.answer}}});
    HttpClientConfig config;
    config.base_url = script.url();
    config.max_response_bytes = 100;
    config.max_header_bytes = 1000;
    auto client = HttpClient::create(loop, std::move(config));
    rt::run(loop, reads_bodies(c, **client));
    rt::run(loop, script.stop());
  }
}

constexpr const char* kWatchHeader = "HTTP/1.1 200 OK\r\nX-Kind: watch\r\nTransfer-Encoding: chunked\r\n\r\n";

rt::Task<> streams(HttpClient& client, Scripted& script) {
  auto stream = co_await open_stream(client);
  EXPECT_EQ(stream->status(), 200);
  EXPECT_EQ(stream->headers().get("x-kind"), "watch");
  std::string all;
  for (;;) {
    const auto chunk = co_await stream->next();
    EXPECT_TRUE(chunk);
    if (!chunk || !*chunk) break;
    EXPECT_FALSE((*chunk)->empty());
    all += **chunk;
  }
  EXPECT_EQ(all, "onetwo");
  EXPECT_EQ(client.idle_connections(), 1U);
  const auto after_end = co_await stream->next();
  EXPECT_TRUE(after_end && !*after_end);
  (void)co_await get(client, "/after");
  EXPECT_EQ(script.accepted(), 1);
}

TEST(HttpClient, StreamsAndKeepsTheConnectionAfterwards) {
  with_script({{{std::string(kWatchHeader) + "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n", ok("after")}, true}}, streams);
}

rt::Task<> silence(HttpClient& client, Scripted&) {
  auto stream = co_await open_stream(client);
  const auto first = co_await stream->next();
  EXPECT_TRUE(first && *first && **first == "one");
  // The caller's limit ends the wait and leaves the stream usable.
  for (int i = 0; i < 3; ++i) {
    const auto nothing = co_await rt::with_timeout(stream->next(), 1ms);
    EXPECT_FALSE(nothing);
  }
  stream.reset();
  EXPECT_EQ(client.idle_connections(), 0U);
}

TEST(HttpClient, AStreamMayBeAskedAgainAfterATimeLimit) {
  with_script({{{std::string(kWatchHeader) + "3\r\none\r\n"}, true}}, silence);
}

rt::Task<> cut_short(HttpClient& client, Scripted&) {
  auto stream = co_await open_stream(client);
  (void)co_await stream->next();
  const auto end = co_await stream->next();
  EXPECT_FALSE(end);
  if (!end) {
    EXPECT_EQ(end.error().code, Code::kUnavailable);
  }
}

TEST(HttpClient, AStreamCutShortIsAnErrorAndNotAnEnd) {
  with_script({{{std::string(kWatchHeader) + "3\r\none\r\n"}}}, cut_short);
}

rt::Task<> times_out(HttpClient& client, Scripted&) {
  HttpCall call;
  call.target = "/slow";
  call.timeout = 5ms;
  const auto late = co_await client.request(std::move(call));
  EXPECT_FALSE(late);
  if (!late) {
    EXPECT_EQ(late.error().code, Code::kTimeout);
    EXPECT_NE(late.error().message.find("/slow: no answer within 5 ms"), std::string::npos) << late.error().message;
  }
  EXPECT_EQ(client.idle_connections(), 0U);
}

TEST(HttpClient, GivesUpWhenItsTimeIsOver) { with_script({{{"HTTP/1.1 200 OK\r\n"}, true}}, times_out); }

rt::Task<> asks(HttpClient& client) { (void)co_await get(client, "/"); }

rt::Task<> cancelled_request(rt::Loop& loop) {
  Scripted script(loop, {{{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"}, true}, {{ok("fresh")}, true}});
  HttpClientConfig config;
  config.base_url = script.url();
  auto client = HttpClient::create(loop, std::move(config));
  rt::TaskGroup group(loop);
  group.spawn("asks", asks(**client));
  while (script.requests().empty()) co_await rt::sleep(0ms);
  co_await group.shutdown();
  EXPECT_EQ((*client)->idle_connections(), 0U);
  // What was cancelled leaves nothing behind for the next request.
  const auto response = co_await get(**client, "/");
  EXPECT_TRUE(response && response->body == "fresh");
  co_await script.stop();
}

TEST(HttpClient, ACancelledRequestDropsItsConnection) {
  rt::Loop loop;
  rt::run(loop, cancelled_request(loop));
}

rt::Task<> refused(rt::Loop& loop) {
  asio::ip::tcp::acceptor acceptor(loop.executor(), {asio::ip::address_v4::loopback(), 0});
  HttpClientConfig config;
  config.base_url = fmt::format("http://localhost:{}", acceptor.local_endpoint().port());
  acceptor.close();
  auto client = HttpClient::create(loop, std::move(config));
  const auto response = co_await get(**client, "/");
  EXPECT_FALSE(response);
  if (!response) {
    EXPECT_EQ(response.error().code, Code::kUnavailable);
    EXPECT_NE(response.error().message.find("Connection refused"), std::string::npos) << response.error().message;
  }
}

TEST(HttpClient, SaysWhereItCouldNotConnect) {
  rt::Loop loop;
  rt::run(loop, refused(loop));
}

rt::Task<> bad_calls(HttpClient& client, Scripted& script) {
  for (const char* target : {"no-slash", "/a b", "/a\r\nX: y"}) {
    const auto response = co_await get(client, target);
    EXPECT_FALSE(response) << target;
  }
  HttpCall call;
  call.target = "/";
  call.headers.add("X", "a\r\nY: b");
  const auto response = co_await client.request(std::move(call));
  EXPECT_FALSE(response);
  EXPECT_EQ(script.accepted(), 0);
}

TEST(HttpClient, RefusesCallsThatWouldBreakTheMessage) { with_script({}, bad_calls); }

TEST(HttpClient, RefusesUnusableBaseUrls) {
  rt::Loop loop;
  for (const char* url : {"", "ftp://x", "http://x?y", "https://x"}) {
    HttpClientConfig config;
    config.base_url = url;
    EXPECT_FALSE(HttpClient::create(loop, std::move(config))) << url;
  }
}

rt::Task<> upgrade_to_echo(HttpRequest, ResponseWriter& response) {
  const auto stream = co_await response.upgrade(Headers::of("Upgrade", "echo"));
  if (!stream) co_return;
  (void)co_await (*stream)->write("welcome");
  const std::string heard = co_await hear_until(**stream, "!");
  (void)co_await (*stream)->write(heard);
}

rt::Task<> upgrades(rt::Loop& loop, HttpServer& server) {
  HttpClientConfig config;
  config.base_url = fmt::format("http://{}", server.endpoints()[0]);
  auto client = HttpClient::create(loop, std::move(config));
  HttpCall call;
  call.target = "/";
  call.headers.add("Upgrade", "echo");
  auto upgraded = co_await (*client)->upgrade(std::move(call));
  EXPECT_TRUE(upgraded);
  if (!upgraded) co_return;
  EXPECT_EQ(upgraded->response.status, 101);
  co_await say(*upgraded->stream, "ping!");
  EXPECT_EQ(co_await hear_all(*upgraded->stream), "welcomeping!");
  co_await server.shutdown();
}

TEST(HttpClient, UpgradesConnections) {
  rt::Loop loop;
  auto server = HttpServer::create(loop, {.listen = {any_loopback_port()}}, upgrade_to_echo);
  ASSERT_TRUE(server);
  rt::run(loop, upgrades(loop, **server));
}

}  // namespace
}  // namespace fairlead::net
