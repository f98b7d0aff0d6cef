#include "api/apply/compare.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "api/apply/rules.h"
#include "api/kind.h"
#include "base/text.h"

namespace fairlead::api {
namespace {

// What happened to a path itself.
enum class Own : uint8_t { kNothing, kAdded, kModified, kRemoved };

void note(FieldChanges& at, std::string_view element, Own own, FieldChanges&& below) {
  const auto put = [element](FieldSet& set, bool member, FieldSet&& under) {
    if (!member && under.empty()) return;
    FieldSet::Node& node = set.at(element);
    node.member = member;
    node.below = std::move(under);
  };
  put(at.added, own == Own::kAdded, std::move(below.added));
  put(at.modified, own == Own::kModified, std::move(below.modified));
  put(at.removed, own == Own::kRemoved, std::move(below.removed));
}

void append_string(std::string& out, std::string_view text) {
  const bool plain = std::none_of(text.begin(), text.end(),
                                  [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
  if (plain) {
    out += '"';
    out += text;
    out += '"';
  } else {
    out += boost::json::serialize(boost::json::string(text));
  }
}

// A scalar that identifies an item, as JSON. Merge keys are strings and integers.
void append_scalar(std::string& out, const ValueType& type, const void* value) {
  switch (type.shape) {
    case Shape::kString:
      return append_string(out, *static_cast<const std::string*>(value));
    case Shape::kInt32:
      out += std::to_string(*static_cast<const int32_t*>(value));
      return;
    case Shape::kInt64:
      out += std::to_string(*static_cast<const int64_t*>(value));
      return;
    case Shape::kBool:
      out += *static_cast<const bool*>(value) ? "true" : "false";
      return;
    case Shape::kOptional:
      if (const void* inner = type.get(value)) return append_scalar(out, *type.element, inner);
      break;
    default:
      break;
  }
  out += "null";
}

std::string keyed_element(const FieldInfo& list, const TypeInfo& item, const void* value) {
  std::string out = "k:";
  char separator = '{';
  for (const std::string_view key : split(list.apply_keys, ',')) {
    out += separator;
    separator = ',';
    append_string(out, key);
    out += ':';
    const FieldInfo* field = item.find(key);
    if (field == nullptr) continue;
    const auto otherwise = default_key(key);
    if (otherwise && is_empty(*field->value, field->in(value))) {
      out += *otherwise;
    } else {
      append_scalar(out, *field->value, field->in(value));
    }
  }
  return out + '}';
}

std::string set_element(const ValueType& type, const void* value) {
  std::string out = "v:";
  append_scalar(out, type, value);
  return out;
}

Own walk(const ValueType& type, MergeRule rule, const FieldInfo* list, const void* a, const void* b,
         FieldChanges& below);

// Whether JSON would have the field. Null: the struct itself is not there.
const void* present(const FieldInfo& f, const void* object) {
  if (object == nullptr) return nullptr;
  const void* value = f.in(object);
  if (f.value->shape == Shape::kStruct) return value;
  return f.has(kOmitEmpty) && is_empty(*f.value, value) ? nullptr : value;
}

void walk_struct(const TypeInfo& type, const void* a, const void* b, std::string_view except, FieldChanges& out) {
  std::string element;
  for (const FieldInfo& f : type.json_fields()) {
    const void* left = present(f, a);
    const void* right = present(f, b);
    if (left == nullptr && right == nullptr) continue;
    if (left != nullptr && right != nullptr && f.value->equal(left, right)) continue;
    if (f.json == except) continue;
    FieldChanges below;
    const Own own = walk(*f.value, merge_rule(f), &f, left, right, below);
    element = "f:";
    element += f.json;
    note(out, element, own, std::move(below));
  }
}

// Items of a list or entries of a map, by element. Items that a list has twice are compared in their order.
struct Item {
  std::string element;
  const void* value;
};
using Items = std::vector<Item>;

Items items_of(const ValueType& type, MergeRule rule, const FieldInfo* list, const void* value) {
  Items out;
  if (value == nullptr) return out;
  if (type.shape == Shape::kMap) {
    type.each(value, &out, [](void* context, const std::string& key, const void* v) {
      static_cast<Items*>(context)->push_back({"f:" + key, v});
    });
    return out;
  }
  const size_t n = type.size(value);
  out.reserve(n);
  const ValueType& element = inner_type(*type.element);
  for (size_t i = 0; i < n; ++i) {
    const void* item = type.at(value, i);
    out.push_back(
        {rule == MergeRule::kKeyed ? keyed_element(*list, element.type(), item) : set_element(element, item), item});
  }
  std::stable_sort(out.begin(), out.end(), [](const Item& x, const Item& y) { return x.element < y.element; });
  return out;
}

void walk_items(const ValueType& type, MergeRule rule, const FieldInfo* list, const void* a, const void* b,
                FieldChanges& out) {
  const Items left = items_of(type, rule, list, a);
  const Items right = items_of(type, rule, list, b);
  const MergeRule inner = merge_rule(*type.element);
  size_t i = 0;
  size_t j = 0;
  while (i < left.size() || j < right.size()) {
    const bool take_left = j == right.size() || (i < left.size() && left[i].element <= right[j].element);
    const bool take_right = i == left.size() || (j < right.size() && right[j].element <= left[i].element);
    const Item& item = take_left ? left[i] : right[j];
    FieldChanges below;
    const Own own = walk(*type.element, inner, nullptr, take_left ? left[i].value : nullptr,
                         take_right ? right[j].value : nullptr, below);
    note(out, item.element, own, std::move(below));
    i += take_left ? 1 : 0;
    j += take_right ? 1 : 0;
  }
}

Own walk(const ValueType& outer, MergeRule rule, const FieldInfo* list, const void* a, const void* b,
         FieldChanges& below) {
  const ValueType* type = &outer;
  while (type->shape == Shape::kOptional) {
    a = a == nullptr ? nullptr : type->get(a);
    b = b == nullptr ? nullptr : type->get(b);
    type = type->element;
  }
  if (a == nullptr && b == nullptr) return Own::kNothing;
  const Own own = a == nullptr ? Own::kAdded : b == nullptr ? Own::kRemoved : Own::kNothing;
  switch (rule) {
    case MergeRule::kAtomic:
      return own == Own::kNothing && !type->equal(a, b) ? Own::kModified : own;
    case MergeRule::kFields:
      walk_struct(type->type(), a, b, {}, below);
      return own;
    default:
      walk_items(*type, rule, list, a, b, below);
      return own;
  }
}

}  // namespace

FieldChanges compare(const Object& from, const Object& to, std::string_view except) {
  FieldChanges out;
  walk_struct(to.kind().type(), from.data(), to.data(), except, out);
  return out;
}

}  // namespace fairlead::api
