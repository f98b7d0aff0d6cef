// One pod on this node: observes it in the runtime, asks plan_pod() what comes next, does it, and tells the API.
// Everything it knows can be found again in the API and the runtime, so a new agent goes on where the last was killed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/cri.h"
#include "agent/images.h"
#include "agent/pod_config.h"
#include "agent/pod_plan.h"
#include "agent/pod_state.h"
#include "agent/probes.h"
#include "agent/source_watch.h"
#include "agent/volumes.h"
#include "api/kinds/pod.h"
#include "api/kinds/service.h"
#include "base/clock.h"
#include "client/api.h"
#include "client/events.h"
#include "client/informer.h"
#include "net/cgroup.h"
#include "rt/blocking.h"
#include "rt/event.h"
#include "rt/task_group.h"

namespace fairlead::agent {

// What all workers share; outlives them.
struct WorkerContext {
  rt::Loop& loop;
  client::Api& api;
  Cri& cri;
  const Clock& clock;
  const NodeFacts& node;
  Images& images;
  client::EventRecorder& events;
  client::Informer<api::Service>& services;
  SourceWatch& sources;
  rt::BlockingPool& pool;
  const net::Cgroups* cgroups = nullptr;  // null: cgroups are left to the runtime
};

class PodWorker {
 public:
  PodWorker(WorkerContext& context, std::string uid);

  // The pod as the API has it; null when it is gone there.
  void set_pod(std::shared_ptr<const api::Pod> pod);
  // Something may have happened in the runtime.
  void wake();
  [[nodiscard]] const std::string& uid() const { return uid_; }

  // Until nothing of the pod is left on this node and in the API.
  rt::Task<> run();

 private:
  rt::Task<> live();
  using PodPtr = std::shared_ptr<const api::Pod>;

  [[nodiscard]] bool ending() const { return gone_ || (pod_ && pod_->metadata.deletion_timestamp); }
  [[nodiscard]] const api::Container* find_container(std::string_view name) const;
  rt::Task<> wait(std::optional<WallTime> until);

  rt::Task<Result<>> observe();
  rt::Task<> keep_running();
  rt::Task<bool> apply(Action action);
  rt::Task<bool> run_sandbox(RunSandbox action);
  rt::Task<bool> start_container(StartContainer action);
  rt::Task<bool> start_instance(std::string id, api::Container container);
  rt::Task<> post_start(api::LifecycleHandler handler, ProbeTarget target);
  Result<ContainerSpec> make_spec(const api::Container& container, uint32_t attempt, const CriImage& image);
  bool configuration_trouble(const std::string& container, const Error& error);
  // About one of the pod's containers.
  void event(const std::string& container, std::string_view type, std::string_view reason, std::string_view message);
  [[nodiscard]] std::optional<WallTime> deadline() const;
  void judge();
  void condemn(std::string_view event_type, Verdict verdict, std::string_view said = {});
  void announce_back_off();
  rt::Task<> watch_sizes();
  rt::Task<> read_last_words(CriContainer& instance);
  [[nodiscard]] DownwardFacts downward() const;
  rt::Task<Result<>> set_up_volumes();
  rt::Task<> refresh_volumes();
  void retry_configuration();
  void volume_trouble(const Error& error);
  void trouble(const std::string& container, std::string reason, std::string message,
               std::chrono::seconds retry = std::chrono::seconds{10});

  rt::Task<> end();
  [[nodiscard]] std::vector<std::vector<std::string>> stop_order() const;
  rt::Task<> stop_containers(std::vector<std::string> names, MonoTime since);
  rt::Task<> stop_one(CriContainer instance, api::Container container, std::chrono::seconds grace);
  rt::Task<> hurry(std::string id, std::chrono::seconds grace);
  [[nodiscard]] std::chrono::seconds grace() const;
  rt::Task<> remove_from_api();

  void forget_probes();
  void keep_probes();
  void adopt_probe_state(const CriContainer& instance);
  rt::Task<> probe_instance(api::Container container, CriContainer instance);
  rt::Task<bool> probe_startup(api::Container container, CriContainer instance);
  rt::Task<> probe_liveness(api::Container container, CriContainer instance);
  rt::Task<> probe_readiness(api::Container container, CriContainer instance);
  void unhealthy(const std::string& container, std::string_view kind, const Error& error);
  [[nodiscard]] Doom doom(const std::string& container, std::string_view kind, const api::Probe& probe) const;
  [[nodiscard]] ProbeTarget target_of(const api::Container& container, const std::string& id) const;

  void publish();
  rt::Task<> write_status();

  WorkerContext& context_;
  const std::string uid_;
  PodPtr pod_;  // the last known; null for what is found in the runtime without a pod
  bool gone_ = false;
  PodState state_;
  std::string ips_of_;  // the sandbox that state_.ips was read from
  rt::Event changed_;
  bool woken_ = true;
  bool sources_changed_ = false;
  std::optional<VolumePaths> volumes_;           // since they were prepared
  std::optional<Payloads> payloads_;             // what their files were last brought to
  rt::TaskGroup tasks_;                          // probes, hooks, stops
  rt::TaskGroup writer_;                         // the status writer
  std::map<std::string, bool> probed_;           // ids of instances that have probe tasks
  std::map<std::string, uint32_t> backing_off_;  // by container: the attempt whose back-off had its event
  bool sizes_watched_ = false;
  std::map<std::string, bool> announced_;  // volumes' and sandbox's errors that had their event
  std::optional<api::PodStatus> pending_;  // to be written
  std::optional<api::PodStatus> sent_;     // being written, or written and not yet seen back
  // The last status that was accepted, and what the API made of it: the same is not written twice.
  std::optional<std::pair<api::PodStatus, api::PodStatus>> written_;
  rt::Event writer_event_;
};

}  // namespace fairlead::agent
