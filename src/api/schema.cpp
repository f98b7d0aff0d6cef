#include "api/schema.h"

#include <algorithm>

namespace fairlead::api {

TypeInfo::TypeInfo(std::string_view name, std::initializer_list<FieldInfo> fields) : name_(name), fields_(fields) {
  for (const auto& f : fields_) {
    if (!f.has(kInline)) {
      json_fields_.push_back(f);
      continue;
    }
    for (auto inner : f.value->type().json_fields()) {
      inner.offset += f.offset;
      json_fields_.push_back(inner);
    }
  }
  for (const auto& f : json_fields_) by_name_.push_back(&f);
  std::ranges::sort(by_name_, {}, [](const FieldInfo* f) { return f->json; });
  for (const auto& f : fields_) {
    if (f.number == 0) continue;
    if (by_number_.size() <= f.number) by_number_.resize(f.number + 1U);
    by_number_[f.number] = &f;
  }
}

const FieldInfo* TypeInfo::find(std::string_view json) const {
  const auto it = std::ranges::lower_bound(by_name_, json, {}, [](const FieldInfo* f) { return f->json; });
  return it != by_name_.end() && (*it)->json == json ? *it : nullptr;
}

bool is_empty(const ValueType& type, const void* value) {
  switch (type.shape) {
    case Shape::kString:
      return static_cast<const std::string*>(value)->empty();
    case Shape::kBool:
      return !*static_cast<const bool*>(value);
    case Shape::kInt32:
      return *static_cast<const int32_t*>(value) == 0;
    case Shape::kInt64:
      return *static_cast<const int64_t*>(value) == 0;
    case Shape::kDouble:
      return *static_cast<const double*>(value) == 0;
    case Shape::kBytes:
      return static_cast<const Bytes*>(value)->data.empty();
    case Shape::kTime:
      return !static_cast<const Time*>(value)->at;
    case Shape::kMicroTime:
      return !static_cast<const MicroTime*>(value)->at;
    case Shape::kQuantity:
      return static_cast<const Quantity*>(value)->text.empty();
    case Shape::kIntOrString:
      return static_cast<const IntOrString*>(value)->empty();
    case Shape::kRawJson:
      return static_cast<const RawJson*>(value)->text.empty();
    case Shape::kStruct:
      return false;
    case Shape::kList:
    case Shape::kMap:
      return type.size(value) == 0;
    case Shape::kOptional:
      return type.get(value) == nullptr;
  }
  return false;
}

}  // namespace fairlead::api
