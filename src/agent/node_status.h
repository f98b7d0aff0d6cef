// The Node object of this node: what it says at registration and in its heartbeats. Pure but for machine_facts().
#pragma once

#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/cri.h"
#include "api/kinds/lease.h"
#include "api/kinds/node.h"
#include "base/clock.h"

namespace fairlead::agent {

struct MachineFacts {
  int64_t cpus = 1;
  int64_t memory = 0;  // bytes
  int64_t disk = 0;    // bytes of the file system that holds pods' data
  std::string machine_id;
  std::string system_uuid;
  std::string boot_id;
  std::string kernel;
  std::string os_image;
  std::string architecture;  // Go's names: amd64, arm64
};
MachineFacts machine_facts(const std::string& data_dir);

// What the runtime said; an error message when it could not be asked.
struct RuntimeHealth {
  bool ready = false;
  std::string version;  // containerd://1.6.20
  std::string problem;
  bool operator==(const RuntimeHealth&) const = default;
};

// A new Node, without status. `serving_ca` is the annotation by which the kubelet's API is known; empty: none.
api::Node new_node(const AgentConfig& config, const MachineFacts& machine, const std::string& serving_ca);
// Labels, annotations and pod networks that the node must have; true when something was missing.
bool complete_node(api::Node& node, const AgentConfig& config, const MachineFacts& machine,
                   const std::string& serving_ca);
api::NodeStatus node_status(const api::Node& node, const AgentConfig& config, const MachineFacts& machine,
                            const RuntimeHealth& runtime, WallTime now);
// The lease by which controllers know that the node is alive; `node` owns it.
api::Lease node_lease(const AgentConfig& config, const api::Node& node, WallTime now);

inline constexpr const char* kLeaseNamespace = "kube-node-lease";
// What `kubectl get nodes` shows: the version whose behaviour is claimed, and who it is.
inline constexpr const char* kKubeletVersion = "v1.35.0+fairlead-" FAIRLEAD_VERSION;

}  // namespace fairlead::agent
