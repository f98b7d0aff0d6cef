#include "agent/env.h"

#include <fmt/format.h>

#include "api/quantity.h"
#include "base/text.h"

namespace fairlead::agent {
namespace {

std::string env_name(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

void add_service(EnvMap& env, const api::Service& service) {
  const auto& spec = service.spec;
  if (spec.cluster_ip.empty() || spec.cluster_ip == "None" || spec.ports.empty()) return;
  const std::string name = env_name(service.metadata.name);
  const std::string& ip = spec.cluster_ip;
  const std::string host = ip.find(':') == std::string::npos ? ip : "[" + ip + "]";
  env[name + "_SERVICE_HOST"] = ip;
  env[name + "_SERVICE_PORT"] = std::to_string(spec.ports.front().port);
  bool first = true;
  for (const api::ServicePort& port : spec.ports) {
    if (!port.name.empty()) env[name + "_SERVICE_PORT_" + env_name(port.name)] = std::to_string(port.port);
    const std::string protocol = port.protocol.empty() ? "TCP" : port.protocol;
    const std::string url = fmt::format("{}://{}:{}", lower(protocol), host, port.port);
    if (std::exchange(first, false)) env[name + "_PORT"] = url;
    const std::string prefix = fmt::format("{}_PORT_{}_{}", name, port.port, protocol);
    env[prefix] = url;
    env[prefix + "_PROTO"] = lower(protocol);
    env[prefix + "_PORT"] = std::to_string(port.port);
    env[prefix + "_ADDR"] = ip;
  }
}

// metadata.labels['key'] -> key
std::optional<std::string_view> subscript(std::string_view path, std::string_view map) {
  if (!path.starts_with(map)) return std::nullopt;
  path.remove_prefix(map.size());
  if (!path.starts_with("['") || !path.ends_with("']") || path.size() < 4) return std::nullopt;
  return path.substr(2, path.size() - 4);
}

std::string value_or_empty(const api::StringMap& map, std::string_view key) {
  const auto found = map.find(std::string(key));
  return found == map.end() ? std::string() : found->second;
}

Result<std::string> resource_value(const api::Pod& pod, const api::Container& own,
                                   const api::ResourceFieldSelector& from, const EnvFacts& facts) {
  const api::Container* container = &own;
  for (const api::Container& c : pod.spec.containers) {
    if (c.name == from.container_name) container = &c;
  }
  const size_t dot = from.resource.find('.');
  const std::string kind = from.resource.substr(0, dot);
  const std::string name = dot == std::string::npos ? "" : from.resource.substr(dot + 1);
  if ((kind != "limits" && kind != "requests") || name.empty()) {
    return fail(Code::kInvalid, fmt::format("unsupported container resource: {}", from.resource));
  }
  const auto& limits = container->resources.limits;
  const auto& requests = container->resources.requests;
  const auto& first = kind == "limits" ? limits : requests;
  api::QuantityValue value;
  if (const auto found = first.find(name); found != first.end()) {
    value = api::value_of(found->second);
  } else if (kind == "limits" && name == "cpu") {
    value = api::QuantityValue::of_nano(api::Int128{facts.node_cpu_milli} * 1'000'000);
  } else if (kind == "limits" && name == "memory") {
    value = api::QuantityValue::of(facts.node_memory);
  }
  api::Int128 divisor = api::value_of(from.divisor).nano();
  if (divisor <= 0) divisor = 1'000'000'000;
  return std::to_string(static_cast<int64_t>((value.nano() + divisor - 1) / divisor));
}

Result<std::string> env_value(const api::Pod& pod, const api::Container& container, const api::EnvVar& var,
                              const EnvFacts& facts, bool& absent) {
  const api::EnvVarSource& from = *var.value_from;
  if (from.field_ref) return field_value(pod, from.field_ref->field_path, facts);
  if (from.resource_field_ref) return resource_value(pod, container, *from.resource_field_ref, facts);
  if (from.config_map_key_ref) {
    absent = from.config_map_key_ref->optional.value_or(false);
    if (absent) return std::string();
    return fail(Code::kInvalid,
                fmt::format("configmap \"{}\" not found", from.config_map_key_ref->local_object_reference.name));
  }
  if (from.secret_key_ref) {
    absent = from.secret_key_ref->optional.value_or(false);
    if (absent) return std::string();
    return fail(Code::kInvalid,
                fmt::format("secret \"{}\" not found", from.secret_key_ref->local_object_reference.name));
  }
  return fail(Code::kInvalid, "valueFrom names no source that this agent supports");
}

}  // namespace

std::string expand(std::string_view text, const std::function<const std::string*(std::string_view)>& lookup) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
    } else if (text[i + 1] == '$') {
      out += '$';
      ++i;
    } else if (text[i + 1] == '(') {
      const size_t end = text.find(')', i + 2);
      if (end == std::string_view::npos) {
        out += text[i];
        continue;
      }
      const std::string_view name = text.substr(i + 2, end - i - 2);
      const std::string* value = lookup(name);
      out += value != nullptr ? *value : std::string(text.substr(i, end - i + 1));
      i = end;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string expand(std::string_view text, const EnvMap& known) {
  return expand(text, [&known](std::string_view name) -> const std::string* {
    const auto found = known.find(std::string(name));
    return found == known.end() ? nullptr : &found->second;
  });
}

EnvMap service_env(const std::vector<std::shared_ptr<const api::Service>>& services, std::string_view ns, bool links) {
  EnvMap env;
  for (const auto& service : services) {
    const bool master = service->metadata.namespace_ == "default" && service->metadata.name == "kubernetes";
    if (master) add_service(env, *service);
  }
  for (const auto& service : services) {
    if (links && service->metadata.namespace_ == ns) add_service(env, *service);
  }
  return env;
}

Result<std::string> field_value(const api::Pod& pod, std::string_view path, const EnvFacts& facts) {
  const api::ObjectMeta& meta = pod.metadata;
  if (const auto key = subscript(path, "metadata.labels")) return value_or_empty(meta.labels, *key);
  if (const auto key = subscript(path, "metadata.annotations")) return value_or_empty(meta.annotations, *key);
  if (path == "metadata.name") return meta.name;
  if (path == "metadata.namespace") return meta.namespace_;
  if (path == "metadata.uid") return meta.uid;
  if (path == "spec.nodeName") return pod.spec.node_name;
  if (path == "spec.serviceAccountName") return pod.spec.service_account_name;
  if (path == "status.hostIP" || path == "status.hostIPs") return facts.host_ip;
  if (path == "status.podIP") return facts.pod_ips.empty() ? std::string() : facts.pod_ips.front();
  if (path == "status.podIPs") return join(facts.pod_ips, ",");
  return fail(Code::kInvalid, fmt::format("unsupported fieldPath: {}", path));
}

Result<EnvList> container_env(const api::Pod& pod, const api::Container& container, const EnvFacts& facts) {
  for (const api::EnvFromSource& source : container.env_from) {
    if (source.config_map_ref && !source.config_map_ref->optional.value_or(false)) {
      return fail(Code::kInvalid,
                  fmt::format("configmap \"{}\" not found", source.config_map_ref->local_object_reference.name));
    }
    if (source.secret_ref && !source.secret_ref->optional.value_or(false)) {
      return fail(Code::kInvalid,
                  fmt::format("secret \"{}\" not found", source.secret_ref->local_object_reference.name));
    }
  }
  EnvList out;
  EnvMap known = facts.services;
  std::map<std::string, size_t> position;
  for (const api::EnvVar& var : container.env) {
    bool absent = false;
    std::string value;
    if (var.value_from) {
      auto from = env_value(pod, container, var, facts, absent);
      if (!from) return fail(std::move(from).error().in(fmt::format("env {}", var.name)));
      value = *std::move(from);
    } else {
      value = expand(var.value, known);
    }
    if (absent) continue;
    known[var.name] = value;
    const auto [it, fresh] = position.emplace(var.name, out.size());
    if (fresh) {
      out.emplace_back(var.name, std::move(value));
    } else {
      out[it->second].second = std::move(value);
    }
  }
  for (const auto& [name, value] : facts.services) {
    if (!position.contains(name)) out.emplace_back(name, value);
  }
  return out;
}

}  // namespace fairlead::agent
