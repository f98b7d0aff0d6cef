// Shared validation: the words in which Kubernetes says what is wrong, and the rules for names, labels, ports and
// addresses that every kind uses. Rules return the sentences of what is violated; empty means fine.
#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/field_path.h"
#include "api/kind.h"
#include "api/types/label_selector.h"
#include "api/types/object_meta.h"

namespace fairlead::api {

// A rejected value as messages show it: strings quoted, all else as JSON.
class BadValue {
 public:
  BadValue(std::string_view s);                                      // NOLINT: implicit
  BadValue(const std::string& s) : BadValue(std::string_view(s)) {}  // NOLINT
  BadValue(const char* s) : BadValue(std::string_view(s)) {}         // NOLINT
  BadValue(const std::optional<std::string>& s) : text_("null") {    // NOLINT
    if (s) *this = BadValue(*s);
  }
  template <std::integral T>
  BadValue(T n) : text_(std::to_string(n)) {}        // NOLINT
  BadValue(bool b) : text_(b ? "true" : "false") {}  // NOLINT
  BadValue(const std::vector<std::string>& list);    // NOLINT
  BadValue(const StringMap& map);                    // NOLINT
  BadValue(const IntOrString& v);                    // NOLINT
  static BadValue json(std::string text);
  template <class T>
  static BadValue of(const T& value) {
    return json(struct_json(type_info<T>(), &value));
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  BadValue() = default;
  static std::string struct_json(const TypeInfo& type, const void* value);
  std::string text_;
};

// Collects FieldErrors; one method per kind of problem.
class Problems {
 public:
  void required(const FieldPath& path, std::string_view detail = {});
  void invalid(const FieldPath& path, const BadValue& value, std::string_view detail);
  // One problem for each violated rule; the value is only rendered when there is one.
  template <class V>
  void invalid(const FieldPath& path, const V& value, const std::vector<std::string>& violations) {
    for (const auto& v : violations) invalid(path, BadValue(value), std::string_view(v));
  }
  void not_supported(const FieldPath& path, const BadValue& value, std::span<const std::string_view> supported);
  void not_supported(const FieldPath& path, const BadValue& value, std::initializer_list<std::string_view> supported) {
    not_supported(path, value, std::span(supported.begin(), supported.size()));
  }
  void duplicate(const FieldPath& path, const BadValue& value, std::string_view detail = {});
  void forbidden(const FieldPath& path, std::string_view detail);
  void not_found(const FieldPath& path, const BadValue& value);
  void too_long(const FieldPath& path, size_t max_bytes);
  void too_many(const FieldPath& path, size_t count, size_t max);
  void immutable(const FieldPath& path, const BadValue& value) { invalid(path, value, "field is immutable"); }
  void non_negative(const FieldPath& path, int64_t value);

  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] size_t size() const { return list_.size(); }
  [[nodiscard]] FieldErrors take() && { return std::move(list_); }

 private:
  void add(std::string_view reason, const FieldPath& path, std::string message);
  FieldErrors list_;
};

// 422: `Service "x" is invalid: spec.ports[0].port: Invalid value: 0: must be ...`; several stand in brackets.
[[nodiscard]] Error invalid(const KindInfo& kind, std::string_view name, FieldErrors errors);
[[nodiscard]] Error invalid(std::string_view group_kind, std::string_view name, FieldErrors errors);

// ---- rules

using Violations = std::vector<std::string>;

Violations dns1123_label(std::string_view s);
Violations dns1123_subdomain(std::string_view s, bool underscore = false);
Violations wildcard_dns1123_subdomain(std::string_view s);
Violations dns1035_label(std::string_view s);
Violations qualified_name(std::string_view s);  // label keys, finalizers: [prefix/]name
Violations label_value(std::string_view s);
Violations port_number(int64_t port);
Violations port_name(std::string_view s);
Violations percent(std::string_view s);
Violations http_header_name(std::string_view s);
Violations env_var_name(std::string_view s);
Violations config_map_key(std::string_view s);
Violations in_range(int64_t value, int64_t low, int64_t high);
std::string range_error(int64_t low, int64_t high);

// Names of objects by kind of name.
using NameRule = Violations (*)(std::string_view);
inline Violations name_is_subdomain(std::string_view s) { return dns1123_subdomain(s); }
inline Violations name_is_label(std::string_view s) { return dns1123_label(s); }
// Path segments: what Endpoints and RBAC kinds allow is anything that can stand in a URL path.
Violations name_is_path_segment(std::string_view s);

// ---- rules bound to fields

void check_port_or_name(Problems& out, const FieldPath& path, const IntOrString& port);
void check_protocol(Problems& out, const FieldPath& path, std::string_view protocol);
void check_ip(Problems& out, const FieldPath& path, std::string_view text);
void check_cidr(Problems& out, const FieldPath& path, std::string_view text);
// Addresses where traffic may go: not unspecified, loopback, link-local.
void check_endpoint_ip(Problems& out, const FieldPath& path, std::string_view text);
void check_labels(Problems& out, const FieldPath& path, const StringMap& labels);
void check_annotations(Problems& out, const FieldPath& path, const StringMap& annotations);
void check_label_selector(Problems& out, const FieldPath& path, const LabelSelector& selector);
void check_object_meta(Problems& out, const ObjectMeta& meta, bool namespaced, NameRule rule);
void check_object_meta_update(Problems& out, const ObjectMeta& next, const ObjectMeta& old);

}  // namespace fairlead::api
