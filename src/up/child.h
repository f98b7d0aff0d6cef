// Keeps one process running: starts it, or takes over one that a former supervisor left, and starts it again when it
// ends.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "net/process.h"
#include "rt/event.h"
#include "rt/loop.h"

namespace fairlead::up {

// How long to wait before the next start: 100 ms after the first end, doubling to 5 s; a run of 10 s starts over.
class RestartBackoff {
 public:
  static constexpr std::chrono::milliseconds kFirst{100};
  static constexpr std::chrono::milliseconds kLongest{5000};
  static constexpr std::chrono::seconds kHealthy{10};
  std::chrono::milliseconds after_run_of(std::chrono::steady_clock::duration run);

 private:
  std::chrono::milliseconds next_ = kFirst;
};

struct ChildSpec {
  std::string name;  // "server", "agent node1": in logs and in the state file
  net::SpawnOptions options;
  // While this file exists the child is not started. Empty: always.
  std::string stopped_marker;
  // Called before every start after the first, to bring back what the process needs (its cgroup, a stale socket).
  std::function<Result<>()> prepare;
  std::optional<net::ProcessId> adopt;  // taken over instead of the first start, when it still runs
};

class Child {
 public:
  using Started = std::function<void(const std::string& name, net::ProcessId id)>;
  // `started` is told every new process id, before anything else happens with it.
  Child(rt::Loop& loop, ChildSpec spec, Started started);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Runs until cancelled; leaves the process running then.
  rt::Task<> keep();
  [[nodiscard]] const std::string& name() const { return spec_.name; }
  // How often it has ended, and how the last time: "exit code 1". For whoever waits for it to become ready.
  [[nodiscard]] int ends() const { return ends_; }
  [[nodiscard]] const std::string& last_end() const { return last_end_; }

 private:
  [[nodiscard]] bool stopped() const;
  Result<net::Process> start();

  rt::Loop& loop_;
  ChildSpec spec_;
  Started started_;
  bool first_ = true;
  int ends_ = 0;
  std::string last_end_;
};

}  // namespace fairlead::up
