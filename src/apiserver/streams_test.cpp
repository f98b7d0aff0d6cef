// Logs, exec and port-forward through the server, with a kubelet that is played here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/kinds/node.h"
#include "api/kinds/pod.h"
#include "apiserver/server.h"
#include "base/text.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/spdy.h"
#include "net/tls_stream.h"
#include "net/websocket.h"
#include "pki/certificate.h"
#include "pki/kubeconfig.h"

namespace fairlead::apiserver {
namespace {

using net::Headers;
using net::WsOpcode;
using ::testing::HasSubstr;

constexpr const char* kPod = "/api/v1/namespaces/default/pods/web";

std::string masked(WsOpcode opcode, std::string_view payload) {
  std::string out = net::ws_header(opcode, payload.size());
  out[1] = static_cast<char>(out[1] | 0x80);
  return out + std::string(4, '\0') + std::string(payload);
}

Task<std::string> hear_all(net::Stream& stream) {
  std::string heard;
  std::vector<char> buffer(4096);
  for (;;) {
    const auto n = co_await stream.read_some(buffer);
    if (!n || *n == 0) co_return heard;
    heard.append(buffer.data(), *n);
  }
}

// What the kubelet heard, and what it is to answer.
struct Kubelet {
  std::string target;
  std::string protocol;
  std::string user;
  int status = 200;
  std::string body;
};

// A command that gives back its input in upper case and ends with code 6.
Task<> play_command(net::Stream& stream) {
  net::SpdyDecoder decoder;
  net::SpdyEncoder encoder;
  std::map<std::string, uint32_t> ids;
  std::vector<char> buffer(4096);
  for (bool ended = false; !ended;) {
    const auto n = co_await stream.read_some(buffer);
    if (!n || *n == 0) co_return;
    std::string_view bytes(buffer.data(), *n);
    for (;;) {
      const auto event = decoder.next(bytes);
      EXPECT_TRUE(event);
      if (!event || !*event) break;
      if ((*event)->type == net::SpdyType::kSynStream) {
        ids[std::string((*event)->headers.get("streamtype"))] = (*event)->stream;
        const std::string reply = encoder.syn_reply((*event)->stream, Headers());
        (void)co_await stream.write(reply);
      }
      std::string said((*event)->bytes);
      for (char& c : said) c = static_cast<char>(std::toupper(c));
      const std::string out = net::SpdyEncoder::data(ids["stdout"], said);
      if (!said.empty()) (void)co_await stream.write(out);
      ended = ended || (*event)->fin;
    }
  }
  const std::string last = net::SpdyEncoder::data(
      ids["error"],
      R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"6"}]}})");
  (void)co_await stream.write(last);
}

Task<> play_echo(net::Stream& stream) {
  std::vector<char> buffer(4096);
  const auto n = co_await stream.read_some(buffer);
  if (n) (void)co_await stream.write(std::string_view(buffer.data(), *n));
}

Task<> play_kubelet(Kubelet& kubelet, net::HttpRequest request, net::ResponseWriter& response) {
  kubelet.target = request.target;
  kubelet.protocol = request.headers.get("x-stream-protocol-version");
  kubelet.user = request.client ? request.client->common_name : "nobody";
  if (kubelet.status != 200 || !request.headers.has("upgrade")) {
    (void)co_await response.send(kubelet.status, Headers::of("Content-Type", "text/plain"), kubelet.body);
    co_return;
  }
  const auto stream =
      co_await response.upgrade(Headers::of("Upgrade", "SPDY/3.1", "X-Stream-Protocol-Version", kubelet.protocol));
  if (!stream) co_return;
  if (request.target.starts_with("/exec")) {
    co_await play_command(**stream);
  } else {
    co_await play_echo(**stream);
  }
}

class StreamsTest : public ::testing::Test {
 protected:
  void run(Task<> (*body)(StreamsTest&)) { rt::run(loop, around(body)); }
  Task<> around(Task<> (*body)(StreamsTest&)) {
    ServerConfig config;
    config.bind = {Endpoint{*IpAddress::parse("127.0.0.1"), 0}};
    auto started = co_await Server::start(loop, std::move(config));
    EXPECT_TRUE(started.has_value());
    server = std::move(*started);
    client = connect("admin", "system:masters");
    start_kubelet();
    co_await make_objects();
    co_await body(*this);
    client.reset();
    co_await node->shutdown();
    co_await server->stop();
  }
  void start_kubelet() {
    pki::CertificateSpec spec;
    spec.common_name = "system:node:node1";
    spec.ip_addresses = {*IpAddress::parse("127.0.0.1")};
    const auto pair = *own_ca.issue(spec, clock.now());
    net::TlsServerConfig tls;
    tls.certificate_pem = pair.certificate;
    tls.key_pem = pair.key;
    tls.client_ca_pem = access->cluster.ca_pem;
    net::HttpServerConfig config;
    config.listen = {Endpoint{*IpAddress::parse("127.0.0.1"), 0}};
    config.tls = *net::TlsContext::server(std::move(tls));
    node = *net::HttpServer::create(loop, config, [this](net::HttpRequest request, net::ResponseWriter& response) {
      return play_kubelet(kubelet, std::move(request), response);
    });
  }
  Task<> make_objects() {
    api::Node n;
    n.metadata.name = "node1";
    std::string pem = own_ca.pem().certificate;
    pem = pem.substr(pem.find('\n') + 1, pem.find("-----END") - pem.find('\n') - 1);
    std::erase(pem, '\n');
    n.metadata.annotations["fairlead.io/kubelet-ca"] = pem;
    auto created = co_await client::create(server->api(), n);
    EXPECT_TRUE(created.has_value());
    n = (*created)->as<api::Node>();
    n.status.addresses = {{"InternalIP", "127.0.0.1"}};
    n.status.daemon_endpoints.kubelet_endpoint.port = node->endpoints()[0].port;
    const auto updated = co_await client::update(server->api(), n, "status");
    EXPECT_TRUE(updated.has_value());
    co_await make_pod("web", "node1", "main");
    co_await make_pod("two", "node1", "one,other");
    co_await make_pod("pending", "", "main");
  }
  Task<> make_pod(std::string name, std::string on, std::string containers) {
    api::Pod pod;
    pod.metadata.name = std::move(name);
    pod.metadata.namespace_ = "default";
    pod.spec.node_name = std::move(on);
    for (const std::string_view c : split(containers, ',')) {
      pod.spec.containers.emplace_back().name = c;
      pod.spec.containers.back().image = "localhost/web:1";
    }
    const auto created = co_await client::create(server->api(), pod);
    EXPECT_TRUE(created.has_value()) << (created ? "" : created.error().message);
  }

 public:
  std::unique_ptr<net::HttpClient> connect(const std::string& user, const std::string& group) {
    access = *pki::select_context(*pki::parse_kubeconfig(*server->kubeconfig(user, {group}), ""));
    net::TlsClientConfig tls;
    tls.ca_pem = access->cluster.ca_pem;
    tls.certificate_pem = access->user.certificate_pem;
    tls.key_pem = access->user.key_pem;
    net::HttpClientConfig config;
    config.base_url = server->url();
    config.tls = *net::TlsContext::client(std::move(tls));
    return *net::HttpClient::create(loop, std::move(config));
  }
  Task<net::HttpResponse> get(std::string target) {
    net::HttpCall call;
    call.target = std::move(target);
    auto answer = co_await client->request(std::move(call));
    EXPECT_TRUE(answer.has_value()) << (answer ? "" : answer.error().message);
    co_return answer ? *std::move(answer) : net::HttpResponse();
  }
  Task<net::HttpClient::Upgraded> websocket(std::string target, std::string protocol) {
    net::HttpCall call;
    call.target = std::move(target);
    call.headers = Headers::of("Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key",
                               "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol", protocol);
    auto upgraded = co_await client->upgrade(std::move(call));
    EXPECT_TRUE(upgraded.has_value()) << (upgraded ? "" : upgraded.error().message);
    co_return upgraded ? *std::move(upgraded) : net::HttpClient::Upgraded();
  }

  rt::Loop loop;
  SystemClock clock;
  pki::Ca own_ca = *pki::Ca::create("kubelet", clock.now());
  Result<pki::ClusterAccess> access = fail(Code::kInternal, "");
  std::unique_ptr<Server> server;
  std::unique_ptr<net::HttpClient> client;
  std::unique_ptr<net::HttpServer> node;
  Kubelet kubelet;
};

TEST_F(StreamsTest, LogsComeFromTheKubelet) {
  run([](StreamsTest& t) -> Task<> {
    t.kubelet.body = "one\ntwo\n";
    const auto log = co_await t.get(std::string(kPod) + "/log?tailLines=2&timestamps&follow=false&sinceSeconds=60");
    EXPECT_EQ(log.status, 200);
    EXPECT_EQ(log.body, "one\ntwo\n");
    EXPECT_EQ(log.headers.get("content-type"), "text/plain");
    EXPECT_EQ(t.kubelet.target, "/containerLogs/default/web/main?timestamps=true&tailLines=2&sinceSeconds=60");
    EXPECT_EQ(t.kubelet.user, "kube-apiserver-kubelet-client");
    const auto pending = co_await t.get("/api/v1/namespaces/default/pods/pending/log");
    EXPECT_EQ(pending.status, 200);
    EXPECT_EQ(pending.body, "");
  });
}

struct Refusal {
  const char* target;
  int status;
  const char* message;
};

TEST_F(StreamsTest, SayWhatIsWrongWithTheRequest) {
  run([](StreamsTest& t) -> Task<> {
    const std::vector<Refusal> cases = {
        {"web/log?container=nope", 400, "container nope is not valid for pod web"},
        {"two/log", 400, "a container name must be specified for pod two, choose one of: [one other]"},
        {"nowhere/log", 404, R"(pods \"nowhere\" not found)"},
        {"web/log?tailLines=-1", 422,
         R"(PodLogOptions \"web\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0)"},
        {"web/log?limitBytes=0", 422, "limitBytes: Invalid value: 0: must be greater than 0"},
        {"web/exec?command=x&stdout=1", 400, "Upgrade request required"},
        {"pending/exec?command=x&stdout=1", 400, "pod pending does not have a host assigned"},
        {"two/attach?stdout=1", 400, "a container name must be specified for pod two"},
        {"nowhere/portforward", 404, R"(pods \"nowhere\" not found)"},
        {"web/portforward?ports=0", 400, R"(ports: \"0\" is not a port number)"},
    };
    for (const Refusal& c : cases) {
      const auto answer = co_await t.get(std::string("/api/v1/namespaces/default/pods/") + c.target);
      EXPECT_EQ(answer.status, c.status) << c.target;
      EXPECT_THAT(answer.body, HasSubstr(c.message)) << c.target;
    }
    t.kubelet.status = 400;
    t.kubelet.body = "container \"main\" in pod \"web\" is waiting to start: ContainerCreating";
    const auto waiting = co_await t.get(std::string(kPod) + "/log");
    EXPECT_EQ(waiting.status, 400);
    EXPECT_THAT(waiting.body, HasSubstr(R"("reason":"BadRequest")"));
    EXPECT_THAT(waiting.body, HasSubstr("is waiting to start: ContainerCreating"));
  });
}

TEST_F(StreamsTest, ACommandNeedsTheVerbCreate) {
  run([](StreamsTest& t) -> Task<> {
    t.client = t.connect("system:serviceaccount:default:reader", "system:serviceaccounts");
    const auto refused = co_await t.get(std::string(kPod) + "/exec?command=x&stdout=1");
    EXPECT_EQ(refused.status, 403);
    EXPECT_THAT(refused.body, HasSubstr(R"(cannot create resource \"pods/exec\")"));
    const auto log = co_await t.get(std::string(kPod) + "/log");
    EXPECT_EQ(log.status, 200);
  });
}

TEST_F(StreamsTest, ACommandOverWebSocketEndsWithItsExitCode) {
  run([](StreamsTest& t) -> Task<> {
    auto session = co_await t.websocket(std::string(kPod) + "/exec?command=tr&stdin=1&stdout=true&stderr=false",
                                        "v5.channel.k8s.io");
    EXPECT_EQ(session.response.headers.get("sec-websocket-protocol"), "v5.channel.k8s.io");
    if (!session.stream) co_return;
    const std::string say = masked(WsOpcode::kBinary, std::string(1, '\0') + "hello") + masked(WsOpcode::kPing, "?") +
                            masked(WsOpcode::kBinary, std::string("\xff\0", 2));
    (void)co_await session.stream->write(say);
    const std::string heard = co_await hear_all(*session.stream);
    EXPECT_THAT(heard, HasSubstr(net::ws_frame(WsOpcode::kBinary, "\x01HELLO")));
    EXPECT_THAT(heard, HasSubstr(net::ws_frame(WsOpcode::kPong, "?")));
    EXPECT_THAT(heard, HasSubstr(R"("message":"6")"));
    EXPECT_TRUE(heard.ends_with(net::ws_close(net::kWsNormal)));
    EXPECT_EQ(t.kubelet.target, "/exec/default/web/main?input=1&output=1&command=tr");
    EXPECT_EQ(t.kubelet.protocol, "v4.channel.k8s.io");
  });
}

TEST_F(StreamsTest, ARefusalOfTheKubeletIsTheCommandsStatus) {
  run([](StreamsTest& t) -> Task<> {
    t.kubelet.status = 500;
    t.kubelet.body = "container not found (\"main\")";
    auto session = co_await t.websocket(std::string(kPod) + "/exec?command=x&stdout=1", "v5.channel.k8s.io");
    if (!session.stream) co_return;
    const std::string heard = co_await hear_all(*session.stream);
    EXPECT_THAT(heard, HasSubstr(R"(unable to upgrade connection: container not found (\"main\"))"));
  });
}

TEST_F(StreamsTest, APortForwardTunnelCarriesBytesInMessages) {
  run([](StreamsTest& t) -> Task<> {
    auto session = co_await t.websocket(std::string(kPod) + "/portforward", "SPDY/3.1+portforward.k8s.io");
    EXPECT_EQ(session.response.headers.get("sec-websocket-protocol"), "SPDY/3.1+portforward.k8s.io");
    EXPECT_EQ(t.kubelet.protocol, "portforward.k8s.io");
    EXPECT_EQ(t.kubelet.target, "/portForward/default/web");
    if (!session.stream) co_return;
    const std::string say = masked(WsOpcode::kBinary, "raw bytes");
    (void)co_await session.stream->write(say);
    const std::string heard = co_await hear_all(*session.stream);
    EXPECT_EQ(heard, net::ws_frame(WsOpcode::kBinary, "raw bytes") + net::ws_close(net::kWsNormal));
  });
}

TEST_F(StreamsTest, AKubeletThatIsNotTheNodesIsNotTalkedTo) {
  run([](StreamsTest& t) -> Task<> {
    auto node = co_await client::get<api::Node>(t.server->api(), "", "node1");
    node->metadata.annotations.clear();
    const auto updated = co_await client::update(t.server->api(), *node);
    EXPECT_TRUE(updated.has_value());
    const auto log = co_await t.get(std::string(kPod) + "/log");
    EXPECT_EQ(log.status, 500);
    EXPECT_THAT(log.body, HasSubstr("error dialing backend"));
    EXPECT_EQ(t.kubelet.target, "");
  });
}

}  // namespace
}  // namespace fairlead::apiserver
