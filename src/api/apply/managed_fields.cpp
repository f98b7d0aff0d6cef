#include "api/apply/managed_fields.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "api/apply/compare.h"
#include "api/apply/merge.h"
#include "api/codec.h"
#include "api/kind.h"
#include "base/text.h"

namespace fairlead::api {
namespace {

namespace json = boost::json;

constexpr std::string_view kUpdate = "Update";
constexpr std::string_view kApply = "Apply";
constexpr size_t kMaxUpdateManagers = 10;
constexpr size_t kMaxManagerLength = 128;
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// An entry, decoded when somebody needs its fields and encoded only when they have changed.
struct Owner {
  ManagedFieldsEntry entry;
  FieldSet fields;
  bool changed = false;
};

class Owners {
 public:
  // Entries that nobody can read are as good as none.
  static Owners from(const std::vector<ManagedFieldsEntry>& entries) {
    Owners out;
    for (const ManagedFieldsEntry& entry : entries) {
      const bool sound = (entry.operation == kUpdate || entry.operation == kApply) && !entry.api_version.empty() &&
                         entry.fields_type == "FieldsV1";
      auto fields = FieldSet::parse(entry.fields_v1.text);
      if (!sound || !fields) return {};
      out.all_.push_back({entry, std::move(*fields), false});
    }
    return out;
  }

  [[nodiscard]] bool empty() const { return all_.empty(); }
  std::vector<Owner>& all() { return all_; }

  Owner* find(std::string_view operation, const std::string& api_version, const Writer& writer) {
    for (Owner& o : all_) {
      if (o.entry.operation == operation && o.entry.manager == writer.manager &&
          o.entry.subresource == writer.subresource && (operation == kApply || o.entry.api_version == api_version)) {
        return &o;
      }
    }
    return nullptr;
  }

  Owner& add(std::string_view operation, const std::string& api_version, const Writer& writer) {
    Owner& made = all_.emplace_back();
    made.entry.manager = writer.manager;
    made.entry.operation = operation;
    made.entry.api_version = api_version;
    made.entry.fields_type = "FieldsV1";
    made.entry.subresource = writer.subresource;
    return made;
  }

  void take_from(Owner& owner, const FieldSet& fields) {
    if (owner.fields.intersection(fields).empty()) return;
    owner.fields.subtract(fields);
    owner.changed = true;
  }

  // The oldest of too many updaters become one.
  void cap() {
    std::vector<Owner*> updaters;
    for (Owner& o : all_) {
      if (o.entry.operation == kUpdate && o.entry.subresource.empty()) updaters.push_back(&o);
    }
    if (updaters.size() <= kMaxUpdateManagers) return;
    std::stable_sort(updaters.begin(), updaters.end(),
                     [](const Owner* a, const Owner* b) { return a->entry.time.at < b->entry.time.at; });
    Owner ancient;
    ancient.entry = updaters[0]->entry;
    ancient.entry.manager = "ancient-changes";
    ancient.changed = true;
    for (size_t i = 0; i + kMaxUpdateManagers <= updaters.size(); ++i) {
      ancient.fields.unite(updaters[i]->fields);
      ancient.entry.time = updaters[i]->entry.time;
      updaters[i]->fields = {};
    }
    all_.push_back(std::move(ancient));
  }

  std::vector<ManagedFieldsEntry> encoded() && {
    std::erase_if(all_, [](const Owner& o) { return o.fields.empty(); });
    std::vector<ManagedFieldsEntry> out;
    out.reserve(all_.size());
    for (Owner& o : all_) {
      if (o.changed) o.entry.fields_v1.text = o.fields.to_json();
      out.push_back(std::move(o.entry));
    }
    std::stable_sort(out.begin(), out.end(), [](const ManagedFieldsEntry& a, const ManagedFieldsEntry& b) {
      return std::tie(a.operation, a.time.at, a.manager, a.api_version, a.subresource) <
             std::tie(b.operation, b.time.at, b.manager, b.api_version, b.subresource);
    });
    return out;
  }

 private:
  std::vector<Owner> all_;
};

// What nobody owns: what identifies the object and what the server counts.
void strip(FieldSet& fields) {
  static const FieldSet kNobodys = [] {
    FieldSet out;
    for (const char* top : {"f:apiVersion", "f:kind", "f:metadata"}) out.insert(top);
    FieldSet& metadata = out.at("f:metadata").below;
    for (const char* field : {"f:name", "f:namespace", "f:creationTimestamp", "f:selfLink", "f:uid", "f:generation",
                              "f:managedFields", "f:resourceVersion"}) {
      metadata.insert(field);
    }
    return out;
  }();
  fields.subtract(kNobodys);
}

// Writes of the object itself do not touch status, which the server keeps.
std::string_view untouched(const KindInfo& kind, const Writer& writer) {
  return kind.has_status && writer.subresource.empty() ? "status" : "";
}

bool is_reset(const std::vector<ManagedFieldsEntry>& entries) {
  return entries.size() == 1 && entries[0] == ManagedFieldsEntry{};
}

Time seconds(WallTime now) { return {std::chrono::floor<std::chrono::seconds>(now)}; }

// The changes of an ordinary write, into the owners.
void record(Owners& owners, FieldChanges changes, const KindInfo& kind, const Writer& writer) {
  FieldSet taken = changes.added;
  taken.unite(changes.modified);
  for (Owner& o : owners.all()) {
    owners.take_from(o, taken);
    owners.take_from(o, changes.removed);
  }
  strip(taken);
  if (taken.empty()) return;
  const std::string api_version = kind.api_version();
  Owner* self = owners.find(kUpdate, api_version, writer);
  if (self == nullptr) self = &owners.add(kUpdate, api_version, writer);
  self->fields.unite(taken);
  self->entry.time = seconds(writer.now);
  self->changed = true;
  owners.cap();
}

// Creation is most of the load, and needs no sets: everything has one owner.
bool first_write(const Object& live, const ObjectMeta& next) {
  return live.meta().uid.empty() && (next.managed_fields.empty() || is_reset(next.managed_fields));
}

}  // namespace

void track_write(const Object& live, Object& next, const Writer& writer) {
  const KindInfo& kind = next.kind();
  ObjectMeta& meta = next.meta();
  const std::vector<ManagedFieldsEntry>& was = live.meta().managed_fields;
  if (first_write(live, meta)) {
    meta.managed_fields.clear();
    Owners owners;
    record(owners, compare(live, next, untouched(kind, writer)), kind, writer);
    meta.managed_fields = std::move(owners).encoded();
    return;
  }
  const bool reset = is_reset(meta.managed_fields) && writer.subresource.empty();
  // A subresource is no way to set them, and a client that does not know them does not lose them.
  const bool brought = writer.subresource.empty() && !reset && !meta.managed_fields.empty() &&
                       !(meta.managed_fields == was) && !Owners::from(meta.managed_fields).empty();
  if (reset) {
    meta.managed_fields.clear();
  } else if (!brought) {
    meta.managed_fields = was;
  }
  // Without owners nothing is kept until somebody applies.
  if (meta.managed_fields.empty() && !live.meta().uid.empty()) return;
  std::vector<ManagedFieldsEntry> mine = std::move(meta.managed_fields);
  meta.managed_fields = was;  // so that they are not compared
  FieldChanges changes = compare(live, next, untouched(kind, writer));
  if (changes.empty()) {
    meta.managed_fields = std::move(mine);
    return;
  }
  Owners owners = Owners::from(mine);
  record(owners, std::move(changes), kind, writer);
  meta.managed_fields = std::move(owners).encoded();
}

// --- apply
// ----------------------------------------------------------------------------------------------------------------------

namespace {

struct Conflict {
  std::string manager;
  std::string path;
};

std::string describe(const ManagedFieldsEntry& entry) {
  std::string out = quote(entry.manager);
  if (!entry.subresource.empty()) out += " with subresource " + quote(entry.subresource);
  if (entry.operation != kUpdate) return out;
  out += " using " + entry.api_version;
  if (entry.time.at) out += " at " + format_rfc3339(*entry.time.at);
  return out;
}

Error conflict_error(const std::vector<Conflict>& conflicts) {
  Error error;
  error.code = Code::kConflict;
  for (const Conflict& c : conflicts)
    error.causes.push_back({"FieldManagerConflict", c.path, "conflict with " + c.manager});
  if (conflicts.size() == 1) {
    error.message =
        fmt::format("Apply failed with 1 conflict: conflict with {}: {}", conflicts[0].manager, conflicts[0].path);
    return error;
  }
  error.message = fmt::format("Apply failed with {} conflicts: ", conflicts.size());
  std::string_view manager;
  for (const Conflict& c : conflicts) {
    if (&c != &conflicts[0]) error.message += '\n';
    if (c.manager != manager) error.message += fmt::format("conflicts with {}:\n", c.manager);
    manager = c.manager;
    error.message += "- " + c.path;
  }
  return error;
}

// What kubectl's client-side apply wrote last and nobody has changed since: kubectl takes it over without a conflict.
FieldSet last_applied(const Object& live) {
  const auto& annotations = live.meta().annotations;
  const auto it = annotations.find(std::string(kLastApplied));
  if (it == annotations.end() || it->second.empty()) return {};
  const auto config = parse_json(it->second);
  if (!config) return {};
  const auto object = object_from_json(*config, live.kind());
  auto fields = fields_of(*config, live.kind().type());
  if (!object || !fields) return {};
  const FieldChanges since = compare(**object, live);
  fields->subtract(since.modified);
  fields->subtract(since.added);
  fields->subtract(since.removed);
  return std::move(*fields);
}

// Takes what this manager applied before, and nobody names now, out of the merged object.
json::value pruned(const json::value& whole, const FieldSet& before, Owners& owners, const TypeInfo& type) {
  if (before.empty()) return whole;
  const FieldSet last = with_parents(before, type);
  FieldSet kept;
  for (Owner& o : owners.all()) kept.unite(o.fields);
  kept = with_parents(kept, type);
  const auto all_of = [&type](const json::value& object) {
    const auto fields = fields_of(object, type);
    return fields ? with_parents(*fields, type) : FieldSet();
  };
  const FieldSet everything = all_of(whole);
  // First without all that was applied, then with all that has an owner, then with what never was this manager's.
  kept.unite(all_of(without(whole, type, last)));
  FieldSet gone = everything;
  gone.subtract(kept);
  FieldSet removed = everything;
  removed.subtract(all_of(without(whole, type, gone)));
  return without(whole, type, removed.intersection(last));
}

// Through each door only a part of an object can be applied; the rest counts as not said.
void keep_own_part(json::object& config, const KindInfo& kind, const Writer& writer) {
  if (writer.subresource.empty()) {
    if (kind.has_status) config.erase("status");
    return;
  }
  json::object kept;
  for (const std::string_view key : {std::string_view("apiVersion"), std::string_view("kind"),
                                     std::string_view("metadata"), std::string_view(writer.subresource)}) {
    if (json::value* v = config.if_contains(key)) kept[key] = std::move(*v);
  }
  config = std::move(kept);
}

Result<FieldSet> checked_config(const Object& live, json::value& config, const Writer& writer) {
  const KindInfo& kind = live.kind();
  if (!config.is_object()) return fail(Code::kBadRequest, "error decoding YAML: an applied configuration is an object");
  const auto text = [&config](std::string_view key) -> std::string {
    const json::value* v = config.get_object().if_contains(key);
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
  };
  if (text("apiVersion") != kind.api_version()) {
    return fail(Code::kBadRequest,
                fmt::format("Incorrect version specified in apply patch. Specified patch version: {}, expected: {}",
                            text("apiVersion"), kind.api_version()));
  }
  if (text("kind") != kind.kind) {
    return fail(Code::kBadRequest,
                fmt::format("Incorrect kind specified in apply patch. Specified patch kind: {}, expected: {}",
                            text("kind"), kind.kind));
  }
  const json::value* metadata = config.get_object().if_contains("metadata");
  if (metadata != nullptr && metadata->is_object()) {
    const json::value* managed = metadata->get_object().if_contains("managedFields");
    if (managed != nullptr && !managed->is_null()) return fail(Code::kBadRequest, "metadata.managedFields must be nil");
  }
  const auto named = [metadata](std::string_view key) -> std::string {
    if (metadata == nullptr || !metadata->is_object()) return {};
    const json::value* v = metadata->get_object().if_contains(key);
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
  };
  const auto about = [&](std::string_view problem) {
    return fail(Code::kBadRequest,
                fmt::format("failed to create typed patch object ({}/{}; {}, Kind={}): {}", named("namespace"),
                            named("name"), kind.api_version(), kind.kind, problem));
  };
  const auto fields = fields_of(config, kind.type());
  if (!fields) return about(fields.error().message);
  DecodeReport report;
  const auto typed = object_from_json(config, kind, &report);
  if (!typed) return about(typed.error().message);
  if (!report.unknown.empty()) return about(join(report.unknown, ", "));
  keep_own_part(config.get_object(), kind, writer);
  return fields_of(config, kind.type());
}

}  // namespace

Result<MutableObject> applied(const Object& live, const json::value& whole_config, const Writer& writer, bool force) {
  const KindInfo& kind = live.kind();
  json::value config = whole_config;
  FL_TRY(FieldSet fields, checked_config(live, config, writer));
  Owners owners = Owners::from(live.meta().managed_fields);
  if (owners.empty() && !live.meta().uid.empty()) {
    const auto nothing = kind.make();
    Writer before = writer;
    before.manager = "before-first-apply";
    before.subresource.clear();
    record(owners, compare(*nothing, live), kind, before);
  }
  const std::string api_version = kind.api_version();
  Owner* self = owners.find(kApply, api_version, writer);
  FieldSet before;
  if (self == nullptr) {
    self = &owners.add(kApply, api_version, writer);
  } else {
    before = std::move(self->fields);
  }
  self->fields = fields;
  self->entry.api_version = api_version;
  self->entry.time = seconds(writer.now);
  self->changed = true;

  FL_TRY(const json::value live_json, parse_json(to_json(live)));
  const json::value whole = pruned(merged(live_json, config, kind.type()), before, owners, kind.type());
  FL_TRY(auto next, object_from_json(whole, kind));
  next->meta().managed_fields = live.meta().managed_fields;
  const FieldChanges changes = compare(live, *next, untouched(kind, writer));

  FieldSet taken = changes.added;
  taken.unite(changes.modified);
  const FieldSet allowed = writer.manager == "kubectl" && !force ? last_applied(live) : FieldSet();
  std::vector<Conflict> conflicts;
  for (Owner& o : owners.all()) {
    if (&o == self) continue;
    FieldSet theirs = o.fields.intersection(taken);
    if (!force) {
      FieldSet disputed = theirs;
      disputed.subtract(allowed);
      for (std::string& path : disputed.paths()) conflicts.push_back({describe(o.entry), std::move(path)});
    }
    owners.take_from(o, theirs);
    owners.take_from(o, changes.removed);
  }
  if (!conflicts.empty()) {
    std::stable_sort(conflicts.begin(), conflicts.end(),
                     [](const Conflict& a, const Conflict& b) { return a.manager < b.manager; });
    return fail(conflict_error(conflicts));
  }
  strip(self->fields);
  next->meta().managed_fields = std::move(owners).encoded();
  return next;
}

// --- names and times
// ------------------------------------------------------------------------------------------------------------

bool same_but_for_times(const ObjectMeta& a, const ObjectMeta& b) {
  return std::equal(a.managed_fields.begin(), a.managed_fields.end(), b.managed_fields.begin(), b.managed_fields.end(),
                    [](const ManagedFieldsEntry& x, const ManagedFieldsEntry& y) {
                      return x.manager == y.manager && x.operation == y.operation && x.api_version == y.api_version &&
                             x.subresource == y.subresource && x.fields_type == y.fields_type &&
                             x.fields_v1 == y.fields_v1;
                    });
}

Result<> check_manager(std::string_view manager) {
  if (manager.size() > kMaxManagerLength) {
    return fail(Code::kInvalid,
                fmt::format("fieldManager: Too long: may not be more than {} bytes", kMaxManagerLength));
  }
  for (const char c : manager) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return fail(
          Code::kInvalid,
          fmt::format("fieldManager: Invalid value: {}: should only contain printable characters", quote(manager)));
    }
  }
  return {};
}

std::string manager_from_user_agent(std::string_view user_agent) {
  std::string out;
  for (const char c : user_agent.substr(0, user_agent.find('/'))) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
    if (out.size() == kMaxManagerLength) break;
  }
  return out;
}

}  // namespace fairlead::api
