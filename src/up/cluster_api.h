// What the supervisor asks of the API server, as any client does: is it ready, are the nodes, is the DNS; and
// installing manifests.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "rt/loop.h"

namespace fairlead::net {
class HttpClient;
}

namespace fairlead::up {

class ClusterApi {
 public:
  static Result<std::unique_ptr<ClusterApi>> create(rt::Loop& loop, const std::string& kubeconfig);
  ~ClusterApi();

  rt::Task<Result<>> ready();  // GET /readyz
  // Names of the nodes that have reported since `since` that they are ready: what they said to a former server may no
  // longer hold.
  rt::Task<Result<std::vector<std::string>>> ready_nodes(WallTime since);
  // Ready addresses of a Service; 0 when it does not exist yet.
  rt::Task<Result<size_t>> ready_endpoints(std::string ns, std::string service);
  // Creates every document of a YAML file that does not exist yet.
  rt::Task<Result<>> create_missing(std::string yaml);

 private:
  explicit ClusterApi(std::unique_ptr<net::HttpClient> client);
  rt::Task<Result<std::string>> get(std::string path);
  std::unique_ptr<net::HttpClient> client_;
};

// Pure parts.
Result<std::vector<std::string>> parse_ready_nodes(std::string_view node_list_json, WallTime since);
Result<size_t> count_ready_addresses(std::string_view endpoints_json);
struct Manifest {
  std::string collection;  // /apis/apps/v1/namespaces/kube-system/deployments
  std::string what;        // Deployment kube-system/fairlead-dns
  std::string yaml;
};
// Splits a YAML file into objects and finds where each is created. Knows the kinds that deploy/ uses; others are
// kInvalid.
Result<std::vector<Manifest>> split_manifests(std::string_view yaml);
// Replaces every ${NAME} by its value; an unknown name is kInvalid.
Result<std::string> expand(std::string_view text, const std::map<std::string, std::string>& values);

}  // namespace fairlead::up
