#include "client/https_api.h"

#include <gtest/gtest.h>

#include <map>

#include "api/codec.h"
#include "api/kinds/deployment.h"
#include "api/kinds/node.h"
#include "api/kinds/pod.h"
#include "base/text.h"
#include "client/informer.h"
#include "net/http_server.h"
#include "net/url.h"
#include "rt/task_group.h"

namespace fairlead::client {
namespace {

using rt::Task;

// A server that answers from a table and remembers what it was asked.
struct ScriptedServer {
  struct Answer {
    int status = 200;
    std::string body;
    bool stays_open = false;
  };
  std::map<std::string, Answer> answers;  // by "METHOD path"
  std::vector<net::HttpRequest> asked;

  Task<> handle(net::HttpRequest request, net::ResponseWriter& response) {
    asked.push_back(request);
    const std::string key =
        request.method + " " + std::string(request.path()) + (request.query().contains("watch=1") ? " watch" : "");
    const auto it = answers.find(key);
    const Answer answer = it == answers.end() ? Answer{404, "no answer for " + key} : it->second;
    if (!answer.stays_open) {
      net::Headers headers;
      headers.add("Content-Type", "application/json");
      (void)co_await response.send(answer.status, headers, answer.body);
      co_return;
    }
    net::Headers headers;
    headers.add("Content-Type", "application/json");
    (void)co_await response.begin(answer.status, headers);
    // In pieces that end in the middle of lines.
    for (size_t at = 0; at < answer.body.size(); at += 50) {
      const std::string piece = answer.body.substr(at, 50);
      (void)co_await response.write(piece);
    }
    (void)co_await response.finish();
  }
};

struct HttpsApiTest : testing::Test {
  rt::Loop loop;
  ScriptedServer script;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<HttpsApi> api;

  void SetUp() override {
    auto made = net::HttpServer::create(loop, {.listen = {Endpoint{IpAddress::v4(0x7F000001), 0}}},
                                        [this](net::HttpRequest request, net::ResponseWriter& response) {
                                          return script.handle(std::move(request), response);
                                        });
    ASSERT_TRUE(made) << made.error().message;
    server = *std::move(made);
    auto client = HttpsApi::create(
        loop, {.server = "http://" + server->endpoints()[0].to_string(), .token = "secret", .user_agent = "test/1"});
    ASSERT_TRUE(client) << client.error().message;
    api = *std::move(client);
  }
  void TearDown() override {
    api.reset();
    rt::run(loop, server->shutdown());
  }
};

const char* const kPod = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"default",
  "resourceVersion":"7","uid":"u"},"spec":{"nodeName":"node1","containers":[]}})";

TEST(ResourcePath, FollowsGroupNamespaceAndSubresource) {
  EXPECT_EQ(resource_path(api::kind_of<api::Pod>(), "default", "a", "status"),
            "/api/v1/namespaces/default/pods/a/status");
  EXPECT_EQ(resource_path(api::kind_of<api::Deployment>(), ""), "/apis/apps/v1/deployments");
  EXPECT_EQ(resource_path(api::kind_of<api::Node>(), "", "node 1"), "/api/v1/nodes/node%201");
}

TEST_F(HttpsApiTest, GetDecodesTheObject) {
  script.answers["GET /api/v1/namespaces/default/pods/a"] = {200, kPod};
  const auto pod = rt::run(loop, get<api::Pod>(*api, "default", "a"));
  ASSERT_TRUE(pod) << pod.error().message;
  EXPECT_EQ(pod->spec.node_name, "node1");
  EXPECT_EQ(script.asked[0].headers.get("Authorization"), "Bearer secret");
  EXPECT_EQ(script.asked[0].headers.get("User-Agent"), "test/1");
}

TEST_F(HttpsApiTest, AStatusBecomesAnErrorWithItsReasonAndCauses) {
  script.answers["POST /api/v1/namespaces/default/pods"] = {
      409, R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods \"a\" already exists",
             "reason":"AlreadyExists","details":{"causes":[{"reason":"X","field":"f","message":"m"}]},"code":409})"};
  api::Pod pod;
  pod.metadata.namespace_ = "default";
  pod.metadata.name = "a";
  const auto made = rt::run(loop, create(*api, pod));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kAlreadyExists);
  EXPECT_EQ(made.error().message, "pods \"a\" already exists");
  ASSERT_EQ(made.error().causes.size(), 1U);
  EXPECT_EQ(made.error().causes[0].field, "f");
}

TEST_F(HttpsApiTest, AnAnswerThatIsNoStatusKeepsTheHttpStatus) {
  script.answers["GET /api/v1/namespaces/default/pods/a"] = {503, "upstream is away"};
  const auto pod = rt::run(loop, get<api::Pod>(*api, "default", "a"));
  ASSERT_FALSE(pod);
  EXPECT_EQ(pod.error().code, Code::kUnavailable);
  EXPECT_EQ(pod.error().message, "the server answered 503: upstream is away");
}

TEST_F(HttpsApiTest, SelectorsArePercentEncoded) {
  script.answers["GET /api/v1/pods"] = {200, R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"42"},
              "items":[{"metadata":{"name":"a","namespace":"default"}}]})"};
  const auto pods = rt::run(
      loop, api->list(api::kind_of<api::Pod>(), {.label_selector = "a in (b,c)", .field_selector = "spec.nodeName=n"}));
  ASSERT_TRUE(pods) << pods.error().message;
  EXPECT_EQ(pods->resource_version, "42");
  ASSERT_EQ(pods->items.size(), 1U);
  EXPECT_EQ(pods->items[0]->meta().name, "a");
  EXPECT_EQ(script.asked[0].query(), "labelSelector=a%20in%20%28b%2Cc%29&fieldSelector=spec.nodeName%3Dn");
}

Task<std::vector<std::string>> read_watch(HttpsApi& api) {
  std::vector<std::string> out;
  WatchOptions options;
  options.resource_version = "5";
  auto stream = co_await api.watch(api::kind_of<api::Pod>(), std::move(options));
  if (!stream) co_return std::vector<std::string>{stream.error().message};
  for (;;) {
    auto event = co_await (*stream)->next();
    if (!event) {
      out.push_back(fmt::format("{}: {}", to_string(event.error().code), event.error().message));
      break;
    }
    if (!event->has_value()) {
      out.emplace_back("end");
      break;
    }
    out.push_back(fmt::format("{} {} @{}", static_cast<int>((*event)->type),
                              (*event)->object ? (*event)->object->meta().name : "-", (*event)->resource_version));
  }
  co_return out;
}

TEST_F(HttpsApiTest, WatchEventsComeLineByLine) {
  std::string pod = kPod;
  std::erase(pod, '\n');
  script.answers["GET /api/v1/pods watch"] = {
      200,
      R"({"type":"ADDED","object":)" + pod + "}\n" + R"({"type":"MODIFIED","object":)" + pod + "}\n" +
          R"({"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"9"}}})" + "\n" +
          R"({"type":"DELETED","object":)" + pod + "}\n",
      true};
  const auto seen = rt::run(loop, read_watch(*api));
  EXPECT_EQ(seen, (std::vector<std::string>{"0 a @7", "1 a @7", "3 - @9", "2 a @7", "end"}));
  EXPECT_TRUE(script.asked[0].query().contains("resourceVersion=5"));
  EXPECT_TRUE(script.asked[0].query().contains("allowWatchBookmarks=true"));
}

TEST_F(HttpsApiTest, AnErrorEventInAWatchIsAnError) {
  script.answers["GET /api/v1/pods watch"] = {
      200,
      R"x({"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"too old resource version: 5 (9)",)x"
      R"x("reason":"Expired","code":410}})x"
      "\n",
      true};
  const auto seen = rt::run(loop, read_watch(*api));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0], fmt::format("{}: too old resource version: 5 (9)", to_string(Code::kExpired)));
}

TEST_F(HttpsApiTest, DeletesAndBindingsSayWhatTheyMean) {
  script.answers["DELETE /api/v1/namespaces/default/pods/a"] = {200, R"({"kind":"Status","status":"Success"})"};
  script.answers["POST /api/v1/namespaces/default/pods/a/binding"] = {201, R"({"kind":"Status","status":"Success"})"};
  DeleteOptions options{.grace_period_seconds = 0, .propagation_policy = "Background", .uid = "u"};
  EXPECT_TRUE(rt::run(loop, api->remove(api::kind_of<api::Pod>(), "default", "a", options)));
  EXPECT_TRUE(rt::run(loop, api->bind("default", "a", "node1")));
  EXPECT_EQ(script.asked[0].body,
            R"({"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"propagationPolicy":"Background",)"
            R"("preconditions":{"uid":"u"}})");
  EXPECT_TRUE(script.asked[1].body.contains(R"("target":{"apiVersion":"v1","kind":"Node","name":"node1"})"));
}

TEST(HttpsApi, AServerThatIsNotThereIsUnavailable) {
  rt::Loop loop;
  auto api = HttpsApi::create(loop, {.server = "http://127.0.0.1:1"});
  ASSERT_TRUE(api);
  const auto pod = rt::run(loop, get<api::Pod>(**api, "default", "a"));
  ASSERT_FALSE(pod);
  EXPECT_EQ(pod.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace fairlead::client
