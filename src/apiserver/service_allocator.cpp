#include "apiserver/service_allocator.h"

#include <algorithm>

#include "api/validation.h"
#include "base/log.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

using api::Service;

bool needs_address(const api::ServiceSpec& s) { return s.type != "ExternalName"; }
bool headless(const api::ServiceSpec& s) { return s.cluster_ip == "None"; }
bool needs_node_ports(const api::ServiceSpec& s) {
  return s.type == "NodePort" || (s.type == "LoadBalancer" && s.allocate_load_balancer_node_ports.value_or(true));
}
bool needs_health_port(const api::ServiceSpec& s) {
  return s.type == "LoadBalancer" && s.external_traffic_policy == "Local";
}

bool same_node_ports(const api::ServiceSpec& a, const api::ServiceSpec& b) {
  const auto ports = [](const api::ServiceSpec& s) {
    std::set<int32_t> out;
    for (const auto& p : s.ports) out.insert(p.node_port);
    return out;
  };
  return ports(a) == ports(b);
}

// Kubernetes' offsets of the two bands: a sixteenth of the range, at least 16 addresses, at most 256.
uint64_t address_band(uint64_t size) {
  if (size <= 16) return 0;
  return std::min<uint64_t>(std::max<uint64_t>(16, size / 16), 256);
}
uint64_t port_band(uint64_t size) {
  if (size <= 16) return 0;
  return std::min<uint64_t>(std::max<uint64_t>(16, size / 32), 128);
}

// The first and the last address of a network are nobody's.
uint64_t usable(const Cidr& network) {
  const uint64_t size = std::min<uint64_t>(network.size(), uint64_t{1} << 32);
  return size > 2 ? size - 2 : 0;
}

}  // namespace

Pool::Pool(uint64_t size, uint64_t band) : size_(size), band_(band), random_(random_u64()) {}

std::optional<uint64_t> Pool::take_any() {
  if (free() == 0) return std::nullopt;
  auto n = any_in(band_, size_);
  if (!n) n = any_in(0, band_);
  if (n) take(*n);
  return n;
}

std::optional<uint64_t> Pool::any_in(uint64_t from, uint64_t to) {
  if (from >= to) return std::nullopt;
  // Random while the range is mostly free, then from a random place to the next free one.
  const uint64_t start = from + random_() % (to - from);
  uint64_t n = start;
  for (int i = 0; i < 16; ++i) {
    if (!taken(n)) return n;
    n = from + random_() % (to - from);
  }
  n = start;
  do {
    if (!taken(n)) return n;
    if (++n == to) n = from;
  } while (n != start);
  return std::nullopt;
}

Result<PortRange> parse_port_range(std::string_view text) {
  const auto parts = split(text, '-');
  const auto first = parts.empty() ? std::nullopt : parse_int(parts[0]);
  const auto last = parts.size() == 2 ? parse_int(parts[1]) : std::nullopt;
  if (!first || !last || *first < 1 || *last > 65535 || *first > *last) {
    return fail(Code::kInvalid,
                fmt::format("port range {} is not FIRST-LAST with 1 <= FIRST <= LAST <= 65535, as in 30000-32767",
                            quote(text)));
  }
  return PortRange{static_cast<uint16_t>(*first), static_cast<uint16_t>(*last)};
}

// What one write takes; gives it all back unless kept.
class ServiceAllocator::Taking {
 public:
  Taking(ServiceAllocator& owner, Service& service, const Service* old)
      : owner_(owner), spec_(service.spec), old_(old) {}

  Result<> run(api::FieldErrors& problems) {
    if (old_ != nullptr) drop_what_the_type_does_not_have();
    if (old_ != nullptr) carry();
    normalise();
    if (needs_address(spec_)) {
      choose_families(problems);
      if (problems.empty() && !headless(spec_)) take_addresses(problems);
    }
    if (problems.empty()) take_ports(problems);
    return {};
  }

  Held taken;

 private:
  // A field that belongs to the old type and was sent back unchanged goes with it.
  void drop_what_the_type_does_not_have() {
    const api::ServiceSpec& was = old_->spec;
    if (needs_address(was) && !needs_address(spec_) && spec_.cluster_ip == was.cluster_ip &&
        spec_.cluster_ips == was.cluster_ips) {
      spec_.cluster_ip.clear();
      spec_.cluster_ips.clear();
      spec_.ip_families.clear();
      spec_.ip_family_policy.reset();
    }
    if (needs_node_ports(was) && !needs_node_ports(spec_) && same_node_ports(was, spec_)) {
      for (auto& p : spec_.ports) p.node_port = 0;
    }
    if (needs_health_port(was) && !needs_health_port(spec_) &&
        spec_.health_check_node_port == was.health_check_node_port) {
      spec_.health_check_node_port = 0;
    }
    if (was.type == "LoadBalancer" && spec_.type != "LoadBalancer") {
      if (spec_.allocate_load_balancer_node_ports == was.allocate_load_balancer_node_ports)
        spec_.allocate_load_balancer_node_ports.reset();
      if (spec_.load_balancer_class == was.load_balancer_class) spec_.load_balancer_class.reset();
    }
    const auto external = [](const api::ServiceSpec& s) { return s.type == "NodePort" || s.type == "LoadBalancer"; };
    if (external(was) && !external(spec_) && spec_.external_ips.empty() &&
        spec_.external_traffic_policy == was.external_traffic_policy) {
      spec_.external_traffic_policy.clear();
    }
  }

  // What was allocated stays when the client does not mention it.
  void carry() {
    const api::ServiceSpec& was = old_->spec;
    if (needs_address(was) && needs_address(spec_)) {
      if (spec_.cluster_ip.empty()) spec_.cluster_ip = was.cluster_ip;
      if (spec_.cluster_ips.empty() && spec_.cluster_ip == was.cluster_ip) spec_.cluster_ips = was.cluster_ips;
      if (spec_.ip_families.empty() && spec_.cluster_ip == was.cluster_ip) spec_.ip_families = was.ip_families;
      if (!spec_.ip_family_policy) spec_.ip_family_policy = was.ip_family_policy;
    }
    if (needs_node_ports(was) && needs_node_ports(spec_)) {
      std::set<std::pair<std::string, int32_t>> used;
      for (const auto& p : spec_.ports) used.insert({p.protocol, p.node_port});
      for (auto& p : spec_.ports) {
        if (p.node_port != 0) continue;
        for (const auto& o : was.ports) {
          if (o.port == p.port && o.protocol == p.protocol && o.node_port != 0 &&
              !used.contains({p.protocol, o.node_port})) {
            p.node_port = o.node_port;
            used.insert({p.protocol, p.node_port});
            break;
          }
        }
      }
    }
    if (needs_health_port(was) && needs_health_port(spec_) && spec_.health_check_node_port == 0) {
      spec_.health_check_node_port = was.health_check_node_port;
    }
  }

  // clusterIP and clusterIPs[0] are one thing; clients that know only one of them set only one.
  void normalise() {
    if (!needs_address(spec_)) return;
    if (old_ != nullptr && spec_.cluster_ip != old_->spec.cluster_ip && spec_.cluster_ips == old_->spec.cluster_ips) {
      spec_.cluster_ips.clear();
    }
    if (spec_.cluster_ips.empty() && !spec_.cluster_ip.empty()) spec_.cluster_ips = {spec_.cluster_ip};
    if (spec_.cluster_ip.empty() && !spec_.cluster_ips.empty()) spec_.cluster_ip = spec_.cluster_ips[0];
  }

  void choose_families(api::FieldErrors& problems) {
    const bool dual_cluster = owner_.networks_.size() > 1;
    auto& families = spec_.ip_families;
    // Addresses that were asked for say which families are meant.
    for (size_t i = 0; i < spec_.cluster_ips.size() && !headless(spec_); ++i) {
      const auto address = IpAddress::parse(spec_.cluster_ips[i]);
      if (address && families.size() <= i) families.emplace_back(to_string(address->family()));
    }
    for (size_t i = 0; i < families.size(); ++i) {
      if (owner_.network_of(families[i]) == nullptr) {
        problems.push_back({"FieldValueInvalid", fmt::format("spec.ipFamilies[{}]", i),
                            fmt::format("Invalid value: {}: not configured on this cluster", quote(families[i]))});
      }
    }
    if (!spec_.ip_family_policy) {
      const bool selectorless = headless(spec_) && spec_.selector.empty();
      spec_.ip_family_policy = families.size() > 1            ? "RequireDualStack"
                               : selectorless && dual_cluster ? "RequireDualStack"
                                                              : "SingleStack";
    }
    const std::string& policy = *spec_.ip_family_policy;
    if (policy == "RequireDualStack" && !dual_cluster) {
      problems.push_back(
          {"FieldValueInvalid", "spec.ipFamilyPolicy",
           "Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services"});
    }
    if (!problems.empty()) return;
    if (families.empty()) families.emplace_back(to_string(owner_.networks_[0].family()));
    if (policy == "SingleStack" && families.size() > 1) {
      // Going from two families to one keeps the first.
      if (old_ != nullptr && old_->spec.ip_families.size() > 1) {
        families.resize(1);
        if (spec_.cluster_ips.size() > 1) spec_.cluster_ips.resize(1);
      } else {
        problems.push_back({"FieldValueInvalid", "spec.ipFamilyPolicy",
                            "Invalid value: \"SingleStack\": may be used only when one family is named; use "
                            "PreferDualStack or RequireDualStack"});
      }
    }
    if (policy != "SingleStack" && families.size() == 1 && dual_cluster)
      families.emplace_back(families[0] == "IPv4" ? "IPv6" : "IPv4");
  }

  void take_addresses(api::FieldErrors& problems) {
    auto& ips = spec_.cluster_ips;
    for (size_t i = 0; i < spec_.ip_families.size(); ++i) {
      const Cidr& network = *owner_.network_of(spec_.ip_families[i]);
      if (i < ips.size()) {
        if (old_ != nullptr && i < old_->spec.cluster_ips.size() && old_->spec.cluster_ips[i] == ips[i]) continue;
        take_this_address(ips[i], network, problems);
      } else {
        take_some_address(network, problems);
      }
      if (!problems.empty()) return;
    }
    if (!ips.empty()) spec_.cluster_ip = ips[0];
  }

  void take_this_address(const std::string& text, const Cidr& network, api::FieldErrors& problems) {
    const auto refuse = [&](std::string_view why) {
      problems.push_back({"FieldValueInvalid", "spec.clusterIPs",
                          fmt::format("Invalid value: {}: failed to allocate IP {}: {}",
                                      api::BadValue(spec_.cluster_ips).text(), text, why)});
    };
    const auto address = IpAddress::parse(text);
    if (!address) return;  // the kind's own validation says so
    uint64_t number = 0;
    Pool* pool = owner_.pool_of(*address, number);
    if (pool == nullptr || !network.contains(*address)) {
      return refuse(fmt::format("the provided IP ({}) is not in the valid range. The range of valid IPs is {}", text,
                                network.to_string()));
    }
    if (pool->taken(number)) return refuse("provided IP is already allocated");
    pool->take(number);
    taken.addresses.push_back(*address);
  }

  void take_some_address(const Cidr& network, api::FieldErrors& problems) {
    const auto index = static_cast<size_t>(&network - owner_.networks_.data());
    const auto number = owner_.addresses_[index].take_any();
    if (!number) {
      problems.push_back(
          {"InternalError", "spec.clusterIPs",
           fmt::format("Internal error: failed to allocate a serviceIP: range {} is full", network.to_string())});
      return;
    }
    const IpAddress address = network.at(*number + 1);
    taken.addresses.push_back(address);
    spec_.cluster_ips.push_back(address.to_string());
  }

  void take_ports(api::FieldErrors& problems) {
    std::set<uint16_t> own;
    if (old_ != nullptr) {
      for (const uint16_t p : held_by(*old_).ports) own.insert(p);
    }
    if (needs_node_ports(spec_)) {
      for (size_t i = 0; i < spec_.ports.size(); ++i) take_node_port(i, own, problems);
    }
    if (needs_health_port(spec_)) take_port(spec_.health_check_node_port, "spec.healthCheckNodePort", own, problems);
  }

  void take_node_port(size_t i, std::set<uint16_t>& own, api::FieldErrors& problems) {
    api::ServicePort& port = spec_.ports[i];
    // One port number in several protocols is one NodePort.
    for (size_t k = 0; port.node_port == 0 && k < spec_.ports.size(); ++k) {
      const api::ServicePort& other = spec_.ports[k];
      if (k != i && other.port == port.port && other.protocol != port.protocol && other.node_port != 0)
        port.node_port = other.node_port;
    }
    take_port(port.node_port, fmt::format("spec.ports[{}].nodePort", i), own, problems);
  }

  void take_port(int32_t& port, const std::string& field, std::set<uint16_t>& own, api::FieldErrors& problems) {
    const PortRange& range = owner_.range_;
    if (port == 0) {
      const auto number = owner_.ports_.take_any();
      if (!number) {
        problems.push_back({"InternalError", field, "Internal error: failed to allocate a nodePort: range is full"});
        return;
      }
      port = static_cast<int32_t>(range.first + *number);
      taken.ports.push_back(static_cast<uint16_t>(port));
      own.insert(static_cast<uint16_t>(port));
      return;
    }
    if (own.contains(static_cast<uint16_t>(port))) return;
    const auto refuse = [&](std::string why) {
      problems.push_back({"FieldValueInvalid", field, fmt::format("Invalid value: {}: {}", port, why)});
    };
    if (port < range.first || port > range.last) {
      return refuse(fmt::format("provided port is not in the valid range. The range of valid ports is {}-{}",
                                range.first, range.last));
    }
    const uint64_t number = static_cast<uint64_t>(port - range.first);
    if (owner_.ports_.taken(number)) return refuse("provided port is already allocated");
    owner_.ports_.take(number);
    taken.ports.push_back(static_cast<uint16_t>(port));
    own.insert(static_cast<uint16_t>(port));
  }

  ServiceAllocator& owner_;
  api::ServiceSpec& spec_;
  const Service* old_;
};

ServiceAllocator::ServiceAllocator(std::vector<Cidr> networks, PortRange ports)
    : networks_(std::move(networks)),
      range_(ports),
      ports_(static_cast<uint64_t>(ports.last - ports.first) + 1,
             port_band(static_cast<uint64_t>(ports.last - ports.first) + 1)) {
  check(!networks_.empty(), "a service network is needed");
  for (const Cidr& n : networks_) addresses_.emplace_back(usable(n), address_band(usable(n)));
}

ServiceAllocator::Held ServiceAllocator::held_by(const Service& service) {
  Held held;
  if (needs_address(service.spec) && !headless(service.spec)) {
    for (const std::string& text : service.spec.cluster_ips) {
      if (const auto address = IpAddress::parse(text)) held.addresses.push_back(*address);
    }
  }
  std::set<uint16_t> ports;
  for (const auto& p : service.spec.ports) {
    if (p.node_port != 0) ports.insert(static_cast<uint16_t>(p.node_port));
  }
  if (service.spec.health_check_node_port != 0)
    ports.insert(static_cast<uint16_t>(service.spec.health_check_node_port));
  held.ports.assign(ports.begin(), ports.end());
  return held;
}

Pool* ServiceAllocator::pool_of(const IpAddress& address, uint64_t& number) {
  for (size_t i = 0; i < networks_.size(); ++i) {
    if (!networks_[i].contains(address)) continue;
    const uint64_t index = networks_[i].index_of(address);
    if (index == 0 || index > addresses_[i].size()) return nullptr;
    number = index - 1;
    return &addresses_[i];
  }
  return nullptr;
}

const Cidr* ServiceAllocator::network_of(std::string_view family) const {
  for (const Cidr& n : networks_) {
    if (to_string(n.family()) == family) return &n;
  }
  return nullptr;
}

void ServiceAllocator::load(const KindCache& services) {
  for (const auto& [key, cached] : services.current()) {
    const Held held = held_by(cached->object()->as<Service>());
    for (const IpAddress& address : held.addresses) {
      uint64_t number = 0;
      Pool* pool = pool_of(address, number);
      if (pool == nullptr) {
        log::warn("a Service's address is outside the service network", {{"service", key}, {"address", address}});
      } else if (pool->taken(number)) {
        log::warn("two Services have one address", {{"service", key}, {"address", address}});
      } else {
        pool->take(number);
      }
    }
    for (const uint16_t port : held.ports) {
      if (port >= range_.first && port <= range_.last) ports_.take(port - range_.first);
    }
  }
}

void ServiceAllocator::give_back(const Held& held) {
  for (const IpAddress& address : held.addresses) {
    uint64_t number = 0;
    if (Pool* pool = pool_of(address, number)) pool->give_back(number);
  }
  for (const uint16_t port : held.ports) {
    if (port >= range_.first && port <= range_.last) ports_.give_back(port - range_.first);
  }
}

Result<Reservation> ServiceAllocator::before_write(api::Object& next, const api::Object* old) {
  auto& service = next.as<Service>();
  const Service* was = old == nullptr ? nullptr : &old->as<Service>();
  Taking taking(*this, service, was);
  api::FieldErrors problems;
  FL_CHECK(taking.run(problems));
  if (!problems.empty()) {
    give_back(taking.taken);
    return fail(api::invalid(next.kind(), next.meta().name, std::move(problems)));
  }
  // What the old version held and the new one does not is free once the write has succeeded.
  Held released;
  if (was != nullptr) {
    const Held before = held_by(*was);
    const Held after = held_by(service);
    for (const auto& a : before.addresses) {
      if (std::find(after.addresses.begin(), after.addresses.end(), a) == after.addresses.end())
        released.addresses.push_back(a);
    }
    for (const auto p : before.ports) {
      if (std::find(after.ports.begin(), after.ports.end(), p) == after.ports.end()) released.ports.push_back(p);
    }
  }
  return Reservation([this, released] { give_back(released); }, [this, taken = taking.taken] { give_back(taken); });
}

void ServiceAllocator::removed(const api::Object& old) { give_back(held_by(old.as<Service>())); }

}  // namespace fairlead::apiserver
