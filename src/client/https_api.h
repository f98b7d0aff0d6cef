// client::Api over HTTPS to any conformant Kubernetes API server, and where such a server is found: a kubeconfig, or
// the files that a pod is given.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "client/api.h"
#include "net/http_client.h"
#include "rt/loop.h"

namespace fairlead::client {

struct HttpsApiConfig {
  std::string server;  // https://host:port, with a path if the API is not at the root; http:// only for tests
  std::string ca_pem = {};
  std::string certificate_pem = {};
  std::string key_pem = {};
  std::string token = {};
  std::string token_file = {};  // read again when it is older than a minute, since such tokens rotate
  std::string tls_server_name = {};
  bool insecure_skip_verify = false;
  std::string user_agent = "fairlead";
  std::chrono::milliseconds request_timeout{30'000};
  // A watch is opened anew after this long, and given up when the server keeps it longer than that without a word.
  std::chrono::seconds watch_timeout{290};
};

// `context` "": the current one. Errors name the file and the field.
Result<HttpsApiConfig> config_from_kubeconfig(const std::string& path, const std::string& context = {});
// What Kubernetes puts into every pod: KUBERNETES_SERVICE_HOST and _PORT, and files under `directory`.
Result<HttpsApiConfig> in_cluster_config(
    const std::string& directory = "/var/run/secrets/kubernetes.io/serviceaccount");
// The given kubeconfig; without one $KUBECONFIG, then the pod's own, then ~/.kube/config, as client-go looks.
Result<HttpsApiConfig> find_config(const std::string& kubeconfig_path);

class HttpsApi final : public Api {
 public:
  static Result<std::unique_ptr<HttpsApi>> create(rt::Loop& loop, HttpsApiConfig config);

  Task<Result<ObjectPtr>> get(const KindInfo& kind, std::string ns, std::string name) override;
  Task<Result<ObjectList>> list(const KindInfo& kind, ListOptions options) override;
  Task<Result<std::unique_ptr<WatchStream>>> watch(const KindInfo& kind, WatchOptions options) override;
  Task<Result<ObjectPtr>> create(MutableObject object) override;
  Task<Result<ObjectPtr>> update(MutableObject object, std::string subresource = "") override;
  Task<Result<ObjectPtr>> patch(const KindInfo& kind, std::string ns, std::string name, PatchType type,
                                std::string body, std::string subresource = "") override;
  using Api::remove;
  Task<Result<>> remove(const KindInfo& kind, std::string ns, std::string name, DeleteOptions options) override;
  Task<Result<>> bind(std::string ns, std::string pod, std::string node) override;
  Task<Result<api::TokenRequest>> request_token(std::string ns, std::string account,
                                                api::TokenRequest request) override;

  // The authority that the server was to be signed by; empty: the system's trust.
  [[nodiscard]] const std::string& ca_pem() const { return config_.ca_pem; }
  // For what Api does not cover: any path, the raw answer.
  [[nodiscard]] net::HttpClient& http() { return *http_; }

 private:
  HttpsApi(HttpsApiConfig config, std::unique_ptr<net::HttpClient> http);
  Task<Result<std::string>> call(std::string method, std::string target, std::string content_type, std::string body);
  Task<Result<ObjectPtr>> call_object(const KindInfo& kind, std::string method, std::string target,
                                      std::string content_type, std::string body);

  HttpsApiConfig config_;
  std::unique_ptr<net::HttpClient> http_;
};

// The error that an API server's answer means: its Status when the body is one, else the HTTP status.
Error error_from_response(int http_status, std::string_view body);
// /apis/apps/v1/namespaces/default/deployments/web/status, percent-encoded.
std::string resource_path(const KindInfo& kind, std::string_view ns, std::string_view name = {},
                          std::string_view subresource = {});

}  // namespace fairlead::client
