// Protobuf to typed values. Nothing in a body is trusted: lengths, depth, UTF-8, quantities and embedded JSON are
// checked, since all of it is later written as JSON.
#include <boost/json/value.hpp>

#include "api/codec.h"
#include "api/json_extent.h"
#include "api/kind.h"
#include "api/proto_wire.h"
#include "api/protobuf.h"
#include "api/quantity.h"
#include "api/utf8.h"
#include "base/text.h"

namespace fairlead::api {
namespace {

constexpr std::string_view kMagic{"k8s\0", 4};
constexpr int kMaxDepth = 64;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(Code::kBadRequest, fmt::format("malformed protobuf: {}", what));
}

Result<std::string> text_of(std::string_view bytes) {
  if (!is_utf8(bytes)) return malformed("a string is not valid UTF-8");
  return std::string(bytes);
}

Result<std::optional<WallTime>> read_timestamp(std::string_view bytes) {
  if (bytes.empty()) return std::optional<WallTime>();
  int64_t seconds = 0;
  int64_t nanos = 0;
  WireReader in(bytes);
  while (const auto f = in.next()) {
    if (f->wire != Wire::kVarint) continue;
    if (f->number == 1) seconds = static_cast<int64_t>(f->scalar);
    if (f->number == 2) nanos = static_cast<int64_t>(f->scalar);
  }
  // Years 1 to 9999, which is what RFC 3339 can write.
  const bool sane =
      in.ok() && seconds >= -62135596800 && seconds <= 253402300799 && nanos >= 0 && nanos < 1'000'000'000;
  if (!sane) return malformed("a timestamp is out of range");
  return WallTime(std::chrono::seconds(seconds)) + std::chrono::microseconds(nanos / 1000);
}

// Field 1 of a message that has only that.
Result<std::string_view> only_bytes(std::string_view message) {
  std::string_view out;
  WireReader in(message);
  while (const auto f = in.next()) {
    if (f->number == 1 && f->wire == Wire::kBytes) out = f->bytes;
  }
  if (!in.ok()) return malformed("a nested message is cut off");
  return out;
}

Result<IntOrString> read_int_or_string(std::string_view message) {
  IntOrString out;
  WireReader in(message);
  while (const auto f = in.next()) {
    if (f->number == 1 && f->wire == Wire::kVarint) out.is_string = f->scalar == 1;
    if (f->number == 2 && f->wire == Wire::kVarint) out.number = static_cast<int32_t>(f->scalar);
    if (f->number == 3 && f->wire == Wire::kBytes) {
      FL_TRY(out.text, text_of(f->bytes));
    }
  }
  if (!in.ok()) return malformed("an int-or-string is cut off");
  if (out.is_string)
    out.number = 0;
  else
    out.text.clear();
  return out;
}

Wire wire_of(const ValueType& type) {
  switch (type.shape) {
    case Shape::kBool:
    case Shape::kInt32:
    case Shape::kInt64:
      return Wire::kVarint;
    case Shape::kDouble:
      return Wire::kFixed64;
    case Shape::kOptional:
      return wire_of(*type.element);
    default:
      return Wire::kBytes;
  }
}

class Decoder {
 public:
  Result<> message(std::string_view bytes, const TypeInfo& type, void* out) {
    if (++depth_ > kMaxDepth) return malformed("nested too deeply");
    WireReader in(bytes);
    while (const auto f = in.next()) {
      const auto* info = type.find(f->number);
      if (info == nullptr) continue;
      if (auto r = field(*f, *info->value, info->in(out)); !r) {
        r.error().message = fmt::format("{}: {}.{}", r.error().message, type.short_name(), info->json);
        return r;
      }
    }
    if (!in.ok()) return malformed(fmt::format("{} is cut off", type.short_name()));
    --depth_;
    return {};
  }

 private:
  Result<> field(const WireReader::Field& f, const ValueType& type, void* out) {
    if (type.shape == Shape::kList) {
      if (wire_of(*type.element) != Wire::kBytes && f.wire == Wire::kBytes) return packed(f.bytes, type, out);
      return field(f, *type.element, type.append(out));
    }
    if (type.shape == Shape::kMap) return entry(f, type, out);
    if (type.shape == Shape::kOptional) {
      // A message that comes in parts is merged, so what is there stays.
      void* inner = type.get(out) != nullptr ? const_cast<void*>(type.get(out)) : type.emplace(out);
      return field(f, *type.element, inner);
    }
    if (f.wire != wire_of(type)) return malformed("a field has the wrong wire type");
    switch (type.shape) {
      case Shape::kBool:
        *static_cast<bool*>(out) = f.scalar != 0;
        return {};
      case Shape::kInt32:
        *static_cast<int32_t*>(out) = static_cast<int32_t>(f.scalar);
        return {};
      case Shape::kInt64:
        *static_cast<int64_t*>(out) = static_cast<int64_t>(f.scalar);
        return {};
      case Shape::kDouble:
        std::memcpy(out, &f.scalar, 8);
        return {};
      case Shape::kString: {
        FL_TRY(*static_cast<std::string*>(out), text_of(f.bytes));
        return {};
      }
      case Shape::kBytes:
        static_cast<Bytes*>(out)->data = f.bytes;
        return {};
      case Shape::kTime: {
        FL_TRY(const auto t, read_timestamp(f.bytes));
        if (t) static_cast<Time*>(out)->at = std::chrono::floor<std::chrono::seconds>(*t);
        return {};
      }
      case Shape::kMicroTime: {
        FL_TRY(static_cast<MicroTime*>(out)->at, read_timestamp(f.bytes));
        return {};
      }
      case Shape::kQuantity: {
        FL_TRY(const auto text, only_bytes(f.bytes));
        FL_TRY(static_cast<Quantity*>(out)->text, canonical_quantity(text.empty() ? "0" : text));
        return {};
      }
      case Shape::kIntOrString: {
        FL_TRY(*static_cast<IntOrString*>(out), read_int_or_string(f.bytes));
        return {};
      }
      case Shape::kRawJson: {
        FL_TRY(const auto text, only_bytes(f.bytes));
        if (!text.empty()) {
          if (!is_utf8(text)) return malformed("a string is not valid UTF-8");
          const auto value = parse_json(text);
          if (!value) return malformed("embedded JSON cannot be read");
          // It is read again as a part of its object's JSON.
          if (extent_of(*value).depth + kMaxDepth > kMaxJsonDepth) return malformed("embedded JSON nests too deeply");
        }
        static_cast<RawJson*>(out)->text = text;
        return {};
      }
      case Shape::kStruct:
        return message(f.bytes, type.type(), out);
      default:
        return {};
    }
  }

  // [packed=true], which proto3 writes and proto2 readers accept.
  Result<> packed(std::string_view bytes, const ValueType& type, void* out) {
    if (wire_of(*type.element) != Wire::kVarint) return malformed("a field has the wrong wire type");
    WireReader in(bytes);
    while (!in.at_end()) {
      const auto n = in.varint();
      if (!n) return malformed("packed numbers are cut off");
      FL_CHECK(field({0, Wire::kVarint, *n, {}}, *type.element, type.append(out)));
    }
    return {};
  }

  Result<> entry(const WireReader::Field& f, const ValueType& type, void* out) {
    if (f.wire != Wire::kBytes) return malformed("a map entry has the wrong wire type");
    std::string key;
    std::optional<WireReader::Field> value;
    WireReader in(f.bytes);
    while (const auto part = in.next()) {
      if (part->number == 1) {
        if (part->wire != Wire::kBytes) return malformed("a map key has the wrong wire type");
        FL_TRY(key, text_of(part->bytes));
      } else if (part->number == 2) {
        value = part;
      }
    }
    if (!in.ok()) return malformed("a map entry is cut off");
    void* slot = type.insert(out, std::move(key));
    if (type.element->shape == Shape::kList) return value ? items(*value, *type.element, slot) : Result<>();
    if (value) return field(*value, *type.element, slot);
    // An absent value is the empty one of its type, which is not always what a fresh one is: quantities are 0.
    return field({2, wire_of(*type.element), 0, {}}, *type.element, slot);
  }

  // A list that is a map's value is a message of its own in Kubernetes' .proto files (ExtraValue).
  Result<> items(const WireReader::Field& f, const ValueType& type, void* out) {
    if (f.wire != Wire::kBytes) return malformed("a field has the wrong wire type");
    WireReader in(f.bytes);
    while (const auto item = in.next()) {
      if (item->number == 1) FL_CHECK(field(*item, type, out));
    }
    if (!in.ok()) return malformed("a list is cut off");
    return {};
  }

  int depth_ = 0;
};

}  // namespace

bool is_proto_body(std::string_view body) { return body.starts_with(kMagic); }

Result<ProtoEnvelope> open_proto(std::string_view body) {
  if (!is_proto_body(body)) {
    return fail(Code::kBadRequest,
                "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  ProtoEnvelope out;
  WireReader in(body.substr(kMagic.size()));
  while (const auto f = in.next()) {
    if (f->wire != Wire::kBytes) return malformed("the envelope has a field of the wrong wire type");
    if (f->number == 2) out.message = f->bytes;
    if (f->number == 3 && !f->bytes.empty())
      return fail(Code::kUnsupportedMedia, fmt::format("content encoding {} is not supported", quote(f->bytes)));
    if (f->number == 4 && !f->bytes.empty() && f->bytes != "application/vnd.kubernetes.protobuf")
      return fail(Code::kUnsupportedMedia, fmt::format("content type {} is not supported", quote(f->bytes)));
    if (f->number != 1) continue;
    WireReader type_meta(f->bytes);
    while (const auto t = type_meta.next()) {
      if (t->wire == Wire::kBytes && t->number == 1) out.api_version = t->bytes;
      if (t->wire == Wire::kBytes && t->number == 2) out.kind = t->bytes;
    }
    if (!type_meta.ok()) return malformed("the envelope's type is cut off");
  }
  if (!in.ok()) return malformed("the envelope is cut off");
  if (!is_utf8(out.api_version) || !is_utf8(out.kind)) return malformed("a string is not valid UTF-8");
  return out;
}

std::string_view proto_message(std::string_view body) {
  const auto envelope = open_proto(body);
  return envelope ? envelope->message : std::string_view();
}

Result<> from_proto(std::string_view message, const TypeInfo& type, void* value) {
  return Decoder().message(message, type, value);
}

Result<MutableObject> object_from_proto(std::string_view body, const KindInfo& kind) {
  FL_TRY(const auto envelope, open_proto(body));
  if (!envelope.api_version.empty() && envelope.api_version != kind.api_version()) {
    return fail(Code::kBadRequest,
                fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                            envelope.api_version, kind.api_version()));
  }
  if (!envelope.kind.empty() && envelope.kind != kind.kind) {
    return fail(Code::kBadRequest, fmt::format("{} in version \"{}\" cannot be handled as a {}: kind does not match",
                                               envelope.kind, kind.version, kind.kind));
  }
  auto object = kind.make();
  FL_CHECK(from_proto(envelope.message, kind.type(), object->data()));
  return object;
}

Result<ProtoWatchEvent> open_proto_watch_event(std::string_view payload) {
  ProtoWatchEvent out;
  WireReader in(payload);
  while (const auto f = in.next()) {
    if (f->wire != Wire::kBytes) return malformed("a watch event has a field of the wrong wire type");
    if (f->number == 1) out.type = f->bytes;
    if (f->number == 2) {
      FL_TRY(out.body, only_bytes(f->bytes));
    }
  }
  if (!in.ok()) return malformed("a watch event is cut off");
  return out;
}

}  // namespace fairlead::api
