// FieldSet: a set of field paths, as metadata.managedFields keeps them (FieldsV1). A path is a chain of elements, in
// FieldsV1's own spelling:
//   f:replicas                                    a field of a struct or a key of a map
//   k:{"containerPort":80,"protocol":"TCP"}       an item of a list that merges by keys
//   v:"example.com/protect"                       an item of a set
// A path may be in the set without what is above or below it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::api {

class FieldSet {
 public:
  struct Node;

  FieldSet();
  FieldSet(const FieldSet&);
  FieldSet(FieldSet&&) noexcept;
  FieldSet& operator=(const FieldSet&);
  FieldSet& operator=(FieldSet&&) noexcept;
  ~FieldSet();

  [[nodiscard]] bool empty() const { return nodes_.empty(); }
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  // What is known of one element; null when neither it nor anything below it is in the set.
  [[nodiscard]] const Node* find(std::string_view element) const;
  [[nodiscard]] bool has(std::string_view element) const;
  [[nodiscard]] const FieldSet& below(std::string_view element) const;
  // Makes the node of an element. One that ends up neither a member nor with anything below must be drop()ped.
  Node& at(std::string_view element);
  void insert(std::string_view element);
  void drop(std::string_view element);

  void unite(const FieldSet& other);
  // Path by path: taking a struct out leaves its fields.
  void subtract(const FieldSet& other);
  [[nodiscard]] FieldSet intersection(const FieldSet& other) const;

  // As error messages name the paths: `.spec.ports[port=80,protocol="TCP"].name`.
  [[nodiscard]] std::vector<std::string> paths() const;
  // FieldsV1.
  [[nodiscard]] std::string to_json() const;
  static Result<FieldSet> parse(std::string_view fields_v1);

  bool operator==(const FieldSet&) const;

 private:
  std::vector<Node> nodes_;  // by element
};

struct FieldSet::Node {
  std::string element;
  bool member = false;
  FieldSet below;
  [[nodiscard]] bool nothing() const { return !member && below.empty(); }
  bool operator==(const Node&) const = default;
};

}  // namespace fairlead::api
