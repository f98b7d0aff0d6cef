#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/text.h"

namespace fairlead::log {
namespace {

spdlog::level::level_enum spd(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool plain(std::string_view value) {
  return !value.empty() && value.find_first_of(" \"=\n\t\\") == std::string_view::npos;
}

}  // namespace

void configure(Level level, std::string_view component) {
  auto logger =
      std::make_shared<spdlog::logger>(std::string(component), std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %n: %v", spdlog::pattern_time_type::utc);
  logger->set_level(spd(level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

bool enabled(Level level) { return spdlog::default_logger_raw()->should_log(spd(level)); }

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  std::string line(message);
  for (const auto& f : fields) line += fmt::format(" {}={}", f.key, plain(f.value) ? f.value : quote(f.value));
  spdlog::default_logger_raw()->log(spd(level), spdlog::string_view_t(line));
}

}  // namespace fairlead::log
