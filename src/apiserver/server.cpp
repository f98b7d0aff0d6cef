#include "apiserver/server.h"

#include <sys/stat.h>

#include <cerrno>

#include "api/kinds/ingress.h"
#include "api/kinds/pod.h"
#include "api/kinds/service.h"
#include "apiserver/bootstrap.h"
#include "apiserver/credentials.h"
#include "apiserver/errors.h"
#include "apiserver/handlers.h"
#include "apiserver/ingress_admission.h"
#include "apiserver/local_api.h"
#include "apiserver/namespaces.h"
#include "apiserver/pod_admission.h"
#include "apiserver/render.h"
#include "apiserver/service_allocator.h"
#include "base/log.h"
#include "base/text.h"
#include "net/http_server.h"
#include "rt/time.h"
#include "store/memory_store.h"
#include "store/sqlite_store.h"

namespace fairlead::apiserver {
namespace {

// Of service account tokens; it is their audience, too.
constexpr std::string_view kIssuer = "https://kubernetes.default.svc.cluster.local";

Result<> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return fail(last_system_error(fmt::format("--data-dir: create {}", path)));
}

std::string warning_header(std::string_view text) { return fmt::format("299 - {}", quote(text)); }

Reply error_reply(const Error& error) {
  const api::Status status = status_of(error);
  Reply reply;
  reply.status = status.code;
  reply.body = status_json(status);
  return reply;
}

// kubectl lists the CustomResourceDefinitions before it says that a kind does not exist. There are none, which is the
// truth; a 404 would become the message instead.
Result<Reply> unknown_resource(const RequestInfo& info) {
  const bool definitions = info.verb == "list" && info.group == "apiextensions.k8s.io" && info.version == "v1" &&
                           info.plural == "customresourcedefinitions";
  if (!definitions) return fail(Code::kNotFound, "the server could not find the requested resource");
  Reply reply;
  reply.body =
      R"({"kind":"CustomResourceDefinitionList","apiVersion":"apiextensions.k8s.io/v1","metadata":{},"items":[]})";
  return reply;
}

Task<Result<Reply>> dispatch(Context& context, const Request& request) {
  const RequestInfo& info = request.info;
  if (!info.resource) co_return co_await handle_other(context, request);
  if (info.kind == nullptr) co_return unknown_resource(info);
  const bool known = info.subresource.empty() || info.subresource == "status"
                         ? info.subresource.empty() || info.kind->has_status
                     : info.subresource == "scale"
                         ? info.kind->has_scale
                         : std::find(info.kind->other_subresources.begin(), info.kind->other_subresources.end(),
                                     info.subresource) != info.kind->other_subresources.end();
  if (!known) co_return fail(Code::kNotFound, "the server could not find the requested resource");
  if (info.verb == "get") co_return co_await handle_get(context, request);
  if (info.verb == "list") co_return co_await handle_list(context, request);
  if (info.verb == "create") co_return co_await handle_create(context, request);
  if (info.verb == "update") co_return co_await handle_update(context, request);
  if (info.verb == "patch") co_return co_await handle_patch(context, request);
  if (info.verb == "delete") co_return co_await handle_delete(context, request);
  if (info.verb == "deletecollection") co_return co_await handle_delete_collection(context, request);
  co_return fail(Code::kMethodNotAllowed, "the server does not allow this method on the requested resource");
}

class ServerImpl final : public Server {
 public:
  ServerImpl(rt::Loop& loop, ServerConfig config) : loop_(loop), config_(std::move(config)), tasks_(loop) {}

  Task<Result<>> begin() {
    auto prepared = prepare();
    if (!prepared) co_return prepared;
    auto started = co_await registry_->start();
    if (!started) co_return started;
    allocator_->load(registry_->cache(api::kind_of<api::Service>()));
    // The address of the Service `kubernetes` is taken by creating it, before anyone else can ask for one.
    auto namespaces = co_await create_default_namespaces(*registry_);
    if (!namespaces) co_return namespaces;
    auto listening = listen();
    if (!listening) co_return listening;
    Endpoint advertised = (*http_)->endpoints()[0];
    if (!config_.advertise_address.is_unspecified()) advertised.address = config_.advertise_address;
    url_ = "https://" + advertised.to_string();
    auto published = co_await publish_api_server(*registry_, config_.service_cidrs[0].at(1), advertised);
    if (!published) co_return published;
    auto networks = co_await publish_service_networks(*registry_, config_.service_cidrs);
    if (!networks) co_return networks;
    auto written = write_kubeconfigs();
    if (!written) co_return written;
    tasks_.spawn("certificate", renew_certificate());
    ready_ = true;
    co_return Result<>{};
  }

  client::Api& api() override { return *api_; }
  [[nodiscard]] const std::vector<Endpoint>& endpoints() const override { return (*http_)->endpoints(); }
  [[nodiscard]] const std::string& url() const override { return url_; }
  Result<std::string> kubeconfig(const std::string& user, const std::vector<std::string>& groups) override {
    return credentials_->kubeconfig_text(url_, user, groups);
  }

  Task<> stop() override {
    co_await rt::shield();
    if (http_) co_await (*http_)->shutdown();
    co_await tasks_.shutdown();
    if (registry_) co_await registry_->stop();
    if (store_) co_await store_->close();
  }

 private:
  Result<> prepare() {
    if (config_.bind.empty()) return fail(Code::kInvalid, "--bind: at least one ADDRESS:PORT is needed");
    if (config_.service_cidrs.empty()) {
      FL_TRY(const Cidr network, Cidr::parse("10.96.0.0/12"));
      config_.service_cidrs.push_back(network);
    }
    auto ports = parse_port_range(config_.service_node_port_range);
    if (!ports) return fail(std::move(ports).error().in("--service-node-port-range"));
    std::string pki_dir;
    if (!config_.data_dir.empty()) {
      FL_CHECK(make_directory(config_.data_dir));
      pki_dir = config_.data_dir + "/pki";
      store::SqliteOptions options;
      options.path = config_.data_dir + "/state.db";
      options.max_bytes = config_.store_max_bytes;
      FL_TRY(store_, store::SqliteStore::open(loop_, std::move(options)));
    } else {
      store_ = std::make_unique<store::MemoryStore>(loop_);
    }
    FL_TRY(auto credentials, Credentials::open(pki_dir, clock_));
    credentials_.emplace(std::move(credentials));
    if (!config_.node_token_file.empty()) {
      FL_TRY(const std::string text, read_file(config_.node_token_file));
      auto added = authenticator_.add_static_tokens(text);
      if (!added)
        return fail(std::move(added).error().in(fmt::format("--node-token-file {}", config_.node_token_file)));
    }
    registry_ = std::make_unique<Registry>(loop_, *store_, clock_, config_.watch_history);
    allocator_ = std::make_unique<ServiceAllocator>(config_.service_cidrs, *ports);
    registry_->add_hook(api::kind_of<api::Service>(), *allocator_);
    api_ = make_local_api(*registry_);
    kubelets_.emplace(loop_, *registry_, credentials_->ca_pem());
    FL_TRY(auto kubelet_client, credentials_->kubelet_client_certificate());
    kubelets_->set_certificate(std::move(kubelet_client));
    tokens_.emplace(*registry_, credentials_->service_account_key(), std::string(kIssuer));
    authenticator_.use(*tokens_);
    pod_admission_ = std::make_unique<PodAdmission>(*registry_);
    registry_->add_hook(api::kind_of<api::Pod>(), *pod_admission_);
    ingress_admission_ = std::make_unique<IngressAdmission>(*registry_);
    registry_->add_hook(api::kind_of<api::Ingress>(), *ingress_admission_);
    context_.emplace(Context{*registry_, metrics_, *kubelets_, authenticator_, *tokens_, url_});
    return {};
  }

  Result<net::TlsServerConfig> tls_config() {
    std::vector<IpAddress> addresses = {config_.advertise_address, config_.service_cidrs[0].at(1)};
    for (const Endpoint& e : config_.bind) addresses.push_back(e.address);
    FL_TRY(auto pair, credentials_->server_certificate(addresses));
    net::TlsServerConfig out;
    out.certificate_pem = std::move(pair.certificate);
    out.key_pem = std::move(pair.key);
    out.client_ca_pem = credentials_->ca_pem();
    out.alpn = {"h2", "http/1.1"};
    return out;
  }

  Result<> listen() {
    FL_TRY(auto config, tls_config());
    FL_TRY(tls_, net::TlsContext::server(std::move(config)));
    net::HttpServerConfig server;
    server.listen = config_.bind;
    server.tls = tls_;
    server.name = "apiserver";
    server.error_body = [](int status, std::string_view message) {
      const Code code = status == 413   ? Code::kTooLarge
                        : status == 408 ? Code::kTimeout
                        : status >= 500 ? Code::kInternal
                                        : Code::kBadRequest;
      api::Status body = status_of(Error{code, std::string(message), {}});
      body.code = status;
      return net::ErrorBody{"application/json", status_json(body)};
    };
    auto http = net::HttpServer::create(loop_, std::move(server),
                                        [this](net::HttpRequest request, net::ResponseWriter& response) {
                                          return handle(std::move(request), response);
                                        });
    if (!http) return fail(std::move(http).error().in("--bind"));
    http_.emplace(std::move(*http));
    return {};
  }

  Result<> write_kubeconfigs() {
    if (config_.data_dir.empty()) return {};
    FL_CHECK(credentials_->write_kubeconfig("admin", url_, "kubernetes-admin", {"system:masters"}));
    FL_CHECK(credentials_->write_kubeconfig("dns", url_, "system:serviceaccount:kube-system:fairlead-dns",
                                            {"system:serviceaccounts:kube-system"}));
    return {};
  }

  Task<> renew_certificate() {
    for (;;) {
      co_await rt::sleep(std::chrono::hours(12));
      auto config = tls_config();
      auto done = config ? tls_->reload(std::move(*config)) : Result<>(std::unexpected(config.error()));
      if (!done) log::error("cannot renew the server's certificate", {{"error", done.error().message}});
      auto client = credentials_->kubelet_client_certificate();
      if (client) kubelets_->set_certificate(*std::move(client));
    }
  }

  // --- one request
  // -------------------------------------------------------------------------------------------------------------

  Task<> handle(net::HttpRequest http, net::ResponseWriter& response) {
    const auto started = std::chrono::steady_clock::now();
    Request request;
    request.http = std::move(http);
    Result<Reply> reply;
    auto allowed = admit(request);
    if (!allowed) {
      reply = fail(std::move(allowed).error());
    } else if (request.info.verb == "watch" && request.info.kind != nullptr && request.info.subresource.empty()) {
      auto watched = co_await handle_watch(*context_, request, response);
      if (watched) {
        finish(request, 200, started);
        co_return;
      }
      reply = fail(std::move(watched).error());
    } else if (is_stream(request.info)) {
      auto streamed = co_await handle_stream(*context_, request, response);
      if (streamed) {
        finish(request, 200, started);
        co_return;
      }
      reply = fail(std::move(streamed).error());
    } else {
      reply = co_await dispatch(*context_, request);
    }
    if (!reply) reply = error_reply(reply.error());
    const int status = reply->status;
    net::Headers headers;
    headers.add("Content-Type", reply->content_type);
    headers.add("Cache-Control", "no-cache, private");
    for (const std::string& w : reply->warnings) headers.add("Warning", warning_header(w));
    if (status == 429 || status == 503) headers.add("Retry-After", "1");
    if (status == 401) headers.add("WWW-Authenticate", "Bearer");
    std::string body = std::move(reply->body);
    auto sent = co_await response.send(status, std::move(headers), std::move(body));
    (void)sent;  // a client that left has nobody to tell
    finish(request, status, started);
  }

  Result<> admit(Request& request) {
    FL_TRY(auto who, authenticator_.identify(request.http));
    FL_TRY(request.who, impersonated(std::move(who), request.http));
    FL_TRY(request.info, parse_request(request.http));
    if (!ready_ && request.info.resource) return fail(Code::kUnavailable, "the server is starting");
    if (!ready_ && request.info.path.starts_with("/readyz")) return fail(Code::kUnavailable, "the server is starting");
    FL_CHECK(authorize(request.who, request.info, *registry_));
    if (!request.info.verb_served())
      return fail(Code::kMethodNotAllowed, "the server does not allow this method on the requested resource");
    return {};
  }

  void finish(const Request& request, int status, std::chrono::steady_clock::time_point started) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
    // Only names that are served become labels, so that clients cannot grow the metrics.
    const bool served = request.info.kind != nullptr;
    metrics_.request(served ? request.info.verb : "other", served ? std::string(request.info.kind->plural) : "", status,
                     took);
    log::debug("request", {{"method", request.http.method},
                           {"target", request.http.target},
                           {"user", request.who.name},
                           {"status", status},
                           {"us", took.count()}});
  }

  rt::Loop& loop_;
  ServerConfig config_;
  SystemClock clock_;
  std::unique_ptr<store::Store> store_;
  std::optional<Credentials> credentials_;
  Authenticator authenticator_;
  std::optional<ServiceAccountTokens> tokens_;
  std::unique_ptr<ServiceAllocator> allocator_;
  std::unique_ptr<PodAdmission> pod_admission_;
  std::unique_ptr<IngressAdmission> ingress_admission_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<client::Api> api_;
  Metrics metrics_;
  std::optional<Kubelets> kubelets_;
  std::optional<Context> context_;
  std::shared_ptr<net::TlsContext> tls_;
  std::optional<std::unique_ptr<net::HttpServer>> http_;
  std::string url_;
  rt::TaskGroup tasks_;
  bool ready_ = false;
};

}  // namespace

Task<Result<std::unique_ptr<Server>>> Server::start(rt::Loop& loop, ServerConfig config) {
  auto server = std::make_unique<ServerImpl>(loop, std::move(config));
  auto begun = co_await server->begin();
  if (!begun) {
    co_await server->stop();
    co_return fail(std::move(begun).error());
  }
  std::unique_ptr<Server> out = std::move(server);
  co_return out;
}

namespace {

Task<> wait_for_ever(rt::Loop& loop) {
  rt::Event never(loop);
  for (;;) co_await never.wait();
}

}  // namespace

Task<Result<>> run_server(rt::Loop& loop, ServerConfig config, std::function<Task<>(client::Api&)> with) {
  auto server = co_await Server::start(loop, std::move(config));
  if (!server) co_return fail(std::move(server).error());
  log::info("API server ready", {{"url", (*server)->url()}});
  std::exception_ptr ended;
  try {
    if (with) {
      co_await with((*server)->api());
    } else {
      co_await wait_for_ever(loop);
    }
  } catch (...) {
    ended = std::current_exception();
  }
  co_await rt::shield();
  co_await (*server)->stop();
  if (ended) std::rethrow_exception(ended);
  co_return Result<>{};
}

Result<std::string> issue_node_credentials(const std::string& data_dir, const std::string& server_url,
                                           const std::string& node, const Clock& clock) {
  FL_TRY(const auto credentials, Credentials::open(data_dir + "/pki", clock));
  return credentials.write_kubeconfig("node-" + node, server_url, "system:node:" + node, {"system:nodes"});
}

}  // namespace fairlead::apiserver
