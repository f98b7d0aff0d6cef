// Typed values to protobuf, straight into one string.
#include <algorithm>
#include <cstring>

#include "api/kind.h"
#include "api/proto_wire.h"
#include "api/protobuf.h"

namespace fairlead::api {
namespace {

constexpr std::string_view kMagic{"k8s\0", 4};

void put_timestamp(std::string& out, uint32_t number, WallTime t) {
  using std::chrono::floor;
  const auto seconds = floor<std::chrono::seconds>(t);
  Nested message(out, number);
  put_int(out, 1, seconds.time_since_epoch().count());  // even when 0: an empty message is no time
  const auto nanos = std::chrono::nanoseconds(t - seconds).count();
  if (nanos != 0) put_int(out, 2, nanos);
  message.finish();
}

struct Entry {
  std::string& out;
  uint32_t number;
  const ValueType& element;
};

void write_field(std::string& out, uint32_t number, const ValueType& type, const void* value);

void write_entry(void* context, const std::string& key, const void* value) {
  const auto& e = *static_cast<Entry*>(context);
  Nested entry(e.out, e.number);
  put_bytes(e.out, 1, key);
  if (e.element.shape == Shape::kList) {
    // A list that is a map's value is a message of its own in Kubernetes' .proto files (ExtraValue).
    Nested items(e.out, 2);
    write_field(e.out, 1, e.element, value);
    items.finish();
  } else {
    write_field(e.out, 2, e.element, value);
  }
  entry.finish();
}

// Whatever the value is, zero or not.
void write_field(std::string& out, uint32_t number, const ValueType& type, const void* value) {
  switch (type.shape) {
    case Shape::kString:
      put_bytes(out, number, *static_cast<const std::string*>(value));
      return;
    case Shape::kBool:
      put_int(out, number, *static_cast<const bool*>(value) ? 1 : 0);
      return;
    case Shape::kInt32:
      put_int(out, number, *static_cast<const int32_t*>(value));
      return;
    case Shape::kInt64:
      put_int(out, number, *static_cast<const int64_t*>(value));
      return;
    case Shape::kDouble: {
      char bytes[8];
      std::memcpy(bytes, value, 8);
      put_tag(out, number, Wire::kFixed64);
      out.append(bytes, 8);
      return;
    }
    case Shape::kBytes:
      put_bytes(out, number, static_cast<const Bytes*>(value)->data);
      return;
    case Shape::kTime:
      if (const auto& t = *static_cast<const Time*>(value); t.at) put_timestamp(out, number, *t.at);
      return;
    case Shape::kMicroTime:
      if (const auto& t = *static_cast<const MicroTime*>(value); t.at) put_timestamp(out, number, *t.at);
      return;
    case Shape::kQuantity: {
      Nested message(out, number);
      put_bytes(out, 1, static_cast<const Quantity*>(value)->text);
      message.finish();
      return;
    }
    case Shape::kIntOrString: {
      const auto& v = *static_cast<const IntOrString*>(value);
      Nested message(out, number);
      put_int(out, 1, v.is_string ? 1 : 0);
      if (v.is_string)
        put_bytes(out, 3, v.text);
      else
        put_int(out, 2, v.number);
      message.finish();
      return;
    }
    case Shape::kRawJson: {
      Nested message(out, number);
      put_bytes(out, 1, static_cast<const RawJson*>(value)->text);
      message.finish();
      return;
    }
    case Shape::kStruct: {
      Nested message(out, number);
      write_proto(out, type.type(), value);
      message.finish();
      return;
    }
    case Shape::kList: {
      const size_t n = type.size(value);
      for (size_t i = 0; i < n; ++i) write_field(out, number, *type.element, type.at(value, i));
      return;
    }
    case Shape::kMap: {
      Entry context{out, number, *type.element};
      type.each(value, &context, write_entry);
      return;
    }
    case Shape::kOptional:
      if (const void* inner = type.get(value)) write_field(out, number, *type.element, inner);
      return;
  }
}

}  // namespace

void write_proto(std::string& out, const TypeInfo& type, const void* value) {
  for (const auto& f : type.fields()) {
    const void* v = f.in(value);
    if (f.number == 0 || is_empty(*f.value, v)) continue;
    if (f.value->shape != Shape::kStruct) {
      write_field(out, f.number, *f.value, v);
      continue;
    }
    // A struct that is not optional and holds nothing is as good as absent.
    const size_t before = out.size();
    Nested message(out, f.number);
    const size_t start = out.size();
    write_proto(out, f.value->type(), v);
    if (out.size() == start)
      out.resize(before);
    else
      message.finish();
  }
}

std::string proto_body(std::string_view api_version, std::string_view kind, std::string_view message) {
  std::string out;
  out.reserve(message.size() + 64);
  out += kMagic;
  Nested type_meta(out, 1);
  put_bytes(out, 1, api_version);
  put_bytes(out, 2, kind);
  type_meta.finish();
  put_bytes(out, 2, message);
  // contentEncoding and contentType are empty, and written, as Go writes them.
  put_bytes(out, 3, "");
  put_bytes(out, 4, "");
  return out;
}

std::string to_proto(const Object& object) {
  std::string message;
  message.reserve(1024);
  write_proto(message, object.kind().type(), object.data());
  return proto_body(object.kind().api_version(), object.kind().kind, message);
}

namespace {

std::string list_message(const ListMeta& meta, const std::vector<std::string_view>& messages) {
  size_t size = 64;
  for (const auto m : messages) size += m.size() + 6;
  std::string out;
  out.reserve(size);
  put_bytes(out, 1, to_proto_message(meta));
  for (const auto m : messages) put_bytes(out, 2, m);
  return out;
}

}  // namespace

std::string proto_list(const KindInfo& kind, const ListMeta& meta, const std::vector<std::string_view>& messages) {
  return proto_body(kind.api_version(), std::string(kind.kind) + "List", list_message(meta, messages));
}

std::string proto_partial(const ObjectMeta& meta) {
  std::string out;
  Nested message(out, 1);
  write_proto(out, type_info<ObjectMeta>(), &meta);
  message.finish();
  return out;
}

std::string proto_partial_list(const ListMeta& meta, const std::vector<std::string_view>& messages) {
  return proto_body("meta.k8s.io/v1", "PartialObjectMetadataList", list_message(meta, messages));
}

std::string proto_watch_frame(std::string_view type, std::string_view body) {
  std::string out(4, '\0');
  out.reserve(body.size() + 32);
  put_bytes(out, 1, type);
  Nested raw_extension(out, 2);
  put_bytes(out, 1, body);
  raw_extension.finish();
  const auto length = static_cast<uint32_t>(out.size() - 4);
  for (int i = 0; i < 4; ++i) out[static_cast<size_t>(i)] = static_cast<char>(length >> (24 - 8 * i));
  return out;
}

}  // namespace fairlead::api
