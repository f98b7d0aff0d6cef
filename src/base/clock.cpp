#include "base/clock.h"

#include <cstdio>
#include <ctime>

namespace fairlead {

WallTime SystemClock::now() const {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

MonoTime SystemClock::mono() const { return std::chrono::steady_clock::now(); }

namespace {

struct Civil {
  std::tm tm{};
  int64_t micros = 0;
};

Civil civil(WallTime t) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
  const std::time_t unix_seconds = seconds.time_since_epoch().count();
  Civil c;
  gmtime_r(&unix_seconds, &c.tm);
  c.micros = (t - seconds).count();
  return c;
}

}  // namespace

std::string format_rfc3339(WallTime t) {
  const auto c = civil(t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", c.tm.tm_year + 1900, c.tm.tm_mon + 1, c.tm.tm_mday,
                     c.tm.tm_hour, c.tm.tm_min, c.tm.tm_sec);
}

std::string format_rfc3339_micro(WallTime t) {
  auto text = format_rfc3339(t);
  text.pop_back();
  return fmt::format("{}.{:06}Z", text, civil(t).micros);
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  const auto bad = [&] {
    return fail(Code::kBadRequest, fmt::format("\"{}\" is not an RFC 3339 time such as 2026-01-02T03:04:05Z", text));
  };
  const auto number = [&](size_t at, size_t count, int low, int high) -> int {
    int value = 0;
    for (size_t i = at; i < at + count; ++i) {
      if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value < low || value > high ? -1 : value;
  };
  const auto literal = [&](size_t at, char c) { return at < text.size() && text[at] == c; };
  std::tm tm{};
  const int year = number(0, 4, 0, 9999);
  const int month = number(5, 2, 1, 12);
  const int day = number(8, 2, 1, 31);
  const int hour = number(11, 2, 0, 23);
  const int minute = number(14, 2, 0, 59);
  const int second = number(17, 2, 0, 60);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0 || !literal(4, '-') ||
      !literal(7, '-') || !(literal(10, 'T') || literal(10, 't')) || !literal(13, ':') || !literal(16, ':')) {
    return bad();
  }
  tm.tm_year = year - 1900;
  tm.tm_mon = month - 1;
  tm.tm_mday = day;
  tm.tm_hour = hour;
  tm.tm_min = minute;
  tm.tm_sec = second;
  size_t at = 19;
  int64_t micros = 0;
  if (literal(at, '.')) {
    int digits = 0;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
      if (digits < 6) micros = micros * 10 + (text[at] - '0');
    }
    if (digits == 0) return bad();
    for (; digits < 6; ++digits) micros *= 10;
  }
  int offset_minutes = 0;
  if (literal(at, 'Z') || literal(at, 'z')) {
    ++at;
  } else if (literal(at, '+') || literal(at, '-')) {
    const int h = number(at + 1, 2, 0, 23);
    const int m = number(at + 4, 2, 0, 59);
    if (h < 0 || m < 0 || !literal(at + 3, ':')) return bad();
    offset_minutes = (text[at] == '+' ? 1 : -1) * (h * 60 + m);
    at += 6;
  } else {
    return bad();
  }
  if (at != text.size()) return bad();
  const int64_t unix_seconds = timegm(&tm) - int64_t{offset_minutes} * 60;
  return WallTime(std::chrono::microseconds(unix_seconds * 1'000'000 + micros));
}

}  // namespace fairlead
