// Container logs as the runtime writes them (kubernetes/design-proposals: kubelet-cri-logging) and as clients ask for
// them: "2016-10-06T00:17:09.669794202Z stdout F message", tag P for a line that goes on in the next. Pure but for
// tail_offset().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/url.h"

namespace fairlead::agent {

struct LogQuery {
  bool follow = false;
  bool previous = false;
  bool timestamps = false;
  std::optional<int64_t> tail_lines;
  std::optional<int64_t> limit_bytes;
  std::optional<WallTime> since;
  bool operator==(const LogQuery&) const = default;
};

// From the query of /containerLogs. kBadRequest names the parameter that cannot be read.
Result<LogQuery> parse_log_query(const net::Query& query, WallTime now);

// Turns lines of the file into what the client gets.
class LogFormatter {
 public:
  explicit LogFormatter(const LogQuery& query) : query_(query), left_(query.limit_bytes) {}

  // `line` with its newline, unless it is the last, unfinished one. Lines that are not the runtime's are skipped.
  void add(std::string_view line, std::string& out);
  // The client's limit is reached: nothing more is wanted.
  [[nodiscard]] bool full() const { return left_ && *left_ <= 0; }

 private:
  LogQuery query_;
  std::optional<int64_t> left_;
};

// Where the last `lines` lines of the file begin.
Result<int64_t> tail_offset(int fd, int64_t lines);

}  // namespace fairlead::agent
