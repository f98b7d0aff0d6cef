// Text to boost::json::value, with duplicate keys reported; the only user of Boost.JSON's parser template.
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <boost/json/value_stack.hpp>
#include <unordered_set>

#include "api/codec.h"
#include "api/json_extent.h"

namespace fairlead::api {
namespace json = boost::json;
namespace {

// The keys of one object. Most objects have few, where looking through a list is fastest.
class Keys {
 public:
  // Remembers `key`; true when it was there before.
  bool twice(const std::string& key) {
    if (!many_.empty()) return !many_.insert(key).second;
    if (std::find(few_.begin(), few_.end(), key) != few_.end()) return true;
    few_.push_back(key);
    if (few_.size() == kFew) many_.insert(few_.begin(), few_.end());
    return false;
  }

 private:
  static constexpr size_t kFew = 24;
  std::vector<std::string> few_;
  std::unordered_set<std::string> many_;
};

// Builds the value on Boost's own stack and watches for keys that stand twice in one object.
struct Handler {
  static constexpr std::size_t max_object_size = 1'000'000;
  static constexpr std::size_t max_array_size = 1'000'000;
  static constexpr std::size_t max_key_size = 1 << 20;
  static constexpr std::size_t max_string_size = 64 << 20;

  using ec = json::error_code;
  bool on_document_begin(ec&) {
    stack.reset();
    return true;
  }
  bool on_document_end(ec&) { return true; }
  bool on_object_begin(ec&) {
    frames.push_back({true, {}, {}, 0});
    return true;
  }
  bool on_object_end(std::size_t n, ec&) {
    frames.pop_back();
    stack.push_object(n);
    next();
    return true;
  }
  bool on_array_begin(ec&) {
    frames.push_back({false, {}, {}, 0});
    return true;
  }
  bool on_array_end(std::size_t n, ec&) {
    frames.pop_back();
    stack.push_array(n);
    next();
    return true;
  }
  bool on_key_part(json::string_view s, std::size_t, ec&) {
    stack.push_chars(s);
    key.append(s.data(), s.size());
    return true;
  }
  bool on_key(json::string_view s, std::size_t, ec&) {
    key.append(s.data(), s.size());
    stack.push_key(s);
    auto& frame = frames.back();
    if (report != nullptr && frame.seen.twice(key)) {
      report->duplicate.push_back(fmt::format("duplicate field \"{}\"", path(key)));
    }
    frame.key = std::move(key);
    key.clear();
    return true;
  }
  bool on_string_part(json::string_view s, std::size_t, ec&) {
    stack.push_chars(s);
    return true;
  }
  bool on_string(json::string_view s, std::size_t, ec&) {
    stack.push_string(s);
    next();
    return true;
  }
  bool on_number_part(json::string_view, ec&) { return true; }
  bool on_int64(std::int64_t i, json::string_view, ec&) {
    stack.push_int64(i);
    next();
    return true;
  }
  bool on_uint64(std::uint64_t u, json::string_view, ec&) {
    stack.push_uint64(u);
    next();
    return true;
  }
  bool on_double(double d, json::string_view, ec&) {
    stack.push_double(d);
    next();
    return true;
  }
  bool on_bool(bool b, ec&) {
    stack.push_bool(b);
    next();
    return true;
  }
  bool on_null(ec&) {
    stack.push_null();
    next();
    return true;
  }
  bool on_comment_part(json::string_view, ec&) { return true; }
  bool on_comment(json::string_view, ec&) { return true; }

  void next() {
    if (!frames.empty()) ++frames.back().index;
  }
  [[nodiscard]] std::string path(const std::string& last) const {
    std::string out;
    for (size_t i = 0; i + 1 < frames.size(); ++i) {
      if (frames[i].object)
        out += (out.empty() ? "" : ".") + frames[i].key;
      else
        out += fmt::format("[{}]", frames[i].index);
    }
    return out.empty() ? last : out + "." + last;
  }

  struct Frame {
    bool object;
    Keys seen;
    std::string key;
    size_t index;
  };
  json::value_stack stack;
  std::vector<Frame> frames;
  std::string key;
  DecodeReport* report = nullptr;
};

}  // namespace

Result<json::value> parse_json(std::string_view text, DecodeReport* report) {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::basic_parser<Handler> parser(options);
  parser.handler().report = report;
  json::error_code ec;
  const auto used = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && used < text.size() && text.find_first_not_of(" \t\r\n", used) != std::string_view::npos) {
    ec = json::error::extra_data;
  }
  if (!ec && !parser.done()) ec = json::error::incomplete;
  if (ec) {
    const auto before = text.substr(0, used);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto column = used - (before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1) + 1;
    return fail(Code::kBadRequest, fmt::format("invalid JSON at line {}, column {}: {}", line, column, ec.message()));
  }
  return parser.handler().stack.release();
}

}  // namespace fairlead::api
