#include "api/apply/merge.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api/apply/rules.h"
#include "base/text.h"

namespace fairlead::api {
namespace {

namespace json = boost::json;

// What is known of a place in an object. Without anything: apiVersion and kind.
struct Place {
  MergeRule rule = MergeRule::kAtomic;
  const TypeInfo* fields = nullptr;    // a struct's
  const ValueType* element = nullptr;  // a list's or map's
  const FieldInfo* list = nullptr;     // the field of a list, which names its keys
};

Place place_of(const ValueType& outer, MergeRule rule, const FieldInfo* field) {
  const ValueType& type = inner_type(outer);
  return {rule, type.shape == Shape::kStruct ? &type.type() : nullptr, type.element, field};
}
Place place_of(const FieldInfo& f) { return place_of(*f.value, merge_rule(f), &f); }
Place item_place(const Place& list) { return place_of(*list.element, merge_rule(*list.element), nullptr); }
Place top_place(const TypeInfo& type) { return {MergeRule::kFields, &type, nullptr, nullptr}; }

bool is_type_meta(std::string_view key) { return key == "apiVersion" || key == "kind"; }

// An item's path element; an error says what the item lacks.
Result<std::string> element_of(const Place& list, const json::value& item) {
  if (list.rule == MergeRule::kValueSet) {
    if (item.is_object() || item.is_array() || item.is_null())
      return fail(Code::kBadRequest, "items of this list are scalars");
    return "v:" + json::serialize(item);
  }
  if (!item.is_object()) {
    return fail(Code::kBadRequest, item.is_null() ? "associative list with keys may not have a null element"
                                                  : "associative list with keys may not have non-map elements");
  }
  std::string out = "k:";
  char separator = '{';
  for (const std::string_view key : split(list.list->apply_keys, ',')) {
    out += separator;
    separator = ',';
    out += json::serialize(json::string(key));
    out += ':';
    const json::value* value = item.get_object().if_contains(key);
    if (value != nullptr && !value->is_null()) {
      if (value->is_object() || value->is_array())
        return fail(Code::kBadRequest, fmt::format("key field {} is not a scalar", quote(key)));
      out += json::serialize(*value);
    } else if (const auto otherwise = default_key(key)) {
      out += *otherwise;
    } else {
      return fail(Code::kBadRequest,
                  fmt::format("associative list with keys has an element that omits key field {} (and doesn't have "
                              "default value)",
                              quote(key)));
    }
  }
  return out + '}';
}

std::string field_element(std::string_view key) {
  std::string out = "f:";
  out += key;
  return out;
}

// --- fields_of

std::unexpected<Error> problem(const std::string& path, std::string_view what) {
  return fail(Code::kBadRequest, fmt::format("{}: {}", path.empty() ? "." : path, what));
}

Result<> collect(const json::value& from, const Place& place, const std::string& path, FieldSet& out, bool& member);

Result<> collect_struct(const json::value& from, const TypeInfo& type, bool top, const std::string& path,
                        FieldSet& out) {
  if (!from.is_object()) return problem(path, "expected map");
  for (const auto& [raw, value] : from.get_object()) {
    const std::string_view key(raw.data(), raw.size());
    const std::string at = path + "." + std::string(key);
    if (top && is_type_meta(key)) {
      out.insert(field_element(key));
      continue;
    }
    const FieldInfo* field = type.find(key);
    if (field == nullptr) return problem(at, "field not declared in schema");
    const std::string element = field_element(key);
    FieldSet::Node& node = out.at(element);
    FL_CHECK(collect(value, place_of(*field), at, node.below, node.member));
    if (value.is_null() || (value.is_object() && value.get_object().empty())) node.member = true;
    if (node.nothing()) out.drop(element);
  }
  return {};
}

Result<> collect(const json::value& from, const Place& place, const std::string& path, FieldSet& out, bool& member) {
  if (place.rule == MergeRule::kAtomic) {
    member = true;
    return {};
  }
  if (from.is_null()) return {};
  if (place.rule == MergeRule::kFields) return collect_struct(from, *place.fields, false, path, out);
  const Place item = item_place(place);
  if (place.rule == MergeRule::kEntries) {
    if (!from.is_object()) return problem(path, "expected map");
    for (const auto& [raw, value] : from.get_object()) {
      const std::string_view key(raw.data(), raw.size());
      FieldSet::Node& node = out.at(field_element(key));
      node.member = true;
      FL_CHECK(collect(value, item, path + "." + std::string(key), node.below, node.member));
    }
    return {};
  }
  if (!from.is_array()) return problem(path, "expected list");
  size_t index = 0;
  for (const json::value& value : from.get_array()) {
    const std::string at = fmt::format("{}[{}]", path, index++);
    auto element = element_of(place, value);
    if (!element) return problem(at, element.error().message);
    FieldSet::Node& node = out.at(*element);
    node.member = true;
    FL_CHECK(collect(value, item, at, node.below, node.member));
  }
  return {};
}

// --- merged

json::value merge(const json::value* live, const json::value* config, const Place& place);

json::object merge_fields(const json::object& live, const json::object& config, const TypeInfo* type,
                          const Place& entry) {
  json::object out = live;
  for (const auto& [raw, value] : config) {
    const std::string_view key(raw.data(), raw.size());
    const FieldInfo* field = type == nullptr ? nullptr : type->find(key);
    const Place place = type == nullptr ? entry : field == nullptr ? Place{} : place_of(*field);
    out[key] = merge(live.if_contains(key), &value, place);
  }
  return out;
}

struct Keyed {
  std::string element;
  const json::value* value;
};

std::vector<Keyed> keyed(const json::array& items, const Place& place) {
  std::vector<Keyed> out;
  out.reserve(items.size());
  for (const json::value& item : items) {
    auto element = element_of(place, item);
    out.push_back({element ? std::move(*element) : std::string(), &item});
  }
  return out;
}

const json::value* find(const std::vector<Keyed>& items, const std::string& element) {
  for (const Keyed& k : items) {
    if (k.element == element) return k.value;
  }
  return nullptr;
}

json::array merge_items(const json::array& live, const json::array& config, const Place& place) {
  const Place item = item_place(place);
  const auto left = keyed(live, place);
  const auto right = keyed(config, place);
  std::vector<const std::string*> shared;
  for (const Keyed& r : right) {
    if (find(left, r.element) != nullptr) shared.push_back(&r.element);
  }
  json::array out;
  std::vector<std::string_view> done;
  const auto was_done = [&done](const std::string& e) { return std::find(done.begin(), done.end(), e) != done.end(); };
  size_t l = 0;
  size_t next_shared = 0;
  for (const Keyed& r : right) {
    if (was_done(r.element)) continue;
    // Items that only the live object has come where they were among those that both have.
    for (; l < left.size(); ++l) {
      const std::string& e = left[l].element;
      if (find(right, e) == nullptr) {
        out.push_back(*left[l].value);
      } else if (!was_done(e)) {
        if (e == r.element) {
          ++l;
          break;
        }
        if (next_shared < shared.size() && *shared[next_shared] == e) break;
      }
    }
    out.push_back(merge(find(left, r.element), r.value, item));
    done.push_back(r.element);
    while (next_shared < shared.size() && was_done(*shared[next_shared])) ++next_shared;
  }
  for (; l < left.size(); ++l) {
    if (find(right, left[l].element) == nullptr) out.push_back(*left[l].value);
  }
  return out;
}

json::value merge(const json::value* live, const json::value* config, const Place& place) {
  if (config == nullptr) return live == nullptr ? json::value() : *live;
  if (live == nullptr || place.rule == MergeRule::kAtomic) return *config;
  if (place.rule == MergeRule::kFields || place.rule == MergeRule::kEntries) {
    if (!live->is_object() || !config->is_object()) return *config;
    const bool fields = place.rule == MergeRule::kFields;
    return merge_fields(live->get_object(), config->get_object(), fields ? place.fields : nullptr,
                        fields ? Place() : item_place(place));
  }
  if (!live->is_array() || !config->is_array()) return *config;
  return merge_items(live->get_array(), config->get_array(), place);
}

// --- without

json::value remove(const json::value& from, const Place& place, const FieldSet& fields) {
  if (fields.empty() || place.rule == MergeRule::kAtomic) return from;
  if (from.is_object()) {
    json::object out;
    for (const auto& [raw, value] : from.get_object()) {
      const std::string_view key(raw.data(), raw.size());
      const FieldSet::Node* node = fields.find(field_element(key));
      if (node != nullptr && node->member) continue;
      if (node == nullptr) {
        out[key] = value;
        continue;
      }
      const FieldInfo* field = place.rule == MergeRule::kFields ? place.fields->find(key) : nullptr;
      const Place inner = field != nullptr                    ? place_of(*field)
                          : place.rule == MergeRule::kEntries ? item_place(place)
                                                              : Place{};
      out[key] = remove(value, inner, node->below);
    }
    return out.empty() ? json::value() : json::value(std::move(out));
  }
  if (from.is_array() && (place.rule == MergeRule::kKeyed || place.rule == MergeRule::kValueSet)) {
    json::array out;
    for (const json::value& item : from.get_array()) {
      const auto element = element_of(place, item);
      const FieldSet::Node* node = element ? fields.find(*element) : nullptr;
      if (node != nullptr && node->member) continue;
      out.push_back(node == nullptr ? item : remove(item, item_place(place), node->below));
    }
    return out.empty() ? json::value() : json::value(std::move(out));
  }
  return from;
}

FieldSet parents(const FieldSet& fields, const Place& place) {
  FieldSet out;
  const bool struct_here = place.rule == MergeRule::kFields;
  for (const FieldSet::Node& node : fields.nodes()) {
    const FieldInfo* field = struct_here ? place.fields->find(std::string_view(node.element).substr(2)) : nullptr;
    Place inner;
    if (field != nullptr) {
      inner = place_of(*field);
    } else if (!struct_here && place.rule != MergeRule::kAtomic) {
      inner = item_place(place);
    }
    FieldSet::Node& made = out.at(node.element);
    made.member = node.member || (field != nullptr && !node.below.empty());
    made.below = parents(node.below, inner);
  }
  return out;
}

}  // namespace

Result<FieldSet> fields_of(const json::value& config, const TypeInfo& type) {
  FieldSet out;
  FL_CHECK(collect_struct(config, type, true, "", out));
  return out;
}

json::value merged(const json::value& live, const json::value& config, const TypeInfo& type) {
  return merge_fields(live.get_object(), config.get_object(), &type, Place{});
}

json::value without(const json::value& from, const TypeInfo& type, const FieldSet& fields) {
  return remove(from, top_place(type), fields);
}

FieldSet with_parents(const FieldSet& fields, const TypeInfo& type) { return parents(fields, top_place(type)); }

}  // namespace fairlead::api
