// Typed values to JSON text, straight into one string.
#include <charconv>
#include <cmath>

#include "api/codec.h"
#include "api/kind.h"
#include "base/text.h"

namespace fairlead::api {
namespace {

// Go's encoding/json escapes <, > and & and U+2028/9 as well; the API server does not, so neither do we.
void write_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, start, i - start);
    start = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(text, start);
  out += '"';
}

void write_integer(std::string& out, int64_t n) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, n).ptr;
  out.append(buffer, end);
}

void write_value(std::string& out, const ValueType& type, const void* value);

void write_fields(std::string& out, const TypeInfo& type, const void* value, bool first) {
  for (const auto& f : type.json_fields()) {
    const void* v = f.in(value);
    if (f.has(kOmitEmpty) && is_empty(*f.value, v)) continue;
    if (!first) out += ',';
    first = false;
    out += '"';
    out += f.json;
    out += "\":";
    write_value(out, *f.value, v);
  }
}

struct MapContext {
  std::string& out;
  const ValueType& element;
  bool first = true;
};

void write_value(std::string& out, const ValueType& type, const void* value) {
  switch (type.shape) {
    case Shape::kString:
      write_string(out, *static_cast<const std::string*>(value));
      return;
    case Shape::kBool:
      out += *static_cast<const bool*>(value) ? "true" : "false";
      return;
    case Shape::kInt32:
      write_integer(out, *static_cast<const int32_t*>(value));
      return;
    case Shape::kInt64:
      write_integer(out, *static_cast<const int64_t*>(value));
      return;
    case Shape::kDouble: {
      char buffer[32];
      const double d = *static_cast<const double*>(value);
      if (!std::isfinite(d)) {
        out += "null";
        return;
      }
      out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, d).ptr);
      return;
    }
    case Shape::kBytes:
      write_string(out, base64_encode(static_cast<const Bytes*>(value)->data));
      return;
    case Shape::kTime: {
      const auto& t = *static_cast<const Time*>(value);
      if (t.at)
        write_string(out, format_rfc3339(*t.at));
      else
        out += "null";
      return;
    }
    case Shape::kMicroTime: {
      const auto& t = *static_cast<const MicroTime*>(value);
      if (t.at)
        write_string(out, format_rfc3339_micro(*t.at));
      else
        out += "null";
      return;
    }
    case Shape::kQuantity:
      write_string(out, static_cast<const Quantity*>(value)->text);
      return;
    case Shape::kIntOrString: {
      const auto& v = *static_cast<const IntOrString*>(value);
      if (v.is_string)
        write_string(out, v.text);
      else
        write_integer(out, v.number);
      return;
    }
    case Shape::kRawJson: {
      const auto& raw = static_cast<const RawJson*>(value)->text;
      out += raw.empty() ? "null" : raw;
      return;
    }
    case Shape::kStruct:
      out += '{';
      write_fields(out, type.type(), value, true);
      out += '}';
      return;
    case Shape::kList: {
      const size_t n = type.size(value);
      if (n == 0) {  // as Go writes a nil slice
        out += "null";
        return;
      }
      for (size_t i = 0; i < n; ++i) {
        out += i == 0 ? '[' : ',';
        write_value(out, *type.element, type.at(value, i));
      }
      out += ']';
      return;
    }
    case Shape::kMap: {
      out += '{';
      MapContext context{out, *type.element};
      type.each(value, &context, [](void* c, const std::string& key, const void* v) {
        auto& m = *static_cast<MapContext*>(c);
        if (!m.first) m.out += ',';
        m.first = false;
        write_string(m.out, key);
        m.out += ':';
        write_value(m.out, m.element, v);
      });
      out += '}';
      return;
    }
    case Shape::kOptional: {
      const void* inner = type.get(value);
      if (inner != nullptr)
        write_value(out, *type.element, inner);
      else
        out += "null";
      return;
    }
  }
}

}  // namespace

void write_json(std::string& out, const TypeInfo& type, const void* value) {
  out += '{';
  write_fields(out, type, value, true);
  out += '}';
}

std::string to_json(const Object& object) {
  const auto& kind = object.kind();
  std::string out;
  out.reserve(1024);
  out += "{\"kind\":\"";
  out += kind.kind;
  out += "\",\"apiVersion\":\"";
  out += kind.api_version();
  out += "\",";
  write_fields(out, kind.type(), object.data(), true);
  out += '}';
  return out;
}

}  // namespace fairlead::api
