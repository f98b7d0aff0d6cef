// Rules for pod specs and templates as a whole, and for what may change in a pod.
#include <algorithm>
#include <vector>

#include "api/podspec/podspec.h"
#include "base/text.h"

namespace fairlead::api {
namespace {

void check_dns(Problems& out, const FieldPath& path, const PodSpec& spec) {
  const auto at = path / "dnsConfig";
  if (spec.dns_policy == "None") {
    if (!spec.dns_config) {
      out.required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
      return;
    }
    if (spec.dns_config->nameservers.empty()) {
      out.required(at / "nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
      return;
    }
  }
  if (!spec.dns_config) return;
  const auto& dns = *spec.dns_config;
  if (dns.nameservers.size() > 3)
    out.invalid(at / "nameservers", dns.nameservers, "must not have more than 3 nameservers");
  for (size_t i = 0; i < dns.nameservers.size(); ++i) check_ip(out, (at / "nameservers")[i], dns.nameservers[i]);
  if (dns.searches.size() > 32) out.invalid(at / "searches", dns.searches, "must not have more than 32 search paths");
  if (join(dns.searches, " ").size() > 2048)
    out.invalid(at / "searches", dns.searches,
                "must not have more than 2048 characters (including spaces) in the search list");
  for (size_t i = 0; i < dns.searches.size(); ++i) {
    std::string_view search = dns.searches[i];
    if (search == ".") continue;
    if (search.ends_with('.')) search.remove_suffix(1);
    out.invalid((at / "searches")[i], search, dns1123_subdomain(search, true));
  }
  for (size_t i = 0; i < dns.options.size(); ++i) {
    if (dns.options[i].name.empty()) out.required((at / "options")[i], "must not be empty");
  }
}

void check_policies(Problems& out, const FieldPath& path, const PodSpec& spec) {
  const auto& restart = spec.restart_policy;
  if (restart.empty())
    out.required(path / "restartPolicy");
  else if (restart != "Always" && restart != "OnFailure" && restart != "Never")
    out.not_supported(path / "restartPolicy", restart, {"Always", "OnFailure", "Never"});
  const auto& dns = spec.dns_policy;
  if (dns.empty())
    out.required(path / "dnsPolicy");
  else if (dns != "ClusterFirst" && dns != "ClusterFirstWithHostNet" && dns != "Default" && dns != "None")
    out.not_supported(path / "dnsPolicy", dns, {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"});
  if (spec.preemption_policy && *spec.preemption_policy != "PreemptLowerPriority" && *spec.preemption_policy != "Never")
    out.not_supported(path / "preemptionPolicy", *spec.preemption_policy, {"PreemptLowerPriority", "Never"});
}

void check_pod_security(Problems& out, const FieldPath& path, const PodSecurityContext& c) {
  if (c.run_as_user) out.invalid(path / "runAsUser", *c.run_as_user, in_range(*c.run_as_user, 0, INT32_MAX));
  if (c.run_as_group) out.invalid(path / "runAsGroup", *c.run_as_group, in_range(*c.run_as_group, 0, INT32_MAX));
  if (c.fs_group) out.invalid(path / "fsGroup", *c.fs_group, in_range(*c.fs_group, 0, INT32_MAX));
  for (size_t i = 0; i < c.supplemental_groups.size(); ++i)
    out.invalid((path / "supplementalGroups")[i], c.supplemental_groups[i],
                in_range(c.supplemental_groups[i], 0, INT32_MAX));
}

// The first places where two values differ, for the message: "spec.containers[0].command, spec.hostname".
class Differences {
 public:
  void compare(const TypeInfo& type, const void* a, const void* b, const std::string& path) {
    for (const auto& f : type.json_fields()) {
      if (found_.size() >= 5) return;
      compare_value(*f.value, f.in(a), f.in(b), path + "." + std::string(f.json));
    }
  }
  [[nodiscard]] std::string text() const { return join(found_, ", "); }

 private:
  void compare_value(const ValueType& v, const void* a, const void* b, const std::string& path) {
    if (v.equal(a, b)) return;
    if (v.shape == Shape::kStruct) return compare(v.type(), a, b, path);
    if (v.shape == Shape::kOptional && v.get(a) != nullptr && v.get(b) != nullptr)
      return compare_value(*v.element, v.get(a), v.get(b), path);
    if (v.shape == Shape::kList && v.size(a) == v.size(b)) {
      for (size_t i = 0; i < v.size(a); ++i)
        compare_value(*v.element, v.at(a, i), v.at(b, i), fmt::format("{}[{}]", path, i));
      return;
    }
    found_.push_back(path);
  }
  std::vector<std::string> found_;
};

// A negative return means that the lists cannot be compared further.
bool check_container_list(Problems& out, const FieldPath& path, const std::vector<Container>& next,
                          const std::vector<Container>& old) {
  if (next.size() != old.size()) {
    out.forbidden(path, "pod updates may not add or remove containers");
    return false;
  }
  for (size_t i = 0; i < next.size(); ++i) {
    if (next[i].image.empty()) out.required(path[i] / "image");
    const auto trimmed = trim(next[i].image);
    if (trimmed.size() != next[i].image.size())
      out.invalid(path[i] / "image", next[i].image, "must not have leading or trailing whitespace");
  }
  return true;
}

void check_deadline(Problems& out, const FieldPath& path, std::optional<int64_t> next, std::optional<int64_t> old) {
  if (next) {
    if (*next < 0 || *next > INT32_MAX)
      out.invalid(path, *next, in_range(*next, 0, INT32_MAX));
    else if (old && *old < *next)
      out.invalid(path, *next, "must be less than or equal to previous value");
  } else if (old) {
    out.invalid(path, BadValue::json("null"), "must not update from a positive integer to nil value");
  }
}

}  // namespace

void check_pod_spec(Problems& out, const FieldPath& path, const PodSpec& spec) {
  if (!spec.termination_grace_period_seconds) out.required(path / "terminationGracePeriodSeconds");
  const auto volumes = check_volumes(out, path / "volumes", spec.volumes);
  check_containers(out, path, spec, volumes);
  if (spec.resources) check_resources(out, path / "resources", *spec.resources);
  check_policies(out, path, spec);
  check_labels(out, path / "nodeSelector", spec.node_selector);
  if (spec.security_context) check_pod_security(out, path / "securityContext", *spec.security_context);
  for (size_t i = 0; i < spec.image_pull_secrets.size(); ++i) {
    if (spec.image_pull_secrets[i].name.empty()) out.required((path / "imagePullSecrets")[i] / "name");
  }
  if (spec.affinity) check_affinity(out, path / "affinity", *spec.affinity);
  check_dns(out, path, spec);
  for (size_t i = 0; i < spec.readiness_gates.size(); ++i) {
    const auto& type = spec.readiness_gates[i].condition_type;
    out.invalid((path / "readinessGates")[i] / "conditionType", type, qualified_name(type));
  }
  check_spread(out, path / "topologySpreadConstraints", spec.topology_spread_constraints);
  if (!spec.service_account_name.empty())
    out.invalid(path / "serviceAccountName", spec.service_account_name, dns1123_subdomain(spec.service_account_name));
  if (!spec.node_name.empty()) out.invalid(path / "nodeName", spec.node_name, dns1123_subdomain(spec.node_name));
  if (spec.active_deadline_seconds) {
    const auto n = *spec.active_deadline_seconds;
    out.invalid(path / "activeDeadlineSeconds", n, in_range(n, 1, INT32_MAX));
  }
  if (!spec.hostname.empty()) out.invalid(path / "hostname", spec.hostname, dns1123_label(spec.hostname));
  if (!spec.subdomain.empty()) out.invalid(path / "subdomain", spec.subdomain, dns1123_label(spec.subdomain));
  check_tolerations(out, path / "tolerations", spec.tolerations);
  for (size_t i = 0; i < spec.host_aliases.size(); ++i) {
    const auto at = (path / "hostAliases")[i];
    check_ip(out, at / "ip", spec.host_aliases[i].ip);
    const auto& names = spec.host_aliases[i].hostnames;
    for (size_t j = 0; j < names.size(); ++j) out.invalid((at / "hostnames")[j], names[j], dns1123_subdomain(names[j]));
  }
  if (!spec.priority_class_name.empty())
    out.invalid(path / "priorityClassName", spec.priority_class_name, dns1123_subdomain(spec.priority_class_name));
  if (spec.runtime_class_name)
    out.invalid(path / "runtimeClassName", *spec.runtime_class_name, dns1123_subdomain(*spec.runtime_class_name));
  if (spec.os && spec.os->name != "linux" && spec.os->name != "windows")
    out.not_supported(path / "os" / "name", spec.os->name, {"linux", "windows"});
}

void check_pod_template(Problems& out, const FieldPath& path, const PodTemplateSpec& value) {
  check_labels(out, path / "labels", value.metadata.labels);
  check_annotations(out, path / "annotations", value.metadata.annotations);
  check_pod_spec(out, path / "spec", value.spec);
  if (!value.spec.ephemeral_containers.empty())
    out.forbidden(path / "spec" / "ephemeralContainers", "ephemeral containers not allowed in pod template");
}

void check_pod_spec_update(Problems& out, const PodSpec& next, const PodSpec& old) {
  const FieldPath path("spec");
  if (!check_container_list(out, path / "containers", next.containers, old.containers)) return;
  if (!check_container_list(out, path / "initContainers", next.init_containers, old.init_containers)) return;
  check_deadline(out, path / "activeDeadlineSeconds", next.active_deadline_seconds, old.active_deadline_seconds);
  for (const auto& t : old.tolerations) {
    // tolerationSeconds alone may change.
    const bool kept = std::ranges::any_of(next.tolerations, [&](const Toleration& n) {
      return n.key == t.key && n.operator_ == t.operator_ && n.value == t.value && n.effect == t.effect;
    });
    if (!kept) {
      out.forbidden(path / "tolerations", "existing toleration can not be modified except its tolerationSeconds");
      break;
    }
  }
  for (size_t i = 0; i < next.scheduling_gates.size(); ++i) {
    if (std::ranges::find(old.scheduling_gates, next.scheduling_gates[i]) == old.scheduling_gates.end())
      out.forbidden(
          (path / "schedulingGates")[i],
          fmt::format("only deletion is allowed, but found new scheduling gate '{}'", next.scheduling_gates[i].name));
  }
  if (next == old) return;
  auto allowed = next;
  for (size_t i = 0; i < old.containers.size(); ++i) allowed.containers[i].image = old.containers[i].image;
  for (size_t i = 0; i < old.init_containers.size(); ++i)
    allowed.init_containers[i].image = old.init_containers[i].image;
  allowed.active_deadline_seconds = old.active_deadline_seconds;
  allowed.tolerations = old.tolerations;
  allowed.scheduling_gates = old.scheduling_gates;
  if (old.termination_grace_period_seconds.value_or(0) < 0 && next.termination_grace_period_seconds == 1)
    allowed.termination_grace_period_seconds = old.termination_grace_period_seconds;
  if (!old.scheduling_gates.empty()) {
    // What a gated pod asks of its node may still be narrowed.
    allowed.node_selector = old.node_selector;
    allowed.affinity = old.affinity;
  }
  if (allowed == old) return;
  Differences differences;
  differences.compare(type_info<PodSpec>(), &allowed, &old, "spec");
  out.forbidden(
      path, fmt::format("pod updates may not change fields other than `spec.containers[*].image`,"
                        "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
                        "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
                        "to 1 if it was previously negative)\nchanged: {}",
                        differences.text()));
}

}  // namespace fairlead::api
