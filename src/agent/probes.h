// Probes and lifecycle handlers: one attempt at a container, from the node's network.
#pragma once

#include <chrono>
#include <string>

#include "agent/cri.h"
#include "api/kinds/pod.h"
#include "base/result.h"
#include "rt/loop.h"

namespace fairlead::agent {

struct ProbeTarget {
  std::string container_id;
  std::string pod_ip;  // the host when the handler names none
  api::Container container;
};

// One attempt within `limit`. An error's message is what the event Unhealthy shows.
rt::Task<Result<>> attempt(rt::Loop& loop, Cri& cri, api::ProbeHandler handler, ProbeTarget target,
                           std::chrono::seconds limit);
// A postStart or preStop handler. For sleep the time is the handler's own, at most `limit`.
rt::Task<Result<>> handle(rt::Loop& loop, Cri& cri, api::LifecycleHandler handler, ProbeTarget target,
                          std::chrono::seconds limit);

// Counts an endless row of results into verdicts: a verdict turns after success_threshold or failure_threshold equal
// ones.
class ProbeCounter {
 public:
  ProbeCounter(const api::Probe& probe, bool verdict);
  // True when the verdict turned, or failed anew (for liveness: each time the threshold is reached).
  bool add(bool success);
  [[nodiscard]] bool verdict() const { return verdict_; }

 private:
  int32_t success_threshold_;
  int32_t failure_threshold_;
  int32_t run_ = 0;
  bool last_ = false;
  bool verdict_;
};

}  // namespace fairlead::agent
