// The kubelet's API over TLS, before a runtime in memory whose streaming server is played here.
#include "agent/kubelet_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "agent/fake_cri.h"
#include "agent/pod_testing.h"
#include "agent/serving_certificate.h"
#include "base/text.h"
#include "net/http_client.h"
#include "net/tls_stream.h"

namespace fairlead::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Answer {
  int status = 0;
  std::string text;
};

// The runtime's streaming server: says which URL was asked for, and echoes one message.
rt::Task<> play_runtime(net::HttpRequest request, net::ResponseWriter& response) {
  const auto stream = co_await response.upgrade(net::Headers::of("Upgrade", "SPDY/3.1", "X-Asked", request.target));
  if (!stream) co_return;
  std::vector<char> buffer(100);
  const auto n = co_await (*stream)->read_some(buffer);
  if (n) (void)co_await (*stream)->write(std::string_view(buffer.data(), *n));
}

class KubeletApiTest : public ::testing::Test, public KubeletHost {
 protected:
  KubeletApiTest() : dir_(::testing::TempDir() + "fairlead-kubelet-" + random_suffix(8)) {
    api::Pod pod = test_pod({"web", "side"});
    pod.spec.containers[1].tty = true;
    pod_ = std::make_shared<const api::Pod>(std::move(pod));
    cri_.sandboxes.push_back(test_sandbox());
    for (const char* name : {"web", "side"}) {
      CriContainer c = test_instance(name, 0, ContainerState::kRunning);
      c.labels[kPodUidLabel] = "u1";
      c.log_path = dir_ + "/" + name + ".log";
      cri_.containers.push_back(c);
    }
    const Endpoint any{*IpAddress::parse("127.0.0.1"), 0};
    net::HttpServerConfig runtime;
    runtime.listen = {any};
    runtime_ = *net::HttpServer::create(loop_, runtime, &play_runtime);
    cri_.streaming_url = "http://" + runtime_->endpoints()[0].to_string();
    net::HttpServerConfig config;
    config.listen = {any};
    certificate_.emplace(*ServingCertificate::open(dir_, "node1", any.address, clock_));
    config.tls = *certificate_->context(ca_.pem().certificate);
    server_ = *net::HttpServer::create(loop_, config, [this](net::HttpRequest request, net::ResponseWriter& response) {
      return api_.handle(std::move(request), response);
    });
  }
  ~KubeletApiTest() override {
    rt::run(loop_, [](KubeletApiTest& t) -> rt::Task<> {
      co_await t.server_->shutdown();
      co_await t.runtime_->shutdown();
    }(*this));
    std::filesystem::remove_all(dir_);
  }

  [[nodiscard]] PodPtr find_pod(std::string_view ns, std::string_view name) const override {
    return ns == "default" && name == "web-1" ? pod_ : nullptr;
  }
  [[nodiscard]] std::vector<PodPtr> all_pods() const override { return {pod_}; }

  // A client that trusts what the Node's annotation says.
  std::unique_ptr<net::HttpClient> client(const std::string& name, const std::vector<std::string>& groups = {}) {
    net::TlsClientConfig tls;
    std::string der = certificate_->annotation();
    tls.ca_pem = "-----BEGIN CERTIFICATE-----\n";
    for (; !der.empty(); der.erase(0, 64)) tls.ca_pem += der.substr(0, 64) + "\n";
    tls.ca_pem += "-----END CERTIFICATE-----\n";
    if (!name.empty()) {
      pki::CertificateSpec spec;
      spec.common_name = name;
      spec.organizations = groups;
      spec.usage = pki::Usage::kClient;
      const auto pair = *ca_.issue(spec, clock_.now());
      tls.certificate_pem = pair.certificate;
      tls.key_pem = pair.key;
    }
    net::HttpClientConfig config;
    config.base_url = "https://" + server_->endpoints()[0].to_string();
    config.tls = *net::TlsContext::client(std::move(tls));
    return *net::HttpClient::create(loop_, std::move(config));
  }
  Answer get(net::HttpClient& from, std::string target) {
    return rt::run(loop_, [](net::HttpClient& c, std::string t) -> rt::Task<Answer> {
      net::HttpCall call;
      call.target = std::move(t);
      const auto answer = co_await c.request(std::move(call));
      if (!answer) co_return Answer{0, answer.error().message};
      co_return Answer{answer->status, answer->body};
    }(from, std::move(target)));
  }
  Answer get(std::string target) { return get(*client("kube-apiserver-kubelet-client"), std::move(target)); }
  // Upgrades, says "ping", and gives what the runtime was asked for and said.
  Answer upgrade(std::string target) {
    auto c = client("kube-apiserver-kubelet-client");
    return rt::run(loop_, [](net::HttpClient& to, std::string t) -> rt::Task<Answer> {
      net::HttpCall call;
      call.method = "POST";
      call.target = std::move(t);
      call.headers.add("Upgrade", "SPDY/3.1");
      auto up = co_await to.upgrade(std::move(call));
      if (!up || !up->stream)
        co_return Answer{up ? up->response.status : 0, up ? up->response.body : up.error().message};
      (void)co_await up->stream->write("ping");
      std::vector<char> buffer(100);
      const auto n = co_await up->stream->read_some(buffer);
      co_return Answer{101, fmt::format("{} {}", up->response.headers.get("x-asked"),
                                        std::string_view(buffer.data(), n.value_or(0)))};
    }(*c, std::move(target)));
  }

  rt::Loop loop_;
  SystemClock clock_;
  rt::BlockingPool pool_{1};
  FakeCri cri_{loop_, clock_};
  const std::string dir_;
  std::shared_ptr<const api::Pod> pod_;
  pki::Ca ca_ = *pki::Ca::create("cluster", clock_.now());
  std::optional<ServingCertificate> certificate_;
  KubeletApi api_{loop_, cri_, clock_, pool_, *this};
  std::unique_ptr<net::HttpServer> runtime_;
  std::unique_ptr<net::HttpServer> server_;
};

TEST_F(KubeletApiTest, IsForTheApiServerAndAdministrators) {
  EXPECT_EQ(get(*client(""), "/healthz").status, 401);
  const Answer other = get(*client("system:node:node2", {"system:nodes"}), "/healthz");
  EXPECT_EQ(other.status, 403);
  EXPECT_EQ(other.text, "Forbidden (user=system:node:node2, verb=get, resource=nodes, subresource=proxy)");
  EXPECT_EQ(get(*client("anyone", {"system:masters"}), "/healthz").text, "ok");
  EXPECT_EQ(get("/healthz").text, "ok");
}

TEST_F(KubeletApiTest, ListsThePodsOfTheNode) {
  const Answer pods = get("/pods");
  EXPECT_EQ(pods.status, 200);
  EXPECT_THAT(pods.text, HasSubstr(R"("kind":"PodList")"));
  EXPECT_THAT(pods.text, HasSubstr(R"("name":"web-1")"));
  EXPECT_EQ(get("/elsewhere").status, 404);
}

TEST_F(KubeletApiTest, PassesACommandToTheRuntime) {
  const Answer said =
      upgrade("/exec/default/web-1/web?command=sh&command=-c&command=echo%20%26&input=1&output=1&error=1");
  EXPECT_EQ(said.text, "/exec/token ping");
  EXPECT_THAT(cri_.take_calls(), ElementsAre("exec web0 [sh,-c,echo &] ioe"));
  EXPECT_EQ(upgrade("/exec/default/web-1/some-uid/web?command=sh&output=1&error=1&tty=1").status, 101);
  EXPECT_THAT(cri_.take_calls(), ElementsAre("exec web0 [sh] ot"));
}

TEST_F(KubeletApiTest, AttachesWithTheContainersTerminal) {
  EXPECT_EQ(upgrade("/attach/default/web-1/side?input=1&output=1&error=1").text, "/attach/token ping");
  EXPECT_EQ(upgrade("/attach/default/web-1/web?output=1&error=1&tty=1").status, 101);
  EXPECT_THAT(cri_.take_calls(), ElementsAre("attach side0 iot", "attach web0 oe"));
}

TEST_F(KubeletApiTest, ForwardsPortsOfTheSandbox) {
  EXPECT_EQ(upgrade("/portForward/default/web-1").text, "/portforward/token ping");
  EXPECT_EQ(upgrade("/portForward/default/web-1?port=80%2C443").status, 101);
  EXPECT_THAT(cri_.take_calls(), ElementsAre("forward s0 []", "forward s0 [80,443]"));
  EXPECT_EQ(upgrade("/portForward/default/web-1?port=many").text, "unable to parse \"many\" as a port");
  cri_.sandboxes[0].ready = false;
  EXPECT_EQ(upgrade("/portForward/default/web-1").text, "failed to find sandbox ID for pod \"web-1\"");
}

TEST_F(KubeletApiTest, SaysWhyACommandCannotBeRun) {
  struct Case {
    const char* target;
    int status;
    const char* text;
  };
  for (const Case& c :
       {Case{"/exec/default/nowhere/web?output=1&command=x", 404, "pod does not exist"},
        Case{"/exec/default/web-1/nope?output=1&command=x", 500, "container not found (\"nope\")"},
        Case{"/exec/default/web-1/web?command=x", 400, "you must specify at least 1 of stdin, stdout, stderr"},
        Case{"/attach/default/web-1/nope?output=1", 500, "container not found (\"nope\")"},
        Case{"/portForward/default/nowhere", 404, "pod does not exist"}}) {
    const Answer answer = upgrade(c.target);
    EXPECT_EQ(answer.status, c.status) << c.target;
    EXPECT_EQ(answer.text, c.text) << c.target;
  }
  cri_.down = Error{Code::kUnavailable, "the runtime is away", {}};
  EXPECT_EQ(upgrade("/exec/default/web-1/web?output=1&command=x").text, "the runtime is away");
}

TEST_F(KubeletApiTest, StreamsTheLogOfAContainer) {
  std::ofstream(dir_ + "/web.log") << "2023-11-14T22:13:10Z stdout F one\n2023-11-14T22:13:11Z stderr F two\n";
  const Answer log = get("/containerLogs/default/web-1/web?tailLines=1&timestamps=true");
  EXPECT_EQ(log.status, 200);
  EXPECT_EQ(log.text, "2023-11-14T22:13:11.000000000Z two\n");
  cri_.exit("web0", 0);
  EXPECT_EQ(get("/containerLogs/default/web-1/web?follow=true").text, "one\ntwo\n");
}

TEST_F(KubeletApiTest, SaysWhyThereIsNoLog) {
  EXPECT_EQ(get("/containerLogs/default/nowhere/web").status, 404);
  EXPECT_EQ(get("/containerLogs/default/web-1/nope").text, "container \"nope\" not found in pod \"web-1\"\n");
  EXPECT_EQ(get("/containerLogs/default/web-1/web?tailLines=many").status, 400);
  const Answer previous = get("/containerLogs/default/web-1/web?previous=true");
  EXPECT_EQ(previous.status, 400);
  EXPECT_EQ(previous.text, "previous terminated container \"web\" in pod \"web-1\" not found");
}

}  // namespace
}  // namespace fairlead::agent
