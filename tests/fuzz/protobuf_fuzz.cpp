// A kind and any bytes as a protobuf body, as the bare message in one, and as a watch event.
#include "object_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairlead;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const api::KindInfo& kind = fuzz::take_kind(input);
  const auto whole = api::object_from_proto(input, kind);
  if (whole) fuzz::exercise(**whole);
  const auto bare = api::object_from_proto(api::proto_body(kind.api_version(), kind.kind, input), kind);
  if (bare) fuzz::exercise(**bare);
  const auto event = api::open_proto_watch_event(input);
  if (event) (void)api::open_proto(event->body);
  return 0;
}
