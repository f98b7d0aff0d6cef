#include "api/kinds/deployment.h"

#include "api/duration.h"
#include "api/kind.h"
#include "api/kinds/workload.h"
#include "base/text.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<RollingUpdateDeployment>() {
  using T = RollingUpdateDeployment;
  static const TypeInfo info("io.k8s.api.apps.v1.RollingUpdateDeployment",
                             {
                                 field(&T::max_unavailable, "maxUnavailable", 1, kOmitEmpty),
                                 field(&T::max_surge, "maxSurge", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<DeploymentStrategy>() {
  using T = DeploymentStrategy;
  static const TypeInfo info("io.k8s.api.apps.v1.DeploymentStrategy",
                             {
                                 field(&T::type, "type", 1, kOmitEmpty),
                                 field(&T::rolling_update, "rollingUpdate", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<DeploymentSpec>() {
  using T = DeploymentSpec;
  static const TypeInfo info("io.k8s.api.apps.v1.DeploymentSpec",
                             {
                                 field(&T::replicas, "replicas", 1, kOmitEmpty),
                                 field(&T::selector, "selector", 2, 0),
                                 field(&T::template_, "template", 3, kRequired),
                                 field(&T::strategy, "strategy", 4, kOmitEmpty | kRetainKeys),
                                 field(&T::min_ready_seconds, "minReadySeconds", 5, kOmitEmpty),
                                 field(&T::revision_history_limit, "revisionHistoryLimit", 6, kOmitEmpty),
                                 field(&T::paused, "paused", 7, kOmitEmpty),
                                 field(&T::progress_deadline_seconds, "progressDeadlineSeconds", 9, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<DeploymentCondition>() {
  using T = DeploymentCondition;
  static const TypeInfo info("io.k8s.api.apps.v1.DeploymentCondition",
                             {
                                 field(&T::type, "type", 1, kRequired),
                                 field(&T::status, "status", 2, kRequired),
                                 field(&T::last_update_time, "lastUpdateTime", 6, kOmitEmpty),
                                 field(&T::last_transition_time, "lastTransitionTime", 7, kOmitEmpty),
                                 field(&T::reason, "reason", 4, kOmitEmpty),
                                 field(&T::message, "message", 5, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<DeploymentStatus>() {
  using T = DeploymentStatus;
  static const TypeInfo info(
      "io.k8s.api.apps.v1.DeploymentStatus",
      {
          field(&T::observed_generation, "observedGeneration", 1, kOmitEmpty),
          field(&T::replicas, "replicas", 2, kOmitEmpty),
          field(&T::updated_replicas, "updatedReplicas", 3, kOmitEmpty),
          field(&T::ready_replicas, "readyReplicas", 7, kOmitEmpty),
          field(&T::available_replicas, "availableReplicas", 4, kOmitEmpty),
          field(&T::unavailable_replicas, "unavailableReplicas", 5, kOmitEmpty),
          field(&T::terminating_replicas, "terminatingReplicas", 9, kOmitEmpty),
          field(&T::conditions, "conditions", 6, kOmitEmpty | kPatchMerge | kListMap, "type", "type"),
          field(&T::collision_count, "collisionCount", 8, kOmitEmpty),
      });
  return info;
}

template <>
const TypeInfo& type_info<Deployment>() {
  using T = Deployment;
  static const TypeInfo info("io.k8s.api.apps.v1.Deployment", {
                                                                  field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                                  field(&T::spec, "spec", 2, kOmitEmpty),
                                                                  field(&T::status, "status", 3, kOmitEmpty),
                                                              });
  return info;
}

namespace {

void set_defaults(Object& object) {
  auto& spec = object.as<Deployment>().spec;
  if (!spec.replicas) spec.replicas = 1;
  if (spec.strategy.type.empty()) spec.strategy.type = "RollingUpdate";
  if (spec.strategy.type == "RollingUpdate") {
    auto& rolling = spec.strategy.rolling_update.get_or_create();
    if (!rolling.max_unavailable) rolling.max_unavailable = IntOrString(std::string("25%"));
    if (!rolling.max_surge) rolling.max_surge = IntOrString(std::string("25%"));
  }
  if (!spec.revision_history_limit) spec.revision_history_limit = 10;
  if (!spec.progress_deadline_seconds) spec.progress_deadline_seconds = 600;
  default_pod_spec(spec.template_.spec);
}

void prepare_create(Object& object) {
  object.as<Deployment>().status = {};
  object.meta().generation = 1;
}

// Annotations count too: they are copied to the ReplicaSets.
void prepare_update(Object& object, const Object& old_object) {
  auto& next = object.as<Deployment>();
  const auto& old = old_object.as<Deployment>();
  next.status = old.status;
  const bool same = next.spec == old.spec && next.metadata.annotations == old.metadata.annotations;
  next.metadata.generation = old.metadata.generation + (same ? 0 : 1);
}

void check_amount(Problems& out, const FieldPath& path, const IntOrString& amount) {
  if (amount.is_string)
    out.invalid(path, amount, percent(amount.text));
  else
    out.non_negative(path, amount.number);
}

// 0 for what is no number.
int64_t amount_of(const IntOrString& amount) {
  if (!amount.is_string) return amount.number;
  return percent(amount.text).empty() ? parse_int(amount.text.substr(0, amount.text.size() - 1)).value_or(0) : 0;
}

void check_strategy(Problems& out, const FieldPath& path, const DeploymentStrategy& s) {
  if (s.type == "Recreate") {
    if (s.rolling_update)
      out.forbidden(path / "rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
  } else if (s.type == "RollingUpdate") {
    const auto at = path / "rollingUpdate";
    if (!s.rolling_update) return out.required(at, "this should be defaulted and never be nil");
    const auto unavailable = s.rolling_update->max_unavailable.value_or(IntOrString(0));
    const auto surge = s.rolling_update->max_surge.value_or(IntOrString(0));
    check_amount(out, at / "maxUnavailable", unavailable);
    check_amount(out, at / "maxSurge", surge);
    if (amount_of(unavailable) == 0 && amount_of(surge) == 0)
      out.invalid(at / "maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0");
    if (unavailable.is_string && amount_of(unavailable) > 100)
      out.invalid(at / "maxUnavailable", unavailable, "must not be greater than 100%");
  } else {
    out.not_supported(path, BadValue::of(s), {"Recreate", "RollingUpdate"});
  }
}

void check_spec(Problems& out, const DeploymentSpec& spec) {
  const FieldPath path("spec");
  out.non_negative(path / "replicas", spec.replicas.value_or(1));
  check_workload_template(out, path, spec.selector, spec.template_);
  check_strategy(out, path / "strategy", spec.strategy);
  out.non_negative(path / "minReadySeconds", spec.min_ready_seconds);
  if (spec.revision_history_limit) out.non_negative(path / "revisionHistoryLimit", *spec.revision_history_limit);
  if (spec.progress_deadline_seconds) {
    out.non_negative(path / "progressDeadlineSeconds", *spec.progress_deadline_seconds);
    if (*spec.progress_deadline_seconds <= spec.min_ready_seconds)
      out.invalid(path / "progressDeadlineSeconds", *spec.progress_deadline_seconds,
                  "must be greater than minReadySeconds");
  }
}

FieldErrors validate(const Object& object) {
  Problems out;
  check_object_meta(out, object.meta(), true, name_is_subdomain);
  check_spec(out, object.as<Deployment>().spec);
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next_object, const Object& old_object) {
  const auto& next = next_object.as<Deployment>();
  const auto& old = old_object.as<Deployment>();
  Problems out;
  check_object_meta_update(out, next.metadata, old.metadata);
  check_spec(out, next.spec);
  check_selector_unchanged(out, next.spec.selector, old.spec.selector);
  return std::move(out).take();
}

FieldErrors validate_status(const Object& next, const Object& old) {
  const auto& status = next.as<Deployment>().status;
  Problems out;
  check_object_meta_update(out, next.meta(), old.meta());
  check_replica_counts(out, status.replicas,
                       {{"updatedReplicas", status.updated_replicas},
                        {"readyReplicas", status.ready_replicas},
                        {"availableReplicas", status.available_replicas}});
  if (status.available_replicas > status.ready_replicas)
    out.invalid(FieldPath("status") / "availableReplicas", status.available_replicas,
                "cannot be greater than readyReplicas");
  return std::move(out).take();
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& d = object.as<Deployment>();
  const auto containers = container_cells(d.spec.template_);
  return {fmt::format("{}/{}", d.status.ready_replicas, d.spec.replicas.value_or(1)),
          Cell(d.status.updated_replicas),
          Cell(d.status.available_replicas),
          age(d.metadata.creation_timestamp, now),
          containers.names,
          containers.images,
          selector_cell(d.spec.selector, "")};
}

}  // namespace

template <>
const KindInfo& kind_of<Deployment>() {
  static const KindInfo info{
      .group = "apps",
      .version = "v1",
      .kind = "Deployment",
      .plural = "deployments",
      .singular = "deployment",
      .short_names = {"deploy"},
      .categories = {"all"},
      .namespaced = true,
      .has_status = true,
      .has_scale = true,
      .other_subresources = {},
      .type = &type_info<Deployment>,
      .make = [] { return make_object(Deployment{}); },
      .set_defaults = set_defaults,
      .prepare_create = prepare_create,
      .prepare_update = prepare_update,
      .validate = validate,
      .validate_update = validate_update,
      .validate_status = validate_status,
      .columns = {{"Ready", "string"},
                  {"Up-to-date", "string"},
                  {"Available", "string"},
                  {"Age", "string"},
                  {"Containers", "string", "", 1},
                  {"Images", "string", "", 1},
                  {"Selector", "string", "", 1}},
      .row = row,
  };
  return info;
}

}  // namespace fairlead::api
