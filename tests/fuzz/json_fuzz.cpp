// A kind and any bytes as the JSON body of an object of that kind.
#include "object_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairlead;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const api::KindInfo& kind = fuzz::take_kind(input);
  api::DecodeReport report;
  const auto object = api::object_from_text(input, kind, &report);
  if (object) fuzz::exercise(**object);
  return 0;
}
