// What is observed of one pod on this node: the runtime's sandboxes and containers, probe results, and what went wrong
// on our side.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/cri.h"
#include "api/kinds/pod.h"

namespace fairlead::agent {

// Why a running instance is to be stopped, and the grace it gets if that is not the pod's.
struct Doom {
  std::string message;  // of the event Killing
  std::optional<int64_t> grace;
  bool operator==(const Doom&) const = default;
};

struct ProbeState {
  bool started = false;        // the startup probe succeeded
  bool ready = false;          // the readiness probe's last verdict
  bool hook_running = false;   // postStart has not ended
  std::optional<Doom> doomed;  // liveness, startup or postStart failed for good
  bool operator==(const ProbeState&) const = default;
};

// Why a container (or, under the empty name, the pod's sandbox or volumes) could not be started, in the words of
// status.state.waiting.
struct Trouble {
  std::string reason;  // ErrImagePull, ImagePullBackOff, CreateContainerConfigError, RunContainerError, ...
  std::string message;
  WallTime retry_at{};
  bool operator==(const Trouble&) const = default;
};

// The node agent's own decision that the pod has failed.
struct Verdict {
  std::string reason;  // DeadlineExceeded, Evicted, SysctlForbidden, ...
  std::string message;
  bool operator==(const Verdict&) const = default;
};

struct PodState {
  std::vector<Sandbox> sandboxes;                // the newest first
  std::vector<std::string> ips;                  // of the newest sandbox, while it is ready
  std::vector<CriContainer> containers;          // the newest first, with their full status
  std::map<std::string, ProbeState> probes;      // by container id
  std::map<std::string, Trouble> troubles;       // by container name
  std::map<std::string, uint32_t> backoff_base;  // by container name: the attempt from which the crash back-off counts

  std::optional<Verdict> verdict;

  // Null when there is none.
  [[nodiscard]] const Sandbox* sandbox() const { return sandboxes.empty() ? nullptr : &sandboxes.front(); }
  [[nodiscard]] bool sandbox_ready() const { return !sandboxes.empty() && sandboxes.front().ready; }
  // The newest instance of a container, of any sandbox or of one.
  [[nodiscard]] const CriContainer* latest(std::string_view name, std::string_view sandbox_id = {}) const;
  // The newest instance before `newer`.
  [[nodiscard]] const CriContainer* before(const CriContainer& newer) const;
};

// An init container that goes on running beside the others.
bool is_sidecar(const api::Container& init_container);
// Whether a container that ended with this code is to run again, by its own rules and policy or the pod's.
bool restarts(const api::Pod& pod, const api::Container& container, int32_t exit_code);

// How long after the end of instance `attempt` the next one may start: nothing for the first, then 10 s doubling to 5
// min.
std::chrono::seconds crash_delay(uint32_t attempt, uint32_t base);
// A container that ran this long starts its back-off anew.
inline constexpr std::chrono::minutes kBackoffReset{10};
// Never true for one that could not be started.
bool ran_long(const CriContainer& instance);

// Whether the container's next instance has to wait, after this one, its last.
bool backs_off(const api::Pod& pod, const api::Container& container, const CriContainer& last, const PodState& state,
               WallTime now);

// Started as far as hooks and probes tell: running, past postStart and its startup probe if it has them. Ready:
// started, and past its readiness probe.
bool is_started(const api::Container& container, const CriContainer& instance, const PodState& state);
bool is_ready(const api::Container& container, const CriContainer& instance, const PodState& state);

}  // namespace fairlead::agent
