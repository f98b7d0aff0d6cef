// The server's HTTP/2 side: requests, streams, limits and shutdown, over TLS and ALPN.
#include <gtest/gtest.h>

#include "net/http2_testing.h"
#include "rt/event.h"
#include "rt/time.h"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using namespace testing;

struct State {
  explicit State(rt::Loop& l) : loop(l), changed(l) {}
  rt::Loop& loop;
  rt::Event changed;
  int running = 0;
  int unwound = 0;
  Result<Stream*> upgraded = nullptr;
};

struct Running {
  explicit Running(State& s) : state(s) {
    ++state.running;
    state.changed.notify();
  }
  ~Running() {
    --state.running;
    ++state.unwound;
    state.changed.notify();
  }
  State& state;
};

rt::Task<> quiet_watch(State& state, ResponseWriter& response) {
  const Running running(state);
  (void)co_await response.begin(200, Headers());
  (void)co_await response.write("first\n");
  rt::Event never(state.loop);
  for (;;) co_await never.wait();
}

rt::Task<> endless(State& state, ResponseWriter& response) {
  const Running running(state);
  (void)co_await response.begin(200, Headers());
  const std::string chunk(64 * 1024, 'x');
  for (;;) {
    const auto written = co_await response.write(chunk);
    if (!written) co_return;
  }
}

// Answers only when told, and does not follow its client.
rt::Task<> slow(State& state, ResponseWriter& response) {
  const Running running(state);
  rt::Event never(state.loop);
  for (;;) co_await never.wait();
  (void)response;
}

rt::Task<> upgrade(State& state, ResponseWriter& response) {
  state.upgraded = co_await response.upgrade(Headers());
  (void)co_await response.send(426, Headers(), "");
}

// (g++ 12 refuses initializer lists in coroutines.)
Http2Client::Fields field(std::string name, std::string value) { return {{std::move(name), std::move(value)}}; }
std::vector<std::string> three_lines() { return {"one\n", "two\n", "three\n"}; }
std::vector<std::string> no_http2() {
  return {"GET / HTTP/1.1\r\n\r\n", std::string(100, '\0'),
          "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(100, '\xff')};
}

rt::Task<> lines(ResponseWriter& response) {
  (void)co_await response.begin(200, Headers::of("X-Two", "a\r\nb", "Connection", "keep-alive"));
  for (const std::string& line : three_lines()) (void)co_await response.write(line);
  (void)co_await response.finish();
}

rt::Task<> echo(HttpRequest request, ResponseWriter& response) {
  std::string answer = request.method + " " + request.target + " " + std::string(request.headers.get("host")) + " ";
  (void)co_await response.send(200, Headers::of("X-Kind", "echo"), answer + request.body);
}

rt::Task<> nothing(ResponseWriter& response) {
  (void)response;
  co_return;
}

rt::Task<> breaks(ResponseWriter& response) {
  (void)co_await response.begin(200, Headers());
  (void)co_await response.write("half");
}

struct Router {
  State& state;
  rt::Task<> operator()(HttpRequest request, ResponseWriter& response) const {
    if (request.path() == "/watch") return quiet_watch(state, response);
    if (request.path() == "/endless") return endless(state, response);
    if (request.path() == "/slow") return slow(state, response);
    if (request.path() == "/upgrade") return upgrade(state, response);
    if (request.path() == "/lines") return lines(response);
    if (request.path() == "/nothing") return nothing(response);
    if (request.path() == "/breaks") return breaks(response);
    return echo(std::move(request), response);
  }
};

struct World {
  explicit World(HttpLimits limits) : state(loop), ca(must_create_ca("cluster")) {
    const auto pem = server_certificate(ca);
    auto tls = TlsContext::server(
        {.certificate_pem = pem.certificate, .key_pem = pem.key, .client_ca_pem = {}, .alpn = {"h2", "http/1.1"}});
    check(tls.has_value(), "server TLS");
    HttpServerConfig config;
    config.listen = {any_loopback_port()};
    config.tls = *tls;
    config.limits = limits;
    config.error_body = [](int status, std::string_view message) {
      return ErrorBody{"text/error", fmt::format("{}: {}", status, message)};
    };
    auto made = HttpServer::create(loop, std::move(config), Router{state});
    check(made.has_value(), "server");
    server = std::move(*made);
    client_context = client_tls({.ca_pem = ca.pem().certificate, .alpn = {"h2"}});
  }

  rt::Task<std::unique_ptr<Http2Client>> connect(uint32_t window = 65535, bool reads = true) {
    return Http2Client::connect(server->endpoints()[0], client_context, window, reads);
  }
  rt::Task<> until_running(int count) {
    while (state.running != count) co_await state.changed.wait();
  }

  rt::Loop loop;
  State state;
  pki::Ca ca;
  std::shared_ptr<TlsContext> client_context;
  std::unique_ptr<HttpServer> server;
};

using Test = rt::Task<> (*)(World&);

rt::Task<> whole(World& world, Test test) {
  co_await test(world);
  co_await world.server->shutdown();
  EXPECT_EQ(world.server->connections(), 0U);
  EXPECT_EQ(world.state.running, 0);
}

void with_server(HttpLimits limits, Test test) {
  World world(limits);
  rt::run(world.loop, whole(world, test));
}

rt::Task<> answers(World& world) {
  const auto client = co_await world.connect();
  std::vector<int32_t> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(client->get("/n?i=" + std::to_string(i)));
  for (int i = 0; i < 100; ++i) {
    const auto got = co_await client->answer(ids[static_cast<size_t>(i)]);
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.body, fmt::format("GET /n?i={} test ", i));
    EXPECT_EQ(got.headers.at("content-length"), std::to_string(got.body.size()));
    EXPECT_EQ(got.headers.at("x-kind"), "echo");
    EXPECT_TRUE(got.headers.contains("date"));
    EXPECT_TRUE(got.ended);
  }
  EXPECT_EQ(world.server->connections(), 1U);
}
TEST(Http2, AnswersManyRequestsOnOneConnection) { with_server({}, answers); }

rt::Task<> semantics(World& world) {
  const auto client = co_await world.connect();
  auto got = co_await client->answer(client->ask("HEAD", "/x"));
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "");
  EXPECT_EQ(got.headers.at("content-length"), "13");
  got = co_await client->answer(client->get("/lines"));
  EXPECT_EQ(got.body, "one\ntwo\nthree\n");
  EXPECT_TRUE(got.ended);
  EXPECT_EQ(got.headers.at("x-two"), "a  b");
  EXPECT_FALSE(got.headers.contains("connection"));
  got = co_await client->answer(client->get("/nothing"));
  EXPECT_EQ(got.status, 500);
  EXPECT_EQ(got.body, "500: the server did not answer the request");
  // What was cut off does not look complete.
  got = co_await client->answer(client->get("/breaks"));
  EXPECT_FALSE(got.ended);
  EXPECT_EQ(got.error, static_cast<uint32_t>(NGHTTP2_INTERNAL_ERROR));
  got = co_await client->answer(client->get("/upgrade"));
  EXPECT_EQ(got.status, 426);
  EXPECT_EQ(world.state.upgraded.error().code, Code::kInvalid);
  got = co_await client->answer(client->ask("POST", "/x", "body", field("expect", "100-continue")));
  EXPECT_EQ(got.body, "POST /x test body");
}
TEST(Http2, FollowsTheRulesOfHttp) { with_server({}, semantics); }

rt::Task<> megabytes(World& world) {
  const auto client = co_await world.connect();
  const std::string body(2'500'000, 'b');
  const int32_t one = client->ask("POST", "/a", body);
  const int32_t two = client->ask("POST", "/b", body);
  const auto first = co_await client->answer(one);
  EXPECT_EQ(first.body.size(), body.size() + 13);
  const auto second = co_await client->answer(two);
  EXPECT_EQ(second.body, "POST /b test " + body);
}
TEST(Http2, CarriesMegabytesBothWaysThroughSmallWindows) { with_server({}, megabytes); }

HttpLimits strict() {
  HttpLimits limits;
  limits.max_header_bytes = 2000;
  limits.max_body_bytes = 10'000;
  return limits;
}

rt::Task<> too_large(World& world) {
  const auto client = co_await world.connect();
  auto got = co_await client->answer(client->ask("GET", "/x", "", field("x-long", std::string(3000, 'x'))));
  EXPECT_EQ(got.status, 431);
  EXPECT_EQ(got.body, "431: the request header is larger than 2000 bytes");
  got = co_await client->answer(client->ask("POST", "/x", std::string(300'000, 'x')));
  EXPECT_EQ(got.status, 413);
  EXPECT_EQ(got.body, "413: the request body is larger than 10000 bytes");
  EXPECT_EQ(got.error, static_cast<uint32_t>(NGHTTP2_NO_ERROR));
  // The connection is as good as before.
  got = co_await client->answer(client->get("/x"));
  EXPECT_EQ(got.status, 200);
}
TEST(Http2, RefusesWhatIsTooLargeAndGoesOn) { with_server(strict(), too_large); }

rt::Task<> leaving(World& world) {
  const auto client = co_await world.connect();
  const int32_t first = client->get("/watch");
  const int32_t second = client->get("/watch");
  while (client->got[first].body.empty() || client->got[second].body.empty()) (void)co_await client->exchange();
  EXPECT_EQ(world.state.running, 2);
  client->reset(first);
  co_await client->flush();
  co_await world.until_running(1);
  const auto other = co_await client->answer(client->get("/x"));
  EXPECT_EQ(other.status, 200);
  client->leave();
  co_await world.until_running(0);
}
TEST(Http2, CancelsAStreamWhenItsClientResetsItOrLeaves) { with_server({}, leaving); }

HttpLimits impatient() {
  HttpLimits limits;
  limits.header_timeout = 100ms;
  limits.body_timeout = 100ms;
  limits.idle_timeout = 150ms;
  limits.write_timeout = 150ms;
  return limits;
}

rt::Task<> never_reads(World& world) {
  const auto client = co_await world.connect(16 * 1024, false);
  const int32_t stuck = client->get("/endless");
  const auto got = co_await client->answer(stuck);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body.size(), 16U * 1024);
  EXPECT_EQ(got.error, static_cast<uint32_t>(NGHTTP2_CANCEL));
  co_await world.until_running(0);
  const auto other = co_await client->answer(client->get("/x"));
  EXPECT_EQ(other.status, 200);
}
TEST(Http2, DropsAStreamWhoseClientDoesNotReadAndServesTheOthers) { with_server(impatient(), never_reads); }

rt::Task<> idle(World& world) {
  const auto client = co_await world.connect();
  const auto got = co_await client->answer(client->get("/x"));
  EXPECT_EQ(got.status, 200);
  co_await client->hear_out();
  EXPECT_TRUE(client->goaway);
  EXPECT_EQ(client->goaway_error, static_cast<uint32_t>(NGHTTP2_NO_ERROR));
  // And one that asks nothing at all.
  const auto silent = co_await world.connect();
  co_await silent->hear_out();
}
TEST(Http2, EndsIdleConnectionsInOrder) { with_server(impatient(), idle); }

rt::Task<> shutdown_with_streams(World& world) {
  const auto client = co_await world.connect();
  const int32_t id = client->get("/watch");
  (void)client->get("/slow");
  while (client->got[id].body.empty()) (void)co_await client->exchange();
  co_await world.until_running(2);
  co_await world.server->shutdown();
  EXPECT_EQ(world.state.unwound, 2);
  co_await client->hear_out();
  EXPECT_TRUE(client->goaway);
}
TEST(Http2, SaysGoodbyeWhenItShutsDown) { with_server({}, shutdown_with_streams); }

// CVE-2023-44487: streams that are opened and reset at once, thousands of them.
rt::Task<> rapid_reset(World& world) {
  const auto client = co_await world.connect();
  bool open = true;
  int asked = 0;
  while (open && asked < 20'000) {
    std::vector<int32_t> ids;
    for (int i = 0; i < 100; ++i, ++asked) ids.push_back(client->get("/watch"));
    co_await client->flush();
    for (const int32_t id : ids) client->reset(id);
    co_await client->flush();
    const auto ping = co_await client->answer(client->get("/x"));
    open = ping.status == 200;
  }
  EXPECT_FALSE(open);
  EXPECT_LE(world.state.running, 600);
  co_await client->hear_out();
  EXPECT_TRUE(client->goaway);
}
TEST(Http2, EndsAConnectionThatOnlyResetsStreams) { with_server({}, rapid_reset); }

rt::Task<> too_many(World& world) {
  const auto client = co_await world.connect();
  (void)co_await client->answer(client->get("/x"));
  std::vector<int32_t> ids;
  for (int i = 0; i < 260; ++i) ids.push_back(client->get("/watch"));
  int waiting = 0;
  while (waiting < 250) {
    (void)co_await client->exchange();
    waiting = 0;
    for (const int32_t id : ids) waiting += client->got[id].body.empty() ? 0 : 1;
  }
  EXPECT_EQ(world.state.running, 250);
}
TEST(Http2, ServesTwoHundredAndFiftyStreamsAtOnce) { with_server({}, too_many); }

rt::Task<> garbage(World& world) {
  for (const std::string& bytes : no_http2()) {
    auto stream = co_await dial(world.server->endpoints()[0]);
    (void)co_await stream->connect_tls(*world.client_context, "127.0.0.1");
    (void)co_await stream->write(bytes);
    (void)co_await hear_all(*stream);
  }
  while (world.server->connections() != 0) co_await rt::sleep(5ms);
}
TEST(Http2, EndsConnectionsThatDoNotSpeakIt) { with_server(impatient(), garbage); }

rt::Task<> old_protocol(World& world) {
  const auto http1 = client_tls({.ca_pem = world.ca.pem().certificate});
  auto stream = co_await dial(world.server->endpoints()[0]);
  (void)co_await stream->connect_tls(*http1, "127.0.0.1");
  EXPECT_EQ(stream->alpn(), "http/1.1");
  co_await say(*stream, "GET /x HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  const std::string heard = co_await hear_all(*stream);
  EXPECT_TRUE(heard.ends_with("GET /x t ")) << heard;
}
TEST(Http2, LeavesHttp1ToThoseWhoAskForIt) { with_server({}, old_protocol); }

}  // namespace
}  // namespace fairlead::net
