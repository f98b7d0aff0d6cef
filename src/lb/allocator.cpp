#include "lb/allocator.h"

#include <algorithm>

namespace fairlead::lb {
namespace {

std::vector<IpFamily> families_of(const api::Service& service) {
  std::vector<IpFamily> out;
  for (const auto& name : service.spec.ip_families) out.push_back(name == "IPv6" ? IpFamily::kV6 : IpFamily::kV4);
  if (out.empty()) out.push_back(IpFamily::kV4);
  return out;
}

std::vector<IpAddress> addresses_in_status(const api::Service& service) {
  std::vector<IpAddress> out;
  for (const auto& ingress : service.status.load_balancer.ingress) {
    if (const auto address = IpAddress::parse(ingress.ip)) out.push_back(*address);
  }
  return out;
}

}  // namespace

bool is_ours(const api::Service& service) {
  return service.spec.type == "LoadBalancer" && !service.metadata.deletion_timestamp.at &&
         service.spec.load_balancer_class.value_or(std::string(kLoadBalancerClass)) == kLoadBalancerClass;
}

bool Allocator::take(const std::string& key, const IpAddress& address) {
  const auto [it, added] = owner_.try_emplace(address, key);
  if (added) held_[key].push_back(address);
  return it->second == key;
}

void Allocator::learn(const std::string& key, const api::Service& service) {
  if (!is_ours(service)) return;
  for (const auto& address : addresses_in_status(service)) {
    if (pool_.contains(address)) take(key, address);
  }
}

void Allocator::keep_only(const std::string& key, const std::vector<IpAddress>& kept) {
  const auto it = held_.find(key);
  if (it == held_.end()) return;
  std::erase_if(it->second, [&](const IpAddress& address) {
    if (std::ranges::find(kept, address) != kept.end()) return false;
    owner_.erase(address);
    return true;
  });
  if (it->second.empty()) held_.erase(it);
}

Decision Allocator::assign(const std::string& key, const api::Service& service) {
  Decision decision;
  std::optional<IpAddress> requested;
  if (const auto& text = service.spec.load_balancer_ip; !text.empty()) {
    const auto address = IpAddress::parse(text);
    if (!address || !pool_.contains(*address)) {
      decision.problem =
          fmt::format("spec.loadBalancerIP \"{}\" is not an address of the pool {}", text, pool_.to_string());
    } else if (const auto it = owner_.find(*address); it != owner_.end() && it->second != key) {
      decision.problem = fmt::format("spec.loadBalancerIP \"{}\" is in use by Service {}", text, it->second);
    } else {
      requested = *address;
    }
    if (!requested) {
      keep_only(key, {});
      return decision;
    }
  }
  learn(key, service);
  for (const IpFamily family : families_of(service)) {
    if (requested && requested->family() == family) {
      take(key, *requested);
      decision.addresses.push_back(*requested);
      continue;
    }
    const auto held = held_.find(key);
    const auto same = held == held_.end() ? std::vector<IpAddress>() : held->second;
    const auto mine = std::ranges::find_if(same, [&](const IpAddress& a) { return a.family() == family; });
    if (mine != same.end()) {
      decision.addresses.push_back(*mine);
      continue;
    }
    const auto found = pool_.first_free(family, [&](const IpAddress& a) { return owner_.contains(a); });
    if (found) {
      take(key, *found);
      decision.addresses.push_back(*found);
    } else if (pool_.has(family) || service.spec.ip_family_policy != "PreferDualStack") {
      decision.problem = pool_.has(family)
                             ? fmt::format("no {} address is left in the pool {}", to_string(family), pool_.to_string())
                             : fmt::format("the pool {} has no {} addresses", pool_.to_string(), to_string(family));
    }
  }
  keep_only(key, decision.addresses);
  return decision;
}

bool Allocator::release(const std::string& key) {
  const bool had = held_.contains(key);
  keep_only(key, {});
  return had;
}

}  // namespace fairlead::lb
