#include "api/kinds/replicaset.h"

#include "api/duration.h"
#include "api/kind.h"
#include "api/kinds/workload.h"
#include "api/selector.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<ReplicaSetSpec>() {
  using T = ReplicaSetSpec;
  static const TypeInfo info("io.k8s.api.apps.v1.ReplicaSetSpec",
                             {
                                 field(&T::replicas, "replicas", 1, kOmitEmpty),
                                 field(&T::min_ready_seconds, "minReadySeconds", 4, kOmitEmpty),
                                 field(&T::selector, "selector", 2, 0),
                                 field(&T::template_, "template", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ReplicaSetCondition>() {
  using T = ReplicaSetCondition;
  static const TypeInfo info("io.k8s.api.apps.v1.ReplicaSetCondition",
                             {
                                 field(&T::type, "type", 1, kRequired),
                                 field(&T::status, "status", 2, kRequired),
                                 field(&T::last_transition_time, "lastTransitionTime", 3, kOmitEmpty),
                                 field(&T::reason, "reason", 4, kOmitEmpty),
                                 field(&T::message, "message", 5, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ReplicaSetStatus>() {
  using T = ReplicaSetStatus;
  static const TypeInfo info(
      "io.k8s.api.apps.v1.ReplicaSetStatus",
      {
          field(&T::replicas, "replicas", 1, kRequired),
          field(&T::fully_labeled_replicas, "fullyLabeledReplicas", 2, kOmitEmpty),
          field(&T::ready_replicas, "readyReplicas", 4, kOmitEmpty),
          field(&T::available_replicas, "availableReplicas", 5, kOmitEmpty),
          field(&T::terminating_replicas, "terminatingReplicas", 7, kOmitEmpty),
          field(&T::observed_generation, "observedGeneration", 3, kOmitEmpty),
          field(&T::conditions, "conditions", 6, kOmitEmpty | kPatchMerge | kListMap, "type", "type"),
      });
  return info;
}

template <>
const TypeInfo& type_info<ReplicaSet>() {
  using T = ReplicaSet;
  static const TypeInfo info("io.k8s.api.apps.v1.ReplicaSet", {
                                                                  field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                                  field(&T::spec, "spec", 2, kOmitEmpty),
                                                                  field(&T::status, "status", 3, kOmitEmpty),
                                                              });
  return info;
}

namespace {

void set_defaults(Object& object) {
  auto& rs = object.as<ReplicaSet>();
  if (!rs.spec.replicas) rs.spec.replicas = 1;
  if (rs.metadata.labels.empty()) rs.metadata.labels = rs.spec.template_.metadata.labels;
  default_pod_spec(rs.spec.template_.spec);
}

void prepare_create(Object& object) {
  object.as<ReplicaSet>().status = {};
  object.meta().generation = 1;
}

void prepare_update(Object& object, const Object& old_object) {
  auto& next = object.as<ReplicaSet>();
  const auto& old = old_object.as<ReplicaSet>();
  next.status = old.status;
  next.metadata.generation = old.metadata.generation + (next.spec == old.spec ? 0 : 1);
}

void check_spec(Problems& out, const ReplicaSetSpec& spec) {
  const FieldPath path("spec");
  out.non_negative(path / "replicas", spec.replicas.value_or(1));
  out.non_negative(path / "minReadySeconds", spec.min_ready_seconds);
  check_workload_template(out, path, spec.selector, spec.template_);
}

FieldErrors validate(const Object& object) {
  Problems out;
  check_object_meta(out, object.meta(), true, name_is_subdomain);
  check_spec(out, object.as<ReplicaSet>().spec);
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next_object, const Object& old_object) {
  const auto& next = next_object.as<ReplicaSet>();
  const auto& old = old_object.as<ReplicaSet>();
  Problems out;
  check_object_meta_update(out, next.metadata, old.metadata);
  check_spec(out, next.spec);
  check_selector_unchanged(out, next.spec.selector, old.spec.selector);
  return std::move(out).take();
}

FieldErrors validate_status(const Object& next, const Object& old) {
  const auto& status = next.as<ReplicaSet>().status;
  Problems out;
  check_object_meta_update(out, next.meta(), old.meta());
  check_replica_counts(out, status.replicas,
                       {{"fullyLabeledReplicas", status.fully_labeled_replicas},
                        {"readyReplicas", status.ready_replicas},
                        {"availableReplicas", status.available_replicas}});
  if (status.available_replicas > status.ready_replicas)
    out.invalid(FieldPath("status") / "availableReplicas", status.available_replicas,
                "cannot be greater than readyReplicas");
  return std::move(out).take();
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& rs = object.as<ReplicaSet>();
  const auto containers = container_cells(rs.spec.template_);
  return {Cell(rs.spec.replicas.value_or(1)),       Cell(rs.status.replicas), Cell(rs.status.ready_replicas),
          age(rs.metadata.creation_timestamp, now), containers.names,         containers.images,
          selector_cell(rs.spec.selector, "<none>")};
}

std::optional<std::string> select_field(const Object& object, std::string_view path) {
  if (path == "status.replicas") return std::to_string(object.as<ReplicaSet>().status.replicas);
  return std::nullopt;
}

}  // namespace

template <>
const KindInfo& kind_of<ReplicaSet>() {
  static const KindInfo info{
      .group = "apps",
      .version = "v1",
      .kind = "ReplicaSet",
      .plural = "replicasets",
      .singular = "replicaset",
      .short_names = {"rs"},
      .categories = {"all"},
      .namespaced = true,
      .has_status = true,
      .has_scale = true,
      .other_subresources = {},
      .type = &type_info<ReplicaSet>,
      .make = [] { return make_object(ReplicaSet{}); },
      .set_defaults = set_defaults,
      .prepare_create = prepare_create,
      .prepare_update = prepare_update,
      .validate = validate,
      .validate_update = validate_update,
      .validate_status = validate_status,
      .columns = {{"Desired", "integer"},
                  {"Current", "integer"},
                  {"Ready", "integer"},
                  {"Age", "string"},
                  {"Containers", "string", "", 1},
                  {"Images", "string", "", 1},
                  {"Selector", "string", "", 1}},
      .row = row,
      .field = select_field,
  };
  return info;
}

}  // namespace fairlead::api
