#include "api/kinds/namespace.h"

#include <algorithm>

#include "api/duration.h"
#include "api/kind.h"
#include "api/validation.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<NamespaceSpec>() {
  using T = NamespaceSpec;
  static const TypeInfo info("io.k8s.api.core.v1.NamespaceSpec", {
                                                                     field(&T::finalizers, "finalizers", 1, kOmitEmpty),
                                                                 });
  return info;
}

template <>
const TypeInfo& type_info<NamespaceCondition>() {
  using T = NamespaceCondition;
  static const TypeInfo info("io.k8s.api.core.v1.NamespaceCondition",
                             {
                                 field(&T::type, "type", 1, kRequired),
                                 field(&T::status, "status", 2, kRequired),
                                 field(&T::last_transition_time, "lastTransitionTime", 4, kOmitEmpty),
                                 field(&T::reason, "reason", 5, kOmitEmpty),
                                 field(&T::message, "message", 6, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NamespaceStatus>() {
  using T = NamespaceStatus;
  static const TypeInfo info(
      "io.k8s.api.core.v1.NamespaceStatus",
      {
          field(&T::phase, "phase", 1, kOmitEmpty),
          field(&T::conditions, "conditions", 2, kOmitEmpty | kPatchMerge | kListMap, "type", "type"),
      });
  return info;
}

template <>
const TypeInfo& type_info<Namespace>() {
  using T = Namespace;
  static const TypeInfo info("io.k8s.api.core.v1.Namespace", {
                                                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                                 field(&T::spec, "spec", 2, kOmitEmpty),
                                                                 field(&T::status, "status", 3, kOmitEmpty),
                                                             });
  return info;
}

namespace {

constexpr std::string_view kFinalizer = "kubernetes";
constexpr std::string_view kNameLabel = "kubernetes.io/metadata.name";

void set_defaults(Object& object) {
  auto& ns = object.as<Namespace>();
  if (!ns.metadata.name.empty()) ns.metadata.labels[std::string(kNameLabel)] = ns.metadata.name;
  if (ns.status.phase.empty()) ns.status.phase = "Active";
}

void prepare_create(Object& object) {
  auto& ns = object.as<Namespace>();
  ns.status = {.phase = "Active"};
  ns.metadata.generation = 0;
  if (std::ranges::find(ns.spec.finalizers, kFinalizer) == ns.spec.finalizers.end())
    ns.spec.finalizers.emplace_back(kFinalizer);
}

// spec.finalizers change through /finalize only.
void prepare_update(Object& object, const Object& old) {
  auto& ns = object.as<Namespace>();
  ns.spec.finalizers = old.as<Namespace>().spec.finalizers;
  ns.status = old.as<Namespace>().status;
  ns.metadata.generation = old.meta().generation;
}

FieldErrors validate(const Object& object) {
  const auto& ns = object.as<Namespace>();
  Problems out;
  check_object_meta(out, ns.metadata, false, name_is_label);
  const auto path = FieldPath("spec") / "finalizers";
  for (const auto& f : ns.spec.finalizers) {
    out.invalid(path, f, qualified_name(f));
    if (f.find('/') == std::string::npos && f != kFinalizer)
      out.invalid(path, f, "name is neither a standard finalizer name nor is it fully qualified");
  }
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next, const Object& old) {
  Problems out;
  check_object_meta_update(out, next.meta(), old.meta());
  return std::move(out).take();
}

FieldErrors validate_status(const Object& next, const Object& old) {
  Problems out;
  check_object_meta_update(out, next.meta(), old.meta());
  const auto& phase = next.as<Namespace>().status.phase;
  const auto path = FieldPath("status") / "Phase";
  if (!next.meta().deletion_timestamp && phase != "Active")
    out.invalid(path, phase, "may only be 'Active' if `deletionTimestamp` is empty");
  if (next.meta().deletion_timestamp && phase != "Terminating")
    out.invalid(path, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
  return std::move(out).take();
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& ns = object.as<Namespace>();
  return {ns.status.phase, age(ns.metadata.creation_timestamp, now)};
}

std::optional<std::string> select_field(const Object& object, std::string_view path) {
  if (path == "status.phase") return object.as<Namespace>().status.phase;
  if (path == "name") return object.meta().name;
  return std::nullopt;
}

}  // namespace

template <>
const KindInfo& kind_of<Namespace>() {
  static const KindInfo info{
      .group = "",
      .version = "v1",
      .kind = "Namespace",
      .plural = "namespaces",
      .singular = "namespace",
      .short_names = {"ns"},
      .categories = {},
      .namespaced = false,
      .has_status = true,
      .has_scale = false,
      .other_subresources = {"finalize"},
      .type = &type_info<Namespace>,
      .make = [] { return make_object(Namespace{}); },
      .set_defaults = set_defaults,
      .prepare_create = prepare_create,
      .prepare_update = prepare_update,
      .validate = validate,
      .validate_update = validate_update,
      .validate_status = validate_status,
      .columns = {{"Status", "string"}, {"Age", "string"}},
      .row = row,
      .field = select_field,
  };
  return info;
}

}  // namespace fairlead::api
