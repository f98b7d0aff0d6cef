// The node agent: registers its Node and keeps it alive, runs the pods that are bound to it through CRI, routes their
// traffic to the pods of other nodes, and serves the kubelet's API (logs, exec, attach, port-forward). It owns no state
// of its own: killed at any time, it finds in the API what is wanted and in the runtime what is there.
//
//   client::SharedInformers informers(loop, api);
//   agent::Agent agent(loop, api, informers, clock, *agent::make_grpc_cri(loop, socket), config);
//   ... spawn every informers.all(), then group.spawn("agent", agent.run());
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "agent/cri.h"
#include "base/clock.h"
#include "base/ip.h"
#include "client/api.h"
#include "client/informer.h"
#include "rt/loop.h"

namespace fairlead::agent {

struct AgentConfig {
  std::string node_name;
  IpAddress node_ip;
  std::vector<Cidr> pod_cidrs;  // of this node; at most one per family
  // Pods' traffic to elsewhere than these and the node's own networks leaves with the node's address.
  std::vector<Cidr> cluster_cidrs;
  std::string data_dir = "/var/lib/fairlead/agent";  // pods' volumes, logs and hosts files
  std::vector<std::string> cluster_dns;
  std::string cluster_domain = "cluster.local";
  std::string resolv_conf = "/etc/resolv.conf";  // for dnsPolicy Default
  std::string cgroup_parent = "/fairlead";       // pods run in <cgroup_parent>/pod<uid>
  bool manage_network = true;                    // routes and masquerading; false leaves them to someone else
  // Port of the kubelet's API on node_ip, for clients with a certificate that `client_ca_pem` signed; 0: none.
  uint16_t kubelet_port = 0;
  std::string client_ca_pem;
  std::chrono::milliseconds lease_period{2'000};
  std::chrono::milliseconds runtime_poll{1'000};  // for runtimes without events; a tenth as often with them
};

class Agent {
 public:
  // Everything is borrowed. Asks `informers` for Services and Nodes, so it comes before they are started.
  Agent(rt::Loop& loop, client::Api& api, client::SharedInformers& informers, const Clock& clock, Cri& cri,
        AgentConfig config);
  ~Agent();

  // Until cancelled. Pods keep running.
  rt::Task<> run();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::agent
