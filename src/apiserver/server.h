// The API server: HTTPS in front of the registry, its certificates and kubeconfigs, and what runs with it. `fairlead
// server`, and tests, start one; controllers in the same process use api().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "client/api.h"
#include "rt/loop.h"
#include "store/store.h"

namespace fairlead::apiserver {

using rt::Task;

struct ServerConfig {
  std::string data_dir;  // state.db and pki/ are in it; empty: state in memory, certificates not kept (tests)
  std::vector<Endpoint> bind = {};   // port 0: any
  IpAddress advertise_address = {};  // where clients reach it; unspecified: the first bound address
  std::vector<Cidr> service_cidrs = {};
  std::vector<Cidr> cluster_cidrs = {};
  IpAddress cluster_dns = {};
  std::string service_node_port_range = "30000-32767";
  std::string node_token_file = {};  // token,user,uid[,"groups"] lines; empty: none
  uint64_t store_max_bytes = 0;      // quota of the database; 0: none
  size_t watch_history = 4096;       // events of each kind that watches can start from
};

class Server {
 public:
  // Returns once it answers. Errors name the flag, file or address.
  static Task<Result<std::unique_ptr<Server>>> start(rt::Loop& loop, ServerConfig config);
  virtual ~Server() = default;  // stop() first

  // For components in this process; valid until stop().
  virtual client::Api& api() = 0;
  [[nodiscard]] virtual const std::vector<Endpoint>& endpoints() const = 0;
  // https://address:port as in the kubeconfigs.
  [[nodiscard]] virtual const std::string& url() const = 0;
  // The text of a kubeconfig for this user: a client certificate issued now.
  virtual Result<std::string> kubeconfig(const std::string& user, const std::vector<std::string>& groups) = 0;
  virtual Task<> stop() = 0;
};

// Starts a server, runs `with` beside it (the controllers; may be null) and returns when cancelled.
Task<Result<>> run_server(rt::Loop& loop, ServerConfig config, std::function<Task<>(client::Api&)> with);

// Writes D/pki/node-NAME.kubeconfig with the credentials of that node's agent, unless a valid one is there; its path.
// For programs beside the server: needs only the authority in D/pki.
Result<std::string> issue_node_credentials(const std::string& data_dir, const std::string& server_url,
                                           const std::string& node, const Clock& clock);

}  // namespace fairlead::apiserver
