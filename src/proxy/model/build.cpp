#include "proxy/model/build.h"

#include "proxy/model/choose.h"

namespace fairlead::proxy {
namespace {

const ParsedService::Family& addresses(const ParsedService& service, IpFamily family) {
  return service.families[static_cast<size_t>(family)];
}

IpAddress any_address(IpFamily family) { return family == IpFamily::kV4 ? IpAddress::v4(0) : IpAddress(); }

struct Joined {
  Backend backend;
  Candidate candidate;
};

// While an endpoint moves from one slice to another both may name it: the better condition counts.
int rank(const Candidate& c) { return c.ready ? 2 : c.serving && c.terminating ? 1 : 0; }

std::vector<Joined> join(const ParsedPort& port, IpFamily family, const std::map<std::string, ParsedSlice>& slices,
                         const BuildContext& context) {
  std::vector<Joined> joined;
  for (const auto& [name, slice] : slices) {
    if (slice.family != family) continue;
    for (const ParsedSlicePort& target : slice.ports) {
      if (target.name != port.name || target.protocol != port.protocol) continue;
      for (const ParsedEndpoint& e : slice.endpoints) {
        const Candidate candidate{.ready = e.ready,
                                  .serving = e.serving,
                                  .terminating = e.terminating,
                                  .local = e.local,
                                  .node_hints = e.node_hints,
                                  .node_hint_us = e.node_hint_us,
                                  .zone_hints = e.zone_hints != 0,
                                  .zone_hint_us = context.hints->contains(e.zone_hints, context.zone)};
        joined.push_back({{e.address, target.port, e.weight, e.local, e.ready, e.serving, e.terminating}, candidate});
      }
    }
  }
  const auto same = [](const Joined& a, const Joined& b) { return a.backend.endpoint() == b.backend.endpoint(); };
  std::ranges::stable_sort(joined, [](const Joined& a, const Joined& b) {
    if (a.backend.endpoint() != b.backend.endpoint()) return a.backend.endpoint() < b.backend.endpoint();
    if (rank(a.candidate) != rank(b.candidate)) return rank(a.candidate) > rank(b.candidate);
    return a.backend.local > b.backend.local;
  });
  joined.erase(std::unique(joined.begin(), joined.end(), same), joined.end());
  return joined;
}

std::vector<Frontend> frontends(const ParsedService& service, const ParsedPort& port, IpFamily family) {
  std::vector<Frontend> wanted;
  const auto add = [&](FrontendKind kind, const IpAddress& address, uint16_t number) {
    const bool seen =
        std::ranges::any_of(wanted, [&](const Frontend& f) { return f.address == address && f.port == number; });
    if (!seen) wanted.push_back({.kind = kind, .address = address, .port = number});
  };
  const ParsedService::Family& at = addresses(service, family);
  for (const IpAddress& ip : at.cluster_ips) add(FrontendKind::kClusterIp, ip, port.port);
  // Before external IPs: where an address is both, the source ranges hold.
  for (const IpAddress& ip : at.load_balancer_ips) add(FrontendKind::kLoadBalancer, ip, port.port);
  for (const IpAddress& ip : at.external_ips) add(FrontendKind::kExternalIp, ip, port.port);
  if (port.node_port != 0) add(FrontendKind::kNodePort, any_address(family), port.node_port);
  return wanted;
}

void decide(const ParsedService& service, const Choice& choice, Frontend& f) {
  const auto verdict = [&](BackendSet set) {
    if (!(set == BackendSet::kCluster ? choice.cluster : choice.local).empty()) return Verdict::kForward;
    return choice.any ? Verdict::kDrop : Verdict::kReject;
  };
  if (f.kind == FrontendKind::kClusterIp) {
    f.inside_set = f.outside_set = service.internal_local ? BackendSet::kLocal : BackendSet::kCluster;
    f.masquerade = Masquerade::kOffCluster;
  } else if (service.external_local) {
    // Clients of the cluster would never see a load balancer: for them any endpoint is as good as a local one.
    f.inside_set = BackendSet::kCluster;
    f.outside_set = BackendSet::kLocal;
    f.masquerade = Masquerade::kNodeItself;
  } else {
    f.inside_set = f.outside_set = BackendSet::kCluster;
    f.masquerade = Masquerade::kAlways;
  }
  f.inside = verdict(f.inside_set);
  f.outside = verdict(f.outside_set);
  f.restricted = f.kind == FrontendKind::kLoadBalancer && service.restricted;
}

bool is_served(const ParsedService& service, IpFamily family) {
  return !addresses(service, family).cluster_ips.empty();
}

}  // namespace

std::vector<FrontendKey> wanted_frontends(const ParsedService& service, std::span<const IpFamily> families) {
  std::vector<FrontendKey> keys;
  for (const IpFamily family : families) {
    if (!is_served(service, family)) continue;
    for (const ParsedPort& port : service.ports)
      for (const Frontend& f : frontends(service, port, family)) keys.push_back({f.address, port.protocol, f.port});
  }
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

std::vector<ServicePort> build_ports(const ParsedService& service, const std::map<std::string, ParsedSlice>& slices,
                                     const BuildContext& context,
                                     const std::function<bool(const FrontendKey&)>& allowed) {
  std::vector<ServicePort> built;
  std::set<FrontendKey> used;
  for (const IpFamily family : context.families) {
    if (!is_served(service, family)) continue;
    const ParsedService::Family& at = addresses(service, family);
    for (const ParsedPort& port : service.ports) {
      ServicePort result;
      result.key = {service.ns, service.name, port.name, port.protocol, family};
      const std::vector<Joined> joined = join(port, family, slices, context);
      std::vector<Candidate> candidates;
      candidates.reserve(joined.size());
      result.backends.reserve(joined.size());
      for (const Joined& j : joined) {
        candidates.push_back(j.candidate);
        result.backends.push_back(j.backend);
      }
      const bool external = port.node_port != 0 || !at.external_ips.empty() || !at.load_balancer_ips.empty();
      Choice choice = choose(candidates, !service.internal_local || external,
                             service.internal_local || (external && service.external_local));
      for (Frontend f : frontends(service, port, family)) {
        const FrontendKey key{f.address, port.protocol, f.port};
        if (!allowed(key) || !used.insert(key).second) continue;
        decide(service, choice, f);
        if (f.restricted) result.source_ranges = at.source_ranges;
        result.frontends.push_back(f);
      }
      result.cluster = std::move(choice.cluster);
      result.local = std::move(choice.local);
      result.affinity_seconds = service.affinity_seconds;
      result.health_check_port = service.health_check_port;
      result.scheduler = service.scheduler;
      built.push_back(std::move(result));
    }
  }
  return built;
}

uint32_t count_local_ready(const ParsedService& service, const std::vector<ServicePort>& ports) {
  std::set<IpAddress> addresses;
  for (const ServicePort& port : ports) {
    if (port.key.family != service.primary) continue;
    for (const Backend& b : port.backends)
      if (b.local && b.ready) addresses.insert(b.address);
  }
  return static_cast<uint32_t>(addresses.size());
}

}  // namespace fairlead::proxy
