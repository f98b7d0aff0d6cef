// JSON to typed values, with Kubernetes' own words for what does not fit.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>

#include "api/codec.h"
#include "api/kind.h"
#include "api/quantity.h"
#include "base/text.h"

namespace fairlead::api {
namespace json = boost::json;
namespace {

std::string_view json_kind_name(const json::value& v) {
  switch (v.kind()) {
    case json::kind::object:
      return "object";
    case json::kind::array:
      return "array";
    case json::kind::string:
      return "string";
    case json::kind::bool_:
      return "bool";
    case json::kind::null:
      return "null";
    default:
      return "number";
  }
}

std::string go_package(const TypeInfo& type) {
  const auto name = type.name();
  if (name.find(".meta.v1.") != std::string_view::npos) return "v1." + std::string(type.short_name());
  return "v1." + std::string(type.short_name());
}

// The Go type that the message names: part of the interface, since kubectl's users know these messages.
std::string go_type(const ValueType& type) {
  switch (type.shape) {
    case Shape::kString:
      return "string";
    case Shape::kBool:
      return "bool";
    case Shape::kInt32:
      return "int32";
    case Shape::kInt64:
      return "int64";
    case Shape::kDouble:
      return "float64";
    case Shape::kBytes:
      return "[]uint8";
    case Shape::kTime:
      return "v1.Time";
    case Shape::kMicroTime:
      return "v1.MicroTime";
    case Shape::kQuantity:
      return "resource.Quantity";
    case Shape::kIntOrString:
      return "intstr.IntOrString";
    case Shape::kRawJson:
      return "object";
    case Shape::kStruct:
      return go_package(type.type());
    case Shape::kList:
      return "[]" + go_type(*type.element);
    case Shape::kMap:
      return "map[string]" + go_type(*type.element);
    case Shape::kOptional:
      return go_type(*type.element);
  }
  return "unknown";
}

class Decoder {
 public:
  explicit Decoder(DecodeReport* report) : report_(report) {}

  Result<> decode_struct(const json::value& in, const TypeInfo& type, void* out, std::string_view parent) {
    if (in.is_null()) return {};
    if (!in.is_object()) return mismatch(in, go_package(type), parent);
    for (const auto& [key, value] : in.get_object()) {
      const std::string_view name(key.data(), key.size());
      const size_t mark = push(name);
      if (const auto* f = type.find(name)) {
        FL_CHECK(decode_value(value, *f->value, f->in(out), type.short_name()));
      } else if (!(mark == 0 && (name == "kind" || name == "apiVersion"))) {
        if (report_ != nullptr) report_->unknown.push_back(fmt::format("unknown field \"{}\"", path_));
      }
      path_.resize(mark);
    }
    return {};
  }

 private:
  size_t push(std::string_view name) {
    const size_t mark = path_.size();
    if (mark != 0) path_ += '.';
    path_ += name;
    return mark;
  }

  std::unexpected<Error> mismatch(const json::value& in, const std::string& wanted, std::string_view parent) const {
    if (path_.empty()) {
      return fail(Code::kBadRequest,
                  fmt::format("json: cannot unmarshal {} into Go value of type {}", json_kind_name(in), wanted));
    }
    std::string found(json_kind_name(in));
    if (found == "number" && wanted.find("int") != std::string::npos) found += " " + json::serialize(in);
    return fail(Code::kBadRequest, fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type {}", found,
                                               parent, path_without_indices(), wanted));
  }

  // Go's messages do not show list positions.
  [[nodiscard]] std::string path_without_indices() const {
    std::string out;
    bool inside = false;
    for (const char c : path_) {
      if (c == '[') inside = true;
      if (!inside) out += c;
      if (c == ']') inside = false;
    }
    return out;
  }

  Result<int64_t> integer(const json::value& in, const ValueType& type, std::string_view parent) const {
    int64_t n = 0;
    if (in.is_int64()) {
      n = in.get_int64();
    } else if (in.is_double() && std::trunc(in.get_double()) == in.get_double() && std::fabs(in.get_double()) < 9e15) {
      n = static_cast<int64_t>(in.get_double());  // 1e3, 5.0
    } else {
      return mismatch(in, go_type(type), parent);
    }
    if (type.shape == Shape::kInt32 && (n > INT32_MAX || n < INT32_MIN)) return mismatch(in, go_type(type), parent);
    return n;
  }

  Result<std::string> string(const json::value& in, const ValueType& type, std::string_view parent) const {
    if (!in.is_string()) return mismatch(in, go_type(type), parent);
    const auto& s = in.get_string();
    return std::string(s.data(), s.size());
  }

  Result<> decode_value(const json::value& in, const ValueType& type, void* out, std::string_view parent) {
    if (in.is_null()) return {};
    switch (type.shape) {
      case Shape::kString: {
        FL_TRY(*static_cast<std::string*>(out), string(in, type, parent));
        return {};
      }
      case Shape::kBool:
        if (!in.is_bool()) return mismatch(in, go_type(type), parent);
        *static_cast<bool*>(out) = in.get_bool();
        return {};
      case Shape::kInt32: {
        FL_TRY(const auto n, integer(in, type, parent));
        *static_cast<int32_t*>(out) = static_cast<int32_t>(n);
        return {};
      }
      case Shape::kInt64: {
        FL_TRY(*static_cast<int64_t*>(out), integer(in, type, parent));
        return {};
      }
      case Shape::kDouble:
        if (!in.is_number()) return mismatch(in, go_type(type), parent);
        *static_cast<double*>(out) = in.to_number<double>();
        return {};
      case Shape::kBytes: {
        FL_TRY(const auto text, string(in, type, parent));
        auto bytes = base64_decode(text);
        if (!bytes) return fail(Code::kBadRequest, fmt::format("{}: illegal base64 data", path_));
        static_cast<Bytes*>(out)->data = *std::move(bytes);
        return {};
      }
      case Shape::kTime: {
        FL_TRY(const auto text, string(in, type, parent));
        FL_TRY(auto t, at_path(parse_rfc3339(text)));
        static_cast<Time*>(out)->at = std::chrono::floor<std::chrono::seconds>(t);
        return {};
      }
      case Shape::kMicroTime: {
        FL_TRY(const auto text, string(in, type, parent));
        FL_TRY(static_cast<MicroTime*>(out)->at, at_path(parse_rfc3339(text)));
        return {};
      }
      case Shape::kQuantity: {
        if (!in.is_string() && !in.is_number()) return mismatch(in, go_type(type), parent);
        const auto text =
            in.is_string() ? std::string(in.get_string().data(), in.get_string().size()) : json::serialize(in);
        FL_TRY(static_cast<Quantity*>(out)->text, canonical_quantity(text));
        return {};
      }
      case Shape::kIntOrString:
        if (in.is_string()) {
          FL_TRY(auto text, string(in, type, parent));
          *static_cast<IntOrString*>(out) = IntOrString(std::move(text));
        } else {
          static const ValueType kInt{Shape::kInt32};
          FL_TRY(const auto n, integer(in, kInt, parent));
          *static_cast<IntOrString*>(out) = IntOrString(static_cast<int32_t>(n));
        }
        return {};
      case Shape::kRawJson:
        static_cast<RawJson*>(out)->text = json::serialize(in);
        return {};
      case Shape::kStruct:
        return decode_struct(in, type.type(), out, parent);
      case Shape::kList:
        return decode_list(in, type, out, parent);
      case Shape::kMap:
        return decode_map(in, type, out, parent);
      case Shape::kOptional:
        return decode_value(in, *type.element, type.emplace(out), parent);
    }
    return {};
  }

  Result<> decode_list(const json::value& in, const ValueType& type, void* out, std::string_view parent) {
    if (!in.is_array()) return mismatch(in, go_type(type), parent);
    type.clear(out);
    const size_t mark = path_.size();
    size_t index = 0;
    for (const auto& element : in.get_array()) {
      path_ += fmt::format("[{}]", index++);
      FL_CHECK(decode_value(element, *type.element, type.append(out), parent));
      path_.resize(mark);
    }
    return {};
  }

  Result<> decode_map(const json::value& in, const ValueType& type, void* out, std::string_view parent) {
    if (!in.is_object()) return mismatch(in, go_type(type), parent);
    type.clear(out);
    for (const auto& [key, element] : in.get_object()) {
      const std::string name(key.data(), key.size());
      const size_t mark = path_.size();
      // Go names the map's own field, not the key, when the value does not fit.
      FL_CHECK(decode_value(element, *type.element, type.insert(out, name), parent));
      path_.resize(mark);
    }
    return {};
  }

  template <class T>
  Result<T> at_path(Result<T> r) const {
    if (!r) r.error().message = fmt::format("{}: {}", path_, r.error().message);
    return r;
  }

  DecodeReport* report_;
  std::string path_;
};

}  // namespace

Result<> from_json(const json::value& in, const TypeInfo& type, void* value, DecodeReport* report) {
  return Decoder(report).decode_struct(in, type, value, type.short_name());
}

Result<MutableObject> object_from_json(const json::value& in, const KindInfo& kind, DecodeReport* report) {
  if (!in.is_object()) {
    return fail(Code::kBadRequest,
                fmt::format("the body is a JSON {}, not an object of kind {}", json_kind_name(in), kind.kind));
  }
  const auto text = [&](const char* key) -> std::optional<std::string> {
    const auto* v = in.get_object().if_contains(key);
    if (v == nullptr || !v->is_string()) return std::nullopt;
    return std::string(v->get_string().data(), v->get_string().size());
  };
  const auto found_kind = text("kind");
  const auto found_version = text("apiVersion");
  if (found_version && !found_version->empty() && *found_version != kind.api_version()) {
    return fail(Code::kBadRequest,
                fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                            *found_version, kind.api_version()));
  }
  if (found_kind && !found_kind->empty() && *found_kind != kind.kind) {
    return fail(Code::kBadRequest, fmt::format("{} in version \"{}\" cannot be handled as a {}: kind does not match",
                                               *found_kind, kind.version, kind.kind));
  }
  auto object = kind.make();
  if (auto r = from_json(in, kind.type(), object->data(), report); !r) {
    r.error().message = fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", kind.kind, kind.version,
                                    kind.kind, r.error().message);
    return fail(std::move(r).error());
  }
  return object;
}

Result<MutableObject> object_from_text(std::string_view text, const KindInfo& kind, DecodeReport* report) {
  FL_TRY(const auto value, parse_json(text, report));
  return object_from_json(value, kind, report);
}

Result<> from_text(std::string_view text, const TypeInfo& type, void* value) {
  FL_TRY(const auto parsed, parse_json(text));
  return from_json(parsed, type, value);
}

}  // namespace fairlead::api
