#include "agent/admission.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace fairlead::agent {
namespace {

// The kubelet's list: namespaced, and without effect on others. kernel.* is of the IPC namespace, net.* of the
// network's.
constexpr std::string_view kSafeSysctls[] = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
};

std::string forbidden_sysctl(const api::Pod& pod, const std::string& asked) {
  std::string name = asked;
  // Both separators are allowed; the first that occurs is the one that separates.
  if (const size_t first = name.find_first_of("./"); first != std::string::npos && name[first] == '/')
    std::ranges::replace(name, '/', '.');
  if (std::ranges::find(kSafeSysctls, name) == std::end(kSafeSysctls)) return quote(name) + " not allowlisted";
  if (name.starts_with("kernel.") && pod.spec.host_ipc) return quote(name) + " not allowed with host ipc enabled";
  if (name.starts_with("net.") && pod.spec.host_network) return quote(name) + " not allowed with host net enabled";
  return "";
}

Verdict rejected(std::string reason, const std::string& message) {
  return {std::move(reason), "Pod was rejected: " + message};
}

std::unexpected<Error> missing(std::string_view what) {
  return fail(Code::kInvalid, fmt::format("{} is not supported by this node agent", what));
}

template <class Context>
Result<> check_profiles(const Context& context) {
  if (!context) return {};
  if (context->seccomp_profile && context->seccomp_profile->type == "Localhost")
    return missing("seccompProfile type Localhost");
  if (context->app_armor_profile && context->app_armor_profile->type == "Localhost")
    return missing("appArmorProfile type Localhost");
  return {};
}

}  // namespace

std::optional<Verdict> refusal(const api::Pod& pod) {
  if (pod.spec.os && !pod.spec.os->name.empty() && pod.spec.os->name != "linux")
    return rejected("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS");
  if (!pod.spec.security_context) return std::nullopt;
  for (const api::Sysctl& sysctl : pod.spec.security_context->sysctls) {
    const std::string why = forbidden_sysctl(pod, sysctl.name);
    if (!why.empty()) return rejected("SysctlForbidden", "forbidden sysctl: " + why);
  }
  return std::nullopt;
}

Result<> check_supported(const api::Pod& pod) {
  const api::PodSpec& spec = pod.spec;
  if (spec.host_users == false) return missing("hostUsers: false (a user namespace of the pod's own)");
  if (spec.runtime_class_name && !spec.runtime_class_name->empty())
    return missing(fmt::format("runtimeClassName {}", quote(*spec.runtime_class_name)));
  if (!spec.resource_claims.empty()) return missing("resourceClaims");
  if (spec.resources) return missing("resources of the pod as a whole");
  if (spec.security_context && spec.security_context->supplemental_groups_policy == "Strict")
    return missing("supplementalGroupsPolicy: Strict");
  return check_profiles(spec.security_context);
}

Result<> check_host_name(const std::string& name) {
  // sethostname(2) takes no more.
  constexpr size_t kLongest = 64;
  if (name.size() <= kLongest) return {};
  return fail(Code::kInvalid,
              fmt::format("Failed to construct FQDN from pod hostname and cluster domain, FQDN {} is too "
                          "long ({} characters is the max, {} characters requested)",
                          name, kLongest, name.size()));
}

Result<> check_supported(const api::Pod& pod, const api::Container& container) {
  (void)pod;
  if (!container.volume_devices.empty()) return missing("volumeDevices");
  if (!container.resources.claims.empty()) return missing("resources.claims");
  for (const api::ContainerRestartRule& rule : container.restart_policy_rules) {
    if (rule.action != "Restart") return missing(fmt::format("restartPolicyRules action {}", quote(rule.action)));
  }
  if (container.lifecycle && container.lifecycle->stop_signal) return missing("lifecycle.stopSignal");
  for (const auto* amounts : {&container.resources.limits, &container.resources.requests}) {
    for (const auto& [name, amount] : *amounts) {
      if (name.starts_with("hugepages-")) return missing("resource " + name);
    }
  }
  return check_profiles(container.security_context);
}

}  // namespace fairlead::agent
