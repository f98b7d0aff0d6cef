#include "up/child.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "rt/time.h"

namespace fairlead::up {

std::chrono::milliseconds RestartBackoff::after_run_of(std::chrono::steady_clock::duration run) {
  if (run >= kHealthy) next_ = kFirst;
  const auto wait = next_;
  next_ = std::min(next_ * 2, kLongest);
  return wait;
}

Child::Child(rt::Loop& loop, ChildSpec spec, Started started)
    : loop_(loop), spec_(std::move(spec)), started_(std::move(started)) {}

bool Child::stopped() const {
  return !spec_.stopped_marker.empty() && ::access(spec_.stopped_marker.c_str(), F_OK) == 0;
}

Result<net::Process> Child::start() {
  if (std::exchange(first_, false)) {
    if (spec_.adopt) {
      auto adopted = net::Process::adopt(*spec_.adopt);
      if (adopted) {
        started_(spec_.name, *spec_.adopt);
        return adopted;
      }
    }
  } else if (spec_.prepare) {
    FL_CHECK(spec_.prepare());
  }
  auto process = net::Process::spawn(spec_.options);
  if (process) {
    started_(spec_.name, process->id());
    // Whoever stops the node makes the marker first and then kills what runs: what started in between is ours to kill.
    if (stopped()) (void)process->signal(SIGKILL);
  }
  return process;
}

rt::Task<> Child::keep() {
  RestartBackoff backoff;
  for (;;) {
    while (stopped()) co_await rt::sleep(std::chrono::milliseconds{50});
    const auto began = std::chrono::steady_clock::now();
    auto process = start();
    if (process) {
      auto status = co_await process->wait(loop_);
      last_end_ = status ? status->to_string() : status.error().message;
    } else {
      last_end_ = process.error().message;
    }
    ++ends_;
    if (stopped()) {
      backoff = {};
      continue;
    }
    const auto pause = backoff.after_run_of(std::chrono::steady_clock::now() - began);
    log::warn("child ended, starting it again",
              {{"child", spec_.name}, {"how", last_end_}, {"after", fmt::format("{}ms", pause.count())}});
    co_await rt::sleep(pause);
  }
}

}  // namespace fairlead::up
