// The long-running subcommands: each wires its component in a file of its own (main_*.cpp), so that main.cpp stays the
// table of commands and options. Each runs until SIGINT or SIGTERM and returns the process's exit code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead {

struct ServerOptions {
  std::string data_dir;
  std::vector<std::string> bind = {"127.0.0.1:6443"};
  std::string advertise_address = "127.0.0.1";
  std::string service_cidr = "10.96.0.0/12";
  std::string cluster_cidr = "10.244.0.0/16";
  std::string cluster_dns = "10.96.0.10";
  std::string node_port_range = "30000-32767";
  std::string node_token_file;
  std::string load_balancer_pool;  // empty: Services of type LoadBalancer are left to others
  int64_t node_grace_ms = 40'000;
  int64_t eviction_ms = 300'000;
};

// How a component reaches the API: a kubeconfig, or a server with a token and its CA, or, with neither, the pod's own
// service account.
struct ApiOptions {
  std::string kubeconfig;
  std::string server;
  std::string token;
  std::string token_file;
  std::string ca_file;
};

struct AgentOptions {
  ApiOptions api;
  std::string node_name;
  std::string node_ip;
  std::string pod_cidr;
  std::string cluster_cidr = "10.244.0.0/16";
  std::string service_cidr;
  std::string containerd_socket = "/run/containerd/containerd.sock";
  std::string data_dir = "/var/lib/fairlead-agent";
  std::string cluster_dns = "10.96.0.10";
  std::string cluster_domain = "cluster.local";
  std::string cgroup_parent;
  std::string resolv_conf;
  int kubelet_port = 10250;
  std::string proxy_mode = "iptables";
  bool announce_load_balancers = false;
};

struct ProxyOptions {
  ApiOptions api;
  std::string node_name;
  std::string cluster_cidr = "10.244.0.0/16";
  std::string service_cidr;
  std::string mode = "iptables";
  std::string metrics_bind = "127.0.0.1:10249";
  std::string healthz_bind = "0.0.0.0:10256";
  // Set sysctl route_localnet, so that node ports answer on localhost; only for a network that is Fairlead's own.
  bool set_route_localnet = false;
  bool cleanup = false;
};

struct DnsOptions {
  ApiOptions api;
  std::vector<std::string> listen;
  std::string domain = "cluster.local";
  std::string resolv_conf = "/etc/resolv.conf";
  std::vector<std::string> upstreams;
  unsigned workers = 0;
  int64_t lameduck_ms = 0;
};

int server_main(const ServerOptions& options);
int agent_main(const AgentOptions& options);
int proxy_main(const ProxyOptions& options);
int dns_main(const DnsOptions& options);

}  // namespace fairlead
