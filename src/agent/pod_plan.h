// The next steps for one pod: a pure function of what is wanted and what is observed. The worker applies the steps in
// order, observes again, and asks again until there is nothing to do.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/pod_state.h"
#include "api/kinds/pod.h"
#include "base/clock.h"

namespace fairlead::agent {

struct RunSandbox {
  uint32_t attempt = 0;
  bool operator==(const RunSandbox&) const = default;
};
struct StopSandbox {
  std::string id;
  bool operator==(const StopSandbox&) const = default;
};
struct RemoveSandbox {
  std::string id;
  bool operator==(const RemoveSandbox&) const = default;
};
// Creates and starts an instance. `container` is the name in spec.containers or spec.initContainers.
struct StartContainer {
  std::string container;
  uint32_t attempt = 0;
  bool operator==(const StartContainer&) const = default;
};
// Starts an instance that was created before this agent was killed.
struct StartCreated {
  std::string id;
  std::string container;
  bool operator==(const StartCreated&) const = default;
};
struct StopContainer {
  std::string id;
  std::string container;
  std::string why;               // the event's text
  std::optional<int64_t> grace;  // when it is not the pod's
  bool operator==(const StopContainer&) const = default;
};
struct RemoveContainer {
  std::string id;
  bool operator==(const RemoveContainer&) const = default;
};
using Action =
    std::variant<RunSandbox, StopSandbox, RemoveSandbox, StartContainer, StartCreated, StopContainer, RemoveContainer>;

struct Plan {
  std::vector<Action> actions;
  // When there is something to do only later: when.
  std::optional<WallTime> again_at;
  bool operator==(const Plan&) const = default;
};

// For a pod that is to run.
Plan plan_pod(const api::Pod& pod, const PodState& state, WallTime now);

// True when no container of the pod will run again: its phase is, or will be, Succeeded or Failed.
bool has_ended(const api::Pod& pod, const PodState& state);

}  // namespace fairlead::agent
