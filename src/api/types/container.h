// Container, Sysctl, PodSecurityContext and what they consist of.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"
#include "api/types/object_reference.h"

namespace fairlead::api {

struct ObjectFieldSelector {
  std::string api_version;
  std::string field_path;
  bool operator==(const ObjectFieldSelector&) const = default;
};
template <>
const TypeInfo& type_info<ObjectFieldSelector>();

struct ResourceFieldSelector {
  std::string container_name;
  std::string resource;
  Quantity divisor;
  bool operator==(const ResourceFieldSelector&) const = default;
};
template <>
const TypeInfo& type_info<ResourceFieldSelector>();

struct ContainerPort {
  std::string name;
  int32_t host_port = 0;
  int32_t container_port = 0;
  std::string protocol;
  std::string host_ip;
  bool operator==(const ContainerPort&) const = default;
};
template <>
const TypeInfo& type_info<ContainerPort>();

struct ConfigMapEnvSource {
  LocalObjectReference local_object_reference;
  std::optional<bool> optional;
  bool operator==(const ConfigMapEnvSource&) const = default;
};
template <>
const TypeInfo& type_info<ConfigMapEnvSource>();

struct SecretEnvSource {
  LocalObjectReference local_object_reference;
  std::optional<bool> optional;
  bool operator==(const SecretEnvSource&) const = default;
};
template <>
const TypeInfo& type_info<SecretEnvSource>();

struct EnvFromSource {
  std::string prefix;
  Box<ConfigMapEnvSource> config_map_ref;
  Box<SecretEnvSource> secret_ref;
  bool operator==(const EnvFromSource&) const = default;
};
template <>
const TypeInfo& type_info<EnvFromSource>();

struct ConfigMapKeySelector {
  LocalObjectReference local_object_reference;
  std::string key;
  std::optional<bool> optional;
  bool operator==(const ConfigMapKeySelector&) const = default;
};
template <>
const TypeInfo& type_info<ConfigMapKeySelector>();

struct SecretKeySelector {
  LocalObjectReference local_object_reference;
  std::string key;
  std::optional<bool> optional;
  bool operator==(const SecretKeySelector&) const = default;
};
template <>
const TypeInfo& type_info<SecretKeySelector>();

struct FileKeySelector {
  std::string volume_name;
  std::string path;
  std::string key;
  std::optional<bool> optional;
  bool operator==(const FileKeySelector&) const = default;
};
template <>
const TypeInfo& type_info<FileKeySelector>();

struct EnvVarSource {
  Box<ObjectFieldSelector> field_ref;
  Box<ResourceFieldSelector> resource_field_ref;
  Box<ConfigMapKeySelector> config_map_key_ref;
  Box<SecretKeySelector> secret_key_ref;
  Box<FileKeySelector> file_key_ref;
  bool operator==(const EnvVarSource&) const = default;
};
template <>
const TypeInfo& type_info<EnvVarSource>();

struct EnvVar {
  std::string name;
  std::string value;
  Box<EnvVarSource> value_from;
  bool operator==(const EnvVar&) const = default;
};
template <>
const TypeInfo& type_info<EnvVar>();

struct ResourceClaim {
  std::string name;
  std::string request;
  bool operator==(const ResourceClaim&) const = default;
};
template <>
const TypeInfo& type_info<ResourceClaim>();

struct ResourceRequirements {
  std::map<std::string, Quantity> limits;
  std::map<std::string, Quantity> requests;
  std::vector<ResourceClaim> claims;
  bool operator==(const ResourceRequirements&) const = default;
};
template <>
const TypeInfo& type_info<ResourceRequirements>();

struct ContainerResizePolicy {
  std::string resource_name;
  std::string restart_policy;
  bool operator==(const ContainerResizePolicy&) const = default;
};
template <>
const TypeInfo& type_info<ContainerResizePolicy>();

struct ContainerRestartRuleOnExitCodes {
  std::string operator_;
  std::vector<int32_t> values;
  bool operator==(const ContainerRestartRuleOnExitCodes&) const = default;
};
template <>
const TypeInfo& type_info<ContainerRestartRuleOnExitCodes>();

struct ContainerRestartRule {
  std::string action;
  Box<ContainerRestartRuleOnExitCodes> exit_codes;
  bool operator==(const ContainerRestartRule&) const = default;
};
template <>
const TypeInfo& type_info<ContainerRestartRule>();

struct VolumeMount {
  std::string name;
  bool read_only = false;
  std::optional<std::string> recursive_read_only;
  std::string mount_path;
  std::string sub_path;
  std::optional<std::string> mount_propagation;
  std::string sub_path_expr;
  bool operator==(const VolumeMount&) const = default;
};
template <>
const TypeInfo& type_info<VolumeMount>();

struct VolumeDevice {
  std::string name;
  std::string device_path;
  bool operator==(const VolumeDevice&) const = default;
};
template <>
const TypeInfo& type_info<VolumeDevice>();

struct ExecAction {
  std::vector<std::string> command;
  bool operator==(const ExecAction&) const = default;
};
template <>
const TypeInfo& type_info<ExecAction>();

struct HTTPHeader {
  std::string name;
  std::string value;
  bool operator==(const HTTPHeader&) const = default;
};
template <>
const TypeInfo& type_info<HTTPHeader>();

struct HTTPGetAction {
  std::string path;
  IntOrString port;
  std::string host;
  std::string scheme;
  std::vector<HTTPHeader> http_headers;
  bool operator==(const HTTPGetAction&) const = default;
};
template <>
const TypeInfo& type_info<HTTPGetAction>();

struct TCPSocketAction {
  IntOrString port;
  std::string host;
  bool operator==(const TCPSocketAction&) const = default;
};
template <>
const TypeInfo& type_info<TCPSocketAction>();

struct GRPCAction {
  int32_t port = 0;
  std::optional<std::string> service;
  bool operator==(const GRPCAction&) const = default;
};
template <>
const TypeInfo& type_info<GRPCAction>();

struct ProbeHandler {
  Box<ExecAction> exec;
  Box<HTTPGetAction> http_get;
  Box<TCPSocketAction> tcp_socket;
  Box<GRPCAction> grpc;
  bool operator==(const ProbeHandler&) const = default;
};
template <>
const TypeInfo& type_info<ProbeHandler>();

struct Probe {
  ProbeHandler handler;
  int32_t initial_delay_seconds = 0;
  int32_t timeout_seconds = 0;
  int32_t period_seconds = 0;
  int32_t success_threshold = 0;
  int32_t failure_threshold = 0;
  std::optional<int64_t> termination_grace_period_seconds;
  bool operator==(const Probe&) const = default;
};
template <>
const TypeInfo& type_info<Probe>();

struct SleepAction {
  int64_t seconds = 0;
  bool operator==(const SleepAction&) const = default;
};
template <>
const TypeInfo& type_info<SleepAction>();

struct LifecycleHandler {
  Box<ExecAction> exec;
  Box<HTTPGetAction> http_get;
  Box<TCPSocketAction> tcp_socket;
  Box<SleepAction> sleep;
  bool operator==(const LifecycleHandler&) const = default;
};
template <>
const TypeInfo& type_info<LifecycleHandler>();

struct Lifecycle {
  Box<LifecycleHandler> post_start;
  Box<LifecycleHandler> pre_stop;
  std::optional<std::string> stop_signal;
  bool operator==(const Lifecycle&) const = default;
};
template <>
const TypeInfo& type_info<Lifecycle>();

struct Capabilities {
  std::vector<std::string> add;
  std::vector<std::string> drop;
  bool operator==(const Capabilities&) const = default;
};
template <>
const TypeInfo& type_info<Capabilities>();

struct SELinuxOptions {
  std::string user;
  std::string role;
  std::string type;
  std::string level;
  bool operator==(const SELinuxOptions&) const = default;
};
template <>
const TypeInfo& type_info<SELinuxOptions>();

struct WindowsSecurityContextOptions {
  std::optional<std::string> gmsa_credential_spec_name;
  std::optional<std::string> gmsa_credential_spec;
  std::optional<std::string> run_as_user_name;
  std::optional<bool> host_process;
  bool operator==(const WindowsSecurityContextOptions&) const = default;
};
template <>
const TypeInfo& type_info<WindowsSecurityContextOptions>();

struct SeccompProfile {
  std::string type;
  std::optional<std::string> localhost_profile;
  bool operator==(const SeccompProfile&) const = default;
};
template <>
const TypeInfo& type_info<SeccompProfile>();

struct AppArmorProfile {
  std::string type;
  std::optional<std::string> localhost_profile;
  bool operator==(const AppArmorProfile&) const = default;
};
template <>
const TypeInfo& type_info<AppArmorProfile>();

struct SecurityContext {
  Box<Capabilities> capabilities;
  std::optional<bool> privileged;
  Box<SELinuxOptions> se_linux_options;
  Box<WindowsSecurityContextOptions> windows_options;
  std::optional<int64_t> run_as_user;
  std::optional<int64_t> run_as_group;
  std::optional<bool> run_as_non_root;
  std::optional<bool> read_only_root_filesystem;
  std::optional<bool> allow_privilege_escalation;
  std::optional<std::string> proc_mount;
  Box<SeccompProfile> seccomp_profile;
  Box<AppArmorProfile> app_armor_profile;
  bool operator==(const SecurityContext&) const = default;
};
template <>
const TypeInfo& type_info<SecurityContext>();

struct Container {
  std::string name;
  std::string image;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::string working_dir;
  std::vector<ContainerPort> ports;
  std::vector<EnvFromSource> env_from;
  std::vector<EnvVar> env;
  ResourceRequirements resources;
  std::vector<ContainerResizePolicy> resize_policy;
  std::optional<std::string> restart_policy;
  std::vector<ContainerRestartRule> restart_policy_rules;
  std::vector<VolumeMount> volume_mounts;
  std::vector<VolumeDevice> volume_devices;
  Box<Probe> liveness_probe;
  Box<Probe> readiness_probe;
  Box<Probe> startup_probe;
  Box<Lifecycle> lifecycle;
  std::string termination_message_path;
  std::string termination_message_policy;
  std::string image_pull_policy;
  Box<SecurityContext> security_context;
  bool stdin = false;
  bool stdin_once = false;
  bool tty = false;
  bool operator==(const Container&) const = default;
};
template <>
const TypeInfo& type_info<Container>();

struct Sysctl {
  std::string name;
  std::string value;
  bool operator==(const Sysctl&) const = default;
};
template <>
const TypeInfo& type_info<Sysctl>();

struct PodSecurityContext {
  Box<SELinuxOptions> se_linux_options;
  Box<WindowsSecurityContextOptions> windows_options;
  std::optional<int64_t> run_as_user;
  std::optional<int64_t> run_as_group;
  std::optional<bool> run_as_non_root;
  std::vector<int64_t> supplemental_groups;
  std::optional<std::string> supplemental_groups_policy;
  std::optional<int64_t> fs_group;
  std::vector<Sysctl> sysctls;
  std::optional<std::string> fs_group_change_policy;
  Box<SeccompProfile> seccomp_profile;
  Box<AppArmorProfile> app_armor_profile;
  std::optional<std::string> se_linux_change_policy;
  bool operator==(const PodSecurityContext&) const = default;
};
template <>
const TypeInfo& type_info<PodSecurityContext>();

}  // namespace fairlead::api
