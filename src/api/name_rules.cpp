// The rules for names and other short strings (k8s.io/apimachinery/pkg/util/validation), as hand-written matchers: they
// run for every label of every object.
#include <algorithm>

#include "api/validation.h"

namespace fairlead::api {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_alnum(char c) { return is_lower(c) || is_digit(c); }
bool is_alnum(char c) { return is_lower_alnum(c) || is_upper(c); }

// [a-z0-9]([-a-z0-9]*[a-z0-9])?, with an optional leading and inner _ where underscores are allowed.
bool label_shape(std::string_view s, bool underscore = false) {
  if (underscore && s.starts_with('_')) s.remove_prefix(1);
  return !s.empty() && is_lower_alnum(s.front()) && is_lower_alnum(s.back()) &&
         std::ranges::all_of(s, [&](char c) { return is_lower_alnum(c) || c == '-' || (underscore && c == '_'); });
}

bool subdomain_shape(std::string_view s, bool underscore = false) {
  while (true) {
    const auto dot = s.find('.');
    if (!label_shape(s.substr(0, dot), underscore)) return false;
    if (dot == std::string_view::npos) return true;
    s.remove_prefix(dot + 1);
  }
}

// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
bool label_name_shape(std::string_view s) {
  return !s.empty() && is_alnum(s.front()) && is_alnum(s.back()) &&
         std::ranges::all_of(s, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

std::string max_length(size_t n) { return fmt::format("must be no more than {} characters", n); }
std::string max_bytes(size_t n) { return fmt::format("must be no more than {} bytes", n); }

std::string shape_error(std::string_view what, std::string_view regex,
                        std::initializer_list<std::string_view> examples) {
  std::string out(what);
  out += " (e.g. ";
  bool first = true;
  for (const auto e : examples) {
    if (!first) out += " or ";
    first = false;
    out += fmt::format("'{}', ", e);
  }
  return out + fmt::format("regex used for validation is '{}')", regex);
}

constexpr std::string_view kSubdomainRegex = R"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)";
constexpr std::string_view kUnderscoreSubdomainRegex =
    R"(_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*)";
constexpr std::string_view kLabelNameRegex = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
constexpr std::string_view kLabelNameShape =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

void no_parent_directory(Violations& out, std::string_view s) {
  if (s == ".")
    out.emplace_back("must not be '.'");
  else if (s == "..")
    out.emplace_back("must not be '..'");
  else if (s.starts_with(".."))
    out.emplace_back("must not start with '..'");
}

}  // namespace

Violations dns1123_label(std::string_view s) {
  Violations out;
  if (s.size() > 63) out.push_back(max_length(63));
  if (!label_shape(s)) {
    if (subdomain_shape(s))
      out.emplace_back("must not contain dots");
    else
      out.push_back(
          shape_error("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
                      "and must start and end with an alphanumeric character",
                      "[a-z0-9]([-a-z0-9]*[a-z0-9])?", {"my-name", "123-abc"}));
  }
  return out;
}

Violations dns1123_subdomain(std::string_view s, bool underscore) {
  Violations out;
  if (s.size() > 253) out.push_back(max_length(253));
  if (!subdomain_shape(s, underscore)) {
    out.push_back(
        underscore ? shape_error("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                                 "characters, '_', '-' or '.', and must start and end with an alphanumeric character",
                                 kUnderscoreSubdomainRegex, {"example.com"})
                   : shape_error("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                                 "characters, '-' or '.', and must start and end with an alphanumeric character",
                                 kSubdomainRegex, {"example.com"}));
  }
  return out;
}

Violations wildcard_dns1123_subdomain(std::string_view s) {
  Violations out;
  if (s.size() > 253) out.push_back(max_length(253));
  if (!s.starts_with("*.") || !subdomain_shape(s.substr(2))) {
    out.push_back(
        shape_error("a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, "
                    "which must consist of lower case alphanumeric characters, '-' or '.' and end with an "
                    "alphanumeric character",
                    R"(\*\.)" + std::string(kSubdomainRegex), {"*.example.com"}));
  }
  return out;
}

Violations dns1035_label(std::string_view s) {
  Violations out;
  if (s.size() > 63) out.push_back(max_length(63));
  if (!label_shape(s) || !is_lower(s.front())) {
    out.push_back(
        shape_error("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with "
                    "an alphabetic character, and end with an alphanumeric character",
                    "[a-z]([-a-z0-9]*[a-z0-9])?", {"my-name", "abc-123"}));
  }
  return out;
}

Violations qualified_name(std::string_view s) {
  Violations out;
  const auto slash = s.find('/');
  auto name = s;
  if (slash != std::string_view::npos) {
    const auto prefix = s.substr(0, slash);
    name = s.substr(slash + 1);
    if (name.find('/') != std::string_view::npos) {
      out.push_back("a valid label key " +
                    shape_error(kLabelNameShape, kLabelNameRegex, {"MyName", "my.name", "123-abc"}) +
                    " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
      return out;
    }
    if (prefix.empty()) {
      out.emplace_back("prefix part must be non-empty");
    } else {
      for (auto& v : dns1123_subdomain(prefix)) out.push_back("prefix part " + v);
    }
  }
  if (name.empty())
    out.emplace_back("name part must be non-empty");
  else if (name.size() > 63)
    out.push_back("name part " + max_bytes(63));
  if (!label_name_shape(name)) {
    out.push_back("name part " + shape_error(kLabelNameShape, kLabelNameRegex, {"MyName", "my.name", "123-abc"}));
  }
  return out;
}

Violations label_value(std::string_view s) {
  Violations out;
  if (s.size() > 63) out.push_back(max_bytes(63));
  if (!s.empty() && !label_name_shape(s)) {
    out.push_back(
        shape_error("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
                    "'.', and must start and end with an alphanumeric character",
                    fmt::format("({})?", kLabelNameRegex), {"MyValue", "my_value", "12345"}));
  }
  return out;
}

std::string range_error(int64_t low, int64_t high) {
  return fmt::format("must be between {} and {}, inclusive", low, high);
}
Violations in_range(int64_t value, int64_t low, int64_t high) {
  return value >= low && value <= high ? Violations{} : Violations{range_error(low, high)};
}
Violations port_number(int64_t port) { return in_range(port, 1, 65535); }

Violations port_name(std::string_view s) {
  Violations out;
  if (s.size() > 15) out.push_back(max_length(15));
  if (s.empty() || !std::ranges::all_of(s, [](char c) { return is_lower_alnum(c) || c == '-'; }))
    out.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (std::ranges::none_of(s, is_lower)) out.emplace_back("must contain at least one letter (a-z)");
  if (s.find("--") != std::string_view::npos) out.emplace_back("must not contain consecutive hyphens");
  if (s.starts_with('-') || s.ends_with('-')) out.emplace_back("must not begin or end with a hyphen");
  return out;
}

Violations percent(std::string_view s) {
  if (s.size() > 1 && s.back() == '%' && std::ranges::all_of(s.substr(0, s.size() - 1), is_digit)) return {};
  return {shape_error("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%",
                      {"1%", "93%"})};
}

Violations http_header_name(std::string_view s) {
  if (!s.empty() && std::ranges::all_of(s, [](char c) { return is_alnum(c) || c == '-'; })) return {};
  return {shape_error("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+",
                      {"X-Header-Name"})};
}

Violations env_var_name(std::string_view s) {
  Violations out;
  if (s.empty()) out.emplace_back("environment variable name must be non-empty");
  if (!std::ranges::all_of(s, [](char c) { return c >= 0x20 && c < 0x7f && c != '='; }))
    out.emplace_back(
        "a valid environment variable name must consist only of printable ASCII characters other than '='");
  return out;
}

Violations config_map_key(std::string_view s) {
  Violations out;
  if (s.size() > 253) out.push_back(max_length(253));
  if (s.empty() || !std::ranges::all_of(s, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; })) {
    out.push_back(shape_error("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                              "[-._a-zA-Z0-9]+", {"key.name", "KEY_NAME", "key-name"}));
  }
  no_parent_directory(out, s);
  return out;
}

Violations name_is_path_segment(std::string_view s) {
  Violations out;
  if (s == "." || s == "..") return {fmt::format("may not be '{}'", s)};
  for (const char c : {'/', '%'}) {
    if (s.find(c) != std::string_view::npos) out.push_back(fmt::format("may not contain '{}'", c));
  }
  return out;
}

}  // namespace fairlead::api
