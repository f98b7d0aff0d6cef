// Kubernetes' protobuf form of objects, by field table: application/vnd.kubernetes.protobuf. A body is the four bytes
// "k8s\0" and a runtime.Unknown that names the kind and holds the message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/object.h"
#include "api/types/object_meta.h"
#include "base/result.h"

namespace fairlead::api {

// ---- encoding

// Appends `value` as a bare message. Zero values are left out, which readers cannot tell from Go's writing them.
void write_proto(std::string& out, const TypeInfo& type, const void* value);
template <class T>
std::string to_proto_message(const T& value) {
  std::string out;
  write_proto(out, type_info<T>(), &value);
  return out;
}
// A whole body.
std::string proto_body(std::string_view api_version, std::string_view kind, std::string_view message);
std::string to_proto(const Object& object);
// Status, Scale, DeleteOptions, ...: types that are no kinds of their own.
template <class T>
std::string to_proto(std::string_view api_version, std::string_view kind, const T& value) {
  return proto_body(api_version, kind, to_proto_message(value));
}
// PodList and the like, from messages (not bodies) of its items.
std::string proto_list(const KindInfo& kind, const ListMeta& meta, const std::vector<std::string_view>& messages);
// The message inside a body that to_proto() made, for such lists; borrowed.
std::string_view proto_message(std::string_view body);

// PartialObjectMetadata (meta.k8s.io/v1) of an object, as a bare message.
std::string proto_partial(const ObjectMeta& meta);
std::string proto_partial_list(const ListMeta& meta, const std::vector<std::string_view>& messages);

// One frame of a watch (application/vnd.kubernetes.protobuf;stream=watch): four bytes of length, big endian, and a
// WatchEvent around a whole body. `type` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.
std::string proto_watch_frame(std::string_view type, std::string_view body);

// ---- decoding: every length is checked, depth is bounded, unknown fields are skipped, as protobuf wants it.

bool is_proto_body(std::string_view body);
struct ProtoEnvelope {
  std::string_view api_version;
  std::string_view kind;
  std::string_view message;
};
Result<ProtoEnvelope> open_proto(std::string_view body);
// Into `value`, which must be freshly made.
Result<> from_proto(std::string_view message, const TypeInfo& type, void* value);
// A body of the kind that the caller expects; what the envelope names must agree when it is there.
Result<MutableObject> object_from_proto(std::string_view body, const KindInfo& kind);
template <class T>
Result<T> value_from_proto(std::string_view body) {
  FL_TRY(const auto envelope, open_proto(body));
  T value;
  FL_CHECK(from_proto(envelope.message, type_info<T>(), &value));
  return value;
}
// One event out of a frame's payload (without the four bytes of length).
struct ProtoWatchEvent {
  std::string_view type;
  std::string_view body;
};
Result<ProtoWatchEvent> open_proto_watch_event(std::string_view payload);

}  // namespace fairlead::api
