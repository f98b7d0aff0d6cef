// Any text as a label selector and as a field selector of every kind.
#include "api/selector.h"
#include "object_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairlead;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const api::StringMap kLabels{{"app", "web"}, {"tier", ""}, {"count", "3"}};
  if (const auto selector = api::Selector::parse(text)) {
    const std::string shown = selector->to_string();
    const auto again = api::Selector::parse(shown);
    fuzz::require(again && again->to_string() == shown, "a selector changes when written and read", shown);
    fuzz::require(again->matches(kLabels) == selector->matches(kLabels), "a selector matches otherwise", shown);
  }
  for (const api::KindInfo* kind : api::all_kinds()) {
    const auto fields = api::FieldSelector::parse(text, *kind);
    if (!fields) continue;
    const auto object = kind->make();
    object->meta().name = "web";
    const std::string* name = fields->required("metadata.name");
    if (fields->matches(*object)) fuzz::require(name == nullptr || *name == "web", "matches another name", text);
  }
  return 0;
}
