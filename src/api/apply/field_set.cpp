#include "api/apply/field_set.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api/codec.h"
#include "base/text.h"

namespace fairlead::api {

namespace json = boost::json;

FieldSet::FieldSet() = default;
FieldSet::FieldSet(const FieldSet&) = default;
FieldSet::FieldSet(FieldSet&&) noexcept = default;
FieldSet& FieldSet::operator=(const FieldSet&) = default;
FieldSet& FieldSet::operator=(FieldSet&&) noexcept = default;
FieldSet::~FieldSet() = default;
bool FieldSet::operator==(const FieldSet&) const = default;

namespace {

template <class Nodes>
auto position(Nodes& nodes, std::string_view element) {
  return std::lower_bound(nodes.begin(), nodes.end(), element,
                          [](const FieldSet::Node& n, std::string_view e) { return n.element < e; });
}

}  // namespace

const FieldSet::Node* FieldSet::find(std::string_view element) const {
  const auto it = position(nodes_, element);
  return it == nodes_.end() || it->element != element ? nullptr : &*it;
}

bool FieldSet::has(std::string_view element) const {
  const Node* node = find(element);
  return node != nullptr && node->member;
}

const FieldSet& FieldSet::below(std::string_view element) const {
  static const FieldSet kNone;
  const Node* node = find(element);
  return node == nullptr ? kNone : node->below;
}

FieldSet::Node& FieldSet::at(std::string_view element) {
  const auto it = position(nodes_, element);
  if (it != nodes_.end() && it->element == element) return *it;
  return *nodes_.insert(it, Node{std::string(element), false, {}});
}

void FieldSet::insert(std::string_view element) { at(element).member = true; }

void FieldSet::drop(std::string_view element) {
  const auto it = position(nodes_, element);
  if (it != nodes_.end() && it->element == element) nodes_.erase(it);
}

void FieldSet::unite(const FieldSet& other) {
  if (empty()) {
    *this = other;
    return;
  }
  for (const Node& theirs : other.nodes_) {
    Node& ours = at(theirs.element);
    ours.member = ours.member || theirs.member;
    ours.below.unite(theirs.below);
  }
}

void FieldSet::subtract(const FieldSet& other) {
  if (empty() || other.empty()) return;
  for (Node& ours : nodes_) {
    const Node* theirs = other.find(ours.element);
    if (theirs == nullptr) continue;
    if (theirs->member) ours.member = false;
    ours.below.subtract(theirs->below);
  }
  std::erase_if(nodes_, [](const Node& n) { return n.nothing(); });
}

FieldSet FieldSet::intersection(const FieldSet& other) const {
  FieldSet out;
  for (const Node& ours : nodes_) {
    const Node* theirs = other.find(ours.element);
    if (theirs == nullptr) continue;
    Node both{ours.element, ours.member && theirs->member, ours.below.intersection(theirs->below)};
    if (!both.nothing()) out.nodes_.push_back(std::move(both));
  }
  return out;
}

namespace {

std::string text_of(const std::string& element) {
  const std::string_view rest = std::string_view(element).substr(2);
  switch (element[0]) {
    case 'f':
      return "." + std::string(rest);
    case 'v':
      return "[=" + std::string(rest) + "]";
    case 'i':
      return "[" + std::string(rest) + "]";
    default:
      break;
  }
  const auto keys = parse_json(rest);
  if (!keys || !keys->is_object()) return "[" + std::string(rest) + "]";
  std::string out;
  for (const auto& [name, value] : keys->get_object()) {
    out += (out.empty() ? "[" : ",") + std::string(name) + "=" + json::serialize(value);
  }
  return out + "]";
}

void add_paths(const FieldSet& set, const std::string& prefix, std::vector<std::string>& out) {
  for (const auto& node : set.nodes()) {
    const std::string path = prefix + text_of(node.element);
    if (node.member) out.push_back(path);
    add_paths(node.below, path, out);
  }
}

// Nearly every element is plain text; list keys have quotes to escape.
void write_element(std::string& out, std::string_view element) {
  const bool plain = std::none_of(element.begin(), element.end(),
                                  [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
  if (plain) {
    out += '"';
    out += element;
    out += '"';
  } else {
    out += json::serialize(json::string(element));
  }
}

void write(const FieldSet& set, bool member, std::string& out) {
  out += '{';
  bool first = true;
  if (member && !set.empty()) {
    out += R"(".":{})";
    first = false;
  }
  for (const auto& node : set.nodes()) {
    if (!first) out += ',';
    first = false;
    write_element(out, node.element);
    out += ':';
    write(node.below, node.member, out);
  }
  out += '}';
}

Result<> read(const json::value& from, FieldSet& set, bool& member) {
  if (!from.is_object()) return fail(Code::kBadRequest, "fieldsV1: a path element is an object");
  for (const auto& [raw, value] : from.get_object()) {
    const std::string_view element(raw.data(), raw.size());
    if (element == ".") {
      member = true;
      continue;
    }
    const bool known = element.size() >= 2 && element[1] == ':' && std::string_view("fkvi").contains(element[0]);
    if (!known) return fail(Code::kBadRequest, fmt::format("fieldsV1: unknown path element {}", quote(element)));
    FieldSet::Node& node = set.at(element);
    FL_CHECK(read(value, node.below, node.member));
    // {} is a path that ends here.
    if (node.below.empty()) node.member = true;
  }
  return {};
}

}  // namespace

std::vector<std::string> FieldSet::paths() const {
  std::vector<std::string> out;
  add_paths(*this, "", out);
  return out;
}

std::string FieldSet::to_json() const {
  std::string out;
  write(*this, false, out);
  return out;
}

Result<FieldSet> FieldSet::parse(std::string_view fields_v1) {
  FieldSet out;
  if (fields_v1.empty()) return out;
  FL_TRY(const json::value value, parse_json(fields_v1));
  bool root = false;
  FL_CHECK(read(value, out, root));
  return out;
}

}  // namespace fairlead::api
