#include "controllers/endpointslice/slice_plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "api/kind.h"
#include "base/ip.h"
#include "base/text.h"
#include "controllers/common/owners.h"
#include "controllers/common/pods.h"

namespace fairlead::controllers {
namespace {

using Ports = std::vector<api::EndpointSlicePort>;

std::string signature(const Ports& ports) {
  std::vector<std::string> parts;
  for (const auto& p : ports) {
    parts.push_back(fmt::format("{}/{}/{}/{}", p.name.value_or(""), p.protocol.value_or("TCP"), p.port.value_or(0),
                                p.app_protocol.value_or("")));
  }
  std::sort(parts.begin(), parts.end());
  return join(parts, ",");
}

std::string address_in(const api::Pod& pod, IpFamily family) {
  std::vector<std::string> candidates;
  for (const auto& ip : pod.status.pod_ips) candidates.push_back(ip.ip);
  if (candidates.empty() && !pod.status.pod_ip.empty()) candidates.push_back(pod.status.pod_ip);
  for (const auto& text : candidates) {
    const auto address = IpAddress::parse(text);
    if (address && address->family() == family) return text;
  }
  return "";
}

std::vector<std::string> families_of(const api::Service& service) {
  if (!service.spec.ip_families.empty()) return service.spec.ip_families;
  const auto address = IpAddress::parse(service.spec.cluster_ip);
  return {address && !address->is_v4() ? "IPv6" : "IPv4"};
}

api::SliceEndpoint endpoint_of(const api::Service& service, const api::Pod& pod, std::string address,
                               const std::function<std::string(const std::string&)>& zone_of) {
  api::SliceEndpoint e;
  e.addresses.push_back(std::move(address));
  const bool serving = is_ready(pod);
  const bool terminating = pod.metadata.deletion_timestamp.at.has_value();
  e.conditions.ready = service.spec.publish_not_ready_addresses || (serving && !terminating);
  e.conditions.serving = serving;
  e.conditions.terminating = terminating;
  if (!pod.spec.hostname.empty() && pod.spec.subdomain == service.metadata.name) e.hostname = pod.spec.hostname;
  auto& ref = e.target_ref.emplace();
  ref.kind = "Pod";
  ref.namespace_ = pod.metadata.namespace_;
  ref.name = pod.metadata.name;
  ref.uid = pod.metadata.uid;
  if (!pod.spec.node_name.empty()) {
    e.node_name = pod.spec.node_name;
    if (auto zone = zone_of(pod.spec.node_name); !zone.empty()) e.zone = std::move(zone);
  }
  return e;
}

struct Wanted {
  std::string uid;
  api::SliceEndpoint endpoint;
  std::string weight;
};

struct Group {
  Ports ports;
  std::vector<Wanted> endpoints;
};

std::string uid_in(const api::SliceEndpoint& e) { return e.target_ref ? e.target_ref->uid : std::string(); }

api::StringMap labels_of(const api::Service& service) {
  auto labels = service.metadata.labels;
  for (auto key : {kServiceNameLabel, kManagedByLabel, kHeadlessLabel}) labels.erase(std::string(key));
  labels[std::string(kServiceNameLabel)] = service.metadata.name;
  labels[std::string(kManagedByLabel)] = kManagedBy;
  if (service.spec.cluster_ip == "None") labels[std::string(kHeadlessLabel)] = "";
  return labels;
}

api::EndpointSlice new_slice(const api::Service& service, const std::string& family, Ports ports) {
  api::EndpointSlice slice;
  slice.metadata.generate_name = service.metadata.name + "-";
  slice.metadata.namespace_ = service.metadata.namespace_;
  slice.metadata.labels = labels_of(service);
  slice.metadata.owner_references.push_back(controller_reference(service));
  slice.address_type = family;
  slice.ports = std::move(ports);
  return slice;
}

void set_weights(api::EndpointSlice& slice, const std::map<std::string, std::string>& weight_of_uid) {
  std::vector<std::string> parts;
  for (const auto& e : slice.endpoints) {
    const auto it = weight_of_uid.find(uid_in(e));
    if (it != weight_of_uid.end() && !e.addresses.empty()) parts.push_back(e.addresses[0] + "=" + it->second);
  }
  const std::string key(kWeightsAnnotation);
  if (parts.empty()) {
    slice.metadata.annotations.erase(key);
  } else {
    slice.metadata.annotations[key] = join(parts, ",");
  }
}

// By address, as readers of `kubectl describe service` expect. An unchanged slice is left as it is.
void sort_by_address(std::vector<api::SliceEndpoint>& endpoints) {
  const auto key = [](const api::SliceEndpoint& e) {
    return e.addresses.empty() ? IpAddress() : IpAddress::parse(e.addresses[0]).value_or(IpAddress());
  };
  std::ranges::stable_sort(endpoints, std::less(), key);
}

// Packs one group's endpoints into its slices.
class Packer {
 public:
  Packer(const api::Service& service, std::string family, Group group, size_t max)
      : service_(service), family_(std::move(family)), group_(std::move(group)), max_(max) {
    for (size_t i = 0; i < group_.endpoints.size(); ++i) {
      unplaced_[group_.endpoints[i].uid] = i;
      if (!group_.endpoints[i].weight.empty()) weights_[group_.endpoints[i].uid] = group_.endpoints[i].weight;
    }
  }

  void keep(const SlicePtr& existing) {
    Slot slot{existing, *existing};
    slot.slice.endpoints.clear();
    for (const auto& e : existing->endpoints) {
      const auto it = unplaced_.find(uid_in(e));
      if (it == unplaced_.end() || slot.slice.endpoints.size() >= max_) continue;
      slot.slice.endpoints.push_back(group_.endpoints[it->second].endpoint);
      unplaced_.erase(it);
    }
    slots_.push_back(std::move(slot));
  }

  // `needs_one`: the Service has no other slice of this family, so an empty one stays or is made.
  void finish(SlicePlan& plan, bool needs_one) {
    for (auto& slot : slots_) {
      slot.slice.metadata.labels = labels_of(service_);
      slot.changed = slot.slice.endpoints != slot.existing->endpoints;
    }
    std::vector<size_t> rest;
    for (const auto& [uid, index] : unplaced_) rest.push_back(index);
    std::sort(rest.begin(), rest.end());
    auto next = rest.begin();
    for (const bool changed : {true, false}) {
      for (auto& slot : slots_) {
        if (slot.changed != changed) continue;
        for (; next != rest.end() && slot.slice.endpoints.size() < max_; ++next)
          slot.slice.endpoints.push_back(group_.endpoints[*next].endpoint);
      }
    }
    size_t kept = 0;
    for (auto& slot : slots_) {
      if (slot.slice.endpoints != slot.existing->endpoints) sort_by_address(slot.slice.endpoints);
      set_weights(slot.slice, weights_);
      const bool last_one = needs_one && kept == 0 && &slot == &slots_.back() && next == rest.end();
      if (slot.slice.endpoints.empty() && !last_one) {
        plan.remove.push_back(slot.existing);
        continue;
      }
      ++kept;
      if (slot.slice != *slot.existing) plan.update.push_back(std::move(slot.slice));
    }
    while (next != rest.end()) {
      auto slice = new_slice(service_, family_, group_.ports);
      for (; next != rest.end() && slice.endpoints.size() < max_; ++next)
        slice.endpoints.push_back(group_.endpoints[*next].endpoint);
      sort_by_address(slice.endpoints);
      set_weights(slice, weights_);
      plan.create.push_back(std::move(slice));
      ++kept;
    }
    if (needs_one && kept == 0) plan.create.push_back(new_slice(service_, family_, group_.ports));
  }

 private:
  struct Slot {
    SlicePtr existing;
    api::EndpointSlice slice;
    bool changed = false;
  };
  const api::Service& service_;
  std::string family_;
  Group group_;
  size_t max_;
  std::map<std::string, size_t> unplaced_;
  std::map<std::string, std::string> weights_;
  std::vector<Slot> slots_;
};

}  // namespace

bool may_be_endpoint(const api::Pod& pod) {
  return !is_terminal(pod) && (!pod.status.pod_ip.empty() || !pod.status.pod_ips.empty());
}

std::vector<api::EndpointSlicePort> ports_on(const api::Service& service, const api::Pod& pod) {
  Ports out;
  for (const auto& p : service.spec.ports) {
    const std::string protocol = p.protocol.empty() ? "TCP" : p.protocol;
    int32_t number = 0;
    if (!p.target_port.is_string) {
      number = p.target_port.number != 0 ? p.target_port.number : p.port;
    } else {
      const auto look = [&](const std::vector<api::Container>& containers) {
        for (const auto& c : containers) {
          for (const auto& cp : c.ports) {
            if (cp.name == p.target_port.text && (cp.protocol.empty() ? "TCP" : cp.protocol) == protocol)
              number = cp.container_port;
          }
        }
      };
      look(pod.spec.containers);
      if (number == 0) {
        for (const auto& c : pod.spec.init_containers) {
          if (c.restart_policy.value_or("") == "Always") look({c});  // sidecars
        }
      }
      if (number == 0) continue;
    }
    out.push_back({.name = p.name, .protocol = protocol, .port = number, .app_protocol = p.app_protocol});
  }
  return out;
}

SlicePlan plan_slices(const api::Service& service, const std::vector<std::shared_ptr<const api::Pod>>& pods,
                      const std::vector<SlicePtr>& existing,
                      const std::function<std::string(const std::string& node)>& zone_of, size_t max_per_slice) {
  SlicePlan plan;
  std::set<std::string> planned;  // names of existing slices that some group keeps
  for (const auto& family : families_of(service)) {
    const auto ip_family = family == "IPv6" ? IpFamily::kV6 : IpFamily::kV4;
    std::map<std::string, Group> groups;  // by signature of their ports
    for (const auto& pod : pods) {
      if (!may_be_endpoint(*pod)) continue;
      auto address = address_in(*pod, ip_family);
      if (address.empty()) continue;
      auto ports = ports_on(service, *pod);
      auto& group = groups[signature(ports)];
      group.ports = std::move(ports);
      const auto weight = pod->metadata.annotations.find(std::string(kWeightAnnotation));
      const bool weighs = weight != pod->metadata.annotations.end() && parse_int(weight->second).value_or(-1) >= 0;
      group.endpoints.push_back(
          {pod->metadata.uid, endpoint_of(service, *pod, std::move(address), zone_of), weighs ? weight->second : ""});
    }
    const bool nothing = groups.empty();
    if (nothing) {
      // One slice without endpoints says that the Service is known and has none.
      const auto any =
          std::find_if(existing.begin(), existing.end(), [&](const auto& s) { return s->address_type == family; });
      Group empty;
      if (any != existing.end()) empty.ports = (*any)->ports;
      groups[signature(empty.ports)] = std::move(empty);
    }
    for (auto& [sig, group] : groups) {
      Packer packer(service, family, std::move(group), max_per_slice);
      for (const auto& slice : existing) {
        if (slice->address_type != family || signature(slice->ports) != sig) continue;
        packer.keep(slice);
        planned.insert(slice->metadata.name);
      }
      packer.finish(plan, nothing);
    }
  }
  for (const auto& slice : existing) {
    if (!planned.contains(slice->metadata.name)) plan.remove.push_back(slice);
  }
  return plan;
}

}  // namespace fairlead::controllers
