#include "agent/pod_config.h"

#include <fmt/format.h>

#include <set>

#include "agent/last_words.h"
#include "api/quantity.h"
#include "base/text.h"

namespace fairlead::agent {
namespace {

int64_t amount(const std::map<std::string, api::Quantity>& of, const std::string& resource, bool milli) {
  const auto found = of.find(resource);
  if (found == of.end()) return 0;
  const api::QuantityValue value = api::value_of(found->second);
  return milli ? value.milli_value() : value.value();
}

// Kubernetes' scale from resources to the kernel's: 1024 shares a CPU, at least 2; a period of 100 ms.
CriResources resources_of(const api::Pod& pod, const api::Container& container, const NodeFacts& node) {
  const auto& limits = container.resources.limits;
  const auto& requests = container.resources.requests;
  CriResources out;
  const int64_t cpu_limit = amount(limits, "cpu", true);
  const int64_t cpu_request = requests.contains("cpu") ? amount(requests, "cpu", true) : cpu_limit;
  out.cpu_shares = std::clamp<int64_t>(cpu_request * 1024 / 1000, 2, 262'144);
  if (cpu_limit > 0) {
    out.cpu_period = 100'000;
    out.cpu_quota = std::max<int64_t>(cpu_limit * out.cpu_period / 1000, 1000);
  }
  out.memory_limit = amount(limits, "memory", false);
  const std::string qos = qos_class(pod);
  if (qos == "Guaranteed") {
    out.oom_score_adj = -997;
  } else if (qos == "BestEffort" || node.memory <= 0) {
    out.oom_score_adj = 1000;
  } else {
    const auto share = static_cast<double>(amount(requests, "memory", false)) / static_cast<double>(node.memory);
    out.oom_score_adj = std::clamp<int64_t>(1000 - static_cast<int64_t>(1000 * share), 3, 999);
  }
  return out;
}

template <class T>
std::optional<T> own_or_pods(const std::optional<T>& own, const std::optional<T>& pods) {
  return own ? own : pods;
}

Result<CriSecurity> security_of(const api::Pod& pod, const api::Container& container, const CriImage& image) {
  const api::PodSecurityContext for_pod =
      pod.spec.security_context ? *pod.spec.security_context : api::PodSecurityContext{};
  const api::SecurityContext own = container.security_context ? *container.security_context : api::SecurityContext{};
  CriSecurity out;
  if (own.capabilities) {
    out.add_capabilities = own.capabilities->add;
    out.drop_capabilities = own.capabilities->drop;
  }
  out.privileged = own.privileged.value_or(false);
  out.proc_unmasked = own.proc_mount == "Unmasked";
  out.run_as_user = own_or_pods(own.run_as_user, for_pod.run_as_user);
  out.run_as_group = own_or_pods(own.run_as_group, for_pod.run_as_group);
  out.readonly_rootfs = own.read_only_root_filesystem.value_or(false);
  out.no_new_privs = !own.allow_privilege_escalation.value_or(true);
  out.supplemental_groups = for_pod.supplemental_groups;
  if (for_pod.fs_group) out.supplemental_groups.push_back(*for_pod.fs_group);
  const auto& seccomp = own.seccomp_profile ? own.seccomp_profile : for_pod.seccomp_profile;
  out.seccomp_unconfined = !seccomp || seccomp->type == "Unconfined";
  // A group alone is refused by runtimes: it goes with the user that the image would run as.
  if (out.run_as_group && !out.run_as_user) out.run_as_user = image.uid.value_or(0);
  if (own_or_pods(own.run_as_non_root, for_pod.run_as_non_root).value_or(false)) {
    if (out.run_as_user ? *out.run_as_user == 0 : image.uid ? *image.uid == 0 : image.username.empty()) {
      return fail(Code::kInvalid, out.run_as_user ? "container's runAsUser breaks non-root policy"
                                                  : "container has runAsNonRoot and image will run as root");
    }
    if (!out.run_as_user && !image.uid) {
      return fail(Code::kInvalid,
                  fmt::format("container has runAsNonRoot and image has non-numeric user ({}), cannot verify "
                              "user is non-root; set runAsUser",
                              image.username));
    }
  }
  return out;
}

NamespaceOptions namespaces_of(const api::Pod& pod) {
  return {.host_network = pod.spec.host_network,
          .host_pid = pod.spec.host_pid,
          .host_ipc = pod.spec.host_ipc,
          .share_pid = pod.spec.share_process_namespace.value_or(false)};
}

std::string host_name(const api::Pod& pod, const NodeFacts& node) {
  if (pod.spec.host_network) return node.name;
  std::string name = pod.spec.hostname.empty() ? pod.metadata.name : pod.spec.hostname;
  if (pod.spec.hostname_override) name = *pod.spec.hostname_override;
  // sethostname(2) takes 64 bytes with the end; a name does not end in '-' or '.'.
  if (name.size() > 63) name.resize(63);
  while (!name.empty() && (name.back() == '-' || name.back() == '.')) name.pop_back();
  return name;
}

// The part of the pod's name in DNS after its host name; empty when it has none.
std::string host_domain(const api::Pod& pod, const NodeFacts& node) {
  if (pod.spec.subdomain.empty() || pod.spec.hostname_override) return "";
  return fmt::format("{}.{}.svc.{}", pod.spec.subdomain, pod.metadata.namespace_, node.dns.domain);
}

bool any_privileged(const api::Pod& pod) {
  const auto privileged = [](const api::Container& c) {
    return c.security_context && c.security_context->privileged.value_or(false);
  };
  return std::ranges::any_of(pod.spec.containers, privileged) ||
         std::ranges::any_of(pod.spec.init_containers, privileged);
}

StringMap pod_labels(const api::Pod& pod) {
  StringMap out(pod.metadata.labels.begin(), pod.metadata.labels.end());
  out[kPodNameLabel] = pod.metadata.name;
  out[kPodNamespaceLabel] = pod.metadata.namespace_;
  out[kPodUidLabel] = pod.metadata.uid;
  return out;
}

// Unlike commands, a subPath must not keep a reference that has no value.
Result<std::string> expand_sub_path(const std::string& text, const EnvMap& env) {
  std::set<std::string> missing;
  const std::string empty;
  std::string out = expand(text, [&](std::string_view name) -> const std::string* {
    const auto found = env.find(std::string(name));
    if (found != env.end() && !found->second.empty()) return &found->second;
    missing.insert(std::string(name));
    return &empty;
  });
  if (missing.empty()) return out;
  return fail(Code::kInvalid,
              "missing value for " + join(std::vector<std::string>(missing.begin(), missing.end()), ", "));
}

Result<CriMount> mount_of(const api::Container& container, const api::VolumeMount& mount, const VolumePaths& volumes,
                          const EnvMap& env) {
  const auto volume = volumes.find(mount.name);
  if (volume == volumes.end()) {
    return fail(Code::kInvalid, fmt::format("cannot find volume {} to mount into container {}", quote(mount.name),
                                            quote(container.name)));
  }
  CriMount out;
  out.container_path = mount.mount_path.starts_with("/") ? mount.mount_path : "/" + mount.mount_path;
  out.host_path = volume->second.path;
  out.readonly = mount.read_only || volume->second.read_only;
  out.volume = mount.name;
  out.sub_path = mount.sub_path;
  if (!mount.sub_path_expr.empty()) {
    FL_TRY(out.sub_path, expand_sub_path(mount.sub_path_expr, env));
  }
  if (out.sub_path.starts_with("/"))
    return fail(Code::kInvalid, fmt::format("error SubPath `{}` must not be an absolute path", out.sub_path));
  if (("/" + out.sub_path + "/").find("/../") != std::string::npos)
    return fail(Code::kInvalid, fmt::format("unable to provision SubPath `{}`: must not contain '..'", out.sub_path));
  if (mount.recursive_read_only == "Enabled")
    return fail(Code::kInvalid,
                "failed to resolve recursive read-only mode: the runtime has no recursive read-only mounts");
  out.propagation = mount.mount_propagation.value_or("");
  return out;
}

}  // namespace

std::string qos_class(const api::Pod& pod) {
  bool any = false;
  bool guaranteed = !pod.spec.containers.empty();
  const auto look = [&](const api::Container& container) {
    for (const char* resource : {"cpu", "memory"}) {
      const int64_t limit = amount(container.resources.limits, resource, true);
      const int64_t request = container.resources.requests.contains(resource)
                                  ? amount(container.resources.requests, resource, true)
                                  : limit;
      if (limit > 0 || request > 0) any = true;
      if (limit <= 0 || limit != request) guaranteed = false;
    }
  };
  for (const api::Container& container : pod.spec.containers) look(container);
  for (const api::Container& container : pod.spec.init_containers) look(container);
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

std::string pod_directory(const NodeFacts& node, std::string_view uid) {
  return fmt::format("{}/{}", node.pods_dir, uid);
}
std::string pod_cgroup(const NodeFacts& node, std::string_view uid) {
  return fmt::format("{}/pod{}", node.cgroup_parent, uid);
}

SandboxSpec sandbox_spec(const api::Pod& pod, const NodeFacts& node, uint32_t attempt) {
  SandboxSpec out;
  out.name = pod.metadata.name;
  out.uid = pod.metadata.uid;
  out.ns = pod.metadata.namespace_;
  out.attempt = attempt;
  if (!pod.spec.host_network) {
    out.hostname = host_name(pod, node);
    const std::string domain = host_domain(pod, node);
    if (pod.spec.set_hostname_as_fqdn.value_or(false) && !domain.empty()) out.hostname += "." + domain;
  }
  out.log_directory = pod_directory(node, pod.metadata.uid) + "/logs";
  out.dns = pod_dns(pod, node.dns, node.resolv_conf);
  if (!pod.spec.host_network) {
    for (const api::Container& container : pod.spec.containers) {
      for (const api::ContainerPort& port : container.ports) {
        if (port.host_port == 0) continue;
        out.ports.push_back({.protocol = parse_protocol(port.protocol).value_or(Protocol::kTcp),
                             .container_port = port.container_port,
                             .host_port = port.host_port,
                             .host_ip = port.host_ip});
      }
    }
  }
  out.labels = pod_labels(pod);
  out.annotations = {pod.metadata.annotations.begin(), pod.metadata.annotations.end()};
  out.cgroup_parent = pod_cgroup(node, pod.metadata.uid);
  out.namespaces = namespaces_of(pod);
  out.privileged = any_privileged(pod);
  if (pod.spec.security_context) {
    const api::PodSecurityContext& context = *pod.spec.security_context;
    out.run_as_user = context.run_as_user;
    if (context.run_as_user) out.run_as_group = context.run_as_group;
    out.supplemental_groups = context.supplemental_groups;
    if (context.fs_group) out.supplemental_groups.push_back(*context.fs_group);
    for (const api::Sysctl& sysctl : context.sysctls) out.sysctls[sysctl.name] = sysctl.value;
  }
  return out;
}

std::string hosts_file(const api::Pod& pod, const NodeFacts& node, const std::vector<std::string>& pod_ips) {
  std::string aliases;
  if (!pod.spec.host_aliases.empty()) aliases += "# spec.hostAliases\n";
  for (const api::HostAlias& alias : pod.spec.host_aliases)
    aliases += fmt::format("{}\t{}\n", alias.ip, join(alias.hostnames, "\t"));
  if (pod.spec.host_network) return node.hosts + aliases;
  std::string out =
      "# Written by the node agent.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";
  const std::string host = host_name(pod, node);
  const std::string domain = host_domain(pod, node);
  const std::string full = domain.empty() ? "" : fmt::format("{}.{}\t", host, domain);
  for (const std::string& ip : pod_ips) out += fmt::format("{}\t{}{}\n", ip, full, host);
  return out + aliases;
}

Result<ContainerSpec> container_spec(const api::Pod& pod, const api::Container& container, uint32_t attempt,
                                     const NodeFacts& node, const ContainerContext& context) {
  ContainerSpec out;
  FL_TRY(out.env, container_env(pod, container, context.env));
  FL_TRY(out.security, security_of(pod, container, context.image));
  EnvMap env = context.env.services;
  for (const auto& [name, value] : out.env) env[name] = value;
  out.name = container.name;
  out.attempt = attempt;
  out.image = context.image.id;
  for (const std::string& word : container.command) out.command.push_back(expand(word, env));
  for (const std::string& word : container.args) out.args.push_back(expand(word, env));
  out.working_dir = container.working_dir;
  CriMount hosts;
  hosts.container_path = "/etc/hosts";
  hosts.host_path = pod_directory(node, pod.metadata.uid) + "/etc-hosts";
  out.mounts.push_back(std::move(hosts));
  for (const api::VolumeMount& mount : container.volume_mounts) {
    FL_TRY(auto made, mount_of(container, mount, context.volumes, env));
    if (made.container_path == "/etc/hosts")
      std::erase_if(out.mounts, [](const CriMount& m) { return m.container_path == "/etc/hosts"; });
    out.mounts.push_back(std::move(made));
  }
  if (!container.termination_message_path.empty()) {
    CriMount last_words;
    last_words.container_path = container.termination_message_path;
    last_words.host_path = last_words_path(node, pod.metadata.uid, container.name, attempt);
    out.mounts.push_back(std::move(last_words));
  }
  out.labels = {{kPodNameLabel, pod.metadata.name},
                {kPodNamespaceLabel, pod.metadata.namespace_},
                {kPodUidLabel, pod.metadata.uid},
                {kContainerNameLabel, container.name}};
  out.annotations = {{kHashAnnotation, container_hash(container)}};
  out.log_path = fmt::format("{}/{}.log", container.name, attempt);
  out.stdin = container.stdin;
  out.stdin_once = container.stdin_once;
  out.tty = container.tty;
  out.resources = resources_of(pod, container, node);
  return out;
}

std::string container_hash(const api::Container& container) {
  return fmt::format("{:x}", stable_hash(container.name + "\n" + container.image));
}

std::string pull_policy(const api::Container& container) {
  if (!container.image_pull_policy.empty()) return container.image_pull_policy;
  const std::string_view image = container.image;
  if (image.find('@') != std::string_view::npos) return "IfNotPresent";
  const size_t slash = image.rfind('/');
  const size_t colon = image.find(':', slash == std::string_view::npos ? 0 : slash);
  return colon == std::string_view::npos || image.substr(colon) == ":latest" ? "Always" : "IfNotPresent";
}

Result<uint16_t> resolve_port(const api::IntOrString& port, const api::Container& container) {
  if (!port.is_string) {
    if (port.number < 1 || port.number > 65535)
      return fail(Code::kInvalid, fmt::format("port {}: must be between 1 and 65535", port.number));
    return static_cast<uint16_t>(port.number);
  }
  for (const api::ContainerPort& p : container.ports) {
    if (p.name == port.text) return static_cast<uint16_t>(p.container_port);
  }
  if (const auto number = parse_int(port.text); number && *number > 0 && *number < 65536)
    return static_cast<uint16_t>(*number);
  return fail(Code::kInvalid,
              fmt::format("port {}: container {} has no port of that name", quote(port.text), quote(container.name)));
}

}  // namespace fairlead::agent
