#include "controllers/endpoints/endpoints_plan.h"

#include <algorithm>
#include <map>

#include "base/ip.h"
#include "controllers/common/pods.h"
#include "controllers/endpointslice/slice_plan.h"

namespace fairlead::controllers {
namespace {

constexpr const char* kManagedByEndpointController = "endpoints.kubernetes.io/managed-by";
constexpr const char* kOverCapacity = "endpoints.kubernetes.io/over-capacity";

std::vector<api::EndpointPort> endpoint_ports(const api::Service& service, const api::Pod& pod) {
  std::vector<api::EndpointPort> out;
  for (const auto& p : ports_on(service, pod)) {
    out.push_back({.name = p.name.value_or(""),
                   .port = p.port.value_or(0),
                   .protocol = p.protocol.value_or("TCP"),
                   .app_protocol = p.app_protocol});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::tie(a.name, a.port, a.protocol) < std::tie(b.name, b.port, b.protocol);
  });
  return out;
}

api::EndpointAddress address_of(const api::Service& service, const api::Pod& pod) {
  api::EndpointAddress a;
  a.ip = pod.status.pod_ip;
  if (!pod.spec.hostname.empty() && pod.spec.subdomain == service.metadata.name) a.hostname = pod.spec.hostname;
  if (!pod.spec.node_name.empty()) a.node_name = pod.spec.node_name;
  auto& ref = a.target_ref.emplace();
  ref.kind = "Pod";
  ref.namespace_ = pod.metadata.namespace_;
  ref.name = pod.metadata.name;
  ref.uid = pod.metadata.uid;
  return a;
}

bool in_order(const api::EndpointAddress& a, const api::EndpointAddress& b) {
  const auto left = IpAddress::parse(a.ip);
  const auto right = IpAddress::parse(b.ip);
  if (left && right && *left != *right) return *left < *right;
  return a.target_ref->uid < b.target_ref->uid;
}

// Keeps ready addresses first when there are more than fit.
bool cut(std::vector<api::EndpointSubset>& subsets) {
  size_t room = kMaxEndpointsCapacity;
  bool over = false;
  for (auto list : {&api::EndpointSubset::addresses, &api::EndpointSubset::not_ready_addresses}) {
    for (auto& subset : subsets) {
      auto& addresses = subset.*list;
      if (addresses.size() > room) {
        addresses.resize(room);
        over = true;
      }
      room -= addresses.size();
    }
  }
  return over;
}

}  // namespace

api::Endpoints plan_endpoints(const api::Service& service, const std::vector<std::shared_ptr<const api::Pod>>& pods,
                              const api::Endpoints* existing) {
  api::Endpoints out;
  if (existing != nullptr) out.metadata = existing->metadata;
  out.metadata.name = service.metadata.name;
  out.metadata.namespace_ = service.metadata.namespace_;
  out.metadata.labels = service.metadata.labels;
  out.metadata.labels.erase(std::string(kHeadlessLabel));
  out.metadata.labels[kManagedByEndpointController] = "endpoint-controller";
  if (service.spec.cluster_ip == "None") out.metadata.labels[std::string(kHeadlessLabel)] = "";

  const auto family =
      service.spec.ip_families.empty() || service.spec.ip_families[0] == "IPv4" ? IpFamily::kV4 : IpFamily::kV6;
  std::map<std::string, api::EndpointSubset> by_ports;
  for (const auto& pod : pods) {
    const auto address = IpAddress::parse(pod->status.pod_ip);
    if (!may_be_endpoint(*pod) || !address || address->family() != family) continue;
    if (pod->metadata.deletion_timestamp && !service.spec.publish_not_ready_addresses) continue;
    auto ports = endpoint_ports(service, *pod);
    if (ports.empty() && !service.spec.ports.empty()) continue;  // none of the named ports is there
    std::string key;
    for (const auto& p : ports) key += fmt::format("{}/{}/{},", p.name, p.port, p.protocol);
    auto& subset = by_ports[key];
    subset.ports = std::move(ports);
    const bool ready = is_ready(*pod) || service.spec.publish_not_ready_addresses;
    (ready ? subset.addresses : subset.not_ready_addresses).push_back(address_of(service, *pod));
  }
  for (auto& [key, subset] : by_ports) {
    std::sort(subset.addresses.begin(), subset.addresses.end(), &in_order);
    std::sort(subset.not_ready_addresses.begin(), subset.not_ready_addresses.end(), &in_order);
    out.subsets.push_back(std::move(subset));
  }
  if (cut(out.subsets)) {
    out.metadata.annotations[kOverCapacity] = "truncated";
  } else {
    out.metadata.annotations.erase(kOverCapacity);
  }
  return out;
}

}  // namespace fairlead::controllers
