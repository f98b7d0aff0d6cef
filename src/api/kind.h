// KindInfo: everything the API server and clients know about a kind. Adding a kind is one file pair in kinds/ that
// defines kind_of<T>(), and one row in kinds.cpp.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/object.h"
#include "api/schema.h"
#include "base/clock.h"
#include "base/result.h"

namespace fairlead::api {

// A column of the server-side table. priority 1 is shown by `-o wide` only.
struct Column {
  std::string_view name;    // "Cluster-IP"
  std::string_view type;    // string, integer, number, boolean, date
  std::string_view format;  // "name" for the name column
  int priority = 0;
};
// A cell: JSON string or integer.
struct Cell {
  Cell(std::string t) : text(std::move(t)) {}                 // NOLINT: implicit
  Cell(std::string_view t) : text(t) {}                       // NOLINT
  Cell(const char* t) : text(t) {}                            // NOLINT
  Cell(int64_t n) : text(std::to_string(n)), number(true) {}  // NOLINT
  Cell(int32_t n) : Cell(int64_t{n}) {}                       // NOLINT
  std::string text;
  bool number = false;
};

using FieldErrors = std::vector<FieldError>;

struct KindInfo {
  std::string_view group;     // "" is core
  std::string_view version;   // v1
  std::string_view kind;      // Service
  std::string_view plural;    // services
  std::string_view singular;  // service
  std::vector<std::string_view> short_names;
  std::vector<std::string_view> categories;  // {"all"}
  bool namespaced = true;
  bool has_status = false;                                // the /status subresource
  bool has_scale = false;                                 // the /scale subresource
  std::vector<std::string_view> other_subresources = {};  // binding, eviction, finalize, token
  // Asked and answered at once, never stored: reviews. Only POST.
  bool create_only = false;
  // Clients may look only; the server keeps these objects itself.
  bool read_only = false;
  // Objects that are another kind's, seen through this one's schema (events.k8s.io's Event) or following from it
  // (IPAddresses from Services). Nothing of their own is stored. Null: its own objects.
  const KindInfo& (*view_of)() = nullptr;
  std::vector<MutableObject> (*views)(const Object& stored) = nullptr;
  MutableObject (*to_stored)(const Object& view) = nullptr;  // null: read_only

  const TypeInfo& (*type)() = nullptr;
  MutableObject (*make)() = nullptr;

  // Hooks; all pure, null where there is nothing to do. Defaults are Kubernetes' own and idempotent.
  void (*set_defaults)(Object&) = nullptr;
  // Clears what clients may not set on create (status), sets generation.
  void (*prepare_create)(Object& next) = nullptr;
  // `next` is what the client sent; keeps the old status, counts generation when the spec changed. Not called for
  // /status, where the server itself keeps everything but status and metadata.
  void (*prepare_update)(Object& next, const Object& old) = nullptr;
  // What must hold for a new object, metadata included (after names were generated).
  FieldErrors (*validate)(const Object&) = nullptr;
  // What must hold for an update, complete in itself: not called after validate().
  FieldErrors (*validate_update)(const Object& next, const Object& old) = nullptr;
  // The same for an update through /status; null: only metadata is checked.
  FieldErrors (*validate_status)(const Object& next, const Object& old) = nullptr;

  // After NAME; AGE included where wanted. A column of format "name" among them replaces the leading NAME (events).
  std::vector<Column> columns = {};
  // Cells for `columns`. Ages are rendered from `now` as kubectl's duration.HumanDuration does ("5s", "3m20s", "2d").
  std::vector<Cell> (*row)(const Object&, WallTime now) = nullptr;
  // Field selectors beyond metadata.name and metadata.namespace: the value, or nullopt when the field is not supported.
  std::optional<std::string> (*field)(const Object&, std::string_view path) = nullptr;

  [[nodiscard]] std::string api_version() const {
    return group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
  }
  // Whether it has objects of its own: what garbage collection and namespace deletion look at.
  [[nodiscard]] bool stored() const { return !create_only && view_of == nullptr; }
  // services, deployments.apps: as error messages name it.
  [[nodiscard]] std::string qualified() const {
    return group.empty() ? std::string(plural) : std::string(plural) + "." + std::string(group);
  }
};

// Every kind that is served, in the order of discovery.
std::span<const KindInfo* const> all_kinds();
const KindInfo* find_kind(std::string_view group, std::string_view version, std::string_view kind);
const KindInfo* find_resource(std::string_view group, std::string_view version, std::string_view plural);

}  // namespace fairlead::api
