// Rules for containers (kubernetes pkg/apis/core/validation).
#include <algorithm>
#include <set>

#include "api/podspec/podspec.h"
#include "api/quantity.h"

namespace fairlead::api {
namespace {

void check_ports(Problems& out, const FieldPath& path, const std::vector<ContainerPort>& ports) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    const auto& p = ports[i];
    const auto at = path[i];
    if (!p.name.empty()) {
      const auto wrong = port_name(p.name);
      out.invalid(at / "name", p.name, wrong);
      if (wrong.empty() && !names.insert(p.name).second) out.duplicate(at / "name", p.name);
    }
    if (p.container_port == 0)
      out.required(at / "containerPort");
    else
      out.invalid(at / "containerPort", p.container_port, port_number(p.container_port));
    if (p.host_port != 0) out.invalid(at / "hostPort", p.host_port, port_number(p.host_port));
    check_protocol(out, at / "protocol", p.protocol);
    if (!p.host_ip.empty()) check_ip(out, at / "hostIP", p.host_ip);
  }
}

void check_host_ports(Problems& out, const FieldPath& path, const std::vector<Container>& containers) {
  std::set<std::string> seen;
  for (size_t c = 0; c < containers.size(); ++c) {
    for (size_t p = 0; p < containers[c].ports.size(); ++p) {
      const auto& port = containers[c].ports[p];
      if (port.host_port == 0) continue;
      const auto key = fmt::format("{}/{}/{}", port.protocol, port.host_ip, port.host_port);
      if (!seen.insert(key).second) out.duplicate((path[c] / "ports")[p] / "hostPort", key);
    }
  }
}

constexpr std::string_view kEnvFields[] = {
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs",     "status.podIP", "status.podIPs"};

// metadata.annotations['key'] and metadata.labels['key'] too.
void check_env_field(Problems& out, const FieldPath& path, const ObjectFieldSelector& ref) {
  if (ref.api_version.empty()) out.required(path / "apiVersion");
  if (ref.field_path.empty()) {
    out.required(path / "fieldPath");
    return;
  }
  for (const std::string_view prefix : {"metadata.annotations['", "metadata.labels['"}) {
    if (!ref.field_path.starts_with(prefix) || !ref.field_path.ends_with("']")) continue;
    const auto key = std::string_view(ref.field_path).substr(prefix.size(), ref.field_path.size() - prefix.size() - 2);
    out.invalid(path, key, qualified_name(key));
    return;
  }
  if (std::ranges::find(kEnvFields, ref.field_path) == std::end(kEnvFields))
    out.not_supported(path / "fieldPath", ref.field_path, kEnvFields);
}

void check_key_ref(Problems& out, const FieldPath& path, const std::string& name, const std::string& key) {
  if (name.empty()) out.required(path / "name");
  if (key.empty())
    out.required(path / "key");
  else
    out.invalid(path / "key", key, config_map_key(key));
}

void check_env(Problems& out, const FieldPath& path, const std::vector<EnvVar>& env) {
  for (size_t i = 0; i < env.size(); ++i) {
    const auto& e = env[i];
    if (e.name.empty())
      out.required(path[i] / "name");
    else
      out.invalid(path[i] / "name", e.name, env_var_name(e.name));
    if (!e.value_from) continue;
    const auto& from = *e.value_from;
    const auto at = path[i] / "valueFrom";
    if (from.field_ref) check_env_field(out, at / "fieldRef", *from.field_ref);
    if (from.resource_field_ref && from.resource_field_ref->resource.empty())
      out.required(at / "resourceFieldRef" / "resource");
    if (from.config_map_key_ref)
      check_key_ref(out, at / "configMapKeyRef", from.config_map_key_ref->local_object_reference.name,
                    from.config_map_key_ref->key);
    if (from.secret_key_ref)
      check_key_ref(out, at / "secretKeyRef", from.secret_key_ref->local_object_reference.name,
                    from.secret_key_ref->key);
    const int sources = !!from.field_ref + !!from.resource_field_ref + !!from.config_map_key_ref +
                        !!from.secret_key_ref + !!from.file_key_ref;
    if (sources == 0)
      out.invalid(at, "",
                  "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or "
                  "`fileKeyRef`");
    else if (!e.value.empty())
      out.invalid(at, "", "may not be specified when `value` is not empty");
    else if (sources > 1)
      out.invalid(at, "", "may not have more than one field specified at a time");
  }
}

void check_env_from(Problems& out, const FieldPath& path, const std::vector<EnvFromSource>& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    const auto& e = list[i];
    if (!e.prefix.empty()) out.invalid(path[i] / "prefix", e.prefix, env_var_name(e.prefix));
    if (e.config_map_ref && e.config_map_ref->local_object_reference.name.empty())
      out.required(path[i] / "configMapRef" / "name");
    if (e.secret_ref && e.secret_ref->local_object_reference.name.empty()) out.required(path[i] / "secretRef" / "name");
    if (!e.config_map_ref && !e.secret_ref) out.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
    if (e.config_map_ref && e.secret_ref) out.invalid(path, "", "may not have more than one field specified at a time");
  }
}

void check_mounts(Problems& out, const FieldPath& path, const Container& c, const VolumesByName& volumes) {
  std::set<std::string_view> mount_points;
  for (size_t i = 0; i < c.volume_mounts.size(); ++i) {
    const auto& m = c.volume_mounts[i];
    const auto at = (path / "volumeMounts")[i];
    if (m.name.empty()) out.required(at / "name");
    if (!volumes.contains(m.name)) out.not_found(at / "name", m.name);
    if (m.mount_path.empty()) out.required(at / "mountPath");
    if (!mount_points.insert(m.mount_path).second) out.invalid(at / "mountPath", m.mount_path, "must be unique");
    if (!m.sub_path.empty()) check_descending_path(out, path / "volumeMounts" / "subPath", m.sub_path);
    if (!m.sub_path_expr.empty()) {
      if (!m.sub_path.empty())
        out.invalid(at / "subPathExpr", m.sub_path_expr, "subPathExpr and subPath are mutually exclusive");
      check_descending_path(out, path / "volumeMounts" / "subPathExpr", m.sub_path_expr);
    }
    if (m.mount_propagation) {
      const auto& p = *m.mount_propagation;
      const auto where = path / "volumeMounts" / "mountPropagation";
      if (p != "Bidirectional" && p != "HostToContainer" && p != "None")
        out.not_supported(where, p, {"Bidirectional", "HostToContainer", "None"});
      else if (p == "Bidirectional" && !(c.security_context && c.security_context->privileged.value_or(false)))
        out.forbidden(where, "Bidirectional mount propagation is available only to privileged containers");
    }
  }
  for (size_t i = 0; i < c.volume_devices.size(); ++i) {
    const auto& d = c.volume_devices[i];
    const auto at = (path / "volumeDevices")[i];
    if (d.name.empty()) out.required(at / "name");
    if (!volumes.contains(d.name)) out.not_found(at / "name", d.name);
    if (d.device_path.empty()) out.required(at / "devicePath");
  }
}

void check_common(Problems& out, const FieldPath& path, const Container& c, const VolumesByName& volumes) {
  if (c.name.empty())
    out.required(path / "name");
  else
    out.invalid(path / "name", c.name, dns1123_label(c.name));
  if (c.image.empty()) out.required(path / "image");
  if (c.termination_message_policy.empty())
    out.required(path / "terminationMessagePolicy");
  else if (c.termination_message_policy != "File" && c.termination_message_policy != "FallbackToLogsOnError")
    out.not_supported(path / "terminationMessagePolicy", c.termination_message_policy,
                      {"File", "FallbackToLogsOnError"});
  check_ports(out, path / "ports", c.ports);
  check_env(out, path / "env", c.env);
  check_env_from(out, path / "envFrom", c.env_from);
  check_mounts(out, path, c, volumes);
  if (c.image_pull_policy.empty())
    out.required(path / "imagePullPolicy");
  else if (c.image_pull_policy != "Always" && c.image_pull_policy != "IfNotPresent" && c.image_pull_policy != "Never")
    out.not_supported(path / "imagePullPolicy", c.image_pull_policy, {"Always", "IfNotPresent", "Never"});
  check_resources(out, path / "resources", c.resources);
  if (c.security_context) check_security_context(out, path / "securityContext", *c.security_context);
}

void check_restart_policy(Problems& out, const FieldPath& path, const Container& c) {
  const auto& policy = c.restart_policy;
  if (!policy && !c.restart_policy_rules.empty())
    out.required(path / "restartPolicy", "must specify restartPolicy when restart rules are used");
  if (policy && *policy != "Always" && *policy != "OnFailure" && *policy != "Never")
    out.not_supported(path / "restartPolicy", *policy, {"Always", "Never", "OnFailure"});
}

void check_init_container(Problems& out, const FieldPath& path, const Container& c, std::optional<int64_t> grace) {
  check_restart_policy(out, path, c);
  if (c.restart_policy == "Always") {
    check_probes(out, path, c, grace);
    return;
  }
  constexpr std::string_view kWhy = "may not be set for init containers without restartPolicy=Always";
  if (c.lifecycle) out.forbidden(path / "lifecycle", kWhy);
  if (c.liveness_probe) out.forbidden(path / "livenessProbe", kWhy);
  if (c.readiness_probe) out.forbidden(path / "readinessProbe", kWhy);
  if (c.startup_probe) out.forbidden(path / "startupProbe", kWhy);
}

}  // namespace

void check_containers(Problems& out, const FieldPath& path, const PodSpec& spec, const VolumesByName& volumes) {
  const auto containers = path / "containers";
  if (spec.containers.empty()) out.required(containers);
  std::set<std::string_view> names;
  for (size_t i = 0; i < spec.containers.size(); ++i) {
    const auto& c = spec.containers[i];
    check_common(out, containers[i], c, volumes);
    if (!names.insert(c.name).second) out.duplicate(containers[i] / "name", c.name);
    check_probes(out, containers[i], c, spec.termination_grace_period_seconds);
    check_restart_policy(out, containers[i], c);
  }
  check_host_ports(out, containers, spec.containers);
  const auto init = path / "initContainers";
  for (size_t i = 0; i < spec.init_containers.size(); ++i) {
    const auto& c = spec.init_containers[i];
    check_common(out, init[i], c, volumes);
    if (!c.name.empty() && !names.insert(c.name).second) out.duplicate(init[i] / "name", c.name);
    check_init_container(out, init[i], c, spec.termination_grace_period_seconds);
  }
}

void check_resources(Problems& out, const FieldPath& path, const ResourceRequirements& r) {
  const auto check = [&](const FieldPath& at, const std::string& name, const Quantity& quantity) {
    const auto wrong = qualified_name(name);
    out.invalid(at, name, wrong);
    const bool standard =
        name == "cpu" || name == "memory" || name == "ephemeral-storage" || name.starts_with("hugepages-");
    if (wrong.empty() && !standard && name.find('/') == std::string::npos)
      out.invalid(at, name, "must be a standard resource for containers");
    const auto value = value_of(quantity);
    if (value.sign() < 0) out.invalid(at, quantity.text, "must be greater than or equal to 0");
    if (!standard && value.nano() % 1'000'000'000 != 0) out.invalid(at, quantity.text, "must be an integer");
  };
  for (const auto& [name, quantity] : r.limits) check((path / "limits").key(name), name, quantity);
  for (const auto& [name, quantity] : r.requests) {
    check((path / "requests").key(name), name, quantity);
    const bool overcommit = name.find('/') == std::string::npos && !name.starts_with("hugepages-");
    const auto limit = r.limits.find(name);
    if (limit == r.limits.end()) {
      if (!overcommit) out.required(path / "limits", "Limit must be set for non overcommitable resources");
    } else if (!overcommit && value_of(quantity) != value_of(limit->second)) {
      out.invalid(path / "requests", quantity.text,
                  fmt::format("must be equal to {} limit of {}", name, limit->second.text));
    } else if (value_of(quantity) > value_of(limit->second)) {
      out.invalid(path / "requests", quantity.text,
                  fmt::format("must be less than or equal to {} limit of {}", name, limit->second.text));
    }
  }
}

void check_security_context(Problems& out, const FieldPath& path, const SecurityContext& c) {
  if (c.run_as_user) out.invalid(path / "runAsUser", *c.run_as_user, in_range(*c.run_as_user, 0, INT32_MAX));
  if (c.run_as_group) out.invalid(path / "runAsGroup", *c.run_as_group, in_range(*c.run_as_group, 0, INT32_MAX));
  if (c.proc_mount && *c.proc_mount != "Default" && *c.proc_mount != "Unmasked")
    out.not_supported(path / "procMount", *c.proc_mount, {"Default", "Unmasked"});
  if (c.seccomp_profile) {
    const auto& p = *c.seccomp_profile;
    const auto at = path / "seccompProfile";
    if (p.type == "Localhost" && !p.localhost_profile)
      out.required(at / "localhostProfile", "must be set when seccomp type is Localhost");
    else if (p.type != "Localhost" && p.type != "RuntimeDefault" && p.type != "Unconfined")
      out.not_supported(at / "type", p.type, {"Localhost", "RuntimeDefault", "Unconfined"});
    else if (p.type != "Localhost" && p.localhost_profile)
      out.invalid(at / "localhostProfile", *p.localhost_profile, "can only be set when seccomp type is Localhost");
  }
  if (c.allow_privilege_escalation == false) {
    if (c.privileged == true)
      out.invalid(path, BadValue::of(c), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    if (c.capabilities && std::ranges::find(c.capabilities->add, "CAP_SYS_ADMIN") != c.capabilities->add.end())
      out.invalid(path, BadValue::of(c),
                  "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
  }
}

}  // namespace fairlead::api
