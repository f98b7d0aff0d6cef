// Rules for ObjectMeta on creation and update (k8s.io/apimachinery/pkg/api/validation/objectmeta.go).
#include <algorithm>

#include "api/validation.h"
#include "base/text.h"

namespace fairlead::api {
namespace {

constexpr std::string_view kOrphan = "orphan";
constexpr std::string_view kForeground = "foregroundDeletion";

void check_owners(Problems& out, const FieldPath& path, const std::vector<OwnerReference>& owners) {
  std::string controller;
  for (const auto& o : owners) {
    const auto slash = o.api_version.rfind('/');
    if (o.api_version.empty() || slash + 1 == o.api_version.size())
      out.invalid(path / "apiVersion", o.api_version, "version must not be empty");
    if (o.kind.empty()) out.invalid(path / "kind", o.kind, "must not be empty");
    if (o.name.empty()) out.invalid(path / "name", o.name, "must not be empty");
    if (o.uid.empty()) out.invalid(path / "uid", o.uid, "must not be empty");
    if (o.api_version == "v1" && o.kind == "Event")
      out.invalid(path, BadValue::of(o), "/v1, Kind=Event is disallowed from being an owner");
    if (!o.controller.value_or(false)) continue;
    const auto name = o.kind + "/" + o.name;
    if (!controller.empty()) {
      out.invalid(path, BadValue::of(o),
                  fmt::format("Only one reference can have Controller set to true. Found \"true\" in references for {} "
                              "and {}",
                              controller, name));
    } else {
      controller = name;
    }
  }
}

void check_finalizers(Problems& out, const FieldPath& path, const std::vector<std::string>& finalizers) {
  for (const auto& f : finalizers) out.invalid(path, f, qualified_name(f));
  if (std::ranges::count(finalizers, kOrphan) != 0 && std::ranges::count(finalizers, kForeground) != 0) {
    out.invalid(path, finalizers, fmt::format("finalizer {} and {} cannot be both set", kOrphan, kForeground));
  }
}

BadValue time_value(const Time& t) { return t.at ? BadValue(format_rfc3339(*t.at)) : BadValue::json("null"); }

}  // namespace

void check_object_meta(Problems& out, const ObjectMeta& meta, bool namespaced, NameRule rule) {
  const FieldPath path("metadata");
  if (!meta.generate_name.empty()) {
    auto prefix = meta.generate_name;
    // A trailing dash is fine where a suffix follows.
    if (prefix.size() > 1 && prefix.back() == '-') prefix.back() = 'a';
    out.invalid(path / "generateName", meta.generate_name, rule(prefix));
  }
  if (meta.name.empty())
    out.required(path / "name", "name or generateName is required");
  else
    out.invalid(path / "name", meta.name, rule(meta.name));
  if (namespaced) {
    if (meta.namespace_.empty())
      out.required(path / "namespace");
    else
      out.invalid(path / "namespace", meta.namespace_, dns1123_label(meta.namespace_));
  } else if (!meta.namespace_.empty()) {
    out.forbidden(path / "namespace", "not allowed on this type");
  }
  out.non_negative(path / "generation", meta.generation);
  check_labels(out, path / "labels", meta.labels);
  check_annotations(out, path / "annotations", meta.annotations);
  check_owners(out, path / "ownerReferences", meta.owner_references);
  check_finalizers(out, path / "finalizers", meta.finalizers);
}

void check_object_meta_update(Problems& out, const ObjectMeta& next, const ObjectMeta& old) {
  const FieldPath path("metadata");
  if (old.deletion_timestamp) {
    std::vector<std::string> extra;
    for (const auto& f : next.finalizers) {
      if (std::ranges::find(old.finalizers, f) == old.finalizers.end()) extra.push_back(quote(f));
    }
    std::ranges::sort(extra);
    if (!extra.empty()) {
      out.forbidden(path / "finalizers",
                    fmt::format("no new finalizers can be added if the object is being deleted, found new finalizers "
                                "[]string{{{}}}",
                                join(extra, ", ")));
    }
  }
  if (next.resource_version.empty())
    out.invalid(path / "resourceVersion", next.resource_version, "must be specified for an update");
  if (next.generation < old.generation) out.invalid(path / "generation", next.generation, "must not be decremented");
  if (next.name != old.name) out.immutable(path / "name", next.name);
  if (next.namespace_ != old.namespace_) out.immutable(path / "namespace", next.namespace_);
  if (next.uid != old.uid) out.immutable(path / "uid", next.uid);
  if (next.creation_timestamp != old.creation_timestamp)
    out.immutable(path / "creationTimestamp", time_value(next.creation_timestamp));
  if (next.deletion_timestamp != old.deletion_timestamp)
    out.immutable(path / "deletionTimestamp", time_value(next.deletion_timestamp));
  if (next.deletion_grace_period_seconds != old.deletion_grace_period_seconds) {
    out.immutable(
        path / "deletionGracePeriodSeconds",
        BadValue::json(next.deletion_grace_period_seconds ? std::to_string(*next.deletion_grace_period_seconds)
                                                          : "null"));
  }
  check_labels(out, path / "labels", next.labels);
  check_annotations(out, path / "annotations", next.annotations);
  check_owners(out, path / "ownerReferences", next.owner_references);
}

}  // namespace fairlead::api
