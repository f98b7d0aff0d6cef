// A kind of patch, a kind of object and any bytes as the patch's body, applied to an object of that kind.
#include "apiserver/patch.h"
#include "object_fuzz.h"

namespace {

constexpr std::string_view kCurrent = R"({
  "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}, "finalizers": ["a/b", "c/d"]},
  "spec": {
    "replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "type": "ClusterIP",
    "ports": [{"name": "http", "port": 80}, {"name": "https", "port": 443}],
    "containers": [{"name": "web", "image": "localhost/web:1", "env": [{"name": "A", "value": "1"}]}],
    "template": {"spec": {"containers": [{"name": "web", "ports": [{"containerPort": 80}]}]}}
  }
})";

// As much of kCurrent as fits the kind.
fairlead::api::MutableObject current_of(const fairlead::api::KindInfo& kind) {
  using namespace fairlead::api;
  for (const std::string_view text : {kCurrent, std::string_view(R"({"spec":{"selector":{"app":"web"},
       "ports":[{"name":"http","port":80},{"name":"https","port":443}]}})"),
                                      std::string_view("{}")}) {
    if (auto object = object_from_text(text, kind)) return std::move(*object);
  }
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairlead;
  using client::PatchType;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  constexpr PatchType kTypes[] = {PatchType::kJson, PatchType::kMerge, PatchType::kStrategic};
  const PatchType type = kTypes[static_cast<uint8_t>(input[0]) % 3];
  input.remove_prefix(1);
  const auto current = current_of(fuzz::take_kind(input));
  api::DecodeReport report;
  const auto next = apiserver::patched(*current, type, input, &report);
  if (next) fuzz::exercise(**next);
  return 0;
}
