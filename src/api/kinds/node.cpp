#include "api/kinds/node.h"

#include <algorithm>
#include <set>

#include "api/duration.h"
#include "api/kind.h"
#include "api/validation.h"
#include "base/ip.h"
#include "base/text.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<Taint>() {
  using T = Taint;
  static const TypeInfo info("io.k8s.api.core.v1.Taint", {
                                                             field(&T::key, "key", 1, kRequired),
                                                             field(&T::value, "value", 2, kOmitEmpty),
                                                             field(&T::effect, "effect", 3, kRequired),
                                                             field(&T::time_added, "timeAdded", 4, kOmitEmpty),
                                                         });
  return info;
}

template <>
const TypeInfo& type_info<ConfigMapNodeConfigSource>() {
  using T = ConfigMapNodeConfigSource;
  static const TypeInfo info("io.k8s.api.core.v1.ConfigMapNodeConfigSource",
                             {
                                 field(&T::namespace_, "namespace", 1, kRequired),
                                 field(&T::name, "name", 2, kRequired),
                                 field(&T::uid, "uid", 3, kOmitEmpty),
                                 field(&T::resource_version, "resourceVersion", 4, kOmitEmpty),
                                 field(&T::kubelet_config_key, "kubeletConfigKey", 5, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NodeConfigSource>() {
  using T = NodeConfigSource;
  static const TypeInfo info("io.k8s.api.core.v1.NodeConfigSource",
                             {
                                 field(&T::config_map, "configMap", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NodeSpec>() {
  using T = NodeSpec;
  static const TypeInfo info("io.k8s.api.core.v1.NodeSpec",
                             {
                                 field(&T::pod_cidr, "podCIDR", 1, kOmitEmpty),
                                 field(&T::pod_cidrs, "podCIDRs", 7, kOmitEmpty | kPatchMerge | kListSet),
                                 field(&T::provider_id, "providerID", 3, kOmitEmpty),
                                 field(&T::unschedulable, "unschedulable", 4, kOmitEmpty),
                                 field(&T::taints, "taints", 5, kOmitEmpty),
                                 field(&T::config_source, "configSource", 6, kOmitEmpty),
                                 field(&T::external_id, "externalID", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NodeCondition>() {
  using T = NodeCondition;
  static const TypeInfo info("io.k8s.api.core.v1.NodeCondition",
                             {
                                 field(&T::type, "type", 1, kRequired),
                                 field(&T::status, "status", 2, kRequired),
                                 field(&T::last_heartbeat_time, "lastHeartbeatTime", 3, kOmitEmpty),
                                 field(&T::last_transition_time, "lastTransitionTime", 4, kOmitEmpty),
                                 field(&T::reason, "reason", 5, kOmitEmpty),
                                 field(&T::message, "message", 6, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NodeAddress>() {
  using T = NodeAddress;
  static const TypeInfo info("io.k8s.api.core.v1.NodeAddress", {
                                                                   field(&T::type, "type", 1, kRequired),
                                                                   field(&T::address, "address", 2, kRequired),
                                                               });
  return info;
}

template <>
const TypeInfo& type_info<DaemonEndpoint>() {
  using T = DaemonEndpoint;
  static const TypeInfo info("io.k8s.api.core.v1.DaemonEndpoint", {
                                                                      field(&T::port, "Port", 1, kRequired),
                                                                  });
  return info;
}

template <>
const TypeInfo& type_info<NodeDaemonEndpoints>() {
  using T = NodeDaemonEndpoints;
  static const TypeInfo info("io.k8s.api.core.v1.NodeDaemonEndpoints",
                             {
                                 field(&T::kubelet_endpoint, "kubeletEndpoint", 1, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NodeSwapStatus>() {
  using T = NodeSwapStatus;
  static const TypeInfo info("io.k8s.api.core.v1.NodeSwapStatus", {
                                                                      field(&T::capacity, "capacity", 1, kOmitEmpty),
                                                                  });
  return info;
}

template <>
const TypeInfo& type_info<NodeSystemInfo>() {
  using T = NodeSystemInfo;
  static const TypeInfo info("io.k8s.api.core.v1.NodeSystemInfo",
                             {
                                 field(&T::machine_id, "machineID", 1, kRequired),
                                 field(&T::system_uuid, "systemUUID", 2, kRequired),
                                 field(&T::boot_id, "bootID", 3, kRequired),
                                 field(&T::kernel_version, "kernelVersion", 4, kRequired),
                                 field(&T::os_image, "osImage", 5, kRequired),
                                 field(&T::container_runtime_version, "containerRuntimeVersion", 6, kRequired),
                                 field(&T::kubelet_version, "kubeletVersion", 7, kRequired),
                                 field(&T::kube_proxy_version, "kubeProxyVersion", 8, kRequired),
                                 field(&T::operating_system, "operatingSystem", 9, kRequired),
                                 field(&T::architecture, "architecture", 10, kRequired),
                                 field(&T::swap, "swap", 11, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ContainerImage>() {
  using T = ContainerImage;
  static const TypeInfo info("io.k8s.api.core.v1.ContainerImage", {
                                                                      field(&T::names, "names", 1, 0),
                                                                      field(&T::size_bytes, "sizeBytes", 2, kOmitEmpty),
                                                                  });
  return info;
}

template <>
const TypeInfo& type_info<AttachedVolume>() {
  using T = AttachedVolume;
  static const TypeInfo info("io.k8s.api.core.v1.AttachedVolume",
                             {
                                 field(&T::name, "name", 1, kRequired),
                                 field(&T::device_path, "devicePath", 2, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NodeConfigStatus>() {
  using T = NodeConfigStatus;
  static const TypeInfo info("io.k8s.api.core.v1.NodeConfigStatus",
                             {
                                 field(&T::assigned, "assigned", 1, kOmitEmpty),
                                 field(&T::active, "active", 2, kOmitEmpty),
                                 field(&T::last_known_good, "lastKnownGood", 3, kOmitEmpty),
                                 field(&T::error, "error", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NodeRuntimeHandlerFeatures>() {
  using T = NodeRuntimeHandlerFeatures;
  static const TypeInfo info("io.k8s.api.core.v1.NodeRuntimeHandlerFeatures",
                             {
                                 field(&T::recursive_read_only_mounts, "recursiveReadOnlyMounts", 1, kOmitEmpty),
                                 field(&T::user_namespaces, "userNamespaces", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NodeRuntimeHandler>() {
  using T = NodeRuntimeHandler;
  static const TypeInfo info("io.k8s.api.core.v1.NodeRuntimeHandler",
                             {
                                 field(&T::name, "name", 1, 0),
                                 field(&T::features, "features", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NodeFeatures>() {
  using T = NodeFeatures;
  static const TypeInfo info("io.k8s.api.core.v1.NodeFeatures",
                             {
                                 field(&T::supplemental_groups_policy, "supplementalGroupsPolicy", 1, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NodeStatus>() {
  using T = NodeStatus;
  static const TypeInfo info(
      "io.k8s.api.core.v1.NodeStatus",
      {
          field(&T::capacity, "capacity", 1, kOmitEmpty),
          field(&T::allocatable, "allocatable", 2, kOmitEmpty),
          field(&T::phase, "phase", 3, kOmitEmpty),
          field(&T::conditions, "conditions", 4, kOmitEmpty | kPatchMerge | kListMap, "type", "type"),
          field(&T::addresses, "addresses", 5, kOmitEmpty | kPatchMerge | kListMap, "type", "type"),
          field(&T::daemon_endpoints, "daemonEndpoints", 6, kOmitEmpty),
          field(&T::node_info, "nodeInfo", 7, kOmitEmpty),
          field(&T::images, "images", 8, kOmitEmpty),
          field(&T::volumes_in_use, "volumesInUse", 9, kOmitEmpty),
          field(&T::volumes_attached, "volumesAttached", 10, kOmitEmpty),
          field(&T::config, "config", 11, kOmitEmpty),
          field(&T::runtime_handlers, "runtimeHandlers", 12, kOmitEmpty),
          field(&T::features, "features", 13, kOmitEmpty),
          field(&T::declared_features, "declaredFeatures", 14, kOmitEmpty),
      });
  return info;
}

template <>
const TypeInfo& type_info<Node>() {
  using T = Node;
  static const TypeInfo info("io.k8s.api.core.v1.Node", {
                                                            field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                            field(&T::spec, "spec", 2, kOmitEmpty),
                                                            field(&T::status, "status", 3, kOmitEmpty),
                                                        });
  return info;
}

namespace {

void set_defaults(Object& object) {
  auto& status = object.as<Node>().status;
  if (status.allocatable.empty()) status.allocatable = status.capacity;
}

// A node may bring its status on creation; later it changes through /status.
void prepare_update(Object& object, const Object& old) {
  auto& node = object.as<Node>();
  node.status = old.as<Node>().status;
  node.metadata.generation = old.meta().generation;
}

void check_taints(Problems& out, const FieldPath& path, const std::vector<Taint>& taints) {
  for (size_t i = 0; i < taints.size(); ++i) {
    const auto& t = taints[i];
    const auto at = path[i];
    out.invalid(at / "key", t.key, qualified_name(t.key));
    out.invalid(at / "value", t.value, label_value(t.value));
    if (t.effect.empty())
      out.required(at / "effect");
    else if (t.effect != "NoSchedule" && t.effect != "PreferNoSchedule" && t.effect != "NoExecute")
      out.not_supported(at / "effect", t.effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"});
    for (size_t j = 0; j < i; ++j) {
      if (taints[j].key != t.key || taints[j].effect != t.effect) continue;
      out.duplicate(at, BadValue::of(t), "taints must be unique by key and effect pair");
      break;
    }
  }
}

void check_pod_cidrs(Problems& out, const std::vector<std::string>& cidrs) {
  const auto path = FieldPath("spec") / "podCIDRs";
  for (size_t i = 0; i < cidrs.size(); ++i) check_cidr(out, path[i], cidrs[i]);
  if (cidrs.size() < 2) return;
  const auto first = Cidr::parse(cidrs[0]);
  const auto second = Cidr::parse(cidrs[1]);
  if (cidrs.size() > 2 || (first && second && first->family() == second->family()))
    out.invalid(path, cidrs, "may specify no more than one CIDR for each IP family");
}

FieldErrors validate(const Object& object) {
  const auto& node = object.as<Node>();
  Problems out;
  check_object_meta(out, node.metadata, false, name_is_subdomain);
  check_taints(out, FieldPath("metadata") / "taints", node.spec.taints);
  check_pod_cidrs(out, node.spec.pod_cidrs);
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next_object, const Object& old_object) {
  const auto& next = next_object.as<Node>();
  const auto& old = old_object.as<Node>();
  const FieldPath spec("spec");
  Problems out;
  check_object_meta_update(out, next.metadata, old.metadata);
  if (!old.spec.pod_cidrs.empty() && next.spec.pod_cidrs != old.spec.pod_cidrs)
    out.forbidden(spec / "podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
  if (old.spec.pod_cidrs.empty()) check_pod_cidrs(out, next.spec.pod_cidrs);
  if (!old.spec.provider_id.empty() && next.spec.provider_id != old.spec.provider_id)
    out.forbidden(spec / "providerID", "node updates may not change providerID except from \"\" to valid");
  check_taints(out, FieldPath("metadata") / "taints", next.spec.taints);
  if (next.spec.external_id != old.spec.external_id) out.forbidden(spec / "externalID", "may not be updated");
  return std::move(out).take();
}

FieldErrors validate_status(const Object& next_object, const Object& old_object) {
  Problems out;
  check_object_meta_update(out, next_object.meta(), old_object.meta());
  const auto& addresses = next_object.as<Node>().status.addresses;
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (std::find(addresses.begin(), addresses.begin() + static_cast<ptrdiff_t>(i), addresses[i]) !=
        addresses.begin() + static_cast<ptrdiff_t>(i))
      out.duplicate((FieldPath("status") / "addresses")[i], BadValue::of(addresses[i]));
  }
  return std::move(out).take();
}

std::string status_of(const Node& node) {
  std::string out = "Unknown";
  for (const auto& c : node.status.conditions) {
    if (c.type == "Ready") out = c.status == "True" ? "Ready" : "NotReady";
  }
  return node.spec.unschedulable ? out + ",SchedulingDisabled" : out;
}

std::string roles_of(const Node& node) {
  constexpr std::string_view kPrefix = "node-role.kubernetes.io/";
  std::set<std::string> roles;
  for (const auto& [key, value] : node.metadata.labels) {
    if (key.starts_with(kPrefix) && key.size() > kPrefix.size()) roles.insert(key.substr(kPrefix.size()));
    if (key == "kubernetes.io/role" && !value.empty()) roles.insert(value);
  }
  const std::vector<std::string> list(roles.begin(), roles.end());
  return list.empty() ? "<none>" : join(list, ",");
}

std::string address_of(const Node& node, std::string_view type) {
  for (const auto& a : node.status.addresses) {
    if (a.type == type) return a.address;
  }
  return "<none>";
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& node = object.as<Node>();
  const auto known = [](const std::string& s) { return s.empty() ? std::string("<unknown>") : s; };
  const auto& info = node.status.node_info;
  return {status_of(node),
          roles_of(node),
          age(node.metadata.creation_timestamp, now),
          info.kubelet_version,
          address_of(node, "InternalIP"),
          address_of(node, "ExternalIP"),
          known(info.os_image),
          known(info.kernel_version),
          known(info.container_runtime_version)};
}

std::optional<std::string> select_field(const Object& object, std::string_view path) {
  if (path == "spec.unschedulable") return object.as<Node>().spec.unschedulable ? "true" : "false";
  return std::nullopt;
}

}  // namespace

template <>
const KindInfo& kind_of<Node>() {
  static const KindInfo info{
      .group = "",
      .version = "v1",
      .kind = "Node",
      .plural = "nodes",
      .singular = "node",
      .short_names = {"no"},
      .categories = {},
      .namespaced = false,
      .has_status = true,
      .has_scale = false,
      .other_subresources = {},
      .type = &type_info<Node>,
      .make = [] { return make_object(Node{}); },
      .set_defaults = set_defaults,
      .prepare_update = prepare_update,
      .validate = validate,
      .validate_update = validate_update,
      .validate_status = validate_status,
      .columns = {{"Status", "string"},
                  {"Roles", "string"},
                  {"Age", "string"},
                  {"Version", "string"},
                  {"Internal-IP", "string", "", 1},
                  {"External-IP", "string", "", 1},
                  {"OS-Image", "string", "", 1},
                  {"Kernel-Version", "string", "", 1},
                  {"Container-Runtime", "string", "", 1}},
      .row = row,
      .field = select_field,
  };
  return info;
}

}  // namespace fairlead::api
