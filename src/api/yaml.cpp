// YAML to boost::json::value, in one pass over yaml-cpp's events. Plain scalars resolve as Kubernetes' own YAML library
// (go-yaml v2) resolves them, so that `0644` is octal and `on` is true here as there; quoted ones are strings.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>
#include <map>
#include <sstream>

#include "api/codec.h"
#include "api/json_extent.h"
#include "api/utf8.h"

namespace fairlead::api {
namespace json = boost::json;
namespace {

// Values an alias may bring in all: a few lines of nested aliases can otherwise stand for billions.
constexpr size_t kMaxAliasedValues = 1'000'000;
constexpr size_t kMaxAliasedBytes = 16 << 20;

// Thrown through yaml-cpp's parser and caught in parse_yaml() below.
struct Stop {
  std::string message;
  YAML::Mark mark;
};

bool one_of(std::string_view s, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, s) != list.end();
}

// [+-] then 0x, 0o, 0b, 0 (octal) or decimal, with _ between digits.
std::optional<json::value> parse_integer(std::string_view s) {
  std::string digits;
  std::ranges::copy_if(s, std::back_inserter(digits), [](char c) { return c != '_'; });
  std::string_view rest = digits;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  int base = 10;
  const auto prefix = [&](std::string_view p, int b) {
    if (!rest.starts_with(p) || rest.size() == p.size() || base != 10) return;
    rest.remove_prefix(p.size());
    base = b;
  };
  prefix("0x", 16);
  prefix("0o", 8);
  prefix("0b", 2);
  prefix("0", 8);
  uint64_t n = 0;
  const auto [end, ec] = std::from_chars(rest.data(), rest.data() + rest.size(), n, base);
  if (rest.empty() || ec != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  if (negative) {
    if (n > uint64_t{1} << 63) return std::nullopt;
    return json::value(static_cast<int64_t>(-n));
  }
  return n <= INT64_MAX ? json::value(static_cast<int64_t>(n)) : json::value(n);
}

// [+-] digits with a point or an exponent.
std::optional<json::value> parse_float(std::string_view s) {
  auto digits = s;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  const bool shape = !digits.empty() && digits.find_first_not_of("0123456789.eE+-_") == std::string_view::npos &&
                     digits.find_first_of("0123456789") <= 1;
  if (!shape) return std::nullopt;
  std::string text;
  std::ranges::copy_if(s.starts_with('+') ? s.substr(1) : s, std::back_inserter(text), [](char c) { return c != '_'; });
  double d = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), d);
  if (ec != std::errc() || end != text.data() + text.size() || !std::isfinite(d)) return std::nullopt;
  return json::value(d);
}

json::value resolve(const std::string& s, const YAML::Mark& mark) {
  if (s.empty() || one_of(s, {"~", "null", "Null", "NULL"})) return nullptr;
  const char c = s[0];
  if (one_of(s, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) return true;
  if (one_of(s, {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) return false;
  if (one_of(s, {".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"}))
    throw Stop{fmt::format("{} cannot be expressed in JSON", s), mark};
  if ((c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.') {
    if (auto n = parse_integer(s)) return *n;
    if (auto d = parse_float(s)) return *d;
  }
  return json::value(s);
}

// A key as Kubernetes' conversion writes it: numbers and booleans become their text.
std::string key_text(const json::value& v, const YAML::Mark& mark) {
  if (v.is_string()) return {v.get_string().data(), v.get_string().size()};
  if (v.is_bool()) return v.get_bool() ? "true" : "false";
  if (v.is_int64()) return std::to_string(v.get_int64());
  if (v.is_uint64()) return std::to_string(v.get_uint64());
  if (v.is_double()) return fmt::format("{}", v.get_double());
  if (v.is_null()) return "null";
  throw Stop{"a mapping key must be a scalar", mark};
}

class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(DecodeReport* report) : report_(report) {}

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { value(nullptr, anchor, mark, false); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end()) throw Stop{"an alias stands inside the value it names", mark};
    const JsonExtent extent = extent_of(it->second);
    aliased_.values += extent.values;
    aliased_.bytes += extent.bytes;
    if (aliased_.values > kMaxAliasedValues || aliased_.bytes > kMaxAliasedBytes)
      throw Stop{"aliases expand to more than can be accepted", mark};
    if (stack_.size() + extent.depth > kMaxJsonDepth) throw Stop{"nested too deeply", mark};
    value(it->second, 0, mark, false);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    // yaml-cpp writes some escapes (\N, \_) as single bytes.
    if (!is_utf8(text)) throw Stop{"a scalar is not valid UTF-8", mark};
    const bool plain = tag.empty() || tag == "?";
    if (plain) return value(resolve(text, mark), anchor, mark, text == "<<");
    value(tagged(tag, text, mark), anchor, mark, false);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(json::array(), anchor, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(json::object(), anchor, mark);
  }
  void OnMapEnd() override { close(); }

  json::value take() { return std::move(root_); }

 private:
  struct Frame {
    json::value container;
    YAML::anchor_t anchor = 0;
    YAML::Mark mark;
    std::string key = {};  // of the value that comes next
    bool has_key = false;
    bool merge = false;                    // the key is <<
    std::vector<json::value> merged = {};  // what << brought; keys of the mapping itself win
  };

  static json::value tagged(const std::string& tag, const std::string& text, const YAML::Mark& mark) {
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return json::value(text);
    auto v = resolve(text, mark);
    const bool fits = (tag == "tag:yaml.org,2002:int" && (v.is_int64() || v.is_uint64())) ||
                      (tag == "tag:yaml.org,2002:float" && v.is_number()) ||
                      (tag == "tag:yaml.org,2002:bool" && v.is_bool()) ||
                      (tag == "tag:yaml.org,2002:null" && v.is_null());
    if (tag == "tag:yaml.org,2002:binary" || !tag.starts_with("tag:yaml.org,2002:")) return json::value(text);
    if (!fits) throw Stop{fmt::format("cannot read \"{}\" as {}", text, tag.substr(tag.rfind(':') + 1)), mark};
    return v;
  }

  void open(json::value container, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (stack_.size() >= kMaxJsonDepth) throw Stop{"nested too deeply", mark};
    stack_.push_back({std::move(container), anchor, mark});
  }
  void close() {
    auto frame = std::move(stack_.back());
    stack_.pop_back();
    for (const auto& source : frame.merged) {
      for (const auto& [k, v] : source.get_object()) frame.container.get_object().emplace(k, v);
    }
    value(std::move(frame.container), frame.anchor, frame.mark, false);
  }

  void value(json::value v, YAML::anchor_t anchor, const YAML::Mark& mark, bool merge_key) {
    if (anchor != 0) anchors_[anchor] = v;
    if (stack_.empty()) {
      root_ = std::move(v);
      return;
    }
    auto& top = stack_.back();
    if (top.container.is_array()) {
      top.container.get_array().push_back(std::move(v));
    } else if (!top.has_key) {
      top.key = key_text(v, mark);
      top.has_key = true;
      top.merge = merge_key;
    } else {
      top.has_key = false;
      if (top.merge) return merge(top, v, mark);
      auto& object = top.container.get_object();
      if (report_ != nullptr && object.contains(top.key))
        report_->duplicate.push_back(fmt::format("duplicate field \"{}\"", path()));
      object[top.key] = std::move(v);
    }
  }

  static void merge(Frame& frame, const json::value& v, const YAML::Mark& mark) {
    if (v.is_object()) {
      frame.merged.push_back(v);
      return;
    }
    if (!v.is_array()) throw Stop{"map merge requires map or sequence of maps as the value", mark};
    for (const auto& e : v.get_array()) {
      if (!e.is_object()) throw Stop{"map merge requires map or sequence of maps as the value", mark};
      frame.merged.push_back(e);
    }
  }

  [[nodiscard]] std::string path() const {
    std::string out;
    for (const auto& frame : stack_) {
      if (frame.container.is_array())
        out += fmt::format("[{}]", frame.container.get_array().size());
      else
        out += (out.empty() ? "" : ".") + frame.key;
    }
    return out;
  }

  DecodeReport* report_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, json::value> anchors_;
  JsonExtent aliased_;
  json::value root_;
};

std::unexpected<Error> invalid_yaml(const YAML::Mark& mark, std::string_view what) {
  if (mark.is_null()) return fail(Code::kBadRequest, fmt::format("invalid YAML: {}", what));
  return fail(Code::kBadRequest,
              fmt::format("invalid YAML at line {}, column {}: {}", mark.line + 1, mark.column + 1, what));
}

}  // namespace

Result<json::value> parse_yaml(std::string_view text, DecodeReport* report) {
  if (!is_utf8(text)) return fail(Code::kBadRequest, "invalid YAML: the text is not valid UTF-8");
  std::istringstream in{std::string(text)};
  try {
    YAML::Parser parser(in);
    Builder builder(report);
    if (!parser.HandleNextDocument(builder)) return json::value(nullptr);
    Builder rest(nullptr);
    if (parser.HandleNextDocument(rest) && !rest.take().is_null())
      return fail(Code::kBadRequest, "invalid YAML: one document is expected, and this has more");
    return builder.take();
  } catch (const YAML::Exception& e) {
    return invalid_yaml(e.mark, e.msg);
  } catch (const Stop& stop) {
    return invalid_yaml(stop.mark, stop.message);
  }
}

}  // namespace fairlead::api
