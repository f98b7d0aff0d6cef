#include "agent/log_lines.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace fairlead::agent {
namespace {

// As Go's strconv.ParseBool, and like it for the forms that clients send.
Result<bool> flag(const net::Query& query, std::string_view name) {
  const std::string_view text = net::query_get(query, name);
  if (text.empty() || text == "0" || text == "false" || text == "False" || text == "f") return false;
  if (text == "1" || text == "true" || text == "True" || text == "t") return true;
  return fail(Code::kBadRequest, fmt::format("{}: {} is not true or false", name, quote(text)));
}

Result<std::optional<int64_t>> number(const net::Query& query, std::string_view name) {
  const std::string_view text = net::query_get(query, name);
  if (text.empty()) return std::nullopt;
  const auto value = parse_int(text);
  if (!value || *value < 0) return fail(Code::kBadRequest, fmt::format("{}: {} is not a number", name, quote(text)));
  return value;
}

// Nine digits of a second, as kubectl shows them; the runtime leaves zeros at the end out.
std::string fixed_width(std::string_view time) {
  constexpr size_t kSeconds = 19;  // 2016-10-06T00:17:09
  if (time.size() <= kSeconds) return std::string(time);
  size_t at = kSeconds;
  std::string digits;
  if (time[at] == '.') {
    for (++at; at < time.size() && time[at] >= '0' && time[at] <= '9'; ++at) digits += time[at];
  }
  digits.resize(9, '0');
  return fmt::format("{}.{}{}", time.substr(0, kSeconds), digits, time.substr(at));
}

}  // namespace

Result<LogQuery> parse_log_query(const net::Query& query, WallTime now) {
  LogQuery out;
  FL_TRY(out.follow, flag(query, "follow"));
  FL_TRY(out.previous, flag(query, "previous"));
  FL_TRY(out.timestamps, flag(query, "timestamps"));
  FL_TRY(out.tail_lines, number(query, "tailLines"));
  FL_TRY(out.limit_bytes, number(query, "limitBytes"));
  FL_TRY(const auto seconds, number(query, "sinceSeconds"));
  if (seconds) out.since = now - std::chrono::seconds(*seconds);
  if (const std::string_view text = net::query_get(query, "sinceTime"); !text.empty()) {
    FL_TRY(const WallTime since, parse_rfc3339(text));
    out.since = std::max(since, out.since.value_or(since));
  }
  return out;
}

void LogFormatter::add(std::string_view line, std::string& out) {
  const size_t time_end = line.find(' ');
  if (time_end == std::string_view::npos) return;
  const size_t stream_end = line.find(' ', time_end + 1);
  if (stream_end == std::string_view::npos) return;
  const size_t tag_end = line.find(' ', stream_end + 1);
  if (tag_end == std::string_view::npos) return;
  const std::string_view time = line.substr(0, time_end);
  const std::string_view stream = line.substr(time_end + 1, stream_end - time_end - 1);
  const std::string_view tags = line.substr(stream_end + 1, tag_end - stream_end - 1);
  if (stream != "stdout" && stream != "stderr") return;
  if (query_.since) {
    const auto at = parse_rfc3339(time);
    if (!at || *at < *query_.since) return;
  }
  std::string_view text = line.substr(tag_end + 1);
  if (split(tags, ':')[0] == "P" && text.ends_with('\n')) text.remove_suffix(1);
  const size_t before = out.size();
  if (query_.timestamps) out += fixed_width(time) + ' ';
  out += text;
  if (!left_) return;
  const size_t room = static_cast<size_t>(std::max<int64_t>(*left_, 0));
  if (out.size() - before > room) out.resize(before + room);
  *left_ -= static_cast<int64_t>(out.size() - before);
}

Result<int64_t> tail_offset(int fd, int64_t lines) {
  struct stat s{};
  if (::fstat(fd, &s) != 0) return fail(last_system_error("stat of a log file"));
  constexpr int64_t kBlock = 64 * 1024;
  std::string block(kBlock, '\0');
  int64_t newlines = 0;
  for (int64_t end = s.st_size; end > 0;) {
    const int64_t begin = std::max<int64_t>(0, end - kBlock);
    const ssize_t n = ::pread(fd, block.data(), static_cast<size_t>(end - begin), begin);
    if (n < 0) return fail(last_system_error("read of a log file"));
    for (int64_t i = n - 1; i >= 0; --i) {
      // The newline at the very end is that of the last line.
      if (block[static_cast<size_t>(i)] != '\n' || begin + i + 1 == s.st_size) continue;
      if (++newlines == lines) return begin + i + 1;
    }
    end = begin;
  }
  return lines == 0 ? s.st_size : 0;
}

}  // namespace fairlead::agent
