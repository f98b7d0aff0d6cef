#include "apiserver/scale.h"

#include "api/selector.h"
#include "api/validation.h"

namespace fairlead::api {

template <>
const KindInfo& kind_of<Scale>() {
  static const KindInfo info{
      .group = "autoscaling",
      .version = "v1",
      .kind = "Scale",
      .plural = "scales",
      .singular = "scale",
      .short_names = {},
      .categories = {},
      .type = &type_info<Scale>,
      .make = [] { return make_object(Scale{}); },
  };
  return info;
}

}  // namespace fairlead::api

namespace fairlead::apiserver {
namespace {

struct Found {
  const api::ValueType* type = nullptr;
  const void* value = nullptr;
};

// The field `outer`.`inner` of any kind.
Found find(const api::Object& object, std::string_view outer, std::string_view inner) {
  const api::FieldInfo* o = object.kind().type().find(outer);
  if (o == nullptr || o->value->shape != api::Shape::kStruct) return {};
  const api::FieldInfo* i = o->value->type().find(inner);
  if (i == nullptr) return {};
  return {i->value, i->in(o->in(object.data()))};
}

int32_t number(const Found& found) {
  if (found.value == nullptr) return 0;
  if (found.type->shape == api::Shape::kInt32) return *static_cast<const int32_t*>(found.value);
  if (found.type->shape != api::Shape::kOptional) return 0;
  const void* inner = found.type->get(found.value);
  return inner == nullptr ? 0 : *static_cast<const int32_t*>(inner);
}

std::string selector_text(const Found& found) {
  if (found.value == nullptr) return {};
  const void* value = found.value;
  const api::ValueType* type = found.type;
  if (type->shape == api::Shape::kOptional) {
    value = type->get(value);
    type = type->element;
  }
  if (value == nullptr) return {};
  if (type->shape == api::Shape::kMap)
    return api::Selector::from(*static_cast<const api::StringMap*>(value)).to_string();
  const auto selector = api::Selector::from(*static_cast<const api::LabelSelector*>(value));
  return selector ? selector->to_string() : "";
}

}  // namespace

const api::KindInfo& scale_kind() { return api::kind_of<api::Scale>(); }

api::Scale scale_of(const api::Object& object) {
  api::Scale out;
  const api::ObjectMeta& meta = object.meta();
  out.metadata.name = meta.name;
  out.metadata.namespace_ = meta.namespace_;
  out.metadata.uid = meta.uid;
  out.metadata.resource_version = meta.resource_version;
  out.metadata.creation_timestamp = meta.creation_timestamp;
  out.spec.replicas = number(find(object, "spec", "replicas"));
  out.status.replicas = number(find(object, "status", "replicas"));
  out.status.selector = selector_text(find(object, "spec", "selector"));
  return out;
}

Result<api::MutableObject> scaled(const api::Object& object, const api::Scale& scale) {
  if (scale.spec.replicas < 0) {
    return fail(
        api::invalid(scale_kind(), object.meta().name,
                     {{"FieldValueInvalid", "spec.replicas",
                       fmt::format("Invalid value: {}: must be greater than or equal to 0", scale.spec.replicas)}}));
  }
  auto next = object.clone();
  const Found found = find(*next, "spec", "replicas");
  void* slot = const_cast<void*>(found.value);  // of `next`, which is ours
  if (found.type->shape == api::Shape::kOptional) slot = found.type->emplace(slot);
  *static_cast<int32_t*>(slot) = scale.spec.replicas;
  next->meta().resource_version = scale.metadata.resource_version;
  return next;
}

}  // namespace fairlead::apiserver
