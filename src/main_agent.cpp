// `fairlead agent`: one node. The agent proper on the main loop, the service proxy on a loop and a thread of its own,
// so that neither waits for the other.
#include "agent/agent.h"
#include "agent/grpc_cri.h"
#include "agent/resolv_conf.h"
#include "lb/speaker.h"
#include "main_common.h"
#include "main_proxy.h"
#include "rt/task_group.h"

namespace fairlead {
namespace {

Result<agent::AgentConfig> agent_config(const AgentOptions& o) {
  agent::AgentConfig c;
  c.node_name = o.node_name;
  FL_TRY(c.node_ip, parse_address("--node-ip", o.node_ip));
  FL_TRY(c.pod_cidrs, parse_cidrs("--pod-cidr", o.pod_cidr));
  FL_TRY(c.cluster_cidrs, parse_cidrs("--cluster-cidr", o.cluster_cidr));
  c.data_dir = o.data_dir;
  if (!o.cluster_dns.empty()) c.cluster_dns = {o.cluster_dns};
  c.cluster_domain = o.cluster_domain;
  c.resolv_conf = o.resolv_conf.empty() ? agent::default_resolv_conf() : o.resolv_conf;
  if (!o.cgroup_parent.empty()) c.cgroup_parent = o.cgroup_parent;
  if (o.kubelet_port < 0 || o.kubelet_port > 65535)
    return fail(Code::kInvalid, fmt::format("--kubelet-port: {} is not a port", o.kubelet_port));
  c.kubelet_port = static_cast<uint16_t>(o.kubelet_port);
  return c;
}

rt::Task<Result<>> run_agent(rt::Loop& loop, const AgentOptions& options) {
  FL_CO_TRY(auto config, agent_config(options));
  const IpAddress agent_address = config.node_ip;
  FL_CO_TRY(auto api, connect_api(loop, options.api, "agent"));
  config.client_ca_pem = api->ca_pem();
  const SystemClock clock;
  client::SharedInformers informers(loop, *api);
  auto cri = agent::make_grpc_cri(loop, options.containerd_socket);
  agent::Agent agent(loop, *api, informers, clock, *cri, std::move(config));
  std::unique_ptr<ProxyThread> proxy;
  if (options.proxy_mode != "none") {
    ProxyOptions p;
    p.api = options.api;
    p.node_name = options.node_name;
    p.cluster_cidr = options.cluster_cidr;
    p.service_cidr = options.service_cidr;
    p.mode = options.proxy_mode;
    p.set_route_localnet = true;
    proxy = std::make_unique<ProxyThread>(std::move(p));
  }
  rt::TaskGroup group(loop);
  std::optional<lb::Speaker> speaker;
  if (options.announce_load_balancers) {
    lb::SpeakerConfig speaks{options.node_name, agent_address};
    speaker.emplace(loop, informers, std::move(speaks));
    group.spawn("load-balancer speaker", speaker->run());
  }
  for (auto* informer : informers.all()) group.spawn("informer", informer->run());
  group.spawn("agent", agent.run());
  co_await group.join_or_cancel();
  co_return Result<>{};
}

}  // namespace

int agent_main(const AgentOptions& options) {
  rt::Loop loop;
  return run_component(loop, run_agent(loop, options));
}

}  // namespace fairlead
