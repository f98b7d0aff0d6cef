// Where the API server is and how to be let in: kubeconfigs and what pods are given.
#include <unistd.h>

#include <cstdlib>

#include "base/text.h"
#include "client/https_api.h"
#include "net/url.h"
#include "pki/kubeconfig.h"

namespace fairlead::client {

namespace {
std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}
}  // namespace

Result<HttpsApiConfig> config_from_kubeconfig(const std::string& path, const std::string& context) {
  FL_TRY(const pki::Kubeconfig file, pki::load_kubeconfig(path));
  FL_TRY(const pki::ClusterAccess access, pki::select_context(file, context));
  const auto& user = access.user;
  if (!user.unsupported.empty() && user.certificate_pem.empty() && user.token.empty() && user.token_file.empty()) {
    return fail(Code::kInvalid,
                fmt::format("{}: user {} authenticates with {}, which is not supported; expected a client "
                            "certificate, token or tokenFile",
                            path, quote(user.name), user.unsupported));
  }
  HttpsApiConfig config;
  config.server = access.cluster.server;
  config.ca_pem = access.cluster.ca_pem;
  config.tls_server_name = access.cluster.tls_server_name;
  config.insecure_skip_verify = access.cluster.insecure_skip_tls_verify;
  config.certificate_pem = user.certificate_pem;
  config.key_pem = user.key_pem;
  config.token = user.token;
  config.token_file = user.token_file;
  return config;
}

Result<HttpsApiConfig> in_cluster_config(const std::string& directory) {
  const std::string host = environment("KUBERNETES_SERVICE_HOST");
  const std::string port = environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return fail(Code::kNotFound, "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  }
  HttpsApiConfig config;
  config.server = fmt::format("https://{}:{}", host.contains(':') ? "[" + host + "]" : host, port);
  config.token_file = directory + "/token";
  auto token = read_file(config.token_file);
  if (!token) return fail(std::move(token).error().in("service account token"));
  auto ca = read_file(directory + "/ca.crt");
  if (!ca) return fail(std::move(ca).error().in("service account CA"));
  config.ca_pem = *std::move(ca);
  return config;
}

Result<HttpsApiConfig> find_config(const std::string& kubeconfig_path) {
  if (!kubeconfig_path.empty()) return config_from_kubeconfig(kubeconfig_path);
  if (const auto path = environment("KUBECONFIG"); !path.empty()) return config_from_kubeconfig(path);
  auto in_cluster = in_cluster_config();
  if (in_cluster || in_cluster.error().code != Code::kNotFound || !environment("KUBERNETES_SERVICE_HOST").empty()) {
    return in_cluster;
  }
  if (const auto home = environment("HOME"); !home.empty()) {
    const std::string path = home + "/.kube/config";
    if (::access(path.c_str(), R_OK) == 0) return config_from_kubeconfig(path);
  }
  return fail(Code::kNotFound,
              "no API server to talk to: give --kubeconfig, set KUBECONFIG, or run in a pod (no service account here)");
}

}  // namespace fairlead::client
