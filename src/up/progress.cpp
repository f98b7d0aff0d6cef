#include "up/progress.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>

#include "base/text.h"

namespace fairlead::up {
namespace {

// First characters of the pipe's lines. An error's message may have several lines: newlines travel as kNewline.
constexpr char kLine = 'L';
constexpr char kReady = 'R';
constexpr char kFailed = 'F';
constexpr char kNewline = '\r';

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // nobody listens any more; the supervisor goes on
    text.remove_prefix(static_cast<size_t>(n));
  }
}

volatile sig_atomic_t relay_target = 0;
void hand_on(int signal_number) {
  if (relay_target > 0) ::kill(relay_target, signal_number);
}

}  // namespace

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::line(std::string_view text) {
  const auto whole = fmt::format("[{:.2f}s] {}\n", seconds(), text);
  write_all(STDERR_FILENO, whole);
  if (report_) write_all(report_.get(), kLine + whole);
}

void Progress::finish(const Result<>& outcome) {
  if (!report_) return;
  std::string message = outcome ? "" : outcome.error().message;
  for (auto& c : message) {
    if (c == '\n') c = kNewline;
  }
  write_all(report_.get(), fmt::format("{}{}\n", outcome ? kReady : kFailed, message));
  report_.reset();
}

Result<> relay(Fd report, pid_t supervisor, const std::string& log_file) {
  relay_target = supervisor;
  struct sigaction action{};
  action.sa_handler = hand_on;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::string pending;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t n = ::read(report.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    pending.append(buffer.data(), static_cast<size_t>(n));
    for (size_t end = 0; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
      std::string text = pending.substr(0, end);
      const char what = text.empty() ? kLine : text.front();
      if (!text.empty()) text.erase(0, 1);
      if (what == kReady) return {};
      if (what == kFailed) {
        for (auto& c : text) {
          if (c == kNewline) c = '\n';
        }
        return fail(Code::kUnavailable, text);
      }
      write_all(STDERR_FILENO, text + "\n");
    }
  }
  return fail(Code::kInternal,
              fmt::format("the supervisor ended before the cluster was ready; its log is {}", log_file));
}

}  // namespace fairlead::up
