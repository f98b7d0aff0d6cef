// `fairlead up` as a process: signals, the detached form, and what happens in which order when it ends.
#include "up/up.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "rt/event.h"
#include "rt/task_group.h"
#include "up/progress.h"
#include "up/state.h"
#include "up/supervisor.h"
#include "up/topology.h"

namespace fairlead::up {
namespace {

namespace asio = boost::asio;

struct Run {
  explicit Run(rt::Loop& loop) : changed(loop) {}
  rt::Event changed;
  int signal = 0;
  bool heed_hangup = true;
  std::optional<Result<>> outcome;
};

rt::Task<> watch_signals(rt::Loop& loop, Run& run) {
  asio::signal_set signals(loop.executor(), SIGINT, SIGTERM);
  if (run.heed_hangup) signals.add(SIGHUP);
  for (;;) {
    run.signal = co_await signals.async_wait(asio::use_awaitable);
    run.changed.notify();
  }
}

rt::Task<> bring_up(Supervisor& supervisor, Run& run) {
  auto outcome = co_await supervisor.bring_up();
  run.outcome = std::move(outcome);
  run.changed.notify();
}

rt::Task<Result<>> supervise(rt::Loop& loop, UpConfig config, Progress& progress) {
  Run run(loop);
  // nohup(1) means it.
  struct sigaction hangup{};
  run.heed_hangup = ::sigaction(SIGHUP, nullptr, &hangup) != 0 || hangup.sa_handler != SIG_IGN;
  Supervisor supervisor(loop, config, progress);
  rt::TaskGroup signals(loop);
  rt::TaskGroup starting(loop);
  signals.spawn("signals", watch_signals(loop, run));
  starting.spawn("bring up", bring_up(supervisor, run));
  while (!run.outcome && run.signal == 0) co_await run.changed.wait();
  Result<> outcome;
  if (run.outcome) outcome = *run.outcome;
  // Not ready in time is not the end: what is missing may still come, or be looked into.
  const bool runs = outcome || outcome.error().code == Code::kTimeout;
  if (run.signal != 0)
    outcome = fail(Code::kCancelled, fmt::format("cluster \"{}\" was stopped while it came up", config.name));
  else if (runs && !outcome)
    progress.line(outcome.error().message);
  if (runs) progress.finish(outcome);
  if (runs && run.signal == 0) outcome = {};
  while (runs && run.signal == 0) co_await run.changed.wait();
  if (runs) progress.line(fmt::format("stopping cluster \"{}\"", config.name));
  co_await starting.shutdown();
  auto removed = co_await supervisor.take_down();
  co_await signals.shutdown();
  if (!runs) progress.finish(outcome);
  if (outcome && !removed)
    outcome = std::move(removed);
  else if (runs && removed)
    progress.line(fmt::format("stopped; its data is kept: fairlead up goes on from there, fairlead down removes it"));
  co_return outcome;
}

// containerd, runc, nft and iptables are where administrators' PATHs have them, and those of `su` do not.
void complete_path() {
  const char* set = std::getenv("PATH");
  std::string path = set != nullptr ? set : "";
  for (const std::string_view needed :
       {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}) {
    const auto parts = split(path, ':');
    if (std::find(parts.begin(), parts.end(), needed) != parts.end()) continue;
    if (!path.empty()) path += ':';
    path += needed;
  }
  ::setenv("PATH", path.c_str(), 1);
}

Result<> run_supervisor(UpConfig config, Progress progress) {
  complete_path();
  // A starter or terminal that is gone must not end the cluster.
  ::signal(SIGPIPE, SIG_IGN);
  rt::Loop loop;
  return rt::run(loop, supervise(loop, std::move(config), progress));
}

// The supervisor of `--detach`, in the forked process.
[[noreturn]] void detached(UpConfig config, Fd report, const std::string& log_file) {
  ::setsid();
  const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Fd log(::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (null && log) {
    ::dup2(null.get(), STDIN_FILENO);
    ::dup2(log.get(), STDOUT_FILENO);
    ::dup2(log.get(), STDERR_FILENO);
  }
  const auto done = run_supervisor(std::move(config), Progress(std::move(report)));
  if (!done) std::fprintf(stderr, "fairlead: %s\n", done.error().message.c_str());
  std::fflush(nullptr);
  ::_exit(done ? 0 : 1);
}

Result<> start_detached(UpConfig config) {
  const Layout layout{data_dir_of({config.name, config.data_dir, config.places})};
  FL_CHECK(make_directory(layout.logs()));
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail(last_system_error("pipe"));
  Fd read_end(fds[0]);
  Fd write_end(fds[1]);
  const auto log_file = layout.logs() + "/up.log";
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return fail(last_system_error("fork"));
  if (pid == 0) {
    read_end.reset();
    detached(std::move(config), std::move(write_end), log_file);
  }
  write_end.reset();
  return relay(std::move(read_end), pid, log_file);
}

}  // namespace

Result<> up(UpConfig config) {
  FL_CHECK(check_cluster_name(config.name));
  if (::geteuid() != 0)
    return fail(Code::kForbidden, "fairlead up must run as root: nodes are network namespaces (try sudo)");
  if (config.nodes < 0 || config.nodes > kMaxNodes) {
    return fail(Code::kInvalid, fmt::format("number of nodes {}: must be between 1 and {}", config.nodes, kMaxNodes));
  }
  if (!config.resolv_conf.empty()) {
    // Agents have another working directory in mind than the user.
    std::error_code ec;
    config.resolv_conf = std::filesystem::absolute(config.resolv_conf, ec).string();
    if (auto text = read_file(config.resolv_conf); !text) return fail(std::move(text).error().in("--resolv-conf"));
  }
  if (config.detach) return start_detached(std::move(config));
  return run_supervisor(std::move(config), Progress());
}

}  // namespace fairlead::up
