#include "net/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "rt/task_group.h"
#include "rt/time.h"

// glibc 2.36 declares these without C linkage for C++.
extern "C" {
#include <sys/pidfd.h>
}

extern char** environ;

namespace fairlead::net {
namespace {

namespace asio = boost::asio;

// What proc(5) stat says after the command's name, which is in parentheses and may itself contain any character.
std::optional<std::vector<std::string>> stat_fields(pid_t pid) {
  const auto text = read_file(fmt::format("/proc/{}/stat", pid));
  if (!text) return std::nullopt;
  const auto close = text->rfind(')');
  if (close == std::string::npos || close + 2 > text->size()) return std::nullopt;
  std::vector<std::string> fields;
  for (const auto part : split(trim(std::string_view(*text).substr(close + 2)), ' ')) fields.emplace_back(part);
  if (fields.size() < 20) return std::nullopt;
  return fields;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const auto& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

// Resolved before fork: nothing that allocates may run between fork and exec.
Result<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* variable = std::getenv("PATH");
  const std::string path =
      variable != nullptr ? variable : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const auto directory : split(path, ':')) {
    auto candidate = fmt::format("{}/{}", directory, name);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return fail(Code::kNotFound, fmt::format("program {} is not in PATH ({})", name, path));
}

Result<Fd> open_output(const std::string& path) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!fd) return fail(last_system_error(fmt::format("open {}", path)));
  return fd;
}

enum class Step : int { kSession, kNetns, kCgroup, kStdio, kCwd, kExec };
struct ChildFailure {
  Step step;
  int error;
  int index;
};

struct Prepared {
  std::string program;
  std::vector<char*> argv;
  std::vector<char*> env;
  std::string oom;
  std::array<int, 3> stdio{};
};

// Runs in the child between fork and exec: async-signal-safe calls only.
[[noreturn]] void child_main(const SpawnOptions& options, const Prepared& p, int report) {
  const auto give_up = [&](Step step, int index = 0) {
    const ChildFailure failure{step, errno, index};
    (void)!::write(report, &failure, sizeof failure);
    ::_exit(127);
  };
  for (const int s : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, SIGUSR1, SIGUSR2}) ::signal(s, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (options.new_session && ::setsid() < 0) give_up(Step::kSession);
  for (size_t i = 0; i < options.cgroup_procs.size(); ++i) {
    const int fd = ::open(options.cgroup_procs[i].c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, "0", 1) != 1) give_up(Step::kCgroup, static_cast<int>(i));
    ::close(fd);
  }
  if (options.netns_fd >= 0 && ::setns(options.netns_fd, CLONE_NEWNET) != 0) give_up(Step::kNetns);
  if (!p.oom.empty()) {
    const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
      (void)!::write(fd, p.oom.data(), p.oom.size());
      ::close(fd);
    }
  }
  // A source below 3 could be overwritten before it is used: move all of them out of the way first.
  std::array<int, 3> moved{};
  for (size_t i = 0; i < 3; ++i) {
    moved[i] = ::fcntl(p.stdio[i], F_DUPFD_CLOEXEC, 3);
    if (moved[i] < 0) give_up(Step::kStdio, static_cast<int>(i));
  }
  for (size_t i = 0; i < 3; ++i) {
    if (::dup2(moved[i], static_cast<int>(i)) < 0) give_up(Step::kStdio, static_cast<int>(i));
  }
  // Whatever a library opened without O_CLOEXEC does not leak into children that outlive us.
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  if (!options.cwd.empty() && ::chdir(options.cwd.c_str()) != 0) give_up(Step::kCwd);
  ::execve(p.program.c_str(), p.argv.data(), p.env.data());
  give_up(Step::kExec);
  ::_exit(127);
}

Error describe(const SpawnOptions& options, const Prepared& p, const ChildFailure& failure) {
  const auto index = static_cast<size_t>(failure.index);
  switch (failure.step) {
    case Step::kSession:
      return system_error("setsid", failure.error);
    case Step::kNetns:
      return system_error("join network namespace", failure.error);
    case Step::kCgroup:
      return system_error(fmt::format("enter cgroup {}", options.cgroup_procs[index]), failure.error);
    case Step::kStdio:
      return system_error(fmt::format("set up file descriptor {}", index), failure.error);
    case Step::kCwd:
      return system_error(fmt::format("change directory to {}", options.cwd), failure.error);
    case Step::kExec:
      break;
  }
  auto e = system_error(fmt::format("execute {}", p.program), failure.error);
  if (failure.error == ENOENT) e.code = Code::kNotFound;
  return e;
}

Result<Fd> memory_file(std::string_view content) {
  Fd fd(::memfd_create("stdin", MFD_CLOEXEC));
  if (!fd) return fail(last_system_error("memfd_create"));
  while (!content.empty()) {
    const ssize_t n = ::write(fd.get(), content.data(), content.size());
    if (n < 0) return fail(last_system_error("write memfd"));
    content.remove_prefix(static_cast<size_t>(n));
  }
  if (::lseek(fd.get(), 0, SEEK_SET) < 0) return fail(last_system_error("seek memfd"));
  return fd;
}

// One captured output. The pipe may stay open after the command ended (a daemon that it left behind holds it), so the
// reader is cancelled then and what is left in the pipe is read without waiting.
struct Capture {
  std::string text;
  size_t limit = 0;
  bool truncated = false;

  // False at end of file.
  bool read_available(int fd) {
    std::array<char, 65536> buffer;
    for (;;) {
      const ssize_t n = ::read(fd, buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN;
      if (n == 0) return false;
      const size_t take = std::min(static_cast<size_t>(n), limit - text.size());
      text.append(buffer.data(), take);
      truncated = truncated || take < static_cast<size_t>(n);
    }
  }
};

rt::Task<> read_all(asio::posix::stream_descriptor& pipe, Capture& capture) {
  for (;;) {
    co_await pipe.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
    if (!capture.read_available(pipe.native_handle())) co_return;
  }
}

struct Pipe {
  Fd read;
  Fd write;
};
Result<Pipe> make_pipe(bool nonblocking_read) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail(last_system_error("pipe"));
  Pipe out{Fd(fds[0]), Fd(fds[1])};
  if (nonblocking_read) ::fcntl(out.read.get(), F_SETFL, O_NONBLOCK);
  return out;
}

}  // namespace

std::optional<uint64_t> process_start_time(pid_t pid) {
  const auto fields = stat_fields(pid);
  if (!fields) return std::nullopt;
  const auto value = parse_int((*fields)[19]);
  if (!value) return std::nullopt;
  return static_cast<uint64_t>(*value);
}

bool process_alive(ProcessId id) {
  const auto fields = stat_fields(id.pid);
  if (!fields) return false;
  const auto start = parse_int((*fields)[19]);
  const auto& state = (*fields)[0];
  return start && static_cast<uint64_t>(*start) == id.start_time && state != "Z" && state != "X";
}

std::string ExitStatus::to_string() const {
  if (!known) return "ended";
  return signal != 0 ? fmt::format("killed by signal {}", signal) : fmt::format("exit code {}", code);
}

Result<Process> Process::spawn(const SpawnOptions& options) {
  check(!options.argv.empty(), "spawn without a program");
  Prepared p;
  FL_TRY(p.program, find_program(options.program.empty() ? options.argv.front() : options.program));
  p.argv = pointers(options.argv);
  if (options.env) {
    p.env = pointers(*options.env);
  } else {
    for (char** e = environ; *e != nullptr; ++e) p.env.push_back(*e);
    p.env.push_back(nullptr);
  }
  if (options.oom_score_adj) p.oom = std::to_string(*options.oom_score_adj);
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return fail(last_system_error("open /dev/null"));
  Fd out;
  Fd err;
  if (!options.stdout_file.empty()) {
    FL_TRY(out, open_output(options.stdout_file));
  }
  if (!options.stderr_file.empty() && options.stderr_file != options.stdout_file) {
    FL_TRY(err, open_output(options.stderr_file));
  }
  const auto pick = [&](int given, const Fd& file) {
    if (file) return file.get();
    return given >= 0 ? given : null.get();
  };
  const bool shared = !options.stderr_file.empty() && options.stderr_file == options.stdout_file;
  p.stdio = {pick(options.stdin_fd, {}), pick(options.stdout_fd, out), pick(options.stderr_fd, shared ? out : err)};
  FL_TRY(auto report, make_pipe(false));

  const pid_t pid = ::fork();
  if (pid < 0) return fail(last_system_error("fork"));
  if (pid == 0) child_main(options, p, report.write.get());
  report.write.reset();
  ChildFailure failure{};
  ssize_t n = 0;
  do {
    n = ::read(report.read.get(), &failure, sizeof failure);
  } while (n < 0 && errno == EINTR);
  if (n != 0) {
    ::waitpid(pid, nullptr, 0);
    return fail(describe(options, p, failure));
  }
  Fd pidfd(::pidfd_open(pid, 0));
  if (!pidfd) return fail(last_system_error("pidfd_open"));
  return Process(std::move(pidfd), ProcessId{pid, process_start_time(pid).value_or(0)}, true);
}

Result<Process> Process::adopt(ProcessId id) {
  if (id.pid <= 0) return fail(Code::kNotFound, "no process");
  Fd pidfd(::pidfd_open(id.pid, 0));
  // Checked after opening: a pidfd names one process, so what is true now stays true of it.
  if (!pidfd || !process_alive(id)) return fail(Code::kNotFound, fmt::format("process {} is gone", id.pid));
  return Process(std::move(pidfd), id, false);
}

bool Process::running() const {
  if (ended_) return false;
  pollfd p{pidfd_.get(), POLLIN, 0};
  return ::poll(&p, 1, 0) == 0;
}

rt::Task<Result<ExitStatus>> Process::wait(rt::Loop& loop) {
  if (ended_) co_return *ended_;
  const int copy = ::fcntl(pidfd_.get(), F_DUPFD_CLOEXEC, 3);
  if (copy < 0) co_return fail(last_system_error("dup pidfd"));
  asio::posix::stream_descriptor descriptor(loop.executor(), copy);
  while (running()) co_await descriptor.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
  ExitStatus status;
  siginfo_t info{};
  if (!child_ || ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) != 0) {
    status.known = false;
  } else if (info.si_code == CLD_EXITED) {
    status.code = info.si_status;
  } else {
    status.signal = info.si_status;
    status.code = 128 + info.si_status;
  }
  ended_ = status;
  co_return status;
}

rt::Task<bool> Process::wait_for(rt::Loop& loop, std::chrono::steady_clock::duration limit) {
  const auto status = co_await rt::with_timeout(wait(loop), limit);
  co_return status.has_value() && status->has_value();
}

Result<> Process::signal(int signal_number) const {
  if (ended_) return {};
  if (::pidfd_send_signal(pidfd_.get(), signal_number, nullptr, 0) != 0 && errno != ESRCH) {
    return fail(last_system_error(fmt::format("signal process {}", id_.pid)));
  }
  return {};
}

Result<> Process::signal_group(int signal_number) const {
  // The group's id stays taken while the leader is not reaped, which only wait() does.
  if (ended_) return {};
  if (::kill(-id_.pid, signal_number) != 0 && errno != ESRCH) {
    return fail(last_system_error(fmt::format("signal process group {}", id_.pid)));
  }
  return {};
}

rt::Task<Result<ExitStatus>> Process::stop(rt::Loop& loop, std::chrono::steady_clock::duration grace) {
  FL_CO_CHECK(signal(SIGTERM));
  const bool ended = co_await wait_for(loop, grace);
  if (!ended) FL_CO_CHECK(signal(SIGKILL));
  auto status = co_await wait(loop);
  co_return status;
}

rt::Task<Result<ProcessResult>> run(rt::Loop& loop, SpawnOptions options, std::string input, RunLimits limits) {
  FL_CO_TRY(auto in, memory_file(input));
  FL_CO_TRY(auto out, make_pipe(true));
  FL_CO_TRY(auto err, make_pipe(true));
  options.stdin_fd = in.get();
  options.stdout_fd = out.write.get();
  options.stderr_fd = err.write.get();
  FL_CO_TRY(auto process, Process::spawn(options));
  out.write.reset();
  err.write.reset();

  Capture out_text{.limit = limits.output_bytes};
  Capture err_text{.limit = limits.output_bytes};
  asio::posix::stream_descriptor out_pipe(loop.executor(), out.read.release());
  asio::posix::stream_descriptor err_pipe(loop.executor(), err.read.release());
  rt::TaskGroup readers(loop);
  readers.spawn("stdout", read_all(out_pipe, out_text));
  readers.spawn("stderr", read_all(err_pipe, err_text));

  bool in_time = false;
  std::exception_ptr cancelled;
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  try {
    in_time = co_await process.wait_for(loop, limits.time);
  } catch (...) {
    cancelled = std::current_exception();
  }
  co_await rt::shield();
  if (!in_time) {
    (void)(options.new_session ? process.signal_group(SIGKILL) : process.signal(SIGKILL));
  }
  auto status = co_await process.wait(loop);
  co_await readers.shutdown();
  // The shield would otherwise cover whatever the caller does next.
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (cancelled) std::rethrow_exception(cancelled);
  (void)out_text.read_available(out_pipe.native_handle());
  (void)err_text.read_available(err_pipe.native_handle());
  if (!in_time) {
    const auto seconds = std::chrono::duration<double>(limits.time).count();
    co_return fail(Code::kTimeout, fmt::format("{} did not end within {}s", options.argv.front(), seconds));
  }
  if (!status) co_return fail(std::move(status).error());
  ProcessResult result;
  result.status = *status;
  result.out = std::move(out_text.text);
  result.err = std::move(err_text.text);
  result.truncated = out_text.truncated || err_text.truncated;
  co_return result;
}

rt::Task<Result<std::string>> run_ok(rt::Loop& loop, SpawnOptions options, std::string input, RunLimits limits) {
  const std::string program = options.argv.front();
  FL_CO_TRY(auto result, co_await run(loop, std::move(options), std::move(input), limits));
  if (!result.status.ok()) {
    co_return fail(Code::kInternal, fmt::format("{}: {}: {}", program, result.status.to_string(),
                                                trim(result.err.empty() ? result.out : result.err)));
  }
  co_return std::move(result.out);
}

}  // namespace fairlead::net
