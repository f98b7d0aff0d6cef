// The writer's half of the zone; zone_answer.cpp is the readers'.
#include "dns/zone.h"

#include <algorithm>

#include "base/text.h"

namespace fairlead::dns {

namespace {

std::string_view bytes_of(const IpAddress& address) {
  return {reinterpret_cast<const char*>(address.bytes().data()), address.bytes().size()};
}

// "kube-system/kube-dns" -> "\010kube-dns\013kube-system"; "" when it is not of that form.
std::string service_key(std::string_view ns_and_name) {
  const auto slash = ns_and_name.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == ns_and_name.size()) return "";
  return wire_labels({ns_and_name.substr(slash + 1), ns_and_name.substr(0, slash)});
}

std::vector<IpAddress> all_addresses(const AddressSet& set) {
  std::vector<IpAddress> out;
  for (const auto a : set.v4) out.push_back(IpAddress::v4(a));
  for (const auto& a : set.v6) out.push_back(IpAddress::v6(a));
  return out;
}

// The labels of an endpoint's own name: "\005web-0\003web\007default".
std::string endpoint_labels(const Slice& slice, const Slice::Named& endpoint) {
  std::string out(1, static_cast<char>(endpoint.size));
  out += slice.hostname(endpoint);
  return out + slice.service;
}

using NamedKey = std::pair<std::string, IpAddress>;

std::vector<NamedKey> named_keys(const Slice* slice) {
  std::vector<NamedKey> out;
  if (!slice) return out;
  out.reserve(slice->named.size());
  for (const auto& n : slice->named) out.emplace_back(endpoint_labels(*slice, n), n.address);
  std::sort(out.begin(), out.end());
  return out;
}

void gather_headless(ServiceNode& node) {
  node.addresses = {};
  if (node.kind != ServiceKind::kHeadless) return;
  for (const auto& slice : node.slices) {
    auto& all = node.addresses;
    all.v4.insert(all.v4.end(), slice->unnamed.v4.begin(), slice->unnamed.v4.end());
    all.v6.insert(all.v6.end(), slice->unnamed.v6.begin(), slice->unnamed.v6.end());
    for (const auto& n : slice->named) all.add(n.address);
  }
  node.addresses.sort_unique();
}

}  // namespace

Zone::Zone(ZoneConfig config)
    : config_(std::move(config)),
      domain_wire_(config_.domain.lowered().wire()),
      domain_labels_(LabelList(domain_wire_).count),
      dns_service_key_(service_key(config_.dns_service)),
      services_(domain_),
      namespaces_(domain_),
      pods_(domain_),
      ptrs_(domain_),
      serial_(config_.first_serial) {}

Zone::~Zone() = default;

void Zone::put_service(ServiceNode node) {
  services_.put(std::make_unique<const ServiceNode>(std::move(node)));
  changed();
}

void Zone::set_service(const api::Service& service) {
  ServiceNode node = compile_service(service);
  if (node.key.empty()) return;
  const ServiceNode* before = services_.find(node.key);
  if (before) node.slices = before->slices;
  if (node.kind == ServiceKind::kHeadless) gather_headless(node);
  change_cluster_ips(before, node);
  put_service(std::move(node));
}

void Zone::remove_service(std::string_view ns, std::string_view name) {
  const auto key = wire_labels({name, ns});
  const ServiceNode* before = services_.find(key);
  if (!before) return;
  ServiceNode absent{.key = key, .slices = before->slices};
  change_cluster_ips(before, absent);
  if (absent.slices.empty()) {
    services_.erase(key);
    changed();
  } else {
    put_service(std::move(absent));
  }
}

void Zone::change_cluster_ips(const ServiceNode* before, const ServiceNode& after) {
  std::vector<IpAddress> old_ips;
  std::vector<IpAddress> new_ips;
  if (before && before->kind == ServiceKind::kClusterIp) old_ips = all_addresses(before->addresses);
  if (after.kind == ServiceKind::kClusterIp) new_ips = all_addresses(after.addresses);
  for (const auto& ip : new_ips) {
    if (std::find(old_ips.begin(), old_ips.end(), ip) == old_ips.end()) change_ptr(ip, true, after.key, true);
  }
  for (const auto& ip : old_ips) {
    if (std::find(new_ips.begin(), new_ips.end(), ip) == new_ips.end()) change_ptr(ip, true, after.key, false);
  }
}

void Zone::change_ptr(const IpAddress& address, bool of_service, std::string_view name, bool add) {
  PtrNode node{.key = std::string(bytes_of(address))};
  if (const auto* before = ptrs_.find(node.key)) node = *before;
  auto& names = of_service ? node.services : node.endpoints;
  const auto at = std::find(names.begin(), names.end(), name);
  if (add) {
    names.emplace_back(name);
  } else if (at != names.end()) {
    names.erase(at);
  }
  if (node.services.empty() && node.endpoints.empty()) {
    ptrs_.erase(node.key);
  } else {
    ptrs_.put(std::make_unique<const PtrNode>(std::move(node)));
  }
}

void Zone::set_slice(const api::EndpointSlice& slice) {
  auto compiled = compile_slice(slice);
  if (!compiled) return remove_slice(slice.metadata.namespace_, slice.metadata.name);
  std::shared_ptr<const Slice> before;
  if (const auto it = slices_.find(compiled->key); it != slices_.end()) before = it->second;
  slices_[compiled->key] = compiled;
  // New reverse names come before old ones go, so that a slice that moves an endpoint never leaves it without.
  const auto old_names = named_keys(before.get());
  const auto new_names = named_keys(compiled.get());
  std::vector<NamedKey> difference;
  std::set_difference(new_names.begin(), new_names.end(), old_names.begin(), old_names.end(),
                      std::back_inserter(difference));
  for (const auto& [name, address] : difference) change_ptr(address, false, name, true);
  difference.clear();
  std::set_difference(old_names.begin(), old_names.end(), new_names.begin(), new_names.end(),
                      std::back_inserter(difference));
  for (const auto& [name, address] : difference) change_ptr(address, false, name, false);

  if (before && before->service != compiled->service) {
    update_slices(before->service, before.get(), nullptr);
    before = nullptr;
  }
  update_slices(compiled->service, before.get(), compiled);
}

void Zone::remove_slice(std::string_view ns, std::string_view name) {
  const auto it = slices_.find(api::key_of(ns, name));
  if (it == slices_.end()) return;
  const std::shared_ptr<const Slice> before = it->second;
  slices_.erase(it);
  for (const auto& [labels, address] : named_keys(before.get())) change_ptr(address, false, labels, false);
  update_slices(before->service, before.get(), nullptr);
}

void Zone::update_slices(const std::string& service, const Slice* remove, std::shared_ptr<const Slice> add) {
  ServiceNode node;
  if (const ServiceNode* before = services_.find(service)) {
    node = *before;
  } else {
    node.key = service;
  }
  std::erase_if(node.slices, [&](const auto& s) { return s.get() == remove; });
  if (add) node.slices.push_back(std::move(add));
  if (node.kind == ServiceKind::kHeadless) gather_headless(node);
  if (node.kind == ServiceKind::kAbsent && node.slices.empty()) {
    services_.erase(service);
    changed();
    return;
  }
  put_service(std::move(node));
}

void Zone::add_namespace(std::string_view name) {
  auto key = wire_labels({name});
  if (key.empty() || namespaces_.find(key)) return;
  namespaces_.put(std::make_unique<const NameNode>(std::move(key)));
  changed();
}

void Zone::remove_namespace(std::string_view name) {
  if (!namespaces_.find(wire_labels({name}))) return;
  namespaces_.erase(wire_labels({name}));
  changed();
}

void Zone::set_pod(std::string_view ns, std::string_view name, const std::vector<IpAddress>& addresses) {
  std::vector<std::string> keys;
  for (const auto& address : addresses) keys.push_back(wire_labels({ns}) + std::string(bytes_of(address)));
  const auto pod = api::key_of(ns, name);
  auto& before = pod_addresses_[pod];
  for (const auto& key : keys) change_pod_address(key, 1);
  for (const auto& key : before) change_pod_address(key, -1);
  if (keys.empty()) {
    pod_addresses_.erase(pod);
  } else {
    before = std::move(keys);
  }
}

void Zone::change_pod_address(const std::string& key, int by) {
  int& count = pod_counts_[key];
  count += by;
  if (by > 0 && count == 1) pods_.put(std::make_unique<const NameNode>(key));
  if (count > 0) return;
  pods_.erase(key);
  pod_counts_.erase(key);
}

}  // namespace fairlead::dns
