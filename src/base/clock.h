// Wall-clock and monotonic time as a dependency, so that tests control them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead {

using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
using MonoTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime now() const = 0;
  [[nodiscard]] virtual MonoTime mono() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override;
  [[nodiscard]] MonoTime mono() const override;
};

class FakeClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override { return now_; }
  [[nodiscard]] MonoTime mono() const override { return mono_; }
  void advance(std::chrono::microseconds by) {
    now_ += by;
    mono_ += by;
  }

 private:
  WallTime now_{std::chrono::seconds{1'700'000'000}};
  MonoTime mono_{std::chrono::hours{1}};
};

// RFC 3339 in UTC: whole seconds ("2026-01-02T03:04:05Z", metav1.Time) or with six digits (metav1.MicroTime).
std::string format_rfc3339(WallTime t);
std::string format_rfc3339_micro(WallTime t);
Result<WallTime> parse_rfc3339(std::string_view text);

}  // namespace fairlead
