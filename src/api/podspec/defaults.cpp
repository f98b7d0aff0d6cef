// Defaults of pods and pod templates (kubernetes pkg/apis/core/v1/defaults.go).
#include <algorithm>

#include "api/podspec/podspec.h"
#include "api/quantity.h"

namespace fairlead::api {
namespace {

constexpr int32_t kFileMode = 0644;

template <class T, class V>
void if_unset(std::optional<T>& field, V value) {
  if (!field) field = value;
}
void if_empty(std::string& field, std::string_view value) {
  if (field.empty()) field = value;
}
void if_zero(int32_t& field, int32_t value) {
  if (field == 0) field = value;
}

std::string_view pull_policy(std::string_view image) {
  return image_tag(image) == "latest" ? "Always" : "IfNotPresent";
}

void default_http_get(Box<HTTPGetAction>& http) {
  if (!http) return;
  if_empty(http->path, "/");
  if_empty(http->scheme, "HTTP");
}

void default_probe(Box<Probe>& probe) {
  if (!probe) return;
  if_zero(probe->timeout_seconds, 1);
  if_zero(probe->period_seconds, 10);
  if_zero(probe->success_threshold, 1);
  if_zero(probe->failure_threshold, 3);
  default_http_get(probe->handler.http_get);
  if (probe->handler.grpc) if_unset(probe->handler.grpc->service, "");
}

// resource lists are kept to whole thousandths.
void round_to_milli(std::map<std::string, Quantity>& list) {
  for (auto& [name, quantity] : list) {
    const auto parsed = parse_quantity(quantity.text);
    if (!parsed || parsed->value.nano() % 1'000'000 == 0) continue;
    const auto milli = QuantityValue::of_nano(Int128{parsed->value.milli_value()} * 1'000'000);
    quantity.text = format_quantity(milli, parsed->format);
  }
}

void default_container(Container& c) {
  if_empty(c.image_pull_policy, pull_policy(c.image));
  if_empty(c.termination_message_path, "/dev/termination-log");
  if_empty(c.termination_message_policy, "File");
  for (auto& port : c.ports) if_empty(port.protocol, "TCP");
  for (auto& env : c.env) {
    if (!env.value_from) continue;
    if (env.value_from->field_ref) if_empty(env.value_from->field_ref->api_version, "v1");
    if (env.value_from->resource_field_ref) if_empty(env.value_from->resource_field_ref->divisor.text, "0");
    if (env.value_from->file_key_ref) if_unset(env.value_from->file_key_ref->optional, false);
  }
  for (auto* probe : {&c.liveness_probe, &c.readiness_probe, &c.startup_probe}) default_probe(*probe);
  if (c.lifecycle) {
    for (auto* handler : {&c.lifecycle->post_start, &c.lifecycle->pre_stop}) {
      if (*handler) default_http_get((*handler)->http_get);
    }
  }
  if (c.security_context && c.security_context->proc_mount) if_empty(*c.security_context->proc_mount, "Default");
  round_to_milli(c.resources.limits);
  round_to_milli(c.resources.requests);
}

void default_downward_items(std::vector<DownwardAPIVolumeFile>& items) {
  for (auto& item : items) {
    if (item.field_ref) if_empty(item.field_ref->api_version, "v1");
    if (item.resource_field_ref) if_empty(item.resource_field_ref->divisor.text, "0");
  }
}

void default_volume(Volume& volume) {
  auto& v = volume.volume_source;
  if (v == VolumeSource{}) v.empty_dir.emplace();
  if (v.secret) if_unset(v.secret->default_mode, kFileMode);
  if (v.config_map) if_unset(v.config_map->default_mode, kFileMode);
  if (v.downward_api) {
    if_unset(v.downward_api->default_mode, kFileMode);
    default_downward_items(v.downward_api->items);
  }
  if (v.projected) {
    if_unset(v.projected->default_mode, kFileMode);
    for (auto& source : v.projected->sources) {
      if (source.service_account_token) if_unset(source.service_account_token->expiration_seconds, int64_t{3600});
      if (source.downward_api) default_downward_items(source.downward_api->items);
    }
  }
  if (v.host_path) if_unset(v.host_path->type, "");
  if (v.image) if_empty(v.image->pull_policy, pull_policy(v.image->reference));
  if (v.ephemeral && v.ephemeral->volume_claim_template)
    if_unset(v.ephemeral->volume_claim_template->spec.volume_mode, "Filesystem");
  if (v.iscsi) if_empty(v.iscsi->iscsi_interface, "default");
  if (v.rbd) {
    if_empty(v.rbd->pool, "rbd");
    if_empty(v.rbd->user, "admin");
    if_empty(v.rbd->keyring, "/etc/ceph/keyring");
  }
  if (v.scale_io) {
    if_empty(v.scale_io->storage_mode, "ThinProvisioned");
    if_empty(v.scale_io->fs_type, "xfs");
  }
  if (v.azure_disk) {
    if_unset(v.azure_disk->caching_mode, "ReadWrite");
    if_unset(v.azure_disk->kind, "Shared");
    if_unset(v.azure_disk->fs_type, "ext4");
    if_unset(v.azure_disk->read_only, false);
  }
}

void requests_from_limits(ResourceRequirements& resources) {
  for (const auto& [name, limit] : resources.limits) resources.requests.try_emplace(name, limit);
}

void host_ports(std::vector<Container>& containers) {
  for (auto& c : containers) {
    for (auto& port : c.ports) if_zero(port.host_port, port.container_port);
  }
}

void tolerate(PodSpec& spec, std::string_view key) {
  const bool tolerated = std::ranges::any_of(spec.tolerations, [&](const Toleration& t) {
    return (t.key == key || t.key.empty()) && (t.effect == "NoExecute" || t.effect.empty());
  });
  if (!tolerated) spec.tolerations.push_back({std::string(key), "Exists", "", "NoExecute", 300});
}

}  // namespace

std::string_view image_tag(std::string_view image) {
  const auto at = image.find('@');
  const auto name = image.substr(0, at);
  const auto colon = name.rfind(':');
  const auto slash = name.rfind('/');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash))
    return name.substr(colon + 1);
  return at == std::string_view::npos ? "latest" : "";
}

void default_pod_spec(PodSpec& spec) {
  if_empty(spec.dns_policy, "ClusterFirst");
  if_empty(spec.restart_policy, "Always");
  if (!spec.security_context) spec.security_context.emplace();
  if_unset(spec.termination_grace_period_seconds, int64_t{30});
  if_empty(spec.scheduler_name, "default-scheduler");
  // The old name of the field follows the new one, and stands in for it when it comes alone.
  if (spec.service_account_name.empty()) spec.service_account_name = spec.service_account;
  spec.service_account = spec.service_account_name;
  for (auto& v : spec.volumes) default_volume(v);
  for (auto& c : spec.init_containers) default_container(c);
  for (auto& c : spec.containers) default_container(c);
  for (auto& constraint : spec.topology_spread_constraints) {
    if_unset(constraint.node_affinity_policy, "Honor");
    if_unset(constraint.node_taints_policy, "Ignore");
  }
  round_to_milli(spec.overhead);
}

void default_pod(Pod& pod) {
  auto& spec = pod.spec;
  default_pod_spec(spec);
  for (auto& c : spec.containers) requests_from_limits(c.resources);
  for (auto& c : spec.init_containers) requests_from_limits(c.resources);
  if_unset(spec.enable_service_links, true);
  if (spec.host_network) {
    host_ports(spec.containers);
    host_ports(spec.init_containers);
  }
  if_empty(spec.service_account_name, "default");
  spec.service_account = spec.service_account_name;
  if_unset(spec.priority, 0);
  if_unset(spec.preemption_policy, "PreemptLowerPriority");
  tolerate(spec, "node.kubernetes.io/not-ready");
  tolerate(spec, "node.kubernetes.io/unreachable");
}

std::string_view qos_class(const PodSpec& spec) {
  bool guaranteed = true;
  bool any = false;
  for (const auto* containers : {&spec.containers, &spec.init_containers}) {
    for (const auto& c : *containers) {
      for (const auto* resource : {"cpu", "memory"}) {
        const auto limit = c.resources.limits.find(resource);
        const auto request = c.resources.requests.find(resource);
        const auto limit_value = limit == c.resources.limits.end() ? QuantityValue{} : value_of(limit->second);
        const auto request_value = request == c.resources.requests.end() ? limit_value : value_of(request->second);
        any = any || limit_value.sign() > 0 || request_value.sign() > 0;
        guaranteed = guaranteed && limit_value.sign() > 0 && limit_value == request_value;
      }
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

}  // namespace fairlead::api
