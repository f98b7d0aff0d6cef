#include "agent/log_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/fd.h"
#include "net/file_watch.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;

constexpr size_t kChunk = 64 * 1024;
constexpr size_t kLongestLine = 1 << 20;  // the runtime breaks lines long before
constexpr std::chrono::milliseconds kFirstPause = 50ms;
constexpr std::chrono::milliseconds kLongestPause = 1s;

Result<Fd> open_log(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd) return fd;
  const Code code = errno == ENOENT ? Code::kNotFound : Code::kInternal;
  return fail(code, last_system_error(fmt::format("failed to open log file {}", path)).message);
}

// One log file, read forward in whole lines.
class LogFile {
 public:
  LogFile() = default;  // no file
  LogFile(Fd fd, int64_t offset, std::optional<int64_t> end) : fd_(std::move(fd)), offset_(offset), end_(end) {}

  // Appends what the next bytes give to `out`; false at the end.
  Result<bool> read(LogFormatter& formatter, std::string& out) {
    size_t want = kChunk;
    if (end_) want = std::min(want, static_cast<size_t>(std::max<int64_t>(*end_ - offset_, 0)));
    std::string bytes(want, '\0');
    const ssize_t n = ::pread(fd_.get(), bytes.data(), want, offset_);
    if (n < 0) return fail(last_system_error("read of a log file"));
    if (n == 0) return false;
    offset_ += n;
    line_.append(bytes.data(), static_cast<size_t>(n));
    size_t begin = 0;
    for (size_t end; !formatter.full() && (end = line_.find('\n', begin)) != std::string::npos; begin = end + 1)
      formatter.add(std::string_view(line_).substr(begin, end + 1 - begin), out);
    line_.erase(0, begin);
    if (line_.size() > kLongestLine) line_.clear();
    return true;
  }
  // The last line, when nobody will finish it.
  void finish(LogFormatter& formatter, std::string& out) {
    if (!line_.empty() && !formatter.full()) formatter.add(std::exchange(line_, {}), out);
  }
  // Another file has this one's name by now.
  [[nodiscard]] bool replaced(const std::string& path) const {
    struct stat now{};
    struct stat ours{};
    return ::stat(path.c_str(), &now) == 0 && ::fstat(fd_.get(), &ours) == 0 &&
           (now.st_ino != ours.st_ino || now.st_dev != ours.st_dev);
  }

 private:
  Fd fd_;
  int64_t offset_ = 0;
  std::optional<int64_t> end_;
  std::string line_;
};

// Where to begin and, unless followed, to end: a container that writes without pause must not keep a reader for ever.
Result<LogFile> open_at(const std::string& path, const LogQuery& query) {
  FL_TRY(Fd fd, open_log(path));
  int64_t offset = 0;
  if (query.tail_lines) {
    FL_TRY(offset, tail_offset(fd.get(), *query.tail_lines));
  }
  std::optional<int64_t> end;
  struct stat s{};
  if (!query.follow && ::fstat(fd.get(), &s) == 0) end = s.st_size;
  return LogFile(std::move(fd), offset, end);
}

struct Batch {
  std::string text;
  bool more = false;
};

Result<Batch> read_batch(LogFile& file, LogFormatter& formatter) {
  Batch out;
  // Lines that are filtered away cost the client nothing; do not go to the loop for them.
  do {
    FL_TRY(out.more, file.read(formatter, out.text));
  } while (out.more && out.text.empty() && !formatter.full());
  return out;
}

}  // namespace

rt::Task<Result<>> stream_log(rt::Loop& loop, rt::BlockingPool& pool, std::string path, LogQuery query, LogSink& sink) {
  LogFormatter formatter(query);
  FL_CO_TRY(LogFile file, co_await rt::blocking(pool, [&] { return open_at(path, query); }));
  std::unique_ptr<net::FileWatch> watch;
  auto pause = kFirstPause;
  auto asked = std::chrono::steady_clock::time_point::min();
  bool running = query.follow;
  bool news = false;
  while (!formatter.full()) {
    FL_CO_TRY(const Batch batch, co_await rt::blocking(pool, [&] { return read_batch(file, formatter); }));
    if (!batch.text.empty()) FL_CO_CHECK(co_await sink.write(batch.text));
    if (batch.more) {
      news = true;
      pause = kFirstPause;
      continue;
    }
    std::string last;
    if (query.follow && file.replaced(path)) {
      file.finish(formatter, last);
      if (!last.empty()) FL_CO_CHECK(co_await sink.write(last));
      auto next = open_log(path);
      if (next) file = LogFile(*std::move(next), 0, std::nullopt);
      continue;
    }
    if (!running) {
      file.finish(formatter, last);
      if (!last.empty()) FL_CO_CHECK(co_await sink.write(last));
      co_return Result<>{};
    }
    if (!watch) {
      // What was written before the watch began is read first.
      FL_CO_TRY(watch, net::FileWatch::create(loop, path.substr(0, path.rfind('/'))));
      continue;
    }
    const auto now = std::chrono::steady_clock::now();
    if (!news || asked + 200ms < now) {
      asked = now;
      running = co_await sink.running();
      if (!running) continue;  // once more: what it wrote last
    }
    news = false;
    (void)co_await watch->changed(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  co_return Result<>{};
}

}  // namespace fairlead::agent
