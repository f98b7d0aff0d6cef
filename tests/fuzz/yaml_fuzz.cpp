// A kind and any bytes as the YAML body of an object of that kind; what can be read must be JSON as well.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "object_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairlead;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const api::KindInfo& kind = fuzz::take_kind(input);
  api::DecodeReport report;
  const auto value = api::parse_yaml(input, &report);
  if (!value) return 0;
  const std::string json = boost::json::serialize(*value);
  fuzz::require(api::parse_json(json).has_value(), "YAML that is no JSON", json);
  const auto object = api::object_from_json(*value, kind, &report);
  if (object) fuzz::exercise(**object);
  return 0;
}
