// What the targets share that end with an object of some kind.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/codec.h"
#include "api/kind.h"
#include "api/protobuf.h"
#include "base/clock.h"

namespace fairlead::fuzz {

inline void require(bool holds, std::string_view what, std::string_view shown = {}) {
  if (holds) return;
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(what.size()), what.data(), static_cast<int>(shown.size()),
               shown.data());
  std::abort();
}

// The first byte of the input chooses the kind.
inline const api::KindInfo& take_kind(std::string_view& input) {
  const auto kinds = api::all_kinds();
  const size_t n = input.empty() ? 0 : static_cast<uint8_t>(input[0]);
  if (!input.empty()) input.remove_prefix(1);
  return *kinds[n % kinds.size()];
}

// What the API server does with an object that could be read: it must be written and read again as the same in both
// forms, and no rule may choke on what a client can send.
inline void exercise(api::Object& object) {
  const api::KindInfo& kind = object.kind();
  const std::string json = api::to_json(object);
  const auto from_json = api::object_from_text(json, kind);
  require(from_json.has_value(), "written JSON cannot be read", json);
  const std::string json_again = api::to_json(**from_json);
  require(json_again == json, "JSON changes when read and written", json);

  const auto from_proto = api::object_from_proto(api::to_proto(object), kind);
  require(from_proto.has_value(), "written protobuf cannot be read", json);
  const auto from_proto_again = api::object_from_proto(api::to_proto(**from_proto), kind);
  require(from_proto_again && api::to_json(**from_proto) == api::to_json(**from_proto_again),
          "protobuf changes when read and written", json);

  const auto old = object.clone();
  if (kind.set_defaults != nullptr) {
    kind.set_defaults(object);
    const std::string once = api::to_json(object);
    kind.set_defaults(object);
    require(api::to_json(object) == once, "defaults are not idempotent", once);
  }
  if (kind.prepare_create != nullptr) kind.prepare_create(object);
  if (kind.validate != nullptr) kind.validate(object);
  if (kind.prepare_update != nullptr) kind.prepare_update(object, *old);
  if (kind.validate_update != nullptr) kind.validate_update(object, *old);
  if (kind.validate_status != nullptr) kind.validate_status(object, *old);
  if (kind.row != nullptr) {
    require(kind.row(object, WallTime(std::chrono::seconds(1'700'000'000))).size() == kind.columns.size(),
            "a row does not fit its columns", json);
  }
}

}  // namespace fairlead::fuzz
