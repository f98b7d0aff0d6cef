// The columns of `kubectl get pods`: what a pod's many states are called in one word.
#pragma once

#include <string>
#include <vector>

#include "api/kind.h"
#include "api/kinds/pod.h"

namespace fairlead::api {

std::vector<Cell> pod_row(const Object& object, WallTime now);

struct PodSummary {
  int ready = 0;
  int total = 0;
  std::string reason;  // the STATUS column: Running, Init:0/1, CrashLoopBackOff, Terminating, ...
  int restarts = 0;
  Time last_restart;
};
PodSummary summarize(const Pod& pod);

}  // namespace fairlead::api
