#include "agent/env.h"

#include <fmt/format.h>

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

// nullopt: an optional reference to what is not there, so the variable is left out.
Result<std::optional<std::string>> key_value(const KeyedData* from, const std::string& key, bool optional,
                                             std::string_view what) {
  if (from == nullptr) return std::nullopt;
  if (const auto found = from->data.find(key); found != from->data.end()) return found->second;
  if (optional) return std::nullopt;
  return fail(Code::kNotFound, fmt::format("couldn't find key {} in {}", key, what));
}

Result<std::optional<std::string>> env_value(const api::Pod& pod, const api::Container& container,
                                             const api::EnvVarSource& from, const EnvFacts& facts) {
  const std::string& ns = pod.metadata.namespace_;
  if (from.field_ref) return field_value(pod, from.field_ref->field_path, facts.downward);
  if (from.resource_field_ref) return resource_value(pod, &container, *from.resource_field_ref, facts.downward);
  if (const auto& ref = from.config_map_key_ref) {
    const std::string& name = ref->local_object_reference.name;
    const bool optional = ref->optional.value_or(false);
    FL_TRY(const KeyedData* data, facts.sources.config_map(name, optional));
    return key_value(data, ref->key, optional, fmt::format("ConfigMap {}/{}", ns, name));
  }
  if (const auto& ref = from.secret_key_ref) {
    const std::string& name = ref->local_object_reference.name;
    const bool optional = ref->optional.value_or(false);
    FL_TRY(const KeyedData* data, facts.sources.secret(name, optional));
    return key_value(data, ref->key, optional, fmt::format("Secret {}/{}", ns, name));
  }
  if (from.file_key_ref) return fail(Code::kInvalid, "env valueFrom.fileKeyRef is not supported by this node agent");
  return std::string();
}

// What envFrom brings; a later source wins over an earlier one.
Result<EnvMap> env_from(const api::Container& container, const EnvFacts& facts) {
  EnvMap out;
  for (const api::EnvFromSource& source : container.env_from) {
    const KeyedData* data = nullptr;
    if (const auto& ref = source.config_map_ref) {
      FL_TRY(data, facts.sources.config_map(ref->local_object_reference.name, ref->optional.value_or(false)));
    } else if (const auto& secret = source.secret_ref) {
      FL_TRY(data, facts.sources.secret(secret->local_object_reference.name, secret->optional.value_or(false)));
    }
    if (data == nullptr) continue;
    for (const auto& [key, value] : data->data) out[source.prefix + key] = value;
  }
  return out;
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

Result<EnvList> container_env(const api::Pod& pod, const api::Container& container, const EnvFacts& facts) {
  FL_TRY(const EnvMap imported, env_from(container, facts));
  EnvList out;
  EnvMap known = facts.services;
  std::map<std::string, size_t> position;
  const auto set = [&](const std::string& name, std::string value) {
    known[name] = value;
    const auto [it, fresh] = position.emplace(name, out.size());
    if (fresh) {
      out.emplace_back(name, std::move(value));
    } else {
      out[it->second].second = std::move(value);
    }
  };
  for (const auto& [name, value] : imported) set(name, value);
  for (const api::EnvVar& var : container.env) {
    if (var.value.empty() && var.value_from) {
      FL_TRY(auto value, env_value(pod, container, *var.value_from, facts));
      if (value) set(var.name, *std::move(value));
    } else {
      set(var.name, expand(var.value, known));
    }
  }
  for (const auto& [name, value] : facts.services) {
    if (!position.contains(name)) out.emplace_back(name, value);
  }
  return out;
}

}  // namespace fairlead::agent
