// Kubeconfig files (k8s.io/client-go/tools/clientcmd/api/v1): how clients find and trust a cluster.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::pki {

// As in the file, with the *-data fields decoded and the files that are named instead of them read.
struct Kubeconfig {
  struct Cluster {
    std::string name;
    std::string server;  // https://host:port
    std::string ca_pem = {};
    std::string tls_server_name = {};
    bool insecure_skip_tls_verify = false;
  };
  struct User {
    std::string name;
    std::string certificate_pem = {};
    std::string key_pem = {};
    std::string token = {};
    std::string token_file = {};  // to be read again now and then: such tokens rotate
    // The first way to authenticate in the file that is not supported here ("exec", "auth-provider", "username"); ""
    // for none.
    std::string unsupported = {};
  };
  struct Context {
    std::string name;
    std::string cluster;
    std::string user;
    std::string default_namespace = {};
  };
  std::vector<Cluster> clusters;
  std::vector<User> users;
  std::vector<Context> contexts;
  std::string current_context;
};

// What one context comes to.
struct ClusterAccess {
  Kubeconfig::Cluster cluster;
  Kubeconfig::User user;
  std::string default_namespace = "default";
};

// Relative file names in it start from `directory`. Errors name the field: `clusters[0].cluster.server: missing`.
Result<Kubeconfig> parse_kubeconfig(std::string_view yaml, const std::string& directory);
Result<Kubeconfig> load_kubeconfig(const std::string& path);
// `context` "": the current one.
Result<ClusterAccess> select_context(const Kubeconfig& config, const std::string& context = {});

// A kubeconfig with one cluster, user and context, all named `name`.
Kubeconfig make_kubeconfig(const std::string& name, Kubeconfig::Cluster cluster, Kubeconfig::User user);
std::string format_kubeconfig(const Kubeconfig& config);
// 0600: it holds a key.
Result<> write_kubeconfig(const std::string& path, const Kubeconfig& config);

}  // namespace fairlead::pki
