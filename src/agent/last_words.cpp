#include "agent/last_words.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <deque>
#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace fairlead::agent {
namespace {

constexpr size_t kLongest = 4096;
constexpr size_t kLongestFromLog = 2048;
constexpr size_t kLinesFromLog = 80;

// The last bytes of a file that may be large.
std::string end_of(const std::string& path, size_t limit) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return "";
  const auto size = static_cast<size_t>(std::max<std::streamoff>(file.tellg(), 0));
  std::string out(std::min(size, limit), '\0');
  file.seekg(static_cast<std::streamoff>(size - out.size()));
  file.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return out;
}

}  // namespace

std::string last_words_path(const NodeFacts& node, const std::string& uid, const std::string& container,
                            uint32_t attempt) {
  return fmt::format("{}/containers/{}/{}", pod_directory(node, uid), container, attempt);
}

std::string container_log_path(const NodeFacts& node, const std::string& uid, const std::string& container,
                               uint32_t attempt) {
  return fmt::format("{}/logs/{}/{}.log", pod_directory(node, uid), container, attempt);
}

Result<> make_last_words(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (!std::ofstream(path, std::ios::app)) return fail(last_system_error("create " + path));
  if (chmod(path.c_str(), 0666) != 0) return fail(last_system_error("chmod " + path));
  return {};
}

std::string last_words(const std::string& path, const std::string& log_path) {
  std::string said = end_of(path, kLongest);
  // 80 lines of any usual length.
  if (said.empty() && !log_path.empty()) said = log_tail(end_of(log_path, kLinesFromLog * kLongest));
  return said;
}

std::string log_tail(std::string_view log) {
  std::deque<std::string> lines;
  bool continued = false;
  for (const std::string_view line : split(log, '\n')) {
    const auto parts = split(line, ' ');
    // A line that the limit cut in two has lost its head.
    if (parts.size() < 4 || (parts[1] != "stdout" && parts[1] != "stderr")) continue;
    const size_t text = parts[0].size() + parts[1].size() + parts[2].size() + 3;
    if (!continued) lines.emplace_back();
    lines.back() += line.substr(text);
    continued = parts[2] == "P";
    if (!continued) lines.back() += "\n";
    if (lines.size() > kLinesFromLog) lines.pop_front();
  }
  std::string out;
  for (const std::string& line : lines) out += line;
  return out.size() <= kLongestFromLog ? out : out.substr(out.size() - kLongestFromLog);
}

}  // namespace fairlead::agent
