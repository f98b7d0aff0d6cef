// Server and client together, over TLS: identities, trust, streams, cancellation and shutdown.
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

struct State {
  explicit State(rt::Loop& l) : loop(l), changed(l) {}
  rt::Loop& loop;
  rt::Event changed;
  int version = 0;
  int watching = 0;
  int unwound = 0;
};

struct Watching {
  explicit Watching(State& s) : state(s) {
    ++state.watching;
    state.changed.notify();
  }
  ~Watching() {
    --state.watching;
    ++state.unwound;
    state.changed.notify();
  }
  State& state;
};

// One line per version, for ever: what a Kubernetes watch does.
rt::Task<> watch(State& state, ResponseWriter& response) {
  const Watching watching(state);
  (void)co_await response.begin(200, Headers::of("Content-Type", "application/json"));
  int sent = 0;
  for (;;) {
    while (sent == state.version) co_await state.changed.wait();
    ++sent;
    const std::string line =
        fmt::format("{{\"type\":\"MODIFIED\",\"version\":{},\"pad\":\"{}\"}}\n", sent, std::string(500, 'p'));
    const auto written = co_await response.write(line);
    if (!written) co_return;
  }
}

rt::Task<> who_am_i(HttpRequest request, ResponseWriter& response) {
  std::string answer = "anonymous";
  if (request.client) {
    answer = request.client->common_name;
    for (const std::string& organization : request.client->organizations) answer += "," + organization;
  }
  if (!request.secure) answer = "plain";
  (void)co_await response.send(200, Headers(), std::move(answer));
}

rt::Task<> big(HttpRequest request, ResponseWriter& response) {
  (void)co_await response.send(200, Headers(), request.body + std::string(4 * 1024 * 1024, 'z'));
}

struct Router {
  State& state;
  rt::Task<> operator()(HttpRequest request, ResponseWriter& response) const {
    if (request.path() == "/watch") return watch(state, response);
    if (request.path() == "/big") return big(std::move(request), response);
    return who_am_i(std::move(request), response);
  }
};

// A server with its own authority, and what it takes to talk to it.
struct World {
  explicit World(HttpLimits limits = {})
      : state(loop), ca(must_create_ca("cluster")), tls(server_tls(ca, ca.pem().certificate)) {
    HttpServerConfig config;
    config.listen = {any_loopback_port()};
    config.tls = tls;
    config.limits = limits;
    auto made = HttpServer::create(loop, std::move(config), Router{state});
    check(made.has_value(), "server");
    server = std::move(*made);
  }

  std::unique_ptr<HttpClient> client(TlsClientConfig config) {
    auto made = HttpClient::create(
        loop, {.base_url = fmt::format("https://{}", server->endpoints()[0]), .tls = client_tls(std::move(config))});
    check(made.has_value(), "client");
    return std::move(*made);
  }
  std::unique_ptr<HttpClient> client() { return client({.ca_pem = ca.pem().certificate}); }

  rt::Loop loop;
  State state;
  pki::Ca ca;
  std::shared_ptr<TlsContext> tls;
  std::unique_ptr<HttpServer> server;
};

void run_in(World& world, rt::Task<> (*test)(World&)) {
  const auto whole = [](World& w, rt::Task<> (*t)(World&)) -> rt::Task<> {
    co_await t(w);
    co_await w.server->shutdown();
    EXPECT_EQ(w.server->connections(), 0U);
  };
  rt::run(world.loop, whole(world, test));
}

rt::Task<std::string> ask(HttpClient& client, std::string target = "/") {
  HttpCall call;
  call.target = std::move(target);
  const auto response = co_await client.request(std::move(call));
  co_return response ? response->body : "error: " + response.error().message;
}

rt::Task<> identities(World& world) {
  const auto admin = must_issue(
      world.ca,
      {.common_name = "kubernetes-admin", .organizations = {"system:masters", "dev"}, .usage = pki::Usage::kClient});
  const auto with =
      world.client({.ca_pem = world.ca.pem().certificate, .certificate_pem = admin.certificate, .key_pem = admin.key});
  const std::string named = co_await ask(*with);
  EXPECT_EQ(named, "kubernetes-admin,system:masters,dev");
  const std::string again = co_await ask(*with);
  EXPECT_EQ(again, named);
  EXPECT_EQ(world.server->connections(), 1U);
  const auto without = world.client();
  const std::string unnamed = co_await ask(*without);
  EXPECT_EQ(unnamed, "anonymous");
}

TEST(Https, KnowsItsClientsByTheirCertificates) {
  World world;
  run_in(world, identities);
}

rt::Task<> strangers(World& world) {
  const pki::Ca other = must_create_ca("other");
  const std::string trusted = world.ca.pem().certificate;
  const auto foreign = must_issue(other, {.common_name = "kubernetes-admin", .usage = pki::Usage::kClient});
  const auto forger = world.client({.ca_pem = trusted, .certificate_pem = foreign.certificate, .key_pem = foreign.key});
  const std::string refused = co_await ask(*forger);
  EXPECT_TRUE(refused.starts_with("error: ")) << refused;

  const auto serving = server_certificate(world.ca);
  const auto wrong_use =
      world.client({.ca_pem = trusted, .certificate_pem = serving.certificate, .key_pem = serving.key});
  const std::string wrong = co_await ask(*wrong_use);
  EXPECT_TRUE(wrong.starts_with("error: ")) << wrong;

  const auto distrusting = world.client({.ca_pem = other.pem().certificate});
  const std::string unknown = co_await ask(*distrusting);
  EXPECT_NE(unknown.find("certificate of the peer: "), std::string::npos) << unknown;

  const auto misled = world.client({.ca_pem = trusted, .server_name = "elsewhere.example"});
  const std::string mismatch = co_await ask(*misled);
  EXPECT_NE(mismatch.find("certificate of the peer: hostname mismatch"), std::string::npos) << mismatch;

  const auto careless = world.client({.insecure_skip_verify = true});
  const std::string anyone = co_await ask(*careless);
  EXPECT_EQ(anyone, "anonymous");
}

TEST(Https, RefusesCertificatesItCannotVerify) {
  World world;
  run_in(world, strangers);
}

rt::Task<> new_certificates(World& world) {
  const auto old_client = world.client();
  const std::string before = co_await ask(*old_client);
  EXPECT_EQ(before, "anonymous");
  const pki::Ca next = must_create_ca("next");
  const auto pem = server_certificate(next);
  const auto reloaded = world.tls->reload(TlsServerConfig{.certificate_pem = pem.certificate, .key_pem = pem.key});
  EXPECT_TRUE(reloaded);
  // The open connection goes on; new ones see the new certificate.
  const std::string kept = co_await ask(*old_client);
  EXPECT_EQ(kept, "anonymous");
  const auto new_client = world.client({.ca_pem = next.pem().certificate});
  const std::string fresh = co_await ask(*new_client);
  EXPECT_EQ(fresh, "anonymous");
  const auto broken =
      world.tls->reload(TlsServerConfig{.certificate_pem = pem.certificate, .key_pem = world.ca.pem().key});
  EXPECT_FALSE(broken);
  const auto newer_client = world.client({.ca_pem = next.pem().certificate});
  const std::string still = co_await ask(*newer_client);
  EXPECT_EQ(still, "anonymous");
}

TEST(Https, ReloadsCertificatesForNewConnections) {
  World world;
  run_in(world, new_certificates);
}

rt::Task<int> lines(BodyStream& stream, int wanted) {
  int seen = 0;
  while (seen < wanted) {
    const auto chunk = co_await stream.next();
    if (!chunk || !*chunk) break;
    seen += static_cast<int>(std::ranges::count(**chunk, '\n'));
  }
  co_return seen;
}

rt::Task<std::unique_ptr<BodyStream>> open_watch(HttpClient& client) {
  HttpCall call;
  call.target = "/watch";
  auto stream = co_await client.stream(std::move(call));
  check(stream.has_value(), stream ? "" : stream.error().message);
  co_return std::move(*stream);
}

rt::Task<> watches(World& world) {
  const auto client = world.client();
  std::vector<std::unique_ptr<BodyStream>> streams;
  streams.reserve(10);
  for (int i = 0; i < 10; ++i) streams.push_back(co_await open_watch(*client));
  for (int i = 0; i < 200; ++i) {
    ++world.state.version;
    world.state.changed.notify();
    if (i % 7 == 0) co_await rt::sleep(0ms);
  }
  for (auto& stream : streams) {
    const int seen = co_await lines(*stream, 200);
    EXPECT_EQ(seen, 200);
  }
  // Clients that leave take their handlers with them, and only theirs.
  streams.resize(5);
  while (world.state.watching > 5) co_await world.state.changed.wait();
  ++world.state.version;
  world.state.changed.notify();
  for (auto& stream : streams) {
    const int seen = co_await lines(*stream, 1);
    EXPECT_EQ(seen, 1);
  }
}

TEST(Https, StreamsWatchesToManyClients) {
  World world;
  run_in(world, watches);
}

rt::Task<> read_until_cut(BodyStream& stream, int& cut) {
  for (;;) {
    const auto chunk = co_await stream.next();
    if (chunk && *chunk) continue;
    EXPECT_FALSE(chunk);
    ++cut;
    co_return;
  }
}

rt::Task<> shutdown_while_watching(World& world) {
  const auto client = world.client();
  std::vector<std::unique_ptr<BodyStream>> streams;
  streams.reserve(10);
  for (int i = 0; i < 10; ++i) streams.push_back(co_await open_watch(*client));
  while (world.state.watching < 10) co_await world.state.changed.wait();
  rt::TaskGroup readers(world.loop);
  int cut = 0;
  for (auto& stream : streams) readers.spawn("reader", read_until_cut(*stream, cut));
  world.state.version = 3;
  world.state.changed.notify();
  co_await rt::sleep(1ms);
  co_await world.server->shutdown();
  EXPECT_EQ(world.state.unwound, 10);
  co_await readers.join();
  EXPECT_EQ(cut, 10);
}

TEST(Https, ShutsDownWhileStreamsAreOpen) {
  World world;
  run_in(world, shutdown_while_watching);
}

rt::Task<> watch_for_ever(HttpClient& client) {
  auto stream = co_await open_watch(client);
  for (;;) {
    const auto chunk = co_await stream->next();
    if (!chunk || !*chunk) co_return;
  }
}

rt::Task<> cancelled_clients(World& world) {
  const auto client = world.client();
  for (int round = 0; round < 5; ++round) {
    rt::TaskGroup group(world.loop);
    for (int i = 0; i < 10; ++i) group.spawn("watch", watch_for_ever(*client));
    // Cancelled wherever they are: connecting, shaking hands, waiting for the header, reading.
    for (int i = 0; i < round * 2; ++i) co_await rt::sleep(1ms);
    ++world.state.version;
    world.state.changed.notify();
    co_await group.shutdown();
  }
  while (world.state.watching > 0) co_await world.state.changed.wait();
  const std::string works = co_await ask(*client);
  EXPECT_EQ(works, "anonymous");
}

TEST(Https, CancelledClientsLeaveNothingBehind) {
  World world;
  run_in(world, cancelled_clients);
}

rt::Task<> big_bodies(World& world) {
  const auto client = world.client();
  HttpCall call;
  call.method = "PUT";
  call.target = "/big";
  call.body = std::string(2 * 1024 * 1024, 'a');
  const auto response = co_await client->request(std::move(call));
  EXPECT_TRUE(response) << response.error().message;
  if (!response) co_return;
  EXPECT_EQ(response->body, std::string(2 * 1024 * 1024, 'a') + std::string(4 * 1024 * 1024, 'z'));
}

TEST(Https, CarriesMegabytesBothWays) {
  World world;
  run_in(world, big_bodies);
}

rt::Task<> not_tls(World& world) {
  const std::string plain = co_await converse(world.server->endpoints()[0], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(plain.find("HTTP/1.1 200"), std::string::npos) << plain;
  const std::string silent = co_await converse(world.server->endpoints()[0], "");
  EXPECT_EQ(silent, "");
  const std::string half = co_await converse(world.server->endpoints()[0], "\x16\x03\x01");
  EXPECT_EQ(half, "");
}

TEST(Https, ClosesConnectionsThatDoNotShakeHands) {
  HttpLimits limits;
  limits.handshake_timeout = 30ms;
  World world(limits);
  run_in(world, not_tls);
}

rt::Task<> handshake_flood(World& world) {
  std::vector<std::unique_ptr<Stream>> idlers;
  for (int i = 0; i < 1000; ++i) {
    idlers.push_back(co_await dial(world.server->endpoints()[0]));
    if (i % 2 == 0) (void)co_await idlers.back()->write("\x16\x03\x01");
  }
  const auto client = world.client();
  const std::string in = co_await ask(*client);
  EXPECT_EQ(in, "anonymous");
  EXPECT_LE(world.server->connections(), 102U);
}

TEST(Https, AThousandUnfinishedHandshakesKeepNobodyOut) {
  HttpLimits limits;
  limits.max_half_open = 100;
  World world(limits);
  run_in(world, handshake_flood);
}

rt::Task<> deaf_watcher(World& world) {
  const auto context = client_tls({.ca_pem = world.ca.pem().certificate});
  auto peer = co_await dial(world.server->endpoints()[0]);
  const auto shaken = co_await peer->connect_tls(*context, "127.0.0.1");
  EXPECT_TRUE(shaken);
  co_await say(*peer, "GET /watch HTTP/1.1\r\nHost: x\r\n\r\n");
  while (world.state.watching < 1) co_await world.state.changed.wait();
  const auto client = world.client();
  auto listener = co_await open_watch(*client);
  // More than all the buffers in between hold.
  world.state.version = 40'000;
  world.state.changed.notify();
  const int seen = co_await lines(*listener, 40'000);
  EXPECT_EQ(seen, 40'000);
  while (world.state.watching > 1) co_await world.state.changed.wait();
  EXPECT_EQ(world.state.unwound, 1);
}

TEST(Https, AWatcherThatNeverReadsIsDroppedAndStopsNobody) {
  HttpLimits limits;
  limits.write_timeout = 1s;  // the other watcher keeps ahead of this on a busy machine too
  World world(limits);
  run_in(world, deaf_watcher);
}

TEST(TlsContext, SaysWhatIsWrongWithItsFiles) {
  const pki::Ca ca = must_create_ca("a");
  const auto good = server_certificate(ca);
  const auto message = [](const Result<std::shared_ptr<TlsContext>>& made) {
    return made ? std::string("none") : made.error().message;
  };
  using C = TlsContext;
  EXPECT_EQ(message(C::server({.certificate_pem = good.certificate, .key_pem = good.key})), "none");
  EXPECT_NE(message(C::server({.certificate_pem = "", .key_pem = good.key})).find("TLS certificate: no PEM"),
            std::string::npos);
  EXPECT_NE(message(C::server({.certificate_pem = good.certificate, .key_pem = ""})).find("TLS private key"),
            std::string::npos);
  EXPECT_NE(message(C::server({.certificate_pem = good.certificate, .key_pem = ca.pem().key})).find("does not belong"),
            std::string::npos);
  EXPECT_NE(message(C::server({.certificate_pem = good.certificate, .key_pem = good.key, .client_ca_pem = "x"}))
                .find("CA certificate"),
            std::string::npos);
  EXPECT_NE(message(C::client({.ca_pem = "x"})).find("CA certificate"), std::string::npos);
  EXPECT_NE(message(C::client({.certificate_pem = good.certificate})).find("the key is missing"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::net
