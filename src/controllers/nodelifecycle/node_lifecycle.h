// Notices nodes that have fallen silent. A node whose Lease (or, without one, whose Ready heartbeat) does not move for
// `grace` is marked Ready=Unknown and tainted unreachable, its pods are marked not ready, so that they leave their
// Services at once, and are deleted when their tolerations run out, so that their controllers replace them. A node that
// reports itself not ready is tainted not-ready. When it comes back the taints go. Times are measured by this process's
// own clock from the moment a change was seen, so clocks of nodes do not matter. While no node at all is ready nothing
// is evicted: the fault is more likely here, or everything is only starting (kube-controller-manager's full
// disruption).
#pragma once

#include <map>
#include <string>

#include "api/kinds/lease.h"
#include "api/kinds/node.h"
#include "api/kinds/pod.h"
#include "base/clock.h"
#include "client/informer.h"
#include "client/workqueue.h"

namespace fairlead::controllers {

struct NodeLifecycleConfig {
  std::chrono::milliseconds grace{40'000};  // kube-controller-manager's --node-monitor-grace-period
  // Upper bound on the tolerationSeconds of not-ready and unreachable (300 by default); what lets a cluster for tests
  // react quickly.
  std::chrono::milliseconds longest_toleration{300'000};
};

// When a pod must leave a node with these NoExecute taints, relative to the moment of tainting: nullopt is never.
std::optional<std::chrono::milliseconds> eviction_delay(const api::Pod& pod, const std::vector<api::Taint>& taints,
                                                        std::chrono::milliseconds longest_toleration);

class NodeLifecycle {
 public:
  NodeLifecycle(rt::Loop& loop, client::Api& api, client::SharedInformers& informers, const Clock& clock,
                NodeLifecycleConfig config);
  rt::Task<> run();

 private:
  struct Health {
    std::string beat;  // what moves while the node lives
    MonoTime seen;     // when it last moved
    std::optional<MonoTime> tainted;
  };

  void beat(const std::string& node);
  [[nodiscard]] bool nobody_ready() const;
  void resume_eviction();
  rt::Task<Result<>> reconcile(std::string node);
  rt::Task<Result<>> mark_unknown(std::shared_ptr<const api::Node> node);
  rt::Task<Result<>> set_taints(std::shared_ptr<const api::Node> node, std::string_view wanted);
  rt::Task<Result<>> mark_pods_not_ready(std::string node);
  rt::Task<Result<>> evict(std::shared_ptr<const api::Node> node, Health& health);

  rt::Loop& loop_;
  client::Api& api_;
  client::Informer<api::Node> nodes_;
  client::Informer<api::Pod> pods_;
  client::Informer<api::Lease> leases_;
  client::Index by_node_;
  const Clock& clock_;
  NodeLifecycleConfig config_;
  client::WorkQueue queue_;
  std::map<std::string, Health> health_;
  bool suspended_ = false;  // eviction, because no node was ready
};

}  // namespace fairlead::controllers
