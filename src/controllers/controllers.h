// All controllers of the cluster in one task, as kube-controller-manager and kube-scheduler run them: one informer a
// kind, shared by all.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "client/api.h"
#include "rt/loop.h"

namespace fairlead::controllers {

struct ControllersConfig {
  // Names of the table in controllers.cpp that are not run.
  std::set<std::string> disabled;
  int workers = 5;  // of each controller that works on many keys at once
  // A node that has been silent for this long is not ready (--node-monitor-grace-period).
  std::chrono::milliseconds node_grace{40'000};
  // Upper bound of the tolerationSeconds for not-ready and unreachable nodes: when pods of a dead node are replaced.
  std::chrono::milliseconds longest_toleration{300'000};
  // How long the pods of a node that was deleted are left alone, in case the node comes back.
  std::chrono::milliseconds pod_gc_quarantine{40'000};
  std::chrono::seconds event_ttl{3600};
  // The PEM bundle that kube-root-ca.crt has in every namespace; empty: there is none to publish.
  std::string root_ca = {};
};

// Every controller's name, in the order in which they start.
std::vector<std::string_view> controller_names();

// Until cancelled. `api`, `clock` and `loop` outlive the task.
rt::Task<> run_controllers(rt::Loop& loop, client::Api& api, const Clock& clock, ControllersConfig config);

}  // namespace fairlead::controllers
