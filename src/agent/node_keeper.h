// Keeps this node's Node object, Lease, routes and masquerading as they should be.
#pragma once

#include <memory>
#include <optional>

#include "agent/agent.h"
#include "agent/node_status.h"
#include "rt/event.h"

namespace fairlead::agent {

class NodeKeeper {
 public:
  NodeKeeper(rt::Loop& loop, client::Api& api, const Clock& clock, Cri& cri, const AgentConfig& config,
             const MachineFacts& machine, std::string serving_ca, client::Informer<api::Node> nodes);

  // Registers the Node and keeps it alive, until cancelled.
  rt::Task<> run();
  // Routes and masquerading, until cancelled.
  rt::Task<> keep_network();

 private:
  rt::Task<Result<>> register_node();
  rt::Task<Result<>> write_status(bool heartbeat);
  rt::Task<Result<>> renew_lease();
  rt::Task<RuntimeHealth> look_at_runtime();

  rt::Loop& loop_;
  client::Api& api_;
  const Clock& clock_;
  Cri& cri_;
  const AgentConfig& config_;
  const MachineFacts& machine_;
  const std::string serving_ca_;
  client::Informer<api::Node> nodes_;
  std::shared_ptr<const api::Node> node_;  // as last read or written
  std::optional<api::Lease> lease_;        // as last written
  bool leases_served_ = true;
  RuntimeHealth runtime_;
  rt::Event nodes_changed_;
  uint64_t nodes_version_ = 0;
};

}  // namespace fairlead::agent
