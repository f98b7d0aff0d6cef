// The table of subcommands and their options. What a command does is elsewhere: up/ for clusters on this machine,
// main_*.cpp for the components.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "base/log.h"
#include "commands.h"
#include "up/up.h"

namespace {

using namespace fairlead;

int report(const Result<>& result) {
  if (result) return 0;
  std::fprintf(stderr, "fairlead: %s\n", result.error().message.c_str());
  return 1;
}

int print(const Result<std::string>& result, bool newline) {
  if (!result) {
    std::fprintf(stderr, "fairlead: %s\n", result.error().message.c_str());
    return 1;
  }
  std::printf("%s%s", result->c_str(), newline ? "\n" : "");
  return 0;
}

void api_options(CLI::App* command, ApiOptions& o) {
  command->add_option("--kubeconfig", o.kubeconfig,
                      "How to reach the API server; without it and --server, the pod's own service account");
  command->add_option("--server", o.server, "URL of the API server, with --token or --token-file and --ca");
  command->add_option("--token", o.token, "Bearer token");
  command->add_option("--token-file", o.token_file, "File with the bearer token; read again when it changes");
  command->add_option("--ca", o.ca_file, "File with the certificate authority (PEM) of the API server");
}

void cluster_options(CLI::App* command, up::ClusterRef& cluster) {
  command->add_option("--name", cluster.name, "The cluster's name")->capture_default_str();
  command->add_option("--data-dir", cluster.data_dir, "Where its data is; found by the name");
}

// Everything that the options fill; lives as long as main().
struct Options {
  std::string log_level = "info";
  up::UpConfig up;
  bool no_egress = false;
  bool no_dns = false;
  up::DownConfig down;
  up::ClusterRef cluster;
  std::string node;
  std::vector<std::string> command;
  ServerOptions server;
  AgentOptions agent;
  ProxyOptions proxy;
  DnsOptions dns;
  std::function<int()> run;
};

void add_cluster_commands(CLI::App& app, Options& o) {
  auto* up_command =
      app.add_subcommand("up", "Bring up a cluster on this machine; Ctrl-C takes it down and keeps its data");
  up_command->add_option("--name", o.up.name, "Identifies the cluster in every other command")->capture_default_str();
  up_command->add_option("--nodes", o.up.nodes, "Number of nodes; default: as before, 3 for a new cluster");
  up_command->add_option("--data-dir", o.up.data_dir, "Default: /var/lib/fairlead/NAME");
  up_command->add_option("--images-dir", o.up.images_dir,
                         "Image archives (*.tar) for every node; default: images/ beside this program");
  up_command->add_option("--proxy-mode", o.up.proxy_mode, "How Services are carried")
      ->capture_default_str()
      ->check(CLI::IsMember({"iptables"}));
  up_command->add_option("--resolv-conf", o.up.resolv_conf,
                         "Name servers for names outside the cluster; default: the machine's, which must not be its "
                         "own loopback");
  up_command->add_flag("--no-egress", o.no_egress,
                       "Nodes reach nothing outside the cluster; no rule is added to the machine");
  up_command->add_flag("--no-dns", o.no_dns, "Without the cluster DNS");
  up_command->add_flag("--detach", o.up.detach, "Return when the API, DNS and every node are ready");
  up_command->callback([&o] {
    o.up.egress = !o.no_egress;
    o.up.dns = !o.no_dns;
    o.run = [&o] { return report(up::up(o.up)); };
  });

  auto* down_command = app.add_subcommand("down", "End a cluster and remove every trace of it");
  cluster_options(down_command, o.down.cluster);
  down_command->add_flag("--keep-data", o.down.keep_data, "Keep the store and the images; `up` goes on from there");
  down_command->callback([&o] { o.run = [&o] { return report(up::down(o.down)); }; });

  auto* kubeconfig = app.add_subcommand("kubeconfig", "Print the path of a cluster's kubeconfig");
  cluster_options(kubeconfig, o.cluster);
  kubeconfig->callback([&o] { o.run = [&o] { return print(up::kubeconfig(o.cluster), true); }; });

  auto* status = app.add_subcommand("status", "Print a cluster's processes: component, node, pid");
  cluster_options(status, o.cluster);
  status->callback([&o] { o.run = [&o] { return print(up::status(o.cluster), false); }; });

  auto* node = app.add_subcommand("node", "Work with one node of a cluster")->require_subcommand(1);
  auto* exec = node->add_subcommand("exec", "Run a command in a node's network: node exec NODE -- COMMAND");
  cluster_options(exec, o.cluster);
  exec->add_option("node", o.node, "node1, node2, ...")->required();
  exec->add_option("command", o.command, "The command and its arguments")->required();
  exec->callback([&o] { o.run = [&o] { return report(up::node_exec(o.cluster, o.node, o.command)); }; });
  auto* stop = node->add_subcommand("stop", "Let a node die, as a machine does that loses power");
  cluster_options(stop, o.cluster);
  stop->add_option("node", o.node, "node1, node2, ...")->required();
  stop->callback([&o] { o.run = [&o] { return report(up::node_stop(o.cluster, o.node)); }; });
  auto* start = node->add_subcommand("start", "Bring a stopped node back");
  cluster_options(start, o.cluster);
  start->add_option("node", o.node, "node1, node2, ...")->required();
  start->callback([&o] { o.run = [&o] { return report(up::node_start(o.cluster, o.node)); }; });
}

void add_components(CLI::App& app, Options& o) {
  auto* server = app.add_subcommand("server", "API server, controllers and scheduler");
  server->add_option("--data-dir", o.server.data_dir, "Store and certificates")->required();
  server->add_option("--bind", o.server.bind, "ADDRESS:PORT to listen on; may be repeated")->capture_default_str();
  server->add_option("--advertise-address", o.server.advertise_address, "Where pods and nodes reach this server")
      ->capture_default_str();
  server->add_option("--service-cidr", o.server.service_cidr, "Network of ClusterIPs")->capture_default_str();
  server->add_option("--cluster-cidr", o.server.cluster_cidr, "Network of pods")->capture_default_str();
  server->add_option("--cluster-dns", o.server.cluster_dns, "ClusterIP of the cluster DNS")->capture_default_str();
  server->add_option("--service-node-port-range", o.server.node_port_range, "Ports for NodePorts")
      ->capture_default_str();
  server->add_option("--node-token-file", o.server.node_token_file,
                     "File with the token by which nodes join; made when it does not exist");
  server->add_option("--load-balancer-pool", o.server.load_balancer_pool,
                     "Addresses for Services of type LoadBalancer: ranges (A-B) and networks, separated by commas");
  server
      ->add_option("--node-monitor-grace-period-ms", o.server.node_grace_ms,
                   "Silence after which a node counts as lost (ms)")
      ->capture_default_str();
  server
      ->add_option("--longest-unreachable-toleration-ms", o.server.eviction_ms,
                   "Upper bound for how long pods stay on a lost node (ms)")
      ->capture_default_str();
  server->callback([&o] { o.run = [&o] { return server_main(o.server); }; });

  auto* agent = app.add_subcommand("agent", "One node: pods through CRI, routes to other nodes, the service proxy");
  api_options(agent, o.agent.api);
  agent->add_option("--node-name", o.agent.node_name, "This node's name")->required();
  agent->add_option("--node-ip", o.agent.node_ip, "This node's address")->required();
  agent->add_option("--pod-cidr", o.agent.pod_cidr, "Network of this node's pods")->required();
  agent->add_option("--cluster-cidr", o.agent.cluster_cidr, "Network of all pods")->capture_default_str();
  agent->add_option("--service-cidr", o.agent.service_cidr,
                    "Network of ClusterIPs; when known, its unallocated addresses are dropped");
  agent->add_option("--containerd-socket", o.agent.containerd_socket, "CRI socket")->capture_default_str();
  agent->add_option("--data-dir", o.agent.data_dir, "Pods' volumes and logs")->capture_default_str();
  agent->add_option("--cluster-dns", o.agent.cluster_dns, "Name server of pods with dnsPolicy ClusterFirst")
      ->capture_default_str();
  agent->add_option("--cluster-domain", o.agent.cluster_domain, "Domain of Services")->capture_default_str();
  agent->add_option("--resolv-conf", o.agent.resolv_conf,
                    "Name servers of pods with dnsPolicy Default; default: /etc/resolv.conf, or systemd-resolved's own "
                    "list where that names only a loopback address");
  agent
      ->add_option("--kubelet-port", o.agent.kubelet_port,
                   "Port of the kubelet's API (logs, exec, attach, port-forward) on --node-ip; 0 turns it off")
      ->capture_default_str();
  agent->add_option("--cgroup-parent", o.agent.cgroup_parent, "Cgroup under which pods run");
  agent
      ->add_option("--proxy-mode", o.agent.proxy_mode, "How Services are carried; none leaves it to a proxy of its own")
      ->capture_default_str()
      ->check(CLI::IsMember({"iptables", "none"}));
  agent->add_flag("--announce-load-balancers", o.agent.announce_load_balancers,
                  "Answer ARP for load-balancer addresses whose turn is this node's");
  agent->callback([&o] { o.run = [&o] { return agent_main(o.agent); }; });

  auto* proxy = app.add_subcommand("proxy", "The service proxy alone, on any cluster");
  api_options(proxy, o.proxy.api);
  proxy->add_option("--node-name,--hostname-override", o.proxy.node_name, "This node's name; default: the host's");
  proxy
      ->add_option("--cluster-cidr", o.proxy.cluster_cidr, "Network of all pods; traffic from elsewhere is masqueraded")
      ->capture_default_str();
  proxy->add_option("--service-cidr", o.proxy.service_cidr,
                    "Network of ClusterIPs; when known, its unallocated addresses are dropped");
  proxy->add_option("--proxy-mode", o.proxy.mode, "How Services are carried")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "iptables"}));
  proxy->add_option("--metrics-bind-address", o.proxy.metrics_bind, "/metrics; empty turns it off")
      ->capture_default_str();
  proxy->add_option("--healthz-bind-address", o.proxy.healthz_bind, "/healthz and /livez; empty turns it off")
      ->capture_default_str();
  proxy->add_flag("--cleanup", o.proxy.cleanup, "Remove every rule of the proxy and exit");
  proxy->callback([&o] { o.run = [&o] { return proxy_main(o.proxy); }; });

  auto* dns = app.add_subcommand("dns", "The cluster DNS alone, on any cluster");
  api_options(dns, o.dns.api);
  dns->add_option("--listen", o.dns.listen,
                  "ADDRESS:PORT, UDP and TCP; may be repeated; default: port 53 of every address");
  dns->add_option("--cluster-domain", o.dns.domain, "The zone of Services and pods")->capture_default_str();
  dns->add_option("--resolv-conf", o.dns.resolv_conf, "Name servers for everything else")->capture_default_str();
  dns->add_option("--upstream", o.dns.upstreams,
                  "Name server for everything else, instead of --resolv-conf; may be repeated");
  dns->add_option("--workers", o.dns.workers, "Threads that answer; default: one per core, at most 4");
  dns->add_option("--lameduck-ms", o.dns.lameduck_ms, "How long to go on answering, not ready, after SIGTERM (ms)")
      ->capture_default_str();
  dns->callback([&o] { o.run = [&o] { return dns_main(o.dns); }; });
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app("Fairlead: Kubernetes Services, end to end.", "fairlead");
  app.set_version_flag("--version", std::string("fairlead ") + FAIRLEAD_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  Options options;
  app.add_option("--log-level", options.log_level, "debug, info, warn or error")
      ->envname("FAIRLEAD_LOG_LEVEL")
      ->capture_default_str()
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  add_cluster_commands(app, options);
  add_components(app, options);
  CLI11_PARSE(app, argc, argv);

  const auto level = options.log_level == "debug"  ? log::Level::kDebug
                     : options.log_level == "info" ? log::Level::kInfo
                     : options.log_level == "warn" ? log::Level::kWarn
                                                   : log::Level::kError;
  log::configure(level, app.get_subcommands().front()->get_name());
  return options.run();
}
