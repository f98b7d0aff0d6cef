// The supervisor behind `fairlead up`: a whole cluster on this machine, and the commands that go with it. What it
// starts are the production commands, `fairlead server` and one `fairlead agent` with a private containerd per node;
// nodes are network namespaces.
//
// Everything on the machine that belongs to a cluster is found by the cluster's name alone, also without the state
// file:
//   cgroup /fairlead-NAME, namespaces NAME-nodeN, links and nftables table named after it (topology.h), mounts below
//   its data directory. So `down` works after kill -9 of anything at any moment.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace fairlead::up {

// Where clusters keep things; only tests have reason to change it.
struct Places {
  std::string var = "/var/lib/fairlead";  // NAME/ is the default data directory, NAME.path names another one
  std::string run = "/run/fairlead";      // NAME.lock: held by the running supervisor, contains its pid
  std::string netns = "/run/netns";
};

struct UpConfig {
  // A DNS label of at most 40 characters; identifies the cluster in every other command.
  std::string name = "fairlead";
  // 1 to 100. 0: as many as the stopped cluster of that name has, 3 for a new one. A stopped cluster may grow, not
  // shrink.
  int nodes = 0;
  // Default: Places::var/NAME. The store, containerd's images and logs; `up` after Ctrl-C goes on with what is there.
  std::string data_dir;
  // *.tar in it are imported into every node. Default: `images` beside the executable. DATA_DIR/images/*.tar always
  // are.
  std::string images_dir;
  std::string proxy_mode = "iptables";
  // Lists the name servers of everything outside the cluster. Default: as agent::default_resolv_conf() says.
  std::string resolv_conf;
  // False: nodes reach nothing outside the cluster, and no nftables table is made.
  bool egress = true;
  // Return when everything is ready and leave the supervisor running, its output in DATA_DIR/logs/up.log.
  bool detach = false;
  // How long the API, DNS and nodes may take together before `up --detach` says that they are not ready.
  std::chrono::seconds ready_timeout{120};

  std::string service_cidr = "10.96.0.0/12";
  std::string cluster_cidr = "10.244.0.0/16";  // node i gets the (i-1)th /24
  std::string cluster_dns = "10.96.0.10";

  std::string executable;                 // of server and agent; default: this very program
  std::string containerd = "containerd";  // searched in PATH
  std::string ctr = "ctr";
  bool dns = true;  // install deploy/dns.yaml and wait for it
  Places places = {};
};

struct ClusterRef {
  std::string name = "fairlead";
  std::string data_dir;  // default: found by the name
  Places places = {};
};

struct DownConfig {
  ClusterRef cluster = {};
  bool keep_data = false;  // the store and images stay, and `up` goes on from there
};

// Runs the cluster until SIGINT, SIGTERM or SIGHUP, then stops it and leaves the machine clean but for the data
// directory. With `detach` returns when the cluster is ready. Progress goes to standard error. kAlreadyExists when it
// runs already.
Result<> up(UpConfig config);

// Ends the cluster and removes every trace of it, whatever state it is in. A cluster that does not exist is not an
// error.
Result<> down(const DownConfig& config);

// The path of the administrator's kubeconfig; kNotFound when there is no such cluster.
Result<std::string> kubeconfig(const ClusterRef& cluster);

// Replaces this process by `command` in the node's network; returns only on failure.
Result<> node_exec(const ClusterRef& cluster, const std::string& node, const std::vector<std::string>& command);

// A node dies as a machine does: agent, containerd and every container are killed and its link goes down, until
// node_start().
Result<> node_stop(const ClusterRef& cluster, const std::string& node);
Result<> node_start(const ClusterRef& cluster, const std::string& node);

// One line per process: "COMPONENT NODE PID", with "-" for no node: "server - 4711", "agent node1 4712", "supervisor -
// 4700".
Result<std::string> status(const ClusterRef& cluster);

}  // namespace fairlead::up
