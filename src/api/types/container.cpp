#include "api/types/container.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<ObjectFieldSelector>() {
  using T = ObjectFieldSelector;
  static const TypeInfo info("io.k8s.api.core.v1.ObjectFieldSelector",
                             {
                                 field(&T::api_version, "apiVersion", 1, kOmitEmpty),
                                 field(&T::field_path, "fieldPath", 2, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ResourceFieldSelector>() {
  using T = ResourceFieldSelector;
  static const TypeInfo info("io.k8s.api.core.v1.ResourceFieldSelector",
                             {
                                 field(&T::container_name, "containerName", 1, kOmitEmpty),
                                 field(&T::resource, "resource", 2, kRequired),
                                 field(&T::divisor, "divisor", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ContainerPort>() {
  using T = ContainerPort;
  static const TypeInfo info("io.k8s.api.core.v1.ContainerPort",
                             {
                                 field(&T::name, "name", 1, kOmitEmpty),
                                 field(&T::host_port, "hostPort", 2, kOmitEmpty),
                                 field(&T::container_port, "containerPort", 3, kRequired),
                                 field(&T::protocol, "protocol", 4, kOmitEmpty),
                                 field(&T::host_ip, "hostIP", 5, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ConfigMapEnvSource>() {
  using T = ConfigMapEnvSource;
  static const TypeInfo info("io.k8s.api.core.v1.ConfigMapEnvSource",
                             {
                                 field(&T::local_object_reference, "", 1, kInline),
                                 field(&T::optional, "optional", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SecretEnvSource>() {
  using T = SecretEnvSource;
  static const TypeInfo info("io.k8s.api.core.v1.SecretEnvSource",
                             {
                                 field(&T::local_object_reference, "", 1, kInline),
                                 field(&T::optional, "optional", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<EnvFromSource>() {
  using T = EnvFromSource;
  static const TypeInfo info("io.k8s.api.core.v1.EnvFromSource",
                             {
                                 field(&T::prefix, "prefix", 1, kOmitEmpty),
                                 field(&T::config_map_ref, "configMapRef", 2, kOmitEmpty),
                                 field(&T::secret_ref, "secretRef", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ConfigMapKeySelector>() {
  using T = ConfigMapKeySelector;
  static const TypeInfo info("io.k8s.api.core.v1.ConfigMapKeySelector",
                             {
                                 field(&T::local_object_reference, "", 1, kInline),
                                 field(&T::key, "key", 2, kRequired),
                                 field(&T::optional, "optional", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SecretKeySelector>() {
  using T = SecretKeySelector;
  static const TypeInfo info("io.k8s.api.core.v1.SecretKeySelector",
                             {
                                 field(&T::local_object_reference, "", 1, kInline),
                                 field(&T::key, "key", 2, kRequired),
                                 field(&T::optional, "optional", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<FileKeySelector>() {
  using T = FileKeySelector;
  static const TypeInfo info("io.k8s.api.core.v1.FileKeySelector",
                             {
                                 field(&T::volume_name, "volumeName", 1, kRequired),
                                 field(&T::path, "path", 2, kRequired),
                                 field(&T::key, "key", 3, kRequired),
                                 field(&T::optional, "optional", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<EnvVarSource>() {
  using T = EnvVarSource;
  static const TypeInfo info("io.k8s.api.core.v1.EnvVarSource",
                             {
                                 field(&T::field_ref, "fieldRef", 1, kOmitEmpty),
                                 field(&T::resource_field_ref, "resourceFieldRef", 2, kOmitEmpty),
                                 field(&T::config_map_key_ref, "configMapKeyRef", 3, kOmitEmpty),
                                 field(&T::secret_key_ref, "secretKeyRef", 4, kOmitEmpty),
                                 field(&T::file_key_ref, "fileKeyRef", 5, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<EnvVar>() {
  using T = EnvVar;
  static const TypeInfo info("io.k8s.api.core.v1.EnvVar", {
                                                              field(&T::name, "name", 1, kRequired),
                                                              field(&T::value, "value", 2, kOmitEmpty),
                                                              field(&T::value_from, "valueFrom", 3, kOmitEmpty),
                                                          });
  return info;
}

template <>
const TypeInfo& type_info<ResourceClaim>() {
  using T = ResourceClaim;
  static const TypeInfo info("io.k8s.api.core.v1.ResourceClaim", {
                                                                     field(&T::name, "name", 1, kRequired),
                                                                     field(&T::request, "request", 2, kOmitEmpty),
                                                                 });
  return info;
}

template <>
const TypeInfo& type_info<ResourceRequirements>() {
  using T = ResourceRequirements;
  static const TypeInfo info("io.k8s.api.core.v1.ResourceRequirements",
                             {
                                 field(&T::limits, "limits", 1, kOmitEmpty),
                                 field(&T::requests, "requests", 2, kOmitEmpty),
                                 field(&T::claims, "claims", 3, kOmitEmpty | kListMap, "", "name"),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ContainerResizePolicy>() {
  using T = ContainerResizePolicy;
  static const TypeInfo info("io.k8s.api.core.v1.ContainerResizePolicy",
                             {
                                 field(&T::resource_name, "resourceName", 1, kRequired),
                                 field(&T::restart_policy, "restartPolicy", 2, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ContainerRestartRuleOnExitCodes>() {
  using T = ContainerRestartRuleOnExitCodes;
  static const TypeInfo info("io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes",
                             {
                                 field(&T::operator_, "operator", 1, kOmitEmpty),
                                 field(&T::values, "values", 2, kOmitEmpty | kListSet),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ContainerRestartRule>() {
  using T = ContainerRestartRule;
  static const TypeInfo info("io.k8s.api.core.v1.ContainerRestartRule",
                             {
                                 field(&T::action, "action", 1, kOmitEmpty),
                                 field(&T::exit_codes, "exitCodes", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<VolumeMount>() {
  using T = VolumeMount;
  static const TypeInfo info("io.k8s.api.core.v1.VolumeMount",
                             {
                                 field(&T::name, "name", 1, kRequired),
                                 field(&T::read_only, "readOnly", 2, kOmitEmpty),
                                 field(&T::recursive_read_only, "recursiveReadOnly", 7, kOmitEmpty),
                                 field(&T::mount_path, "mountPath", 3, kRequired),
                                 field(&T::sub_path, "subPath", 4, kOmitEmpty),
                                 field(&T::mount_propagation, "mountPropagation", 5, kOmitEmpty),
                                 field(&T::sub_path_expr, "subPathExpr", 6, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<VolumeDevice>() {
  using T = VolumeDevice;
  static const TypeInfo info("io.k8s.api.core.v1.VolumeDevice", {
                                                                    field(&T::name, "name", 1, kRequired),
                                                                    field(&T::device_path, "devicePath", 2, kRequired),
                                                                });
  return info;
}

template <>
const TypeInfo& type_info<ExecAction>() {
  using T = ExecAction;
  static const TypeInfo info("io.k8s.api.core.v1.ExecAction", {
                                                                  field(&T::command, "command", 1, kOmitEmpty),
                                                              });
  return info;
}

template <>
const TypeInfo& type_info<HTTPHeader>() {
  using T = HTTPHeader;
  static const TypeInfo info("io.k8s.api.core.v1.HTTPHeader", {
                                                                  field(&T::name, "name", 1, kRequired),
                                                                  field(&T::value, "value", 2, kRequired),
                                                              });
  return info;
}

template <>
const TypeInfo& type_info<HTTPGetAction>() {
  using T = HTTPGetAction;
  static const TypeInfo info("io.k8s.api.core.v1.HTTPGetAction",
                             {
                                 field(&T::path, "path", 1, kOmitEmpty),
                                 field(&T::port, "port", 2, kRequired),
                                 field(&T::host, "host", 3, kOmitEmpty),
                                 field(&T::scheme, "scheme", 4, kOmitEmpty),
                                 field(&T::http_headers, "httpHeaders", 5, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<TCPSocketAction>() {
  using T = TCPSocketAction;
  static const TypeInfo info("io.k8s.api.core.v1.TCPSocketAction", {
                                                                       field(&T::port, "port", 1, kRequired),
                                                                       field(&T::host, "host", 2, kOmitEmpty),
                                                                   });
  return info;
}

template <>
const TypeInfo& type_info<GRPCAction>() {
  using T = GRPCAction;
  static const TypeInfo info("io.k8s.api.core.v1.GRPCAction", {
                                                                  field(&T::port, "port", 1, kRequired),
                                                                  field(&T::service, "service", 2, 0),
                                                              });
  return info;
}

template <>
const TypeInfo& type_info<ProbeHandler>() {
  using T = ProbeHandler;
  static const TypeInfo info("io.k8s.api.core.v1.ProbeHandler", {
                                                                    field(&T::exec, "exec", 1, kOmitEmpty),
                                                                    field(&T::http_get, "httpGet", 2, kOmitEmpty),
                                                                    field(&T::tcp_socket, "tcpSocket", 3, kOmitEmpty),
                                                                    field(&T::grpc, "grpc", 4, kOmitEmpty),
                                                                });
  return info;
}

template <>
const TypeInfo& type_info<Probe>() {
  using T = Probe;
  static const TypeInfo info(
      "io.k8s.api.core.v1.Probe",
      {
          field(&T::handler, "", 1, kInline),
          field(&T::initial_delay_seconds, "initialDelaySeconds", 2, kOmitEmpty),
          field(&T::timeout_seconds, "timeoutSeconds", 3, kOmitEmpty),
          field(&T::period_seconds, "periodSeconds", 4, kOmitEmpty),
          field(&T::success_threshold, "successThreshold", 5, kOmitEmpty),
          field(&T::failure_threshold, "failureThreshold", 6, kOmitEmpty),
          field(&T::termination_grace_period_seconds, "terminationGracePeriodSeconds", 7, kOmitEmpty),
      });
  return info;
}

template <>
const TypeInfo& type_info<SleepAction>() {
  using T = SleepAction;
  static const TypeInfo info("io.k8s.api.core.v1.SleepAction", {
                                                                   field(&T::seconds, "seconds", 1, kRequired),
                                                               });
  return info;
}

template <>
const TypeInfo& type_info<LifecycleHandler>() {
  using T = LifecycleHandler;
  static const TypeInfo info("io.k8s.api.core.v1.LifecycleHandler",
                             {
                                 field(&T::exec, "exec", 1, kOmitEmpty),
                                 field(&T::http_get, "httpGet", 2, kOmitEmpty),
                                 field(&T::tcp_socket, "tcpSocket", 3, kOmitEmpty),
                                 field(&T::sleep, "sleep", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<Lifecycle>() {
  using T = Lifecycle;
  static const TypeInfo info("io.k8s.api.core.v1.Lifecycle", {
                                                                 field(&T::post_start, "postStart", 1, kOmitEmpty),
                                                                 field(&T::pre_stop, "preStop", 2, kOmitEmpty),
                                                                 field(&T::stop_signal, "stopSignal", 3, kOmitEmpty),
                                                             });
  return info;
}

template <>
const TypeInfo& type_info<Capabilities>() {
  using T = Capabilities;
  static const TypeInfo info("io.k8s.api.core.v1.Capabilities", {
                                                                    field(&T::add, "add", 1, kOmitEmpty),
                                                                    field(&T::drop, "drop", 2, kOmitEmpty),
                                                                });
  return info;
}

template <>
const TypeInfo& type_info<SELinuxOptions>() {
  using T = SELinuxOptions;
  static const TypeInfo info("io.k8s.api.core.v1.SELinuxOptions", {
                                                                      field(&T::user, "user", 1, kOmitEmpty),
                                                                      field(&T::role, "role", 2, kOmitEmpty),
                                                                      field(&T::type, "type", 3, kOmitEmpty),
                                                                      field(&T::level, "level", 4, kOmitEmpty),
                                                                  });
  return info;
}

template <>
const TypeInfo& type_info<WindowsSecurityContextOptions>() {
  using T = WindowsSecurityContextOptions;
  static const TypeInfo info("io.k8s.api.core.v1.WindowsSecurityContextOptions",
                             {
                                 field(&T::gmsa_credential_spec_name, "gmsaCredentialSpecName", 1, kOmitEmpty),
                                 field(&T::gmsa_credential_spec, "gmsaCredentialSpec", 2, kOmitEmpty),
                                 field(&T::run_as_user_name, "runAsUserName", 3, kOmitEmpty),
                                 field(&T::host_process, "hostProcess", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SeccompProfile>() {
  using T = SeccompProfile;
  static const TypeInfo info("io.k8s.api.core.v1.SeccompProfile",
                             {
                                 field(&T::type, "type", 1, kRequired),
                                 field(&T::localhost_profile, "localhostProfile", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<AppArmorProfile>() {
  using T = AppArmorProfile;
  static const TypeInfo info("io.k8s.api.core.v1.AppArmorProfile",
                             {
                                 field(&T::type, "type", 1, kRequired),
                                 field(&T::localhost_profile, "localhostProfile", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SecurityContext>() {
  using T = SecurityContext;
  static const TypeInfo info("io.k8s.api.core.v1.SecurityContext",
                             {
                                 field(&T::capabilities, "capabilities", 1, kOmitEmpty),
                                 field(&T::privileged, "privileged", 2, kOmitEmpty),
                                 field(&T::se_linux_options, "seLinuxOptions", 3, kOmitEmpty),
                                 field(&T::windows_options, "windowsOptions", 10, kOmitEmpty),
                                 field(&T::run_as_user, "runAsUser", 4, kOmitEmpty),
                                 field(&T::run_as_group, "runAsGroup", 8, kOmitEmpty),
                                 field(&T::run_as_non_root, "runAsNonRoot", 5, kOmitEmpty),
                                 field(&T::read_only_root_filesystem, "readOnlyRootFilesystem", 6, kOmitEmpty),
                                 field(&T::allow_privilege_escalation, "allowPrivilegeEscalation", 7, kOmitEmpty),
                                 field(&T::proc_mount, "procMount", 9, kOmitEmpty),
                                 field(&T::seccomp_profile, "seccompProfile", 11, kOmitEmpty),
                                 field(&T::app_armor_profile, "appArmorProfile", 12, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<Container>() {
  using T = Container;
  static const TypeInfo info(
      "io.k8s.api.core.v1.Container",
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
const TypeInfo& type_info<Sysctl>() {
  using T = Sysctl;
  static const TypeInfo info("io.k8s.api.core.v1.Sysctl", {
                                                              field(&T::name, "name", 1, kRequired),
                                                              field(&T::value, "value", 2, kRequired),
                                                          });
  return info;
}

template <>
const TypeInfo& type_info<PodSecurityContext>() {
  using T = PodSecurityContext;
  static const TypeInfo info("io.k8s.api.core.v1.PodSecurityContext",
                             {
                                 field(&T::se_linux_options, "seLinuxOptions", 1, kOmitEmpty),
                                 field(&T::windows_options, "windowsOptions", 8, kOmitEmpty),
                                 field(&T::run_as_user, "runAsUser", 2, kOmitEmpty),
                                 field(&T::run_as_group, "runAsGroup", 6, kOmitEmpty),
                                 field(&T::run_as_non_root, "runAsNonRoot", 3, kOmitEmpty),
                                 field(&T::supplemental_groups, "supplementalGroups", 4, kOmitEmpty),
                                 field(&T::supplemental_groups_policy, "supplementalGroupsPolicy", 12, kOmitEmpty),
                                 field(&T::fs_group, "fsGroup", 5, kOmitEmpty),
                                 field(&T::sysctls, "sysctls", 7, kOmitEmpty),
                                 field(&T::fs_group_change_policy, "fsGroupChangePolicy", 9, kOmitEmpty),
                                 field(&T::seccomp_profile, "seccompProfile", 10, kOmitEmpty),
                                 field(&T::app_armor_profile, "appArmorProfile", 11, kOmitEmpty),
                                 field(&T::se_linux_change_policy, "seLinuxChangePolicy", 13, kOmitEmpty),
                             });
  return info;
}

}  // namespace fairlead::api
