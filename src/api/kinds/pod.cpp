#include "api/kinds/pod.h"

#include "api/kind.h"
#include "api/kinds/pod_columns.h"
#include "api/podspec/podspec.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<PodCondition>() {
  using T = PodCondition;
  static const TypeInfo info("io.k8s.api.core.v1.PodCondition",
                             {
                                 field(&T::type, "type", 1, kRequired),
                                 field(&T::observed_generation, "observedGeneration", 7, kOmitEmpty),
                                 field(&T::status, "status", 2, kRequired),
                                 field(&T::last_probe_time, "lastProbeTime", 3, kOmitEmpty),
                                 field(&T::last_transition_time, "lastTransitionTime", 4, kOmitEmpty),
                                 field(&T::reason, "reason", 5, kOmitEmpty),
                                 field(&T::message, "message", 6, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<HostIP>() {
  using T = HostIP;
  static const TypeInfo info("io.k8s.api.core.v1.HostIP", {
                                                              field(&T::ip, "ip", 1, kRequired),
                                                          });
  return info;
}

template <>
const TypeInfo& type_info<PodIP>() {
  using T = PodIP;
  static const TypeInfo info("io.k8s.api.core.v1.PodIP", {
                                                             field(&T::ip, "ip", 1, kRequired),
                                                         });
  return info;
}

template <>
const TypeInfo& type_info<ContainerStateWaiting>() {
  using T = ContainerStateWaiting;
  static const TypeInfo info("io.k8s.api.core.v1.ContainerStateWaiting",
                             {
                                 field(&T::reason, "reason", 1, kOmitEmpty),
                                 field(&T::message, "message", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ContainerStateRunning>() {
  using T = ContainerStateRunning;
  static const TypeInfo info("io.k8s.api.core.v1.ContainerStateRunning",
                             {
                                 field(&T::started_at, "startedAt", 1, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ContainerStateTerminated>() {
  using T = ContainerStateTerminated;
  static const TypeInfo info("io.k8s.api.core.v1.ContainerStateTerminated",
                             {
                                 field(&T::exit_code, "exitCode", 1, kRequired),
                                 field(&T::signal, "signal", 2, kOmitEmpty),
                                 field(&T::reason, "reason", 3, kOmitEmpty),
                                 field(&T::message, "message", 4, kOmitEmpty),
                                 field(&T::started_at, "startedAt", 5, kOmitEmpty),
                                 field(&T::finished_at, "finishedAt", 6, kOmitEmpty),
                                 field(&T::container_id, "containerID", 7, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ContainerState>() {
  using T = ContainerState;
  static const TypeInfo info("io.k8s.api.core.v1.ContainerState",
                             {
                                 field(&T::waiting, "waiting", 1, kOmitEmpty),
                                 field(&T::running, "running", 2, kOmitEmpty),
                                 field(&T::terminated, "terminated", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<VolumeMountStatus>() {
  using T = VolumeMountStatus;
  static const TypeInfo info("io.k8s.api.core.v1.VolumeMountStatus",
                             {
                                 field(&T::name, "name", 1, kRequired),
                                 field(&T::mount_path, "mountPath", 2, kRequired),
                                 field(&T::read_only, "readOnly", 3, kOmitEmpty),
                                 field(&T::recursive_read_only, "recursiveReadOnly", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<LinuxContainerUser>() {
  using T = LinuxContainerUser;
  static const TypeInfo info("io.k8s.api.core.v1.LinuxContainerUser",
                             {
                                 field(&T::uid, "uid", 1, kRequired),
                                 field(&T::gid, "gid", 2, kRequired),
                                 field(&T::supplemental_groups, "supplementalGroups", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ContainerUser>() {
  using T = ContainerUser;
  static const TypeInfo info("io.k8s.api.core.v1.ContainerUser", {
                                                                     field(&T::linux, "linux", 1, kOmitEmpty),
                                                                 });
  return info;
}

template <>
const TypeInfo& type_info<ResourceHealth>() {
  using T = ResourceHealth;
  static const TypeInfo info("io.k8s.api.core.v1.ResourceHealth",
                             {
                                 field(&T::resource_id, "resourceID", 1, kRequired),
                                 field(&T::health, "health", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ResourceStatus>() {
  using T = ResourceStatus;
  static const TypeInfo info("io.k8s.api.core.v1.ResourceStatus",
                             {
                                 field(&T::name, "name", 1, kRequired),
                                 field(&T::resources, "resources", 2, kOmitEmpty | kListMap, "", "resourceID"),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ContainerStatus>() {
  using T = ContainerStatus;
  static const TypeInfo info(
      "io.k8s.api.core.v1.ContainerStatus",
      {
          field(&T::name, "name", 1, kRequired),
          field(&T::state, "state", 2, kOmitEmpty),
          field(&T::last_state, "lastState", 3, kOmitEmpty),
          field(&T::ready, "ready", 4, kRequired),
          field(&T::restart_count, "restartCount", 5, kRequired),
          field(&T::image, "image", 6, kRequired),
          field(&T::image_id, "imageID", 7, kRequired),
          field(&T::container_id, "containerID", 8, kOmitEmpty),
          field(&T::started, "started", 9, kOmitEmpty),
          field(&T::allocated_resources, "allocatedResources", 10, kOmitEmpty),
          field(&T::resources, "resources", 11, kOmitEmpty),
          field(&T::volume_mounts, "volumeMounts", 12, kOmitEmpty | kPatchMerge | kListMap, "mountPath", "mountPath"),
          field(&T::user, "user", 13, kOmitEmpty),
          field(&T::allocated_resources_status, "allocatedResourcesStatus", 14, kOmitEmpty | kPatchMerge | kListMap,
                "name", "name"),
          field(&T::stop_signal, "stopSignal", 15, kOmitEmpty),
      });
  return info;
}

template <>
const TypeInfo& type_info<PodResourceClaimStatus>() {
  using T = PodResourceClaimStatus;
  static const TypeInfo info("io.k8s.api.core.v1.PodResourceClaimStatus",
                             {
                                 field(&T::name, "name", 1, kRequired),
                                 field(&T::resource_claim_name, "resourceClaimName", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ContainerExtendedResourceRequest>() {
  using T = ContainerExtendedResourceRequest;
  static const TypeInfo info("io.k8s.api.core.v1.ContainerExtendedResourceRequest",
                             {
                                 field(&T::container_name, "containerName", 1, kRequired),
                                 field(&T::resource_name, "resourceName", 2, kRequired),
                                 field(&T::request_name, "requestName", 3, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PodExtendedResourceClaimStatus>() {
  using T = PodExtendedResourceClaimStatus;
  static const TypeInfo info("io.k8s.api.core.v1.PodExtendedResourceClaimStatus",
                             {
                                 field(&T::request_mappings, "requestMappings", 1, kRequired),
                                 field(&T::resource_claim_name, "resourceClaimName", 2, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PodStatus>() {
  using T = PodStatus;
  static const TypeInfo info(
      "io.k8s.api.core.v1.PodStatus",
      {
          field(&T::observed_generation, "observedGeneration", 17, kOmitEmpty),
          field(&T::phase, "phase", 1, kOmitEmpty),
          field(&T::conditions, "conditions", 2, kOmitEmpty | kPatchMerge | kListMap, "type", "type"),
          field(&T::message, "message", 3, kOmitEmpty),
          field(&T::reason, "reason", 4, kOmitEmpty),
          field(&T::nominated_node_name, "nominatedNodeName", 11, kOmitEmpty),
          field(&T::host_ip, "hostIP", 5, kOmitEmpty),
          field(&T::host_ips, "hostIPs", 16, kOmitEmpty | kPatchMerge, "ip", ""),
          field(&T::pod_ip, "podIP", 6, kOmitEmpty),
          field(&T::pod_ips, "podIPs", 12, kOmitEmpty | kPatchMerge | kListMap, "ip", "ip"),
          field(&T::start_time, "startTime", 7, kOmitEmpty),
          field(&T::init_container_statuses, "initContainerStatuses", 10, kOmitEmpty),
          field(&T::container_statuses, "containerStatuses", 8, kOmitEmpty),
          field(&T::qos_class, "qosClass", 9, kOmitEmpty),
          field(&T::ephemeral_container_statuses, "ephemeralContainerStatuses", 13, kOmitEmpty),
          field(&T::resize, "resize", 14, kOmitEmpty),
          field(&T::resource_claim_statuses, "resourceClaimStatuses", 15,
                kOmitEmpty | kPatchMerge | kRetainKeys | kListMap, "name", "name"),
          field(&T::extended_resource_claim_status, "extendedResourceClaimStatus", 18, kOmitEmpty),
          field(&T::allocated_resources, "allocatedResources", 19, kOmitEmpty),
          field(&T::resources, "resources", 20, kOmitEmpty),
      });
  return info;
}

template <>
const TypeInfo& type_info<Pod>() {
  using T = Pod;
  static const TypeInfo info("io.k8s.api.core.v1.Pod", {
                                                           field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                           field(&T::spec, "spec", 2, kOmitEmpty),
                                                           field(&T::status, "status", 3, kOmitEmpty),
                                                       });
  return info;
}

namespace {

void prepare_create(Object& object) {
  auto& pod = object.as<Pod>();
  pod.metadata.generation = 1;
  pod.status = {.phase = "Pending", .qos_class = std::string(qos_class(pod.spec))};
  if (!pod.spec.scheduling_gates.empty()) {
    pod.status.conditions.push_back({.type = "PodScheduled",
                                     .status = "False",
                                     .reason = "SchedulingGated",
                                     .message = "Scheduling is blocked due to non-empty scheduling gates"});
  }
}

void prepare_update(Object& object, const Object& old_object) {
  auto& next = object.as<Pod>();
  const auto& old = old_object.as<Pod>();
  next.status = old.status;
  next.metadata.generation = old.metadata.generation + (next.spec == old.spec ? 0 : 1);
}

FieldErrors validate(const Object& object) {
  const auto& pod = object.as<Pod>();
  const FieldPath path("spec");
  Problems out;
  check_object_meta(out, pod.metadata, true, name_is_subdomain);
  check_pod_spec(out, path, pod.spec);
  if (!pod.spec.ephemeral_containers.empty()) out.forbidden(path / "ephemeralContainers", "cannot be set on create");
  if (!pod.spec.node_name.empty() && !pod.spec.scheduling_gates.empty())
    out.forbidden(path / "nodeName", "cannot be set until all schedulingGates have been cleared");
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next_object, const Object& old_object) {
  const auto& next = next_object.as<Pod>();
  const auto& old = old_object.as<Pod>();
  Problems out;
  check_object_meta_update(out, next.metadata, old.metadata);
  if (next.spec != old.spec) {
    check_pod_spec(out, FieldPath("spec"), next.spec);
    check_pod_spec_update(out, next.spec, old.spec);
  }
  return std::move(out).take();
}

FieldErrors validate_status(const Object& next_object, const Object& old_object) {
  const auto& next = next_object.as<Pod>();
  const FieldPath path("status");
  Problems out;
  check_object_meta_update(out, next.metadata, old_object.meta());
  for (size_t i = 0; i < next.status.conditions.size(); ++i) {
    const auto& type = next.status.conditions[i].type;
    if (type.find('/') != std::string::npos) out.invalid((path / "conditions")[i] / "Type", type, qualified_name(type));
  }
  for (size_t i = 0; i < next.status.pod_ips.size(); ++i)
    check_ip(out, (path / "podIPs")[i], next.status.pod_ips[i].ip);
  if (next.status.qos_class != old_object.as<Pod>().status.qos_class)
    out.immutable(path / "qosClass", next.status.qos_class);
  return std::move(out).take();
}

std::optional<std::string> select_field(const Object& object, std::string_view path) {
  const auto& pod = object.as<Pod>();
  if (path == "spec.nodeName") return pod.spec.node_name;
  if (path == "status.phase") return pod.status.phase;
  if (path == "status.podIP") return pod.status.pod_ips.empty() ? pod.status.pod_ip : pod.status.pod_ips[0].ip;
  if (path == "status.nominatedNodeName") return pod.status.nominated_node_name;
  if (path == "spec.restartPolicy") return pod.spec.restart_policy;
  if (path == "spec.schedulerName") return pod.spec.scheduler_name;
  if (path == "spec.serviceAccountName") return pod.spec.service_account_name;
  if (path == "spec.hostNetwork") return pod.spec.host_network ? "true" : "false";
  return std::nullopt;
}

}  // namespace

template <>
const KindInfo& kind_of<Pod>() {
  static const KindInfo info{
      .group = "",
      .version = "v1",
      .kind = "Pod",
      .plural = "pods",
      .singular = "pod",
      .short_names = {"po"},
      .categories = {"all"},
      .namespaced = true,
      .has_status = true,
      .has_scale = false,
      .other_subresources = {"attach", "binding", "eviction", "exec", "log", "portforward"},
      .type = &type_info<Pod>,
      .make = [] { return make_object(Pod{}); },
      .set_defaults = [](Object& object) { default_pod(object.as<Pod>()); },
      .prepare_create = prepare_create,
      .prepare_update = prepare_update,
      .validate = validate,
      .validate_update = validate_update,
      .validate_status = validate_status,
      .columns = {{"Ready", "string"},
                  {"Status", "string"},
                  {"Restarts", "string"},
                  {"Age", "string"},
                  {"IP", "string", "", 1},
                  {"Node", "string", "", 1},
                  {"Nominated Node", "string", "", 1},
                  {"Readiness Gates", "string", "", 1}},
      .row = pod_row,
      .field = select_field,
  };
  return info;
}

}  // namespace fairlead::api
