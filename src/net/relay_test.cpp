// A proxy between a client and a backend that both speak bytes after the upgrade.
#include "net/relay.h"

#include <gtest/gtest.h>

#include "net/http_testing.h"
#include "rt/event.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using namespace testing;

// What the backend does once it is upgraded.
using Talk = std::function<rt::Task<>(Stream&)>;

rt::Task<> upgrade_and_talk(Talk talk, HttpRequest request, ResponseWriter& response) {
  if (request.target == "/refuse") {
    (void)co_await response.send(400, Headers::of("Content-Type", "text/plain"), "not here");
    co_return;
  }
  const std::string said = fmt::format("{} {} {}", request.method, request.target, request.headers.get("x-protocol"));
  const std::string secret(request.headers.get("authorization"));
  const auto stream = co_await response.upgrade(Headers::of("Upgrade", "SPDY/3.1", "X-Said", said, "X-Secret", secret));
  if (stream) co_await talk(**stream);
}

rt::Task<> pass_on(rt::Loop& loop, HttpClient& to, HttpRequest request, ResponseWriter& response) {
  const auto passed = co_await relay_upgrade(loop, to, request, request.target, response);
  if (!passed) (void)co_await response.send(502, Headers(), passed.error().message);
}

class RelayTest : public ::testing::Test {
 protected:
  void start(Talk talk) {
    HttpServerConfig config;
    config.listen = {any_loopback_port()};
    auto backend = HttpServer::create(loop_, config, [talk](HttpRequest request, ResponseWriter& response) {
      return upgrade_and_talk(talk, std::move(request), response);
    });
    ASSERT_TRUE(backend);
    backend_ = std::move(*backend);
    HttpClientConfig to;
    to.base_url = "http://" + backend_->endpoints()[0].to_string();
    client_ = *HttpClient::create(loop_, to);
    auto proxy = HttpServer::create(loop_, config, [this](HttpRequest request, ResponseWriter& response) {
      return pass_on(loop_, *client_, std::move(request), response);
    });
    ASSERT_TRUE(proxy);
    proxy_ = std::move(*proxy);
  }
  rt::Task<std::unique_ptr<Stream>> upgraded(std::string* head) {
    auto stream = co_await dial(proxy_->endpoints()[0]);
    co_await say(*stream, request_to("/exec"));
    *head = co_await hear_until(*stream, "\r\n\r\n");
    co_return std::move(stream);
  }
  static std::string request_to(std::string target) {
    return "POST " + target +
           " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Protocol: v4\r\n"
           "Authorization: Bearer secret\r\nContent-Length: 0\r\n\r\n";
  }
  rt::Task<> shut() {
    co_await proxy_->shutdown();
    co_await backend_->shutdown();
  }

  rt::Loop loop_;
  std::unique_ptr<HttpServer> backend_;
  std::unique_ptr<HttpServer> proxy_;
  std::unique_ptr<HttpClient> client_;
};

rt::Task<> echo(Stream& stream) {
  std::vector<char> buffer(8192);
  for (;;) {
    const auto n = co_await stream.read_some(buffer);
    if (!n || *n == 0) co_return;
    (void)co_await stream.write(std::string_view(buffer.data(), *n));
  }
}

TEST_F(RelayTest, PassesTheHeaderAndBytesBothWays) {
  start(&echo);
  rt::run(loop_, [](auto connect, auto end) -> rt::Task<> {
    std::string head;
    auto stream = co_await connect(&head);
    EXPECT_EQ(status_of(head), 101);
    EXPECT_NE(head.find("X-Said: POST /exec v4\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("X-Secret: \r\n"), std::string::npos) << "the client's credentials were passed on: " << head;
    co_await say(*stream, "hello");
    EXPECT_EQ(co_await hear_until(*stream, "hello"), "hello");
    stream.reset();
    co_await end();
  }([this](std::string* head) { return upgraded(head); }, [this] { return shut(); }));
}

TEST_F(RelayTest, PassesARefusalOnAsItIs) {
  start(&echo);
  rt::run(loop_, [](Endpoint to, std::string request, auto end) -> rt::Task<> {
    auto stream = co_await dial(to);
    co_await say(*stream, std::move(request));
    const std::string answer = co_await hear_until(*stream, "not here");
    EXPECT_EQ(status_of(answer), 400);
    EXPECT_NE(answer.find("Content-Type: text/plain"), std::string::npos);
    stream.reset();
    co_await end();
  }(proxy_->endpoints()[0], request_to("/refuse"), [this] { return shut(); }));
}

rt::Task<> say_much_and_leave(Stream& stream) {
  const std::string much(4 << 20, 'x');
  (void)co_await stream.write(much);
  co_await close_gently(stream);
}

// The client goes on sending, and reads slowly: closing at once would lose what is on its way.
TEST_F(RelayTest, DeliversWhatTheBackendSaidBeforeItLeft) {
  start(&say_much_and_leave);
  rt::run(loop_, [](auto connect, auto end) -> rt::Task<> {
    std::string head;
    auto stream = co_await connect(&head);
    co_await say(*stream, "still typing");
    co_await rt::sleep(50ms);
    (void)co_await stream->write("and typing");
    const std::string heard = co_await hear_all(*stream);
    EXPECT_EQ(heard.size(), 4U << 20);
    stream.reset();
    co_await end();
  }([this](std::string* head) { return upgraded(head); }, [this] { return shut(); }));
}

TEST_F(RelayTest, LetsGoOfTheBackendWhenTheClientIsKilled) {
  rt::Event gone(loop_);
  bool ended = false;
  start([&](Stream& stream) -> rt::Task<> {
    return [](Stream& s, bool& e, rt::Event& g) -> rt::Task<> {
      (void)co_await hear_all(s);
      e = true;
      g.notify();
    }(stream, ended, gone);
  });
  rt::run(loop_, [](auto connect, auto end, bool& e, rt::Event& g) -> rt::Task<> {
    std::string head;
    auto stream = co_await connect(&head);
    stream.reset();
    while (!e) co_await g.wait();
    co_await end();
  }([this](std::string* head) { return upgraded(head); }, [this] { return shut(); }, ended, gone));
  EXPECT_TRUE(ended);
}

TEST_F(RelayTest, EndsAtShutdownInTheMiddle) {
  start(&echo);
  rt::run(loop_, [](auto connect, auto end) -> rt::Task<> {
    std::string head;
    auto stream = co_await connect(&head);
    co_await end();
    EXPECT_EQ(co_await hear_all(*stream), "");
  }([this](std::string* head) { return upgraded(head); }, [this] { return shut(); }));
}

}  // namespace
}  // namespace fairlead::net
