// One run of `fairlead up`: takes the cluster's lock, makes or finds what the cluster has, keeps its processes running.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/cgroup.h"
#include "rt/loop.h"
#include "rt/task_group.h"
#include "up/child.h"
#include "up/cluster_api.h"
#include "up/images.h"
#include "up/progress.h"
#include "up/runtime.h"
#include "up/state.h"
#include "up/up.h"

namespace fairlead::up {

class Supervisor {
 public:
  Supervisor(rt::Loop& loop, UpConfig config, Progress& progress);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Takes the lock and starts everything; returns when the cluster is ready. kTimeout: it runs but was not ready within
  // the limit, and the message says what is missing. Any other failure: nothing useful runs. May be cancelled.
  rt::Task<Result<>> bring_up();
  // Ends what bring_up() started and removes it from the machine; the data stays. Without the lock it does nothing.
  rt::Task<Result<>> take_down();

 private:
  struct NodeRun {
    NodePlan plan;
    Fd netns;
    bool images_ready = false;
  };

  [[nodiscard]] std::string executable() const;
  Result<> find_archives();
  Result<> choose_topology();
  [[nodiscard]] bool is_stopped(const NodePlan& node) const;
  rt::Task<Result<>> end_leftovers();
  rt::Task<Result<>> make_network();
  Result<> make_secrets();
  void start_server();
  rt::Task<> run_nodes();
  rt::Task<Result<PreparedImages>> prepare();
  rt::Task<> run_node(NodeRun& node, PreparedImages prepared);
  rt::Task<Result<>> start_runtime(NodeRun& node, PreparedImages prepared);
  void start_agent(const NodeRun& node);
  void start_child(ChildSpec spec);
  void record(const std::string& name, net::ProcessId id);
  rt::Task<Result<>> wait_for_api();
  rt::Task<Result<>> wait_until_ready();
  rt::Task<Result<>> install_dns();
  rt::Task<std::string> what_dns_lacks();
  // What this machine's firewall keeps from its way, each with the command that lets it through.
  rt::Task<std::vector<std::string>> what_firewall_drops();
  // What pods will miss outside the cluster; nothing that keeps it from being ready.
  rt::Task<> warn_about_egress();
  // What keeps the cluster from being ready; empty when it is.
  rt::Task<std::string> what_is_missing();
  Result<> server_trouble() const;

  rt::Loop& loop_;
  UpConfig config_;
  ClusterRef ref_;
  Layout layout_;
  Progress& progress_;
  std::optional<FileLock> lock_;
  std::optional<net::Cgroups> cgroups_;
  Topology topology_;
  State state_;
  WallTime began_ = SystemClock().now();
  bool had_egress_ = false;    // before this run
  bool was_isolated_ = false;  // likewise
  std::string images_dir_;
  std::vector<ImageFile> shared_images_;  // of the images directory
  std::vector<ImageFile> own_images_;     // of this cluster's
  std::vector<std::unique_ptr<NodeRun>> nodes_;
  std::vector<std::unique_ptr<Child>> children_;
  Child* server_ = nullptr;
  rt::TaskGroup tasks_;
  rt::Event changed_;
  std::unique_ptr<ClusterApi> api_;
  std::optional<Error> node_failure_;
  std::vector<std::string> announced_;
};

}  // namespace fairlead::up
