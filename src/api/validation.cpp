#include "api/validation.h"

#include <algorithm>
#include <boost/json/fwd.hpp>

#include "api/codec.h"
#include "base/ip.h"
#include "base/text.h"

namespace fairlead::api {
namespace {

std::string string_list_json(const std::vector<std::string>& list) {
  std::string out = "[";
  for (const auto& s : list) out += (out.size() > 1 ? "," : "") + quote(s);
  return out + "]";
}

}  // namespace

BadValue::BadValue(std::string_view s) : text_(quote(s)) {}
BadValue::BadValue(const std::vector<std::string>& list) : text_(list.empty() ? "null" : string_list_json(list)) {}
BadValue::BadValue(const StringMap& map) {
  text_ = "{";
  for (const auto& [k, v] : map) text_ += (text_.size() > 1 ? "," : "") + quote(k) + ":" + quote(v);
  text_ = map.empty() ? "null" : text_ + "}";
}
BadValue::BadValue(const IntOrString& v) : text_(v.is_string ? quote(v.text) : std::to_string(v.number)) {}

BadValue BadValue::json(std::string text) {
  BadValue v;
  v.text_ = std::move(text);
  return v;
}

std::string BadValue::struct_json(const TypeInfo& type, const void* value) {
  std::string out;
  write_json(out, type, value);
  return out;
}

void Problems::add(std::string_view reason, const FieldPath& path, std::string message) {
  list_.push_back({std::string(reason), path.to_string(), std::move(message)});
}

void Problems::required(const FieldPath& path, std::string_view detail) {
  add("FieldValueRequired", path, detail.empty() ? "Required value" : fmt::format("Required value: {}", detail));
}
void Problems::invalid(const FieldPath& path, const BadValue& value, std::string_view detail) {
  add("FieldValueInvalid", path, fmt::format("Invalid value: {}: {}", value.text(), detail));
}
void Problems::not_supported(const FieldPath& path, const BadValue& value,
                             std::span<const std::string_view> supported) {
  std::string list;
  for (const auto s : supported) list += (list.empty() ? "" : ", ") + quote(s);
  add("FieldValueNotSupported", path, fmt::format("Unsupported value: {}: supported values: {}", value.text(), list));
}
void Problems::duplicate(const FieldPath& path, const BadValue& value, std::string_view detail) {
  add("FieldValueDuplicate", path,
      fmt::format("Duplicate value: {}{}{}", value.text(), detail.empty() ? "" : ": ", detail));
}
void Problems::forbidden(const FieldPath& path, std::string_view detail) {
  add("FieldValueForbidden", path, fmt::format("Forbidden: {}", detail));
}
void Problems::not_found(const FieldPath& path, const BadValue& value) {
  add("FieldValueNotFound", path, fmt::format("Not found: {}", value.text()));
}
void Problems::too_long(const FieldPath& path, size_t max_bytes) {
  add("FieldValueTooLong", path, fmt::format("Too long: may not be more than {} bytes", max_bytes));
}
void Problems::too_many(const FieldPath& path, size_t count, size_t max) {
  add("FieldValueTooMany", path, fmt::format("Too many: {}: must have at most {} items", count, max));
}
void Problems::non_negative(const FieldPath& path, int64_t value) {
  if (value < 0) invalid(path, value, "must be greater than or equal to 0");
}

Error invalid(std::string_view group_kind, std::string_view name, FieldErrors errors) {
  Error out{Code::kInvalid, fmt::format("{} {} is invalid", group_kind, quote(name)), {}};
  std::vector<std::string> texts;
  for (auto& e : errors) {
    auto text = fmt::format("{}: {}", e.field, e.message);
    if (std::ranges::find(texts, text) != texts.end()) continue;
    texts.push_back(std::move(text));
    out.causes.push_back(std::move(e));
  }
  if (texts.size() == 1) out.message += ": " + texts[0];
  if (texts.size() > 1) out.message += ": [" + join(texts, ", ") + "]";
  return out;
}

Error invalid(const KindInfo& kind, std::string_view name, FieldErrors errors) {
  return invalid(kind.group.empty() ? std::string(kind.kind) : fmt::format("{}.{}", kind.kind, kind.group), name,
                 std::move(errors));
}

void check_port_or_name(Problems& out, const FieldPath& path, const IntOrString& port) {
  if (port.is_string)
    out.invalid(path, port.text, port_name(port.text));
  else
    out.invalid(path, port.number, port_number(port.number));
}

void check_protocol(Problems& out, const FieldPath& path, std::string_view protocol) {
  if (protocol.empty())
    out.required(path);
  else if (!parse_protocol(protocol))
    out.not_supported(path, protocol, {"SCTP", "TCP", "UDP"});
}

void check_ip(Problems& out, const FieldPath& path, std::string_view text) {
  if (!IpAddress::parse(text)) out.invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
}

void check_cidr(Problems& out, const FieldPath& path, std::string_view text) {
  if (!Cidr::parse(text)) out.invalid(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
}

void check_endpoint_ip(Problems& out, const FieldPath& path, std::string_view text) {
  const auto ip = IpAddress::parse(text);
  if (!ip) {
    out.invalid(path, text, "must be a valid IP address");
    return;
  }
  if (ip->is_unspecified()) out.invalid(path, text, fmt::format("may not be unspecified ({})", text));
  if (ip->is_loopback()) out.invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (ip->is_link_local()) out.invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  static const auto kMulticast4 = *Cidr::parse("224.0.0.0/24");
  static const auto kMulticast6 = *Cidr::parse("ff02::/16");
  if (kMulticast4.contains(*ip) || kMulticast6.contains(*ip)) {
    out.invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  }
}

void check_labels(Problems& out, const FieldPath& path, const StringMap& labels) {
  for (const auto& [key, value] : labels) {
    out.invalid(path, key, qualified_name(key));
    out.invalid(path, value, label_value(value));
  }
}

void check_annotations(Problems& out, const FieldPath& path, const StringMap& annotations) {
  constexpr size_t kMaxBytes = 256 * 1024;
  size_t total = 0;
  for (const auto& [key, value] : annotations) {
    out.invalid(path, key, qualified_name(lower(key)));
    total += key.size() + value.size();
  }
  if (total > kMaxBytes) out.too_long(path, kMaxBytes);
}

void check_label_selector(Problems& out, const FieldPath& path, const LabelSelector& selector) {
  check_labels(out, path / "matchLabels", selector.match_labels);
  for (size_t i = 0; i < selector.match_expressions.size(); ++i) {
    const auto& e = selector.match_expressions[i];
    const auto at = (path / "matchExpressions")[i];
    if (e.operator_ == "In" || e.operator_ == "NotIn") {
      if (e.values.empty()) out.required(at / "values", "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (e.operator_ == "Exists" || e.operator_ == "DoesNotExist") {
      if (!e.values.empty())
        out.forbidden(at / "values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else {
      out.invalid(at / "operator", e.operator_, "not a valid selector operator");
    }
    out.invalid(at / "key", e.key, qualified_name(e.key));
    for (size_t v = 0; v < e.values.size(); ++v) out.invalid((at / "values")[v], e.values[v], label_value(e.values[v]));
  }
}

}  // namespace fairlead::api
