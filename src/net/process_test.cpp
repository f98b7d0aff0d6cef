#include "net/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>

#include "base/text.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;

Result<ProcessResult> run_now(std::vector<std::string> argv, std::string input = {}, RunLimits limits = {}) {
  rt::Loop loop;
  SpawnOptions options;
  options.argv = std::move(argv);
  return rt::run(loop, run(loop, std::move(options), std::move(input), limits));
}

TEST(Run, CapturesBothOutputsAndTheExitCode) {
  const auto r = run_now({"sh", "-c", "cat; echo oops >&2; exit 3"}, "hello");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->out, "hello");
  EXPECT_EQ(r->err, "oops\n");
  EXPECT_EQ(r->status.code, 3);
  EXPECT_EQ(r->status.to_string(), "exit code 3");
}

TEST(Run, BoundsWhatItKeepsAndStillLetsTheCommandEnd) {
  const auto r = run_now({"head", "-c", "3000000", "/dev/zero"}, {}, RunLimits{30s, 1000});
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->out.size(), 1000U);
  EXPECT_TRUE(r->truncated);
  EXPECT_TRUE(r->status.ok());
}

TEST(Run, KillsTheWholeGroupWhenTimeIsUp) {
  const auto r = run_now({"sh", "-c", "sleep 1000 & wait"}, {}, RunLimits{20ms, 1000});
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Code::kTimeout);
}

TEST(Run, ReturnsThoughSomethingLeftBehindHoldsThePipe) {
  const auto r = run_now({"sh", "-c", "setsid sleep 1000 & echo $!"});
  ASSERT_TRUE(r) << r.error().message;
  const auto pid = parse_int(trim(r->out));
  ASSERT_TRUE(pid);
  ::kill(static_cast<pid_t>(*pid), SIGKILL);
}

TEST(Run, NamesTheProgramThatIsMissing) {
  const auto r = run_now({"fairlead-no-such-program"});
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Code::kNotFound);
  EXPECT_NE(r.error().message.find("fairlead-no-such-program"), std::string::npos);
}

TEST(Spawn, ReportsWhatFailedBeforeExec) {
  SpawnOptions options;
  options.argv = {"/bin/true"};
  options.cwd = "/no/such/directory";
  const auto process = Process::spawn(options);
  ASSERT_FALSE(process);
  EXPECT_NE(process.error().message.find("/no/such/directory"), std::string::npos);
  options.cwd.clear();
  options.cgroup_procs = {"/no/such/cgroup.procs"};
  EXPECT_FALSE(Process::spawn(options));
}

rt::Task<> cancelled_run(rt::Loop& loop, std::string pid_file) {
  SpawnOptions options;
  options.argv = {"sh", "-c", fmt::format("echo $$ > {}.new; mv {}.new {}; sleep 1000", pid_file, pid_file, pid_file)};
  auto r = co_await run(loop, std::move(options));
  EXPECT_FALSE(true) << "not cancelled";
}

rt::Task<> start_and_cancel(rt::Loop& loop, std::string pid_file) {
  rt::TaskGroup group(loop);
  group.spawn("run", cancelled_run(loop, pid_file));
  while (!std::filesystem::exists(pid_file)) co_await rt::sleep(1ms);
  const auto pid = static_cast<pid_t>(*parse_int(trim(*read_file(pid_file))));
  EXPECT_TRUE(process_start_time(pid));
  co_await group.shutdown();
  EXPECT_FALSE(process_start_time(pid));
}

TEST(Run, KillsAndReapsWhenCancelled) {
  char name[] = "/tmp/fairlead-process-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  rt::Loop loop;
  rt::run(loop, start_and_cancel(loop, std::string(name) + "/pid"));
  std::filesystem::remove_all(name);
}

rt::Task<> run_and_wait_for_ever(rt::Loop& loop, bool& ran) {
  SpawnOptions options;
  options.argv = {"true"};
  auto result = co_await run(loop, std::move(options));
  ran = result.has_value();
  rt::Event never(loop);
  for (;;) co_await never.wait();
}

rt::Task<> cancel_after_run(rt::Loop& loop) {
  bool ran = false;
  rt::TaskGroup group(loop);
  group.spawn("runs", run_and_wait_for_ever(loop, ran));
  while (!ran) co_await rt::sleep(1ms);
  group.cancel();
  const bool ended = co_await rt::with_timeout(group.join(), 10s);
  EXPECT_TRUE(ended);
}

TEST(Run, LeavesItsCallerCancellable) {
  rt::Loop loop;
  rt::run(loop, cancel_after_run(loop));
}

rt::Task<> stop_stubborn(rt::Loop& loop) {
  SpawnOptions options;
  options.argv = {"sh", "-c", "trap '' TERM; while :; do sleep 1000; done"};
  auto process = Process::spawn(options);
  EXPECT_TRUE(process);
  EXPECT_TRUE(process->running());
  auto status = co_await process->stop(loop, 10ms);
  EXPECT_TRUE(status);
  if (status) {
    EXPECT_NE(status->signal, 0);
  }
  EXPECT_FALSE(process->running());
  EXPECT_TRUE(process->signal(SIGTERM));  // ended: not an error
}

TEST(Process, StopKillsWhatIgnoresTermination) {
  rt::Loop loop;
  rt::run(loop, stop_stubborn(loop));
}

rt::Task<> adopt_and_wait(rt::Loop& loop, ProcessId id) {
  auto adopted = Process::adopt(id);
  EXPECT_TRUE(adopted);
  EXPECT_TRUE(adopted->signal(SIGKILL));
  auto status = co_await adopted->wait(loop);
  EXPECT_TRUE(status);
  if (status) {
    EXPECT_FALSE(status->known);
  }
}

TEST(Process, AdoptsOnlyTheVeryProcess) {
  SpawnOptions options;
  options.argv = {"sleep", "1000"};
  auto process = Process::spawn(options);
  ASSERT_TRUE(process);
  const auto id = process->id();
  EXPECT_TRUE(process_alive(id));
  EXPECT_FALSE(Process::adopt({id.pid, id.start_time + 1}));
  rt::Loop loop;
  rt::run(loop, adopt_and_wait(loop, id));
  EXPECT_FALSE(process_alive(id));  // a zombie until its parent reaps it
  ::waitpid(id.pid, nullptr, 0);
  EXPECT_FALSE(Process::adopt(id));
}

}  // namespace
}  // namespace fairlead::net
