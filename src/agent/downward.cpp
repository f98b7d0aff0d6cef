#include "agent/downward.h"

#include <fmt/format.h>

#include "api/quantity.h"
#include "base/text.h"

namespace fairlead::agent {
namespace {

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

std::string lines_of(const api::StringMap& map) {
  std::string out;
  for (const auto& [key, value] : map) out += fmt::format("{}{}={}", out.empty() ? "" : "\n", key, quote(value));
  return out;
}

const api::Container* container_named(const api::Pod& pod, const std::string& name) {
  for (const auto* list : {&pod.spec.containers, &pod.spec.init_containers}) {
    for (const api::Container& c : *list) {
      if (c.name == name) return &c;
    }
  }
  return nullptr;
}

}  // namespace

Result<std::string> field_value(const api::Pod& pod, std::string_view path, const DownwardFacts& facts) {
  const api::ObjectMeta& meta = pod.metadata;
  if (const auto key = subscript(path, "metadata.labels")) return value_or_empty(meta.labels, *key);
  if (const auto key = subscript(path, "metadata.annotations")) return value_or_empty(meta.annotations, *key);
  if (path == "metadata.labels") return lines_of(meta.labels);
  if (path == "metadata.annotations") return lines_of(meta.annotations);
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

Result<std::string> resource_value(const api::Pod& pod, const api::Container* own,
                                   const api::ResourceFieldSelector& from, const DownwardFacts& facts) {
  const api::Container* container =
      own != nullptr && from.container_name.empty() ? own : container_named(pod, from.container_name);
  if (container == nullptr) return fail(Code::kInvalid, fmt::format("container {} not found", from.container_name));
  const size_t dot = from.resource.find('.');
  const std::string kind = from.resource.substr(0, dot);
  const std::string name = dot == std::string::npos ? "" : from.resource.substr(dot + 1);
  const bool known = name == "cpu" || name == "memory" || name == "ephemeral-storage" || name.starts_with("hugepages-");
  if ((kind != "limits" && kind != "requests") || !known) {
    return fail(Code::kInvalid, fmt::format("unsupported container resource : {}", from.resource));
  }
  const auto& amounts = kind == "limits" ? container->resources.limits : container->resources.requests;
  api::QuantityValue value;
  if (const auto found = amounts.find(name); found != amounts.end()) value = api::value_of(found->second);
  if (kind == "limits" && value.sign() == 0) {
    if (name == "cpu") value = api::QuantityValue::of_nano(api::Int128{facts.node_cpu_milli} * 1'000'000);
    if (name == "memory") value = api::QuantityValue::of(facts.node_memory);
  }
  api::Int128 divisor = api::value_of(from.divisor).nano();
  if (divisor <= 0) divisor = 1'000'000'000;
  return std::to_string(static_cast<int64_t>((value.nano() + divisor - 1) / divisor));
}

}  // namespace fairlead::agent
