#include "up/arguments.h"

namespace fairlead::up {
namespace {

// Kubernetes waits 40 s and then 5 min before it replaces a lost node's pods, for networks that come and go. On one
// machine silence means that the node is gone.
constexpr const char* kNodeGraceMs = "8000";
constexpr const char* kLongestTolerationMs = "15000";
// The part of the fabric's network that Services of type LoadBalancer get; nodes are below.
constexpr uint64_t kPoolFirst = 200;
constexpr uint64_t kPoolLast = 250;

class CommandLine {
 public:
  CommandLine(const std::string& program, const std::string& command) : words_{program, command} {}
  CommandLine& flag(const std::string& name, std::string value) {
    words_.push_back("--" + name);
    words_.push_back(std::move(value));
    return *this;
  }
  CommandLine& option(const std::string& name) {
    words_.push_back("--" + name);
    return *this;
  }
  [[nodiscard]] std::vector<std::string> words() && { return std::move(words_); }

 private:
  std::vector<std::string> words_;
};

}  // namespace

std::vector<std::string> server_arguments(const std::string& program, const UpConfig& config, const Topology& topology,
                                          const Layout& layout, uint16_t local_port) {
  const auto gateway = topology.gateway.to_string();
  CommandLine line(program, "server");
  line.flag("data-dir", layout.server())
      .flag("bind", fmt::format("{}:{}", gateway, kApiPort))
      .flag("bind", fmt::format("127.0.0.1:{}", local_port))
      .flag("advertise-address", gateway)
      .flag("service-cidr", config.service_cidr)
      .flag("cluster-cidr", config.cluster_cidr)
      .flag("cluster-dns", config.cluster_dns)
      .flag("node-token-file", layout.node_tokens())
      .flag("load-balancer-pool", fmt::format("{}-{}", topology.fabric.at(kPoolFirst), topology.fabric.at(kPoolLast)))
      .flag("node-monitor-grace-period-ms", kNodeGraceMs)
      .flag("longest-unreachable-toleration-ms", kLongestTolerationMs);
  return std::move(line).words();
}

std::vector<std::string> agent_arguments(const std::string& program, const UpConfig& config, const Topology& topology,
                                         const Layout& layout, const NodePlan& node) {
  CommandLine line(program, "agent");
  line.flag("server", fmt::format("https://{}:{}", topology.gateway, kApiPort))
      .flag("token-file", layout.node_token(node.name))
      .flag("ca", layout.ca())
      .flag("node-name", node.name)
      .flag("node-ip", node.address.to_string())
      .flag("pod-cidr", node.pod_cidr.to_string())
      .flag("cluster-cidr", config.cluster_cidr)
      .flag("service-cidr", config.service_cidr)
      .flag("containerd-socket", layout.containerd_socket(node.name))
      .flag("data-dir", layout.node(node.name) + "/agent")
      .flag("cluster-dns", config.cluster_dns)
      .flag("cgroup-parent", node.cgroup)
      .flag("proxy-mode", config.proxy_mode)
      .option("announce-load-balancers");
  if (!config.resolv_conf.empty()) line.flag("resolv-conf", config.resolv_conf);
  return std::move(line).words();
}

}  // namespace fairlead::up
