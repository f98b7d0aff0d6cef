// A kind of object and any bytes as an applied configuration in YAML, applied twice by different managers: the second
// time to what the first has made, with the first's fields in managedFields.
#include <boost/json/value.hpp>

#include "api/apply/field_set.h"
#include "api/apply/managed_fields.h"
#include "object_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairlead;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  (void)api::FieldSet::parse(input);
  const api::KindInfo& kind = fuzz::take_kind(input);
  const auto config = api::parse_yaml(input);
  if (!config) return 0;
  const api::Writer one{"one", "", WallTime{}};
  const api::Writer two{"two", "", WallTime{}};
  const auto first = api::applied(*kind.make(), *config, one, false);
  if (!first) return 0;
  (*first)->meta().uid = "u";
  const auto second = api::applied(**first, *config, two, false);
  if (second) fuzz::exercise(**second);
  // What was applied can be applied again, and then takes nothing away.
  const auto again = api::applied(**first, *config, one, false);
  check(again.has_value() && api::same_but_for_times((*again)->meta(), (*first)->meta()),
        "the same configuration has changed its fields");
  return 0;
}
