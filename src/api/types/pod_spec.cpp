#include "api/types/pod_spec.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<EphemeralContainerCommon>() {
  using T = EphemeralContainerCommon;
  static const TypeInfo info(
      "io.k8s.api.core.v1.EphemeralContainerCommon",
      {
          field(&T::name, "name", 1, kRequired),
          field(&T::image, "image", 2, kOmitEmpty),
          field(&T::command, "command", 3, kOmitEmpty),
          field(&T::args, "args", 4, kOmitEmpty),
          field(&T::working_dir, "workingDir", 5, kOmitEmpty),
          field(&T::ports, "ports", 6, kOmitEmpty | kPatchMerge | kListMap, "containerPort", "containerPort,protocol"),
          field(&T::env_from, "envFrom", 19, kOmitEmpty),
          field(&T::env, "env", 7, kOmitEmpty | kPatchMerge | kListMap, "name", "name"),
          field(&T::resources, "resources", 8, kOmitEmpty),
          field(&T::resize_policy, "resizePolicy", 23, kOmitEmpty),
          field(&T::restart_policy, "restartPolicy", 24, kOmitEmpty),
          field(&T::restart_policy_rules, "restartPolicyRules", 25, kOmitEmpty),
          field(&T::volume_mounts, "volumeMounts", 9, kOmitEmpty | kPatchMerge | kListMap, "mountPath", "mountPath"),
          field(&T::volume_devices, "volumeDevices", 21, kOmitEmpty | kPatchMerge | kListMap, "devicePath",
                "devicePath"),
          field(&T::liveness_probe, "livenessProbe", 10, kOmitEmpty),
          field(&T::readiness_probe, "readinessProbe", 11, kOmitEmpty),
          field(&T::startup_probe, "startupProbe", 22, kOmitEmpty),
          field(&T::lifecycle, "lifecycle", 12, kOmitEmpty),
          field(&T::termination_message_path, "terminationMessagePath", 13, kOmitEmpty),
          field(&T::termination_message_policy, "terminationMessagePolicy", 20, kOmitEmpty),
          field(&T::image_pull_policy, "imagePullPolicy", 14, kOmitEmpty),
          field(&T::security_context, "securityContext", 15, kOmitEmpty),
          field(&T::stdin, "stdin", 16, kOmitEmpty),
          field(&T::stdin_once, "stdinOnce", 17, kOmitEmpty),
          field(&T::tty, "tty", 18, kOmitEmpty),
      });
  return info;
}

template <>
const TypeInfo& type_info<EphemeralContainer>() {
  using T = EphemeralContainer;
  static const TypeInfo info("io.k8s.api.core.v1.EphemeralContainer",
                             {
                                 field(&T::ephemeral_container_common, "", 1, kInline),
                                 field(&T::target_container_name, "targetContainerName", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<HostAlias>() {
  using T = HostAlias;
  static const TypeInfo info("io.k8s.api.core.v1.HostAlias", {
                                                                 field(&T::ip, "ip", 1, kRequired),
                                                                 field(&T::hostnames, "hostnames", 2, kOmitEmpty),
                                                             });
  return info;
}

template <>
const TypeInfo& type_info<PodDNSConfigOption>() {
  using T = PodDNSConfigOption;
  static const TypeInfo info("io.k8s.api.core.v1.PodDNSConfigOption", {
                                                                          field(&T::name, "name", 1, kOmitEmpty),
                                                                          field(&T::value, "value", 2, kOmitEmpty),
                                                                      });
  return info;
}

template <>
const TypeInfo& type_info<PodDNSConfig>() {
  using T = PodDNSConfig;
  static const TypeInfo info("io.k8s.api.core.v1.PodDNSConfig",
                             {
                                 field(&T::nameservers, "nameservers", 1, kOmitEmpty),
                                 field(&T::searches, "searches", 2, kOmitEmpty),
                                 field(&T::options, "options", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PodReadinessGate>() {
  using T = PodReadinessGate;
  static const TypeInfo info("io.k8s.api.core.v1.PodReadinessGate",
                             {
                                 field(&T::condition_type, "conditionType", 1, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PodOS>() {
  using T = PodOS;
  static const TypeInfo info("io.k8s.api.core.v1.PodOS", {
                                                             field(&T::name, "name", 1, kRequired),
                                                         });
  return info;
}

template <>
const TypeInfo& type_info<PodSpec>() {
  using T = PodSpec;
  static const TypeInfo info(
      "io.k8s.api.core.v1.PodSpec",
      {
          field(&T::volumes, "volumes", 1, kOmitEmpty | kPatchMerge | kRetainKeys | kListMap, "name", "name"),
          field(&T::init_containers, "initContainers", 20, kOmitEmpty | kPatchMerge | kListMap, "name", "name"),
          field(&T::containers, "containers", 2, kRequired | kPatchMerge | kListMap, "name", "name"),
          field(&T::ephemeral_containers, "ephemeralContainers", 34, kOmitEmpty | kPatchMerge | kListMap, "name",
                "name"),
          field(&T::restart_policy, "restartPolicy", 3, kOmitEmpty),
          field(&T::termination_grace_period_seconds, "terminationGracePeriodSeconds", 4, kOmitEmpty),
          field(&T::active_deadline_seconds, "activeDeadlineSeconds", 5, kOmitEmpty),
          field(&T::dns_policy, "dnsPolicy", 6, kOmitEmpty),
          field(&T::node_selector, "nodeSelector", 7, kOmitEmpty | kAtomic),
          field(&T::service_account_name, "serviceAccountName", 8, kOmitEmpty),
          field(&T::service_account, "serviceAccount", 9, kOmitEmpty),
          field(&T::automount_service_account_token, "automountServiceAccountToken", 21, kOmitEmpty),
          field(&T::node_name, "nodeName", 10, kOmitEmpty),
          field(&T::host_network, "hostNetwork", 11, kOmitEmpty),
          field(&T::host_pid, "hostPID", 12, kOmitEmpty),
          field(&T::host_ipc, "hostIPC", 13, kOmitEmpty),
          field(&T::share_process_namespace, "shareProcessNamespace", 27, kOmitEmpty),
          field(&T::security_context, "securityContext", 14, kOmitEmpty),
          field(&T::image_pull_secrets, "imagePullSecrets", 15, kOmitEmpty | kPatchMerge | kListMap, "name", "name"),
          field(&T::hostname, "hostname", 16, kOmitEmpty),
          field(&T::subdomain, "subdomain", 17, kOmitEmpty),
          field(&T::affinity, "affinity", 18, kOmitEmpty),
          field(&T::scheduler_name, "schedulerName", 19, kOmitEmpty),
          field(&T::tolerations, "tolerations", 22, kOmitEmpty),
          field(&T::host_aliases, "hostAliases", 23, kOmitEmpty | kPatchMerge | kListMap, "ip", "ip"),
          field(&T::priority_class_name, "priorityClassName", 24, kOmitEmpty),
          field(&T::priority, "priority", 25, kOmitEmpty),
          field(&T::dns_config, "dnsConfig", 26, kOmitEmpty),
          field(&T::readiness_gates, "readinessGates", 28, kOmitEmpty),
          field(&T::runtime_class_name, "runtimeClassName", 29, kOmitEmpty),
          field(&T::enable_service_links, "enableServiceLinks", 30, kOmitEmpty),
          field(&T::preemption_policy, "preemptionPolicy", 31, kOmitEmpty),
          field(&T::overhead, "overhead", 32, kOmitEmpty),
          field(&T::topology_spread_constraints, "topologySpreadConstraints", 33, kOmitEmpty | kPatchMerge | kListMap,
                "topologyKey", "topologyKey,whenUnsatisfiable"),
          field(&T::set_hostname_as_fqdn, "setHostnameAsFQDN", 35, kOmitEmpty),
          field(&T::os, "os", 36, kOmitEmpty),
          field(&T::host_users, "hostUsers", 37, kOmitEmpty),
          field(&T::scheduling_gates, "schedulingGates", 38, kOmitEmpty | kPatchMerge | kListMap, "name", "name"),
          field(&T::resource_claims, "resourceClaims", 39, kOmitEmpty | kPatchMerge | kRetainKeys | kListMap, "name",
                "name"),
          field(&T::resources, "resources", 40, kOmitEmpty),
          field(&T::hostname_override, "hostnameOverride", 41, kOmitEmpty),
          field(&T::workload_ref, "workloadRef", 42, kOmitEmpty),
      });
  return info;
}

}  // namespace fairlead::api
