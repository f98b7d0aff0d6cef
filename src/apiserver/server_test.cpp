// The server as clients see it: HTTPS on a loopback port, in one process.
#include "apiserver/server.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <filesystem>

#include "api/codec.h"
#include "api/kinds/service.h"
#include "api/protobuf.h"
#include "api/types/delete_options.h"
#include "base/text.h"
#include "net/http_client.h"
#include "net/url.h"
#include "pki/kubeconfig.h"
#include "rt/time.h"

namespace fairlead::apiserver {
namespace {

namespace json = boost::json;

constexpr const char* kServices = "/api/v1/namespaces/default/services";
constexpr const char* kPods = "/api/v1/namespaces/default/pods";

struct Answer {
  int status = 0;
  net::Headers headers;
  json::value body;
  std::string text;
  [[nodiscard]] std::string at(std::string_view pointer) const {
    boost::json::error_code ec;
    const json::value* v = &body;
    for (const auto part : split(pointer.substr(1), '/')) {
      if (v->is_object()) {
        v = v->get_object().if_contains(part);
      } else if (v->is_array()) {
        const auto i = parse_int(part);
        v = i && static_cast<size_t>(*i) < v->get_array().size() ? &v->get_array()[static_cast<size_t>(*i)] : nullptr;
      } else {
        v = nullptr;
      }
      if (v == nullptr) return "<absent>";
    }
    return v->is_string() ? std::string(v->get_string().c_str()) : json::serialize(*v);
  }
};

class Client {
 public:
  Client(rt::Loop& loop, Server& server, const std::string& user, const std::vector<std::string>& groups,
         bool certificate = true) {
    const auto access = pki::select_context(*pki::parse_kubeconfig(*server.kubeconfig(user, groups), ""));
    net::TlsClientConfig tls;
    tls.ca_pem = access->cluster.ca_pem;
    if (certificate) {
      tls.certificate_pem = access->user.certificate_pem;
      tls.key_pem = access->user.key_pem;
    }
    net::HttpClientConfig config;
    config.base_url = server.url();
    config.tls = *net::TlsContext::client(std::move(tls));
    http_ = *net::HttpClient::create(loop, std::move(config));
  }

  Task<Answer> call(std::string method, std::string target, std::string body = "",
                    std::string content_type = "application/json", std::string accept = "application/json") {
    net::HttpCall call;
    call.method = std::move(method);
    call.target = std::move(target);
    call.body = std::move(body);
    if (!content_type.empty() && !call.body.empty()) call.headers.add("Content-Type", content_type);
    call.headers.add("Accept", accept);
    for (const auto& [name, value] : extra) call.headers.add(name, value);
    auto response = co_await http_->request(std::move(call));
    Answer out;
    if (!response) {
      ADD_FAILURE() << response.error().message;
      co_return out;
    }
    out.status = response->status;
    out.headers = response->headers;
    out.text = response->body;
    if (auto parsed = api::parse_json(out.text)) out.body = std::move(*parsed);
    co_return out;
  }
  Task<Answer> get(std::string target) { return call("GET", std::move(target)); }
  Task<Answer> post(std::string target, std::string body) { return call("POST", std::move(target), std::move(body)); }

  net::HttpClient& http() { return *http_; }
  std::vector<std::pair<std::string, std::string>> extra;

 private:
  std::unique_ptr<net::HttpClient> http_;
};

// Reads a watch line by line.
class Lines {
 public:
  explicit Lines(std::unique_ptr<net::BodyStream> stream) : stream_(std::move(stream)) {}
  Task<json::value> next() {
    for (;;) {
      const auto end = buffer_.find('\n');
      if (end != std::string::npos) {
        const std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        auto parsed = api::parse_json(line);
        co_return parsed ? std::move(*parsed) : json::value("unreadable: " + line);
      }
      auto more = co_await stream_->next();
      if (!more || !*more) co_return json::value("end");
      buffer_ += **more;
    }
  }

 private:
  std::unique_ptr<net::BodyStream> stream_;
  std::string buffer_;
};

std::string field(const json::value& v, std::string_view pointer) {
  Answer a;
  a.body = v;
  return a.at(pointer);
}

class ServerTest : public testing::Test {
 protected:
  void run(Task<> (*body)(ServerTest&)) { rt::run(loop, around(body)); }
  Task<> around(Task<> (*body)(ServerTest&)) {
    ServerConfig config;
    config.bind = {Endpoint{*IpAddress::parse("127.0.0.1"), 0}};
    auto started = co_await Server::start(loop, std::move(config));
    EXPECT_TRUE(started.has_value()) << (started ? "" : started.error().message);
    if (!started) co_return;
    server = std::move(*started);
    admin = std::make_unique<Client>(loop, *server, "admin", std::vector<std::string>{"system:masters"});
    co_await body(*this);
    admin.reset();
    co_await server->stop();
    server.reset();
  }

 public:
  Task<std::unique_ptr<Lines>> watch(std::string target) {
    net::HttpCall call;
    call.target = std::move(target);
    auto stream = co_await admin->http().stream(std::move(call));
    EXPECT_TRUE(stream.has_value());
    std::unique_ptr<Lines> lines;
    if (stream) {
      EXPECT_EQ((*stream)->status(), 200);
      lines = std::make_unique<Lines>(std::move(*stream));
    }
    co_return lines;
  }
  rt::Loop loop;
  std::unique_ptr<Server> server;
  std::unique_ptr<Client> admin;
};

std::string pod_json(std::string_view name, std::string_view labels = "{}") {
  return fmt::format(
      R"({{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{}","labels":{}}},"spec":{{"containers":[{{"name":"c","image":"i"}}]}}}})",
      name, labels);
}

TEST_F(ServerTest, ServesTheWholeLifeOfAnObject) {
  run([](ServerTest& t) -> Task<> {
    auto a = co_await t.admin->post(
        kServices,
        R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":{"selector":{"app":"web"},"ports":[{"port":80}]}})");
    EXPECT_EQ(a.status, 201) << a.text;
    EXPECT_EQ(a.at("/kind"), "Service");
    EXPECT_EQ(a.at("/spec/type"), "ClusterIP");
    const std::string version = a.at("/metadata/resourceVersion");
    a = co_await t.admin->get("/api/v1/namespaces/default/services/web");
    EXPECT_EQ(a.status, 200);
    EXPECT_EQ(a.at("/metadata/resourceVersion"), version);
    a = co_await t.admin->call("PATCH", "/api/v1/namespaces/default/services/web",
                               R"({"metadata":{"labels":{"x":"1"}}})", "application/merge-patch+json");
    EXPECT_EQ(a.status, 200) << a.text;
    EXPECT_EQ(a.at("/metadata/labels/x"), "1");
    a = co_await t.admin->call("PATCH", "/api/v1/namespaces/default/services/web",
                               R"([{"op":"remove","path":"/metadata/labels/x"}])", "application/json-patch+json");
    EXPECT_EQ(a.at("/metadata/labels"), "<absent>") << a.text;
    a = co_await t.admin->call("PATCH", "/api/v1/namespaces/default/services/web",
                               R"({"spec":{"ports":[{"port":80,"name":"http"},{"port":81,"name":"b"}]}})",
                               "application/strategic-merge-patch+json");
    EXPECT_EQ(a.at("/spec/ports/1/port"), "81") << a.text;
    a = co_await t.admin->call("PUT", "/api/v1/namespaces/default/services/web", a.text);
    EXPECT_EQ(a.status, 200) << a.text;
    a = co_await t.admin->call("DELETE", "/api/v1/namespaces/default/services/web");
    EXPECT_EQ(a.status, 200);
    a = co_await t.admin->get("/api/v1/namespaces/default/services/web");
    EXPECT_EQ(a.status, 404);
    EXPECT_EQ(a.at("/kind"), "Status");
    EXPECT_EQ(a.at("/reason"), "NotFound");
    EXPECT_EQ(a.at("/message"), "services \"web\" not found");
    EXPECT_EQ(a.at("/details/kind"), "services");
  });
}

TEST_F(ServerTest, HasTheKubernetesServiceAndFourNamespacesFromTheStart) {
  run([](ServerTest& t) -> Task<> {
    auto a = co_await t.admin->get("/api/v1/namespaces/default/services/kubernetes");
    EXPECT_EQ(a.at("/spec/clusterIP"), "10.96.0.1") << a.text;
    EXPECT_EQ(a.at("/spec/ports/0/port"), "443");
    a = co_await t.admin->get("/api/v1/namespaces");
    EXPECT_EQ(a.body.as_object()["items"].as_array().size(), 4U);
    EXPECT_EQ(a.at("/kind"), "NamespaceList");
    EXPECT_EQ(a.at("/items/0/kind"), "<absent>");
  });
}

Task<> refused(Client& admin, const char* body, int status, const char* words) {
  auto a = co_await admin.post(std::string(kServices) + "?fieldValidation=Strict", body);
  EXPECT_EQ(a.status, status) << a.text;
  EXPECT_NE(a.at("/message").find(words), std::string::npos) << a.at("/message");
}

TEST_F(ServerTest, SaysWhatIsWrongWithABody) {
  run([](ServerTest& t) -> Task<> {
    co_await refused(
        *t.admin,
        R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"b"},"spec":{"selector":"app:webui","ports":[{"port":80}]}})",
        400, "spec.selector");
    co_await refused(
        *t.admin,
        R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"b"},"spec":{"prots":[],"ports":[{"port":80}]}})",
        400, "strict decoding error: unknown field \"spec.prots\"");
    co_await refused(
        *t.admin, R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"b"},"spec":{"ports":[{"port":70000}]}})",
        422, "must be between 1 and 65535");
    co_await refused(*t.admin, R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"}})", 400, "Pod");
    co_await refused(*t.admin, "{", 400, "");
    co_await refused(*t.admin, "[]", 400, "");
    co_await refused(*t.admin, R"({"metadata":{"name":"b","namespace":"other"},"spec":{"ports":[{"port":80}]}})", 400,
                     "the namespace of the provided object does not match the namespace sent on the request");
    auto a = co_await t.admin->call("POST", kServices, "x", "text/plain");
    EXPECT_EQ(a.status, 415) << a.text;
    a = co_await t.admin->call("GET", kServices, "", "", "image/png");
    EXPECT_EQ(a.status, 406) << a.text;
    a = co_await t.admin->call("PATCH", "/api/v1/namespaces/default/services/kubernetes", "{}",
                               "application/apply-patch+cbor");
    EXPECT_EQ(a.status, 415);
    EXPECT_NE(a.at("/message").find("application/apply-patch+yaml"), std::string::npos);
    a = co_await t.admin->call("PUT", kServices, "{}");
    EXPECT_EQ(a.status, 405) << a.text;
    a = co_await t.admin->get("/api/v1/namespaces/default/cronjobs");
    EXPECT_EQ(a.status, 404);
    EXPECT_EQ(a.at("/message"), "the server could not find the requested resource");
    a = co_await t.admin->get(std::string(kPods) + "?labelSelector=app:web");
    EXPECT_EQ(a.status, 400) << a.text;
  });
}

Task<Answer> apply(Client& admin, std::string query, std::string config, std::string subresource = {}) {
  co_return co_await admin.call("PATCH", "/api/v1/namespaces/default/services/web" + subresource + "?" + query,
                                std::move(config), "application/apply-patch+yaml");
}

std::string applied_service(std::string_view spec) {
  return fmt::format("apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {}\n", spec);
}

TEST_F(ServerTest, AppliesWithOwnersAndConflicts) {
  run([](ServerTest& t) -> Task<> {
    const std::string one = applied_service("{ports: [{port: 80}], sessionAffinity: None}");
    auto a = co_await apply(*t.admin, "fieldManager=one&dryRun=All", one);
    EXPECT_EQ(a.status, 201) << a.text;
    a = co_await t.admin->get("/api/v1/namespaces/default/services/web");
    EXPECT_EQ(a.status, 404);
    a = co_await apply(*t.admin, "fieldManager=one", one);
    EXPECT_EQ(a.status, 201) << a.text;
    EXPECT_EQ(a.at("/metadata/managedFields/0/manager"), "one");
    EXPECT_EQ(a.at("/metadata/managedFields/0/operation"), "Apply");
    const std::string version = a.at("/metadata/resourceVersion");
    // Again: nothing has changed, so nothing is written.
    a = co_await apply(*t.admin, "fieldManager=one", one);
    EXPECT_EQ(a.status, 200) << a.text;
    EXPECT_EQ(a.at("/metadata/resourceVersion"), version);
    const std::string two = applied_service("{sessionAffinity: ClientIP}");
    a = co_await apply(*t.admin, "fieldManager=two", two);
    EXPECT_EQ(a.status, 409) << a.text;
    EXPECT_EQ(a.at("/reason"), "Conflict");
    EXPECT_EQ(a.at("/message"), "Apply failed with 1 conflict: conflict with \"one\": .spec.sessionAffinity");
    EXPECT_EQ(a.at("/details/causes/0/reason"), "FieldManagerConflict");
    EXPECT_EQ(a.at("/details/causes/0/field"), ".spec.sessionAffinity");
    a = co_await apply(*t.admin, "fieldManager=two&force=true", two);
    EXPECT_EQ(a.status, 200) << a.text;
    EXPECT_EQ(a.at("/spec/sessionAffinity"), "ClientIP");
    EXPECT_EQ(a.at("/metadata/managedFields/1/manager"), "two");
  });
}

TEST_F(ServerTest, AppliesStatusThroughItsOwnDoor) {
  run([](ServerTest& t) -> Task<> {
    auto a = co_await apply(*t.admin, "fieldManager=one", applied_service("{type: LoadBalancer, ports: [{port: 80}]}"));
    EXPECT_EQ(a.status, 201) << a.text;
    a = co_await apply(*t.admin, "fieldManager=lb",
                       applied_service("{type: NodePort}") + "status: {loadBalancer: {ingress: [{ip: 1.2.3.4}]}}\n",
                       "/status");
    EXPECT_EQ(a.status, 200) << a.text;
    EXPECT_EQ(a.at("/status/loadBalancer/ingress/0/ip"), "1.2.3.4");
    EXPECT_EQ(a.at("/spec/type"), "LoadBalancer");
    EXPECT_EQ(a.at("/metadata/managedFields/0/subresource"), "status");
  });
}

TEST_F(ServerTest, RefusesApplyPatchesThatAreNone) {
  run([](ServerTest& t) -> Task<> {
    const std::string config = applied_service("{ports: [{port: 80}]}");
    auto a = co_await apply(*t.admin, "", config);
    EXPECT_EQ(a.status, 422);
    EXPECT_EQ(a.at("/message"),
              "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
    a = co_await apply(*t.admin, "fieldManager=" + std::string(129, 'x'), config);
    EXPECT_EQ(a.status, 422);
    a = co_await apply(*t.admin, "fieldManager=one", "a: [");
    EXPECT_EQ(a.status, 400);
    a = co_await apply(*t.admin, "fieldManager=one", "kind: Pod");
    EXPECT_EQ(a.status, 400);
    a = co_await apply(*t.admin, "fieldManager=one", config, "/status");
    EXPECT_EQ(a.status, 404);
    a = co_await t.admin->call("PATCH", "/api/v1/namespaces/default/services/kubernetes?force=true", "{}",
                               "application/merge-patch+json");
    EXPECT_EQ(a.status, 422);
  });
}

TEST_F(ServerTest, WarnsOfUnknownFieldsByDefaultAndDryRunStoresNothing) {
  run([](ServerTest& t) -> Task<> {
    const std::string body =
        R"({"metadata":{"name":"web"},"spec":{"prots":[],"type":"NodePort","ports":[{"port":80}]}})";
    auto a = co_await t.admin->post(std::string(kServices) + "?dryRun=All", body);
    EXPECT_EQ(a.status, 201) << a.text;
    EXPECT_EQ(a.headers.get("warning"), "299 - \"unknown field \\\"spec.prots\\\"\"");
    a = co_await t.admin->get("/api/v1/namespaces/default/services/web");
    EXPECT_EQ(a.status, 404);
    a = co_await t.admin->post(std::string(kServices) + "?dryRun=Some", body);
    EXPECT_EQ(a.status, 422) << a.text;
  });
}

TEST_F(ServerTest, TakesYaml) {
  run([](ServerTest& t) -> Task<> {
    auto a = co_await t.admin->call(
        "POST", kServices, "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n  - port: 80\n",
        "application/yaml");
    EXPECT_EQ(a.status, 201) << a.text;
    EXPECT_EQ(a.at("/spec/ports/0/port"), "80");
  });
}

std::string as_text(const std::optional<std::string>& bytes) { return bytes.value_or("end"); }

TEST_F(ServerTest, SpeaksProtobuf) {
  run([](ServerTest& t) -> Task<> {
    const std::string proto = "application/vnd.kubernetes.protobuf";
    api::Service service;
    service.metadata.name = "p";
    service.spec.ports.emplace_back().port = 80;
    const std::string body = api::to_proto(*api::make_object(service));
    auto a = co_await t.admin->call("POST", kServices, body, proto, proto);
    EXPECT_EQ(a.status, 201) << a.text;
    EXPECT_EQ(a.headers.get("content-type"), proto);
    auto made = api::object_from_proto(a.text, api::kind_of<api::Service>());
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message);
    if (!made) co_return;
    EXPECT_EQ((*made)->as<api::Service>().spec.type, "ClusterIP");
    a = co_await t.admin->call("GET", kServices, "", "", proto + ",application/json");
    EXPECT_TRUE(api::is_proto_body(a.text));
    const auto envelope = api::open_proto(a.text);
    EXPECT_EQ(envelope->kind, "ServiceList");

    net::HttpCall call;
    call.target = std::string(kServices) + "?watch=true&fieldSelector=metadata.name%3Dp";
    call.headers.add("Accept", proto);
    auto stream = co_await t.admin->http().stream(std::move(call));
    EXPECT_EQ((*stream)->headers().get("content-type"), proto + ";stream=watch");
    auto first = co_await (*stream)->next();
    const std::string frame = as_text(std::move(*first));
    EXPECT_GT(frame.size(), 4U);
    const auto event = api::open_proto_watch_event(std::string_view(frame).substr(4));
    EXPECT_TRUE(event.has_value());
    EXPECT_EQ(event ? event->type : "", "ADDED");

    api::DeleteOptions options;
    options.preconditions.emplace().uid = "another";
    a = co_await t.admin->call("DELETE", std::string(kServices) + "/p", api::to_proto("v1", "DeleteOptions", options),
                               proto);
    EXPECT_EQ(a.status, 409) << a.text;
    a = co_await t.admin->call("POST", kServices, body.substr(0, body.size() / 2), proto);
    EXPECT_EQ(a.status, 400) << a.text;
  });
}

TEST_F(ServerTest, ListsInPagesOfOneSnapshot) {
  run([](ServerTest& t) -> Task<> {
    for (const char* name : {"a", "b", "c", "d", "e"}) {
      auto made = co_await t.admin->post(kPods, pod_json(name));
      EXPECT_EQ(made.status, 201) << made.text;
    }
    auto first = co_await t.admin->get(std::string(kPods) + "?limit=2");
    EXPECT_EQ(first.at("/items/1/metadata/name"), "b");
    EXPECT_EQ(first.at("/metadata/remainingItemCount"), "3");
    auto gone = co_await t.admin->call("DELETE", std::string(kPods) + "/c");
    EXPECT_EQ(gone.status, 200);
    auto second = co_await t.admin->get(std::string(kPods) +
                                        "?limit=2&continue=" + net::percent_encode(first.at("/metadata/continue")));
    EXPECT_EQ(second.at("/items/0/metadata/name"), "c") << second.text;
    EXPECT_EQ(second.at("/metadata/resourceVersion"), first.at("/metadata/resourceVersion"));
    auto third = co_await t.admin->get(std::string(kPods) +
                                       "?limit=2&continue=" + net::percent_encode(second.at("/metadata/continue")));
    EXPECT_EQ(third.at("/items/0/metadata/name"), "e");
    EXPECT_EQ(third.at("/metadata/continue"), "<absent>");
    auto bad = co_await t.admin->get(std::string(kPods) + "?continue=nonsense");
    EXPECT_EQ(bad.status, 400);
    auto future = co_await t.admin->get(std::string(kPods) + "?resourceVersion=999999&resourceVersionMatch=Exact");
    EXPECT_EQ(future.status, 504) << future.text;
    auto exact = co_await t.admin->get(
        std::string(kPods) + "?resourceVersionMatch=Exact&resourceVersion=" + first.at("/metadata/resourceVersion"));
    EXPECT_EQ(exact.body.as_object()["items"].as_array().size(), 5U);
  });
}

TEST_F(ServerTest, ListsBySelectors) {
  run([](ServerTest& t) -> Task<> {
    co_await t.admin->post(kPods, pod_json("a", R"({"app":"web"})"));
    co_await t.admin->post(kPods, pod_json("b", R"({"app":"db"})"));
    auto a = co_await t.admin->get("/api/v1/pods?labelSelector=app%3Dweb");
    EXPECT_EQ(a.body.as_object()["items"].as_array().size(), 1U) << a.text;
    a = co_await t.admin->get("/api/v1/pods?fieldSelector=metadata.name%3Db");
    EXPECT_EQ(a.at("/items/0/metadata/name"), "b");
    a = co_await t.admin->get("/api/v1/pods?fieldSelector=spec.bogus%3Db");
    EXPECT_EQ(a.status, 400);
    EXPECT_EQ(a.at("/message"), "field label not supported: spec.bogus");
    a = co_await t.admin->call("DELETE", std::string(kPods) + "?labelSelector=app%3Dweb");
    EXPECT_EQ(a.status, 200) << a.text;
    a = co_await t.admin->get("/api/v1/pods");
    EXPECT_EQ(a.body.as_object()["items"].as_array().size(), 1U) << a.text;
  });
}

TEST_F(ServerTest, AnswersTablesAndMetadataAlone) {
  run([](ServerTest& t) -> Task<> {
    auto a = co_await t.admin->call("GET", kServices, "", "",
                                    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
    EXPECT_EQ(a.at("/kind"), "Table") << a.text;
    EXPECT_EQ(a.at("/columnDefinitions/0/name"), "Name");
    EXPECT_EQ(a.at("/rows/0/cells/0"), "kubernetes");
    EXPECT_EQ(a.at("/rows/0/object/kind"), "PartialObjectMetadata");
    EXPECT_EQ(a.at("/rows/0/cells/2"), "10.96.0.1");
    a = co_await t.admin->call("GET", kServices, "", "",
                               "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
    EXPECT_EQ(a.at("/kind"), "PartialObjectMetadataList");
    EXPECT_EQ(a.at("/items/0/spec"), "<absent>");
  });
}

TEST_F(ServerTest, WatchesFromAVersionOnAndFromTheState) {
  run([](ServerTest& t) -> Task<> {
    auto made = co_await t.admin->post(kPods, pod_json("a"));
    auto from =
        co_await t.watch(std::string(kPods) + "?watch=true&resourceVersion=" + made.at("/metadata/resourceVersion"));
    auto state = co_await t.watch(std::string(kPods) + "?watch=1");
    co_await t.admin->call("PATCH", std::string(kPods) + "/a", R"({"metadata":{"labels":{"x":"1"}}})",
                           "application/merge-patch+json");
    co_await t.admin->call("DELETE", std::string(kPods) + "/a");
    json::value e = co_await from->next();
    EXPECT_EQ(field(e, "/type"), "MODIFIED");
    EXPECT_EQ(field(e, "/object/metadata/labels/x"), "1");
    e = co_await from->next();
    EXPECT_EQ(field(e, "/type"), "DELETED");
    e = co_await state->next();
    EXPECT_EQ(field(e, "/type"), "ADDED");
    EXPECT_EQ(field(e, "/object/kind"), "Pod");
    e = co_await state->next();
    EXPECT_EQ(field(e, "/type"), "MODIFIED");
  });
}

TEST_F(ServerTest, AWatchListEndsTheStateWithABookmark) {
  run([](ServerTest& t) -> Task<> {
    auto w = co_await t.watch(
        "/api/v1/"
        "namespaces?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    for (int i = 0; i < 4; ++i) {
      json::value e = co_await w->next();
      EXPECT_EQ(field(e, "/type"), "ADDED");
    }
    json::value e = co_await w->next();
    EXPECT_EQ(field(e, "/type"), "BOOKMARK");
    EXPECT_EQ(field(e, "/object/metadata/annotations"), R"({"k8s.io/initial-events-end":"true"})");
    auto refused = co_await t.admin->get("/api/v1/namespaces?watch=true&sendInitialEvents=true");
    EXPECT_EQ(refused.status, 422) << refused.text;
  });
}

TEST_F(ServerTest, AWatchEndsAtItsTimeAndTellsHowFarItGot) {
  run([](ServerTest& t) -> Task<> {
    auto now = co_await t.admin->get(kPods);
    auto w =
        co_await t.watch(std::string(kPods) + "?watch=true&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=" +
                         now.at("/metadata/resourceVersion"));
    json::value e = co_await w->next();
    EXPECT_EQ(field(e, "/type"), "BOOKMARK");
    e = co_await w->next();
    EXPECT_EQ(e, json::value("end"));
  });
}

TEST_F(ServerTest, ScalesByTheSubresource) {
  run([](ServerTest& t) -> Task<> {
    const std::string path = "/apis/apps/v1/namespaces/default/deployments";
    auto a = co_await t.admin->post(
        path,
        R"({"metadata":{"name":"d"},"spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})");
    EXPECT_EQ(a.status, 201) << a.text;
    a = co_await t.admin->get(path + "/d/scale");
    EXPECT_EQ(a.at("/kind"), "Scale") << a.text;
    EXPECT_EQ(a.at("/status/selector"), "a=b");
    a = co_await t.admin->call("PATCH", path + "/d/scale", R"({"spec":{"replicas":3}})",
                               "application/merge-patch+json");
    EXPECT_EQ(a.at("/spec/replicas"), "3") << a.text;
    a = co_await t.admin->get(path + "/d");
    EXPECT_EQ(a.at("/spec/replicas"), "3");
    EXPECT_EQ(a.at("/metadata/generation"), "2");
  });
}

TEST_F(ServerTest, DescribesItself) {
  run([](ServerTest& t) -> Task<> {
    auto a = co_await t.admin->get("/version");
    EXPECT_EQ(a.at("/minor"), "35");
    a = co_await t.admin->get("/api");
    EXPECT_EQ(a.at("/versions/0"), "v1");
    a = co_await t.admin->get("/apis");
    EXPECT_EQ(a.at("/groups/0/name"), "apps");
    a = co_await t.admin->get("/apis/apps/v1");
    EXPECT_EQ(a.at("/resources/0/name"), "deployments") << a.text;
    a = co_await t.admin->call("GET", "/apis", "", "",
                               "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json");
    EXPECT_EQ(a.at("/kind"), "APIGroupDiscoveryList");
    EXPECT_EQ(a.headers.get("content-type"), "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
    a = co_await t.admin->get("/openapi/v3");
    EXPECT_NE(a.at("/paths").find("apis/apps/v1"), std::string::npos);
    a = co_await t.admin->get("/openapi/v3/api/v1");
    EXPECT_NE(a.text.find("\"x-kubernetes-action\":\"patch\""), std::string::npos);
    EXPECT_TRUE(a.body.is_object()) << a.text.substr(0, 200);
    a = co_await t.admin->call("GET", "/readyz");
    EXPECT_EQ(a.text, "ok");
    a = co_await t.admin->get("/metrics");
    EXPECT_NE(a.text.find("apiserver_storage_objects{resource=\"namespaces\"} 4"), std::string::npos) << a.text;
  });
}

TEST_F(ServerTest, LetsEveryoneDoOnlyWhatIsTheirs) {
  run([](ServerTest& t) -> Task<> {
    Client nobody(t.loop, *t.server, "x", {}, false);
    auto a = co_await nobody.get("/version");
    EXPECT_EQ(a.status, 200);
    a = co_await nobody.get(kPods);
    EXPECT_EQ(a.status, 403);
    EXPECT_EQ(a.at("/message"),
              "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" in the "
              "namespace \"default\"");
    nobody.extra = {{"Authorization", "Bearer wrong"}};
    a = co_await nobody.get("/version");
    EXPECT_EQ(a.status, 401);

    co_await t.admin->post(kPods, pod_json("mine"));
    co_await t.admin->post(kPods, pod_json("other"));
    for (const char* pair : {"mine node1", "other node2"}) {
      const auto parts = split(pair, ' ');
      auto bound = co_await t.admin->post(
          fmt::format("{}/{}/binding", kPods, parts[0]),
          fmt::format(R"({{"apiVersion":"v1","kind":"Binding","target":{{"kind":"Node","name":"{}"}}}})", parts[1]));
      EXPECT_EQ(bound.status, 201) << bound.text;
    }
    Client node(t.loop, *t.server, "system:node:node1", {"system:nodes"});
    a = co_await node.get("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode1");
    EXPECT_EQ(a.status, 200) << a.text;
    a = co_await node.call("PATCH", std::string(kPods) + "/mine/status", R"({"status":{"phase":"Running"}})",
                           "application/merge-patch+json");
    EXPECT_EQ(a.status, 200) << a.text;
    a = co_await node.call("PATCH", std::string(kPods) + "/other/status", R"({"status":{"phase":"Running"}})",
                           "application/merge-patch+json");
    EXPECT_EQ(a.status, 403) << a.text;
    a = co_await node.call("DELETE", "/api/v1/namespaces/default");
    EXPECT_EQ(a.status, 403);
    a = co_await node.post("/api/v1/nodes", R"({"metadata":{"name":"node2"}})");
    EXPECT_EQ(a.status, 403) << a.text;
    a = co_await node.post("/api/v1/nodes", R"({"metadata":{"name":"node1"}})");
    EXPECT_EQ(a.status, 201) << a.text;

    Client dns(t.loop, *t.server, "system:serviceaccount:kube-system:fairlead-dns", {});
    a = co_await dns.get("/api/v1/services");
    EXPECT_EQ(a.status, 200) << a.text;
    a = co_await dns.call("DELETE", std::string(kServices) + "/kubernetes");
    EXPECT_EQ(a.status, 403);
  });
}

// --- what lasts
// ----------------------------------------------------------------------------------------------------------------

Task<> first_life(rt::Loop& loop, ServerConfig config, std::string& version) {
  auto server = co_await Server::start(loop, std::move(config));
  EXPECT_TRUE(server.has_value()) << (server ? "" : server.error().message);
  if (!server) co_return;
  Client admin(loop, **server, "admin", {"system:masters"});
  auto a = co_await admin.post(kServices,
                               R"({"metadata":{"name":"web"},"spec":{"clusterIP":"10.96.0.9","ports":[{"port":80}]}})");
  EXPECT_EQ(a.status, 201) << a.text;
  version = a.at("/metadata/resourceVersion");
  co_await (*server)->stop();
}

Task<> second_life(rt::Loop& loop, ServerConfig config, std::string version) {
  auto server = co_await Server::start(loop, std::move(config));
  EXPECT_TRUE(server.has_value()) << (server ? "" : server.error().message);
  if (!server) co_return;
  Client admin(loop, **server, "admin", {"system:masters"});
  auto a = co_await admin.get(std::string(kServices) + "/web");
  EXPECT_EQ(a.at("/metadata/resourceVersion"), version) << a.text;
  a = co_await admin.post(kServices,
                          R"({"metadata":{"name":"b"},"spec":{"clusterIP":"10.96.0.9","ports":[{"port":80}]}})");
  EXPECT_NE(a.text.find("provided IP is already allocated"), std::string::npos) << a.text;
  co_await (*server)->stop();
}

TEST(ServerOnDisk, KeepsObjectsCertificatesAndKubeconfigs) {
  char name[] = "/tmp/fairlead-server-XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  const std::string dir = name;
  rt::Loop loop;
  ServerConfig config;
  config.data_dir = dir + "/data";
  config.bind = {Endpoint{*IpAddress::parse("127.0.0.1"), 0}};
  std::string version;
  rt::run(loop, first_life(loop, config, version));
  const auto ca = read_file(dir + "/data/pki/ca.crt");
  ASSERT_TRUE(ca.has_value());
  const auto admin = pki::load_kubeconfig(dir + "/data/pki/admin.kubeconfig");
  EXPECT_TRUE(admin.has_value()) << (admin ? "" : admin.error().message);
  rt::run(loop, second_life(loop, config, version));
  EXPECT_EQ(*read_file(dir + "/data/pki/ca.crt"), *ca);
  const SystemClock clock;
  const auto node = issue_node_credentials(config.data_dir, "https://127.0.0.1:1", "node1", clock);
  ASSERT_TRUE(node.has_value());
  EXPECT_EQ(*issue_node_credentials(config.data_dir, "https://127.0.0.1:1", "node1", clock), *node);
  EXPECT_TRUE(pki::load_kubeconfig(*node).has_value());
  std::filesystem::remove_all(dir);
}

Task<> start_with(rt::Loop& loop, ServerConfig config, std::string& message) {
  auto server = co_await Server::start(loop, std::move(config));
  message = server ? "started" : server.error().message;
  if (server) co_await (*server)->stop();
}

TEST(ServerConfig, ErrorsNameTheFlag) {
  rt::Loop loop;
  std::string message;
  ServerConfig config;
  rt::run(loop, start_with(loop, config, message));
  EXPECT_NE(message.find("--bind"), std::string::npos) << message;
  config.bind = {Endpoint{*IpAddress::parse("192.0.2.77"), 1}};
  rt::run(loop, start_with(loop, config, message));
  EXPECT_NE(message.find("192.0.2.77"), std::string::npos) << message;
  config.service_node_port_range = "5";
  rt::run(loop, start_with(loop, config, message));
  EXPECT_NE(message.find("--service-node-port-range"), std::string::npos) << message;
}

}  // namespace
}  // namespace fairlead::apiserver
