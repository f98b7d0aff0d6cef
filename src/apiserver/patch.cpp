#include "apiserver/patch.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api/json_extent.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace json = boost::json;

// --- JSON patch
// ----------------------------------------------------------------------------------------------------------------

namespace {

std::string_view text_of(const json::string& s) { return {s.data(), s.size()}; }

std::string_view member(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? text_of(v->get_string()) : std::string_view();
}

// RFC 6901.
Result<std::vector<std::string>> parse_pointer(std::string_view pointer) {
  std::vector<std::string> out;
  if (pointer.empty()) return out;
  if (pointer[0] != '/')
    return fail(Code::kInvalid, fmt::format("JSON pointer {} does not begin with '/'", quote(pointer)));
  for (const std::string_view raw : split(pointer.substr(1), '/')) {
    std::string& part = out.emplace_back();
    for (size_t i = 0; i < raw.size(); ++i) {
      const bool escape = raw[i] == '~' && i + 1 < raw.size() && (raw[i + 1] == '0' || raw[i + 1] == '1');
      part += escape ? (raw[++i] == '1' ? '/' : '~') : raw[i];
    }
  }
  return out;
}

std::optional<size_t> index_in(const json::array& array, std::string_view token, bool inserting) {
  if (inserting && token == "-") return array.size();
  const auto n = parse_int(token);
  const size_t limit = array.size() + (inserting ? 1 : 0);
  if (!n || *n < 0 || static_cast<size_t>(*n) >= limit || (token.size() > 1 && token[0] == '0')) return std::nullopt;
  return static_cast<size_t>(*n);
}

json::value* child(json::value& at, std::string_view token) {
  if (at.is_object()) return at.get_object().if_contains(token);
  if (!at.is_array()) return nullptr;
  const auto i = index_in(at.get_array(), token, false);
  return i ? &at.get_array()[*i] : nullptr;
}

json::value* locate(json::value& document, std::span<const std::string> path) {
  json::value* at = &document;
  for (const std::string& token : path) {
    at = child(*at, token);
    if (at == nullptr) return nullptr;
  }
  return at;
}

// What the copies of one patch may add in all, as in kube-apiserver: each can double the document.
constexpr size_t kMaxCopiedBytes = 3 << 20;

class JsonPatch {
 public:
  explicit JsonPatch(json::value& document) : document_(document) {}

  Result<> apply(const json::object& op) {
    const std::string_view name = member(op, "op");
    path_text_ = member(op, "path");
    FL_TRY(const auto path, parse_pointer(path_text_));
    const json::value* value = op.if_contains("value");
    const bool needs_value = name == "add" || name == "replace" || name == "test";
    if (needs_value && value == nullptr) return problem(fmt::format("{} operation has no value", name));
    if (name == "add") return add(path, *value);
    if (name == "remove") return remove(path);
    if (name == "replace") {
      json::value* at = locate(document_, path);
      if (at == nullptr) return problem("replace operation does not apply: doc is missing key");
      if (too_deep(path, *value)) return problem("replace operation does not apply: nested too deeply");
      *at = *value;
      return {};
    }
    if (name == "test") {
      const json::value* at = locate(document_, path);
      const bool same = at == nullptr ? value->is_null() : *at == *value;
      return same ? Result<>{} : problem("testing value failed: test failed");
    }
    if (name == "move" || name == "copy") {
      FL_TRY(const auto from, parse_pointer(member(op, "from")));
      const json::value* source = locate(document_, from);
      if (source == nullptr) return problem(fmt::format("{} operation does not apply: no such from path", name));
      const json::value moved = *source;
      if (name == "move") {
        FL_CHECK(remove(from));
      } else {
        const auto extent = api::extent_of(moved);
        copied_bytes_ += extent.bytes + extent.values;
        if (copied_bytes_ > kMaxCopiedBytes) {
          return problem(fmt::format("the patch's copies add more than {} bytes", kMaxCopiedBytes));
        }
      }
      return add(path, moved);
    }
    return problem(
        fmt::format("unknown operation {}; it is one of add, remove, replace, move, copy, test", quote(name)));
  }

 private:
  static bool too_deep(std::span<const std::string> path, const json::value& value) {
    return path.size() + api::extent_of(value).depth > api::kMaxJsonDepth;
  }

  Result<> add(std::span<const std::string> path, const json::value& value) {
    if (too_deep(path, value)) return problem("add operation does not apply: nested too deeply");
    if (path.empty()) {
      document_ = value;
      return {};
    }
    json::value* parent = locate(document_, path.first(path.size() - 1));
    if (parent == nullptr) return problem("add operation does not apply: doc is missing path");
    if (parent->is_object()) {
      parent->get_object()[path.back()] = value;
      return {};
    }
    if (!parent->is_array()) return problem("add operation does not apply: the parent is neither object nor array");
    json::array& array = parent->get_array();
    const auto i = index_in(array, path.back(), true);
    if (!i) return problem("add operation does not apply: index out of bounds");
    array.insert(array.begin() + static_cast<std::ptrdiff_t>(*i), value);
    return {};
  }

  Result<> remove(std::span<const std::string> path) {
    if (path.empty()) return problem("remove operation does not apply: the whole document");
    json::value* parent = locate(document_, path.first(path.size() - 1));
    const bool object = parent != nullptr && parent->is_object();
    if (object && parent->get_object().erase(path.back()) != 0) return {};
    if (parent != nullptr && parent->is_array()) {
      json::array& array = parent->get_array();
      if (const auto i = index_in(array, path.back(), false)) {
        array.erase(array.begin() + static_cast<std::ptrdiff_t>(*i));
        return {};
      }
    }
    return problem("remove operation does not apply: doc is missing path");
  }

  [[nodiscard]] std::unexpected<Error> problem(std::string_view what) const {
    return fail(Code::kInvalid, fmt::format("the server rejected our request due to an error in our request: {}: {}",
                                            quote(path_text_), what));
  }

  json::value& document_;
  std::string path_text_;
  size_t copied_bytes_ = 0;
};

}  // namespace

Result<> apply_json_patch(json::value& document, const json::value& patch) {
  if (!patch.is_array()) return fail(Code::kBadRequest, "error decoding patch: a JSON patch is an array of operations");
  if (patch.get_array().size() > 10'000) {
    return fail(Code::kTooLarge, "Request entity too large: The allowed maximum operations in a JSON patch is 10000");
  }
  JsonPatch operations(document);
  for (const json::value& op : patch.get_array()) {
    if (!op.is_object())
      return fail(Code::kBadRequest, "error decoding patch: each operation of a JSON patch is an object");
    FL_CHECK(operations.apply(op.get_object()));
  }
  return {};
}

// --- merge patch
// ---------------------------------------------------------------------------------------------------------------

void apply_merge_patch(json::value& document, const json::value& patch) {
  if (!patch.is_object()) {
    document = patch;
    return;
  }
  if (!document.is_object()) document = json::object();
  for (const auto& [key, value] : patch.get_object()) {
    if (value.is_null()) {
      document.get_object().erase(key);
    } else {
      apply_merge_patch(document.get_object()[key], value);
    }
  }
}

// --- strategic merge patch
// -----------------------------------------------------------------------------------------------------

namespace {

constexpr std::string_view kPatch = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFrom = "$deleteFromPrimitiveList/";
constexpr std::string_view kOrder = "$setElementOrder/";

const api::ValueType& unwrap(const api::ValueType& type) {
  const api::ValueType* t = &type;
  while (t->shape == api::Shape::kOptional) t = t->element;
  return *t;
}

const api::TypeInfo* struct_of(const api::ValueType* type) {
  if (type == nullptr) return nullptr;
  const api::ValueType& t = unwrap(*type);
  return t.shape == api::Shape::kStruct ? &t.type() : nullptr;
}

bool contains(const json::array& list, const json::value& v) {
  return std::find(list.begin(), list.end(), v) != list.end();
}

// Finds objects of a list by the value of their merge key.
class Keyed {
 public:
  explicit Keyed(std::string_view key) : key_(key) {}
  [[nodiscard]] const json::value* of(const json::value& item) const {
    if (key_.empty()) return &item;
    return item.is_object() ? item.get_object().if_contains(key_) : nullptr;
  }
  [[nodiscard]] std::optional<size_t> find(const json::array& list, const json::value& like) const {
    const json::value* wanted = of(like);
    for (size_t i = 0; wanted != nullptr && i < list.size(); ++i) {
      const json::value* found = of(list[i]);
      if (found != nullptr && *found == *wanted) return i;
    }
    return std::nullopt;
  }

 private:
  std::string_view key_;
};

// Where the items stand afterwards: what the patch orders comes in the patch's order, what only the server has keeps
// its place among the others as well as it can.
json::array ordered(const json::array& merged, const json::array& live, const json::array& order, const Keyed& keyed) {
  std::vector<const json::value*> patch_items;
  std::vector<const json::value*> server_items;
  for (const json::value& o : order) {
    if (const auto i = keyed.find(merged, o)) patch_items.push_back(&merged[*i]);
  }
  for (const json::value& item : merged) {
    if (!keyed.find(order, item)) server_items.push_back(&item);
  }
  const auto rank = [&](const json::value& item) { return keyed.find(live, item); };
  json::array out;
  size_t right = 0;
  for (const json::value* left : server_items) {
    const auto own = rank(*left);
    while (right < patch_items.size()) {
      const auto other = rank(*patch_items[right]);
      if (own && other && *other > *own) break;
      out.push_back(*patch_items[right++]);
    }
    out.push_back(*left);
  }
  while (right < patch_items.size()) out.push_back(*patch_items[right++]);
  return out;
}

class Strategic {
 public:
  Result<> merge_object(json::object& live, const json::object& patch, const api::TypeInfo* type,
                        const api::ValueType* map_element) {
    const std::string_view directive = member(patch, kPatch);
    if (directive == "replace") {
      json::object next = patch;
      next.erase(kPatch);
      live = std::move(next);
      return {};
    }
    if (directive == "delete") {
      live.clear();
      return {};
    }
    if (!directive.empty() && directive != "merge") {
      return fail(Code::kBadRequest,
                  fmt::format("unknown patch type {}: $patch is one of replace, merge, delete", quote(directive)));
    }
    for (const auto& [raw, value] : patch) {
      const std::string key(raw.data(), raw.size());
      if (key == kPatch || key == kRetainKeys || key.starts_with(kOrder) || key.starts_with(kDeleteFrom)) continue;
      FL_CHECK(merge_member(live, key, value, patch, type, map_element));
    }
    FL_CHECK(remove_from_lists(live, patch));
    order_lists_only(live, patch, type);
    return retain(live, patch);
  }

 private:
  Result<> merge_member(json::object& live, const std::string& key, const json::value& value, const json::object& patch,
                        const api::TypeInfo* type, const api::ValueType* map_element) {
    if (value.is_null()) {
      live.erase(key);
      return {};
    }
    const api::FieldInfo* field = type == nullptr ? nullptr : type->find(key);
    const api::ValueType* value_type = field != nullptr         ? &unwrap(*field->value)
                                       : map_element == nullptr ? nullptr
                                                                : &unwrap(*map_element);
    if (value.is_object()) {
      const auto inner_element =
          value_type != nullptr && value_type->shape == api::Shape::kMap ? value_type->element : nullptr;
      json::value& slot = live[key];
      if (!slot.is_object()) slot = json::object();
      if (member(value.get_object(), kPatch) == "delete") {
        live.erase(key);
        return {};
      }
      return merge_object(slot.get_object(), value.get_object(), struct_of(value_type), inner_element);
    }
    if (value.is_array() && field != nullptr && field->has(api::kPatchMerge) &&
        value_type->shape == api::Shape::kList) {
      json::value& slot = live[key];
      if (!slot.is_array()) slot = json::array();
      const json::value* order = patch.if_contains(std::string(kOrder) + key);
      return merge_list(slot.get_array(), value.get_array(), order, *field, *value_type);
    }
    live[key] = value;
    return {};
  }

  Result<> merge_list(json::array& live, const json::array& patch, const json::value* order,
                      const api::FieldInfo& field, const api::ValueType& type) {
    const json::array before = live;
    const Keyed keyed(field.patch_key);
    const bool replaces = std::any_of(patch.begin(), patch.end(), [](const json::value& v) {
      return v.is_object() && member(v.get_object(), kPatch) == "replace";
    });
    if (replaces) live.clear();
    for (const json::value& item : patch) {
      if (field.patch_key.empty()) {
        if (!contains(live, item)) live.push_back(item);
        continue;
      }
      if (!item.is_object())
        return fail(Code::kBadRequest, fmt::format("{}: items of this list are objects", field.json));
      const std::string_view directive = member(item.get_object(), kPatch);
      if (directive == "replace") continue;
      if (keyed.of(item) == nullptr) {
        return fail(Code::kBadRequest, fmt::format("map: {} does not contain declared merge key: {}",
                                                   json::serialize(item), field.patch_key));
      }
      const auto at = keyed.find(live, item);
      if (directive == "delete") {
        if (at) live.erase(live.begin() + static_cast<std::ptrdiff_t>(*at));
        continue;
      }
      json::value& slot = at ? live[*at] : live.emplace_back(json::object());
      FL_CHECK(merge_object(slot.get_object(), item.get_object(), struct_of(type.element), nullptr));
    }
    live = ordered(live, before, order != nullptr && order->is_array() ? order->get_array() : without_directives(patch),
                   keyed);
    return {};
  }

  // A patch without $setElementOrder orders its list by the items it names, so new ones come first.
  static json::array without_directives(const json::array& patch) {
    json::array out;
    for (const json::value& item : patch) {
      if (!item.is_object() || !item.get_object().contains(kPatch)) out.push_back(item);
    }
    return out;
  }

  // $setElementOrder for a list that the patch does not otherwise mention.
  static void order_lists_only(json::object& live, const json::object& patch, const api::TypeInfo* type) {
    for (const auto& [raw, order] : patch) {
      const std::string_view key(raw.data(), raw.size());
      if (!key.starts_with(kOrder) || !order.is_array()) continue;
      const std::string_view name = key.substr(kOrder.size());
      if (patch.contains(name)) continue;
      json::value* list = live.if_contains(name);
      const api::FieldInfo* field = type == nullptr ? nullptr : type->find(name);
      if (list == nullptr || !list->is_array() || field == nullptr) continue;
      const json::array before = list->get_array();
      *list = ordered(before, before, order.get_array(), Keyed(field->patch_key));
    }
  }

  static Result<> remove_from_lists(json::object& live, const json::object& patch) {
    for (const auto& [raw, values] : patch) {
      const std::string_view key(raw.data(), raw.size());
      if (!key.starts_with(kDeleteFrom)) continue;
      if (!values.is_array()) return fail(Code::kBadRequest, fmt::format("{} is a list of values", key));
      json::value* list = live.if_contains(key.substr(kDeleteFrom.size()));
      if (list == nullptr || !list->is_array()) continue;
      json::array kept;
      for (const json::value& v : list->get_array()) {
        if (!contains(values.get_array(), v)) kept.push_back(v);
      }
      *list = std::move(kept);
    }
    return {};
  }

  static Result<> retain(json::object& live, const json::object& patch) {
    const json::value* keys = patch.if_contains(kRetainKeys);
    if (keys == nullptr) return {};
    if (!keys->is_array()) return fail(Code::kBadRequest, "$retainKeys is a list of field names");
    json::object kept;
    for (const json::value& key : keys->get_array()) {
      if (!key.is_string()) return fail(Code::kBadRequest, "$retainKeys is a list of field names");
      if (json::value* v = live.if_contains(key.get_string())) kept[key.get_string()] = std::move(*v);
    }
    live = std::move(kept);
    return {};
  }
};

}  // namespace

Result<> apply_strategic_merge(json::value& document, const json::value& patch, const api::TypeInfo& type) {
  if (!patch.is_object()) return fail(Code::kBadRequest, "error decoding patch: a strategic merge patch is an object");
  if (!document.is_object()) document = json::object();
  return Strategic().merge_object(document.get_object(), patch.get_object(), &type, nullptr);
}

Result<api::MutableObject> patched(const api::Object& current, client::PatchType type, std::string_view body,
                                   api::DecodeReport* report) {
  FL_TRY(const json::value patch, api::parse_json(body, report));
  FL_TRY(json::value document, api::parse_json(api::to_json(current)));
  switch (type) {
    case client::PatchType::kJson:
      FL_CHECK(apply_json_patch(document, patch));
      break;
    case client::PatchType::kMerge:
      if (!patch.is_object()) return fail(Code::kBadRequest, "error decoding patch: a merge patch is an object");
      apply_merge_patch(document, patch);
      break;
    case client::PatchType::kStrategic:
      FL_CHECK(apply_strategic_merge(document, patch, current.kind().type()));
      break;
  }
  return api::object_from_json(document, current.kind(), report);
}

}  // namespace fairlead::apiserver
