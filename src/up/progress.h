// Progress lines on standard error with the time since the start: "[0.31s] API ready at https://10.84.0.1:6443".
// Detached, the same lines also travel through a pipe to the command that started the supervisor, which ends with what
// finish() says.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace fairlead::up {

class Progress {
 public:
  Progress() = default;
  // `report` is the write end of the pipe that relay() reads.
  explicit Progress(Fd report) : report_(std::move(report)) {}

  void line(std::string_view text);
  // Tells the starter that all is well, or why it is not. Nobody listens afterwards.
  void finish(const Result<>& outcome);
  [[nodiscard]] double seconds() const;

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Fd report_;
};

// The starter's side: copies lines to standard error until the outcome arrives, which it returns. When the supervisor
// ends without one, an error that names `log_file`. SIGINT and SIGTERM meanwhile are handed on to `supervisor`.
Result<> relay(Fd report, pid_t supervisor, const std::string& log_file);

}  // namespace fairlead::up
