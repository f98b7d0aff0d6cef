// One line an event, key=value, on standard error: `log::info("pod started", {{"pod", name}, {"node", node}})`.
// Logged where the thing is handled; whoever returns an error does not log it.
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace fairlead::log {

enum class Level { kDebug, kInfo, kWarn, kError };

struct Field {
  std::string key;
  std::string value;
  template <class T>
  Field(std::string_view k, const T& v) : key(k), value(fmt::format("{}", v)) {}
};

// For main only: the level from which lines are written and the component's name that each line carries.
void configure(Level level, std::string_view component);
bool enabled(Level level);
void write(Level level, std::string_view message, std::initializer_list<Field> fields);

inline void debug(std::string_view m, std::initializer_list<Field> f = {}) {
  if (enabled(Level::kDebug)) write(Level::kDebug, m, f);
}
inline void info(std::string_view m, std::initializer_list<Field> f = {}) { write(Level::kInfo, m, f); }
inline void warn(std::string_view m, std::initializer_list<Field> f = {}) { write(Level::kWarn, m, f); }
inline void error(std::string_view m, std::initializer_list<Field> f = {}) { write(Level::kError, m, f); }

}  // namespace fairlead::log
