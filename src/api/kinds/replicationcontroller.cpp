#include "api/kinds/replicationcontroller.h"

#include "api/duration.h"
#include "api/kind.h"
#include "api/kinds/workload.h"
#include "api/selector.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<ReplicationControllerSpec>() {
  using T = ReplicationControllerSpec;
  static const TypeInfo info("io.k8s.api.core.v1.ReplicationControllerSpec",
                             {
                                 field(&T::replicas, "replicas", 1, kOmitEmpty),
                                 field(&T::selector, "selector", 2, kOmitEmpty | kAtomic),
                                 field(&T::template_, "template", 3, kOmitEmpty),
                                 field(&T::min_ready_seconds, "minReadySeconds", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ReplicationControllerCondition>() {
  using T = ReplicationControllerCondition;
  static const TypeInfo info("io.k8s.api.core.v1.ReplicationControllerCondition",
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
const TypeInfo& type_info<ReplicationControllerStatus>() {
  using T = ReplicationControllerStatus;
  static const TypeInfo info(
      "io.k8s.api.core.v1.ReplicationControllerStatus",
      {
          field(&T::replicas, "replicas", 1, kRequired),
          field(&T::fully_labeled_replicas, "fullyLabeledReplicas", 2, kOmitEmpty),
          field(&T::observed_generation, "observedGeneration", 3, kOmitEmpty),
          field(&T::ready_replicas, "readyReplicas", 4, kOmitEmpty),
          field(&T::available_replicas, "availableReplicas", 5, kOmitEmpty),
          field(&T::conditions, "conditions", 6, kOmitEmpty | kPatchMerge | kListMap, "type", "type"),
      });
  return info;
}

template <>
const TypeInfo& type_info<ReplicationController>() {
  using T = ReplicationController;
  static const TypeInfo info("io.k8s.api.core.v1.ReplicationController",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::spec, "spec", 2, kOmitEmpty),
                                 field(&T::status, "status", 3, kOmitEmpty),
                             });
  return info;
}

namespace {

using Rc = ReplicationController;

void set_defaults(Object& object) {
  auto& rc = object.as<Rc>();
  // Both the selector and the controller's own labels come from the template where they are not given.
  if (rc.spec.template_) {
    const auto& labels = rc.spec.template_->metadata.labels;
    if (rc.spec.selector.empty()) rc.spec.selector = labels;
    if (rc.metadata.labels.empty()) rc.metadata.labels = labels;
    default_pod_spec(rc.spec.template_->spec);
  }
  if (!rc.spec.replicas) rc.spec.replicas = 1;
}

void prepare_create(Object& object) {
  object.as<Rc>().status = {};
  object.meta().generation = 1;
}

void prepare_update(Object& object, const Object& old_object) {
  auto& next = object.as<Rc>();
  const auto& old = old_object.as<Rc>();
  next.status = old.status;
  next.metadata.generation = old.metadata.generation + (next.spec == old.spec ? 0 : 1);
}

void check_template(Problems& out, const FieldPath& path, const ReplicationControllerSpec& spec) {
  if (!spec.template_) return out.required(path);
  const auto& value = *spec.template_;
  if (!spec.selector.empty() && !Selector::from(spec.selector).matches(value.metadata.labels))
    out.invalid(path / "metadata" / "labels", value.metadata.labels, "`selector` does not match template `labels`");
  check_pod_template(out, path, value);
  if (value.spec.restart_policy != "Always")
    out.not_supported(path / "spec" / "restartPolicy", value.spec.restart_policy, {"Always"});
  if (value.spec.active_deadline_seconds) {
    out.forbidden(path / "spec" / "activeDeadlineSeconds",
                  "activeDeadlineSeconds in ReplicationController is not Supported");
  }
}

void check_spec(Problems& out, const ReplicationControllerSpec& spec) {
  const FieldPath path("spec");
  out.non_negative(path / "minReadySeconds", spec.min_ready_seconds);
  if (spec.selector.empty()) out.required(path / "selector");
  out.non_negative(path / "replicas", spec.replicas.value_or(1));
  check_template(out, path / "template", spec);
}

FieldErrors validate(const Object& object) {
  Problems out;
  check_object_meta(out, object.meta(), true, name_is_subdomain);
  check_spec(out, object.as<Rc>().spec);
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next, const Object& old) {
  Problems out;
  check_object_meta_update(out, next.meta(), old.meta());
  check_spec(out, next.as<Rc>().spec);
  return std::move(out).take();
}

FieldErrors validate_status(const Object& next, const Object& old) {
  const auto& status = next.as<Rc>().status;
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
  const auto& rc = object.as<Rc>();
  const auto containers = rc.spec.template_ ? container_cells(*rc.spec.template_) : ContainerCells();
  return {Cell(rc.spec.replicas.value_or(1)),
          Cell(rc.status.replicas),
          Cell(rc.status.ready_replicas),
          age(rc.metadata.creation_timestamp, now),
          containers.names,
          containers.images,
          rc.spec.selector.empty() ? "<none>" : Selector::from(rc.spec.selector).to_string()};
}

std::optional<std::string> select_field(const Object& object, std::string_view path) {
  if (path == "status.replicas") return std::to_string(object.as<Rc>().status.replicas);
  return std::nullopt;
}

}  // namespace

template <>
const KindInfo& kind_of<ReplicationController>() {
  static const KindInfo info{
      .group = "",
      .version = "v1",
      .kind = "ReplicationController",
      .plural = "replicationcontrollers",
      .singular = "replicationcontroller",
      .short_names = {"rc"},
      .categories = {"all"},
      .has_status = true,
      .has_scale = true,
      .type = &type_info<ReplicationController>,
      .make = [] { return make_object(ReplicationController{}); },
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
