#include "api/kinds/configmap.h"

#include "api/duration.h"
#include "api/kind.h"
#include "api/validation.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<ConfigMap>() {
  using T = ConfigMap;
  static const TypeInfo info("io.k8s.api.core.v1.ConfigMap", {
                                                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                                 field(&T::data, "data", 2, kOmitEmpty),
                                                                 field(&T::binary_data, "binaryData", 3, kOmitEmpty),
                                                                 field(&T::immutable, "immutable", 4, kOmitEmpty),
                                                             });
  return info;
}

namespace {

void check_content(Problems& out, const ConfigMap& map) {
  size_t total = 0;
  for (const auto& [key, value] : map.data) {
    const auto path = FieldPath("data").key(key);
    out.invalid(path, key, config_map_key(key));
    if (map.binary_data.contains(key)) out.invalid(path, key, "duplicate of key present in binaryData");
    total += value.size();
  }
  for (const auto& [key, value] : map.binary_data) {
    const auto path = FieldPath("binaryData").key(key);
    out.invalid(path, key, config_map_key(key));
    if (map.data.contains(key)) out.invalid(path, key, "duplicate of key present in data");
    total += value.data.size();
  }
  if (total > kMaxConfigBytes) out.too_long(FieldPath(""), kMaxConfigBytes);
}

FieldErrors validate(const Object& object) {
  Problems out;
  check_object_meta(out, object.meta(), true, name_is_subdomain);
  check_content(out, object.as<ConfigMap>());
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next_object, const Object& old_object) {
  const auto& next = next_object.as<ConfigMap>();
  const auto& old = old_object.as<ConfigMap>();
  Problems out;
  check_object_meta_update(out, next.metadata, old.metadata);
  if (old.immutable.value_or(false)) {
    constexpr std::string_view kWhy = "field is immutable when `immutable` is set";
    if (!next.immutable.value_or(false)) out.forbidden(FieldPath("immutable"), kWhy);
    if (next.data != old.data) out.forbidden(FieldPath("data"), kWhy);
    if (next.binary_data != old.binary_data) out.forbidden(FieldPath("binaryData"), kWhy);
  }
  check_content(out, next);
  return std::move(out).take();
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& map = object.as<ConfigMap>();
  return {Cell(static_cast<int64_t>(map.data.size() + map.binary_data.size())),
          age(map.metadata.creation_timestamp, now)};
}

}  // namespace

template <>
const KindInfo& kind_of<ConfigMap>() {
  static const KindInfo info{
      .group = "",
      .version = "v1",
      .kind = "ConfigMap",
      .plural = "configmaps",
      .singular = "configmap",
      .short_names = {"cm"},
      .categories = {},
      .type = &type_info<ConfigMap>,
      .make = [] { return make_object(ConfigMap{}); },
      .validate = validate,
      .validate_update = validate_update,
      .columns = {{"Data", "string"}, {"Age", "string"}},
      .row = row,
  };
  return info;
}

}  // namespace fairlead::api
