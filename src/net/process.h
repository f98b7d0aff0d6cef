// Subprocesses: spawn with a network namespace and cgroups joined before exec, wait on the loop through a pidfd, signal
// without the races of process ids. A Process outlives the object that describes it: dropping a Process never kills;
// run() always does.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "rt/loop.h"

namespace fairlead::net {

// Names one process for good: process ids are reused, a pid with its start time (clock ticks since boot, proc(5) stat
// field 22) is not within one boot.
struct ProcessId {
  pid_t pid = 0;
  uint64_t start_time = 0;
  bool operator==(const ProcessId&) const = default;
};
// Start time of `pid`, nullopt when there is no such process (a zombie still counts as one).
std::optional<uint64_t> process_start_time(pid_t pid);
// True while exactly this process exists and is not a zombie.
bool process_alive(ProcessId id);

struct ExitStatus {
  bool known = true;  // false for adopted processes: only a parent learns how its child ended
  int code = 0;       // exit code; 128 + signal when killed by one, as shells say
  int signal = 0;     // 0 when it exited by itself
  [[nodiscard]] bool ok() const { return known && code == 0; }
  [[nodiscard]] std::string to_string() const;  // "exit code 1", "killed by signal 9"
};

struct SpawnOptions {
  std::vector<std::string> argv;
  // What is executed; argv[0] when empty. Without a slash it is searched in PATH. "/proc/self/exe" is the caller's own
  // program, also after its file was replaced.
  std::string program;
  std::optional<std::vector<std::string>> env;  // NAME=value; nullopt inherits
  std::string cwd;                              // empty inherits
  // Borrowed descriptors for 0, 1, 2; -1 is /dev/null. A *_file, when given, is opened for append and wins.
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  std::string stdout_file;
  std::string stderr_file;
  int netns_fd = -1;                      // joined before exec, as nsenter --net does: /sys is not remounted; borrowed
  std::vector<std::string> cgroup_procs;  // cgroup.procs files that the process enters before exec (net/cgroup.h)
  bool new_session = true;                // setsid: own process group, no terminal
  // Written in the child before exec; empty leaves it. -1000 to 1000; lowering needs CAP_SYS_RESOURCE, failure is
  // ignored.
  std::optional<int> oom_score_adj;
};

class Process {
 public:
  // Returns once exec succeeded; a missing program, directory, namespace or cgroup is an error here.
  static Result<Process> spawn(const SpawnOptions& options);
  // Holds on to a process that someone else started. kNotFound when it is gone or its pid belongs to another now.
  static Result<Process> adopt(ProcessId id);

  [[nodiscard]] ProcessId id() const { return id_; }
  [[nodiscard]] pid_t pid() const { return id_.pid; }
  [[nodiscard]] bool running() const;
  // Waits for the end and reaps it. Cancellation leaves the process running and may be followed by another wait().
  rt::Task<Result<ExitStatus>> wait(rt::Loop& loop);
  // False when `limit` passed first.
  rt::Task<bool> wait_for(rt::Loop& loop, std::chrono::steady_clock::duration limit);
  // A process that has ended is not an error.
  Result<> signal(int signal_number) const;
  // Signals the whole process group; only for processes spawned with new_session.
  Result<> signal_group(int signal_number) const;
  // SIGTERM, then SIGKILL when it has not ended within `grace`; returns after the end.
  rt::Task<Result<ExitStatus>> stop(rt::Loop& loop, std::chrono::steady_clock::duration grace);

 private:
  Process(Fd pidfd, ProcessId id, bool child) : pidfd_(std::move(pidfd)), id_(id), child_(child) {}
  Fd pidfd_;
  ProcessId id_;
  bool child_;
  std::optional<ExitStatus> ended_;
};

struct ProcessResult {
  ExitStatus status;
  std::string out;  // at most RunLimits::output_bytes each; the rest is read and dropped
  std::string err;
  bool truncated = false;
};
struct RunLimits {
  std::chrono::steady_clock::duration time = std::chrono::seconds{30};
  size_t output_bytes = size_t{1} << 20;
};
// Runs a short command to its end with `input` on standard input and both outputs captured. kTimeout after limits.time;
// the process group is killed then, and when the caller is cancelled. A non-zero exit is a value, not an error.
rt::Task<Result<ProcessResult>> run(rt::Loop& loop, SpawnOptions options, std::string input = {},
                                    RunLimits limits = {});
// The same, with a non-zero exit as an error that carries what the command wrote to standard error.
rt::Task<Result<std::string>> run_ok(rt::Loop& loop, SpawnOptions options, std::string input = {},
                                     RunLimits limits = {});

}  // namespace fairlead::net
