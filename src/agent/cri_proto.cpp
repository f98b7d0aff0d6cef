#include "agent/cri_proto.h"

namespace fairlead::agent {
namespace {

namespace v1 = runtime::v1;

// The kubelet's lists; runtimes mask nothing of their own when CRI speaks.
constexpr const char* kMasked[] = {"/proc/asound",     "/proc/acpi",        "/proc/interrupts",
                                   "/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
                                   "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
                                   "/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap"};
constexpr const char* kReadOnly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

// CRI's times are nanoseconds since 1970; 0 is unset.
WallTime time_of(int64_t nanoseconds) { return WallTime(std::chrono::microseconds(nanoseconds / 1000)); }

template <class Map>
void fill(Map* to, const StringMap& from) {
  for (const auto& [key, value] : from) (*to)[key] = value;
}
template <class Map>
StringMap map_of(const Map& from) {
  return {from.begin(), from.end()};
}

void fill(v1::NamespaceOption* to, const NamespaceOptions& from, bool container) {
  to->set_network(from.host_network ? v1::NODE : v1::POD);
  to->set_pid(from.host_pid ? v1::NODE : from.share_pid ? v1::POD : container ? v1::CONTAINER : v1::POD);
  to->set_ipc(from.host_ipc ? v1::NODE : v1::POD);
}

v1::MountPropagation propagation_of(const std::string& name) {
  if (name == "HostToContainer") return v1::PROPAGATION_HOST_TO_CONTAINER;
  if (name == "Bidirectional") return v1::PROPAGATION_BIDIRECTIONAL;
  return v1::PROPAGATION_PRIVATE;
}

ContainerState state_of(v1::ContainerState state) {
  switch (state) {
    case v1::CONTAINER_CREATED:
      return ContainerState::kCreated;
    case v1::CONTAINER_RUNNING:
      return ContainerState::kRunning;
    case v1::CONTAINER_EXITED:
      return ContainerState::kExited;
    default:
      return ContainerState::kUnknown;
  }
}

template <class Message>
Sandbox sandbox_of(const Message& m) {
  return {.id = m.id(),
          .name = m.metadata().name(),
          .uid = m.metadata().uid(),
          .ns = m.metadata().namespace_(),
          .attempt = m.metadata().attempt(),
          .ready = m.state() == v1::SANDBOX_READY,
          .created_at = time_of(m.created_at()),
          .labels = map_of(m.labels()),
          .annotations = map_of(m.annotations())};
}

}  // namespace

v1::PodSandboxConfig to_proto(const SandboxSpec& spec) {
  v1::PodSandboxConfig out;
  out.mutable_metadata()->set_name(spec.name);
  out.mutable_metadata()->set_uid(spec.uid);
  out.mutable_metadata()->set_namespace_(spec.ns);
  out.mutable_metadata()->set_attempt(spec.attempt);
  out.set_hostname(spec.hostname);
  out.set_log_directory(spec.log_directory);
  if (spec.dns) {
    for (const auto& server : spec.dns->servers) out.mutable_dns_config()->add_servers(server);
    for (const auto& search : spec.dns->searches) out.mutable_dns_config()->add_searches(search);
    for (const auto& option : spec.dns->options) out.mutable_dns_config()->add_options(option);
  }
  for (const PortMapping& port : spec.ports) {
    v1::PortMapping* p = out.add_port_mappings();
    p->set_protocol(static_cast<v1::Protocol>(port.protocol));
    p->set_container_port(port.container_port);
    p->set_host_port(port.host_port);
    p->set_host_ip(port.host_ip);
  }
  fill(out.mutable_labels(), spec.labels);
  fill(out.mutable_annotations(), spec.annotations);
  v1::LinuxPodSandboxConfig* linux_part = out.mutable_linux();
  linux_part->set_cgroup_parent(spec.cgroup_parent);
  fill(linux_part->mutable_sysctls(), spec.sysctls);
  v1::LinuxSandboxSecurityContext* security = linux_part->mutable_security_context();
  fill(security->mutable_namespace_options(), spec.namespaces, false);
  security->set_privileged(spec.privileged);
  if (spec.run_as_user) security->mutable_run_as_user()->set_value(*spec.run_as_user);
  if (spec.run_as_group) security->mutable_run_as_group()->set_value(*spec.run_as_group);
  for (const int64_t group : spec.supplemental_groups) security->add_supplemental_groups(group);
  security->mutable_seccomp()->set_profile_type(v1::SecurityProfile::RuntimeDefault);
  return out;
}

v1::ContainerConfig to_proto(const ContainerSpec& spec, const NamespaceOptions& namespaces) {
  v1::ContainerConfig out;
  out.mutable_metadata()->set_name(spec.name);
  out.mutable_metadata()->set_attempt(spec.attempt);
  out.mutable_image()->set_image(spec.image);
  for (const auto& word : spec.command) out.add_command(word);
  for (const auto& word : spec.args) out.add_args(word);
  out.set_working_dir(spec.working_dir);
  for (const auto& [key, value] : spec.env) {
    v1::KeyValue* env = out.add_envs();
    env->set_key(key);
    env->set_value(value);
  }
  for (const CriMount& mount : spec.mounts) {
    v1::Mount* m = out.add_mounts();
    m->set_container_path(mount.container_path);
    m->set_host_path(mount.host_path);
    m->set_readonly(mount.readonly);
    m->set_propagation(propagation_of(mount.propagation));
  }
  fill(out.mutable_labels(), spec.labels);
  fill(out.mutable_annotations(), spec.annotations);
  out.set_log_path(spec.log_path);
  out.set_stdin(spec.stdin);
  out.set_stdin_once(spec.stdin_once);
  out.set_tty(spec.tty);
  v1::LinuxContainerResources* resources = out.mutable_linux()->mutable_resources();
  resources->set_cpu_period(spec.resources.cpu_period);
  resources->set_cpu_quota(spec.resources.cpu_quota);
  resources->set_cpu_shares(spec.resources.cpu_shares);
  resources->set_memory_limit_in_bytes(spec.resources.memory_limit);
  resources->set_oom_score_adj(spec.resources.oom_score_adj);
  const CriSecurity& from = spec.security;
  v1::LinuxContainerSecurityContext* security = out.mutable_linux()->mutable_security_context();
  for (const auto& name : from.add_capabilities) security->mutable_capabilities()->add_add_capabilities(name);
  for (const auto& name : from.drop_capabilities) security->mutable_capabilities()->add_drop_capabilities(name);
  security->set_privileged(from.privileged);
  fill(security->mutable_namespace_options(), namespaces, true);
  if (from.run_as_user) security->mutable_run_as_user()->set_value(*from.run_as_user);
  if (from.run_as_group) security->mutable_run_as_group()->set_value(*from.run_as_group);
  security->set_readonly_rootfs(from.readonly_rootfs);
  for (const int64_t group : from.supplemental_groups) security->add_supplemental_groups(group);
  security->set_no_new_privs(from.no_new_privs);
  // Runtimes clear these lists for privileged containers.
  if (!from.proc_unmasked) {
    for (const char* path : kMasked) security->add_masked_paths(path);
    for (const char* path : kReadOnly) security->add_readonly_paths(path);
  }
  security->mutable_seccomp()->set_profile_type(from.seccomp_unconfined ? v1::SecurityProfile::Unconfined
                                                                        : v1::SecurityProfile::RuntimeDefault);
  return out;
}

Sandbox from_proto(const v1::PodSandbox& message) { return sandbox_of(message); }

SandboxStatus from_proto(const v1::PodSandboxStatus& message) {
  SandboxStatus out{.sandbox = sandbox_of(message), .ips = {}};
  if (!message.network().ip().empty()) out.ips.push_back(message.network().ip());
  for (const auto& more : message.network().additional_ips()) out.ips.push_back(more.ip());
  return out;
}

CriContainer from_proto(const v1::Container& m) {
  CriContainer out;
  out.id = m.id();
  out.sandbox_id = m.pod_sandbox_id();
  out.name = m.metadata().name();
  out.attempt = m.metadata().attempt();
  out.state = state_of(m.state());
  out.image = m.image().image();
  out.image_ref = m.image_ref();
  out.created_at = time_of(m.created_at());
  out.labels = map_of(m.labels());
  out.annotations = map_of(m.annotations());
  return out;
}

CriContainer from_proto(const v1::ContainerStatus& m) {
  CriContainer out;
  out.id = m.id();
  out.name = m.metadata().name();
  out.attempt = m.metadata().attempt();
  out.state = state_of(m.state());
  out.image = m.image().image();
  out.image_ref = m.image_ref();
  out.created_at = time_of(m.created_at());
  out.started_at = time_of(m.started_at());
  out.finished_at = time_of(m.finished_at());
  out.exit_code = m.exit_code();
  out.reason = m.reason();
  out.message = m.message();
  out.labels = map_of(m.labels());
  out.annotations = map_of(m.annotations());
  out.log_path = m.log_path();
  return out;
}

CriImage from_proto(const v1::Image& m) {
  CriImage out;
  out.id = m.id();
  out.tags = {m.repo_tags().begin(), m.repo_tags().end()};
  out.digests = {m.repo_digests().begin(), m.repo_digests().end()};
  out.size = m.size();
  if (m.has_uid()) out.uid = m.uid().value();
  out.username = m.username();
  return out;
}

}  // namespace fairlead::agent
