#include "proxy/planes/iptables/render.h"

#include <cmath>

#include "base/text.h"
#include "proxy/planes/iptables/names.h"

namespace fairlead::proxy::iptables {
namespace {

std::string host(const IpAddress& a) { return fmt::format("{}/{}", a.to_string(), a.is_v4() ? 32 : 128); }

// What the kernel keeps of a probability: 31 bits (xt_statistic).
std::string probability(size_t one_in) {
  const double kept = std::floor(2147483648.0 / static_cast<double>(one_in) + 0.5) / 2147483648.0;
  return fmt::format("{:.11f}", kept);
}

// TCP is refused by a reset: the kernel sends a client no more than about one ICMP error a second, and a connection
// that gets none waits for its retransmission. kube-proxy's rules leave it at the ICMP error.
std::string reject(IpFamily family, Protocol protocol) {
  if (protocol == Protocol::kTcp) return "-j REJECT --reject-with tcp-reset";
  return family == IpFamily::kV4 ? "-j REJECT --reject-with icmp-port-unreachable"
                                 : "-j REJECT --reject-with icmp6-port-unreachable";
}

class Local {
 public:
  Local(const DetectLocal& detect, IpFamily family) {
    switch (detect.mode) {
      case DetectLocal::Mode::kNone:
        break;
      case DetectLocal::Mode::kCidr:
        if (const Cidr* cidr = detect.cidr(family)) source_ = fmt::format("-s {} ", *cidr);
        break;
      case DetectLocal::Mode::kBridge:
        interface_ = fmt::format("-i {} ", detect.interface);
        break;
      case DetectLocal::Mode::kInterfacePrefix:
        interface_ = fmt::format("-i {}+ ", detect.interface);
        break;
    }
  }
  [[nodiscard]] bool known() const { return !source_.empty() || !interface_.empty(); }
  // Around a destination match, in the order in which iptables-save prints them.
  [[nodiscard]] std::string is(std::string_view destination = "") const {
    return fmt::format("{}{}{}", source_, destination, interface_);
  }
  [[nodiscard]] std::string is_not(std::string_view destination = "") const {
    return fmt::format("{}{}{}{}{}", source_.empty() ? "" : "! ", source_, destination, interface_.empty() ? "" : "! ",
                       interface_);
  }

 private:
  std::string source_;
  std::string interface_;
};

class PortRenderer {
 public:
  PortRenderer(const ServicePort& port, const RenderOptions& options)
      : port_(port),
        options_(options),
        family_(port.key.family),
        name_(port.key.to_string()),
        protocol_(lower(to_string(port.key.protocol))),
        local_(options.plane.detect_local, family_) {}

  PortRules render() {
    for (const Frontend& f : port_.frontends) {
      if (f.kind == FrontendKind::kClusterIp)
        cluster_ip(f);
      else
        external(f);
    }
    if (use_svc_) spread(svc_chain(port_.key), BackendSet::kCluster);
    if (use_svl_) spread(svl_chain(port_.key), BackendSet::kLocal);
    endpoints();
    if (external_ != nullptr) external_chain();
    if (firewalled_) firewall_chain();
    if (port_.health_check_port != 0)
      share(Table::kFilter, kNodePorts,
            fmt::format("-p tcp -m comment --comment \"{} health check node port\" -m tcp --dport {} -j ACCEPT", name_,
                        port_.health_check_port));
    return std::move(rules_);
  }

 private:
  void share(Table table, std::string_view chain, std::string rule) {
    rules_.shared.push_back({table, chain, std::move(rule)});
  }
  [[nodiscard]] std::string comment(std::string_view suffix = "") const {
    return fmt::format("-m comment --comment \"{}{}\"", name_, suffix);
  }
  // "-d 10.96.0.10/32 -p tcp ... --dport 80" with `middle` where matches other than the port go.
  [[nodiscard]] std::string to(const Frontend& f, std::string_view suffix) const {
    if (f.kind == FrontendKind::kNodePort)
      return fmt::format("-p {} {} -m addrtype --dst-type LOCAL -m {} --dport {}", protocol_, comment(suffix),
                         protocol_, f.port);
    return fmt::format("-d {} -p {} {} -m {} --dport {}", host(f.address), protocol_, comment(suffix), protocol_,
                       f.port);
  }
  [[nodiscard]] std::string set_chain(BackendSet set) const {
    return set == BackendSet::kCluster ? svc_chain(port_.key) : svl_chain(port_.key);
  }
  void use(BackendSet set) { (set == BackendSet::kCluster ? use_svc_ : use_svl_) = true; }
  [[nodiscard]] std::string refusal(Verdict verdict) const {
    return verdict == Verdict::kReject ? reject(family_, port_.key.protocol) : "-j DROP";
  }
  static std::string_view refusal_reason(Verdict verdict) {
    return verdict == Verdict::kReject ? " has no endpoints" : " has no local endpoints";
  }

  void cluster_ip(const Frontend& f) {
    if (f.inside == Verdict::kForward) {
      use(f.inside_set);
      share(Table::kNat, kServices, fmt::format("{} -j {}", to(f, " cluster IP"), set_chain(f.inside_set)));
      const std::string destination = fmt::format("-d {} ", host(f.address));
      std::string source;
      if (options_.plane.masquerade_all)
        source = destination;
      else if (local_.known())
        source = local_.is_not(destination);
      if (!source.empty())
        masquerade_.push_back({f.inside_set, fmt::format("{}-p {} {} -m {} --dport {} -j {}", source, protocol_,
                                                         comment(" cluster IP"), protocol_, f.port, kMarkMasq)});
    } else {
      share(Table::kFilter, kServices, fmt::format("{} {}", to(f, refusal_reason(f.inside)), refusal(f.inside)));
    }
    share(Table::kFilter, kClusterIps,
          fmt::format("-d {} {} -j {}", host(f.address), comment(" cluster IP, another port"), kRefuse));
  }

  void external(const Frontend& f) {
    if (f.outside != Verdict::kForward)
      share(Table::kFilter, kExternalServices,
            fmt::format("{} {}", to(f, refusal_reason(f.outside)), refusal(f.outside)));
    if (f.inside != Verdict::kForward && f.outside != Verdict::kForward) return;
    if (f.inside == Verdict::kForward) use(f.inside_set);
    if (f.outside == Verdict::kForward) use(f.outside_set);
    external_ = &f;
    const std::string chain = ext_chain(port_.key);
    switch (f.kind) {
      case FrontendKind::kNodePort:
        share(Table::kNat, kNodePorts,
              fmt::format("-p {} {} -m {} --dport {} -j {}", protocol_, comment(), protocol_, f.port, chain));
        break;
      case FrontendKind::kLoadBalancer:
        share(Table::kNat, kServices,
              fmt::format("{} -j {}", to(f, " loadbalancer IP"), f.restricted ? fw_chain(port_.key) : chain));
        if (f.restricted) {
          firewalled_ = true;
          share(Table::kFilter, kProxyFirewall,
                fmt::format("{} -j DROP", to(f, fmt::format(" traffic not accepted by {}", fw_chain(port_.key)))));
        }
        break;
      default:
        share(Table::kNat, kServices, fmt::format("{} -j {}", to(f, " external IP"), chain));
    }
  }

  void external_chain() {
    ChainRules c{ext_chain(port_.key), {}};
    const auto about = [&](std::string_view what) {
      return fmt::format("-m comment --comment \"{} {} external destinations\"", what, name_);
    };
    if (external_->masquerade == Masquerade::kAlways) {
      c.rules.push_back(fmt::format("{} -j {}", about("masquerade traffic for"), kMarkMasq));
      c.rules.push_back(fmt::format("-j {}", svc_chain(port_.key)));
    } else {
      if (use_svc_) inside_rules(c, about);
      if (use_svl_) c.rules.push_back(fmt::format("-j {}", svl_chain(port_.key)));
    }
    rules_.chains.push_back(std::move(c));
  }

  // Policy Local: clients inside the cluster reach every endpoint.
  template <class About>
  void inside_rules(ChainRules& c, const About& about) {
    const std::string all = svc_chain(port_.key);
    const std::string own = own_pods();
    if (!own.empty()) c.rules.push_back(fmt::format("{}{} -j {}", own, about("pod traffic for"), all));
    if (!own.empty() && own != local_.is() && !use_svl_) {
      // Pods of other nodes: an endpoint elsewhere would answer them past this node, untranslated.
      c.rules.push_back(fmt::format("{}{} -j {}", local_.is(), about("masquerade remote pod traffic for"), kMarkMasq));
      c.rules.push_back(fmt::format("{}{} -j {}", local_.is(), about("route remote pod traffic for"), all));
    }
    c.rules.push_back(
        fmt::format("{} -m addrtype --src-type LOCAL -j {}", about("masquerade LOCAL traffic for"), kMarkMasq));
    c.rules.push_back(fmt::format("{} -m addrtype --src-type LOCAL -j {}", about("route LOCAL traffic for"), all));
  }

  // Matches pods of this node as well as it can: by their CIDR, else as whatever is told from the world outside.
  [[nodiscard]] std::string own_pods() const {
    if (options_.plane.detect_local.mode == DetectLocal::Mode::kCidr)
      for (const Cidr& cidr : options_.node_pod_cidrs)
        if (cidr.family() == family_) return fmt::format("-s {} ", cidr);
    return local_.is();
  }

  void firewall_chain() {
    ChainRules c{fw_chain(port_.key), {}};
    const std::string target = ext_chain(port_.key);
    bool nodes = false;
    for (const Cidr& range : port_.source_ranges) {
      const std::string source = range.prefix() == 0 ? "" : fmt::format("-s {} ", range);
      c.rules.push_back(fmt::format("{}{} -j {}", source, comment(" loadbalancer IP"), target));
      nodes = true;
    }
    // Where the load balancer's address is on this node, a request from the node itself carries it as its source.
    for (const Frontend& f : port_.frontends)
      if (nodes && f.restricted)
        c.rules.push_back(fmt::format("-s {} {} -j {}", host(f.address), comment(" loadbalancer IP"), target));
    c.rules.push_back(
        fmt::format("-m comment --comment \"other traffic to {} will be dropped by {}\"", name_, kProxyFirewall));
    rules_.chains.push_back(std::move(c));
  }

  void spread(std::string chain, BackendSet set) {
    ChainRules c{std::move(chain), {}};
    for (const auto& [where, rule] : masquerade_)
      if (where == set) c.rules.push_back(rule);
    const std::vector<uint32_t>& chosen = port_.chosen(set);
    std::vector<std::string> targets;
    targets.reserve(chosen.size());
    for (const uint32_t i : chosen) targets.push_back(sep_chain(port_.key, port_.backends[i].endpoint()));
    if (port_.affinity_seconds)
      for (const std::string& target : targets)
        c.rules.push_back(fmt::format("{} -m recent --rcheck --seconds {} --reap --name {} --mask {} --rsource -j {}",
                                      comment(), *port_.affinity_seconds, target, whole_address(), target));
    for (size_t i = 0; i < targets.size(); ++i) {
      const std::string about = comment(fmt::format(" -> {}", port_.backends[chosen[i]].endpoint()));
      const size_t left = targets.size() - i;
      c.rules.push_back(left == 1 ? fmt::format("{} -j {}", about, targets[i])
                                  : fmt::format("{} -m statistic --mode random --probability {} -j {}", about,
                                                probability(left), targets[i]));
    }
    rules_.chains.push_back(std::move(c));
  }

  void endpoints() {
    std::vector<uint32_t> all;
    if (use_svc_) all = port_.cluster;
    if (use_svl_) all.insert(all.end(), port_.local.begin(), port_.local.end());
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    for (const uint32_t i : all) {
      const Endpoint endpoint = port_.backends[i].endpoint();
      ChainRules c{sep_chain(port_.key, endpoint), {}};
      const std::string remember =
          port_.affinity_seconds
              ? fmt::format(" -m recent --set --name {} --mask {} --rsource", c.chain, whole_address())
              : "";
      c.rules.push_back(fmt::format("-s {} {} -j {}", host(endpoint.address), comment(), kMarkMasq));
      c.rules.push_back(fmt::format("-p {} {}{} -m {} -j DNAT --to-destination {}", protocol_, comment(), remember,
                                    protocol_, endpoint));
      rules_.chains.push_back(std::move(c));
    }
  }

  [[nodiscard]] std::string_view whole_address() const {
    return family_ == IpFamily::kV4 ? "255.255.255.255" : "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  }

  const ServicePort& port_;
  const RenderOptions& options_;
  IpFamily family_;
  std::string name_;
  std::string protocol_;
  Local local_;
  PortRules rules_;
  std::vector<std::pair<BackendSet, std::string>> masquerade_;
  const Frontend* external_ = nullptr;  // one of those that forward; they share KUBE-EXT
  bool use_svc_ = false;
  bool use_svl_ = false;
  bool firewalled_ = false;
};

std::vector<std::string> node_port_jumps(IpFamily family, const RenderOptions& options) {
  constexpr std::string_view kAbout =
      "-m comment --comment \"kubernetes service nodeports; NOTE: this must be the last rule in this chain\" "
      "-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS";
  std::vector<std::string> jumps;
  if (options.plane.node_port_cidrs.empty()) {
    // ::1 cannot be translated to another machine's address by any kernel.
    const std::string_view except = family == IpFamily::kV6        ? "! -d ::1/128 "
                                    : options.localhost_node_ports ? ""
                                                                   : "! -d 127.0.0.0/8 ";
    jumps.push_back(fmt::format("{}{}", except, kAbout));
    return jumps;
  }
  for (const Cidr& cidr : options.plane.node_port_cidrs)
    if (cidr.family() == family)
      jumps.push_back(cidr.prefix() == 0 ? std::string(kAbout) : fmt::format("-d {} {}", cidr, kAbout));
  if (family == IpFamily::kV4 && options.localhost_node_ports)
    jumps.push_back(fmt::format("-d 127.0.0.0/8 {}", kAbout));
  return jumps;
}

// New connections to what is left of the service range once nat has translated what is served.
void cluster_ip_rules(IpFamily family, const RenderOptions& options, ChainRules& services, ChainRules& cluster_ips) {
  bool known = false;
  for (const Cidr& cidr : options.plane.service_cidrs) {
    if (cidr.family() != family) continue;
    known = true;
    services.rules.push_back(
        fmt::format("-d {} -m comment --comment \"service range, not translated\" -j {}", cidr, kClusterIps));
  }
  if (known)
    cluster_ips.rules.push_back("-m comment --comment \"addresses of the service range that no Service has\" -j DROP");
  else
    services.rules.push_back(fmt::format("-m comment --comment \"service range, not translated\" -j {}", kClusterIps));
}

}  // namespace

PortRules render_port(const ServicePort& port, const RenderOptions& options) {
  return PortRenderer(port, options).render();
}

StaticRules render_static(IpFamily family, const RenderOptions& options) {
  StaticRules s;
  const auto mark = fmt::format("{0:#x}/{0:#x}", options.plane.masquerade_mark);
  const std::string about_canary = "-m comment --comment \"gone when somebody flushed the rules\" -j RETURN";

  s.chains.push_back({Table::kNat, {std::string(kServices), node_port_jumps(family, options)}});
  s.chains.push_back({Table::kNat, {std::string(kNodePorts), {}}});
  s.chains.push_back({Table::kNat, {std::string(kMarkMasq), {fmt::format("-j MARK --set-xmark {}", mark)}}});
  s.chains.push_back(
      {Table::kNat,
       {std::string(kPostrouting),
        {fmt::format("-m mark ! --mark {} -j RETURN", mark),
         // Clears the mark, so that a packet that passes here again (through a tunnel) is not masqueraded twice.
         fmt::format("-j MARK --set-xmark {:#x}/0x0", options.plane.masquerade_mark),
         "-m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE --random-fully"}}});
  s.chains.push_back({Table::kNat, {std::string(kCanary), {about_canary}}});

  ChainRules services{std::string(kServices), {}};
  ChainRules cluster_ips{std::string(kClusterIps), {}};
  cluster_ip_rules(family, options, services, cluster_ips);
  ChainRules forward{std::string(kForward), {}};
  // A packet that conntrack cannot place would reach its peer untranslated, and be answered with a reset that ends the
  // connection it belongs to (kubernetes issue 74839).
  if (options.drop_invalid) forward.rules.push_back("-m conntrack --ctstate INVALID -j DROP");
  forward.rules.push_back(
      fmt::format("-m comment --comment \"kubernetes forwarding rules\" -m mark --mark {} -j ACCEPT", mark));
  forward.rules.push_back(
      "-m comment --comment \"kubernetes forwarding conntrack rule\" -m conntrack --ctstate RELATED,ESTABLISHED "
      "-j ACCEPT");
  s.chains.push_back({Table::kFilter, std::move(services)});
  s.chains.push_back({Table::kFilter, std::move(cluster_ips)});
  s.chains.push_back(
      {Table::kFilter,
       {std::string(kRefuse), {"-p tcp " + reject(family, Protocol::kTcp), reject(family, Protocol::kUdp)}}});
  s.chains.push_back({Table::kFilter, {std::string(kExternalServices), {}}});
  s.chains.push_back({Table::kFilter, {std::string(kNodePorts), {}}});
  s.chains.push_back({Table::kFilter, {std::string(kProxyFirewall), {}}});
  s.chains.push_back({Table::kFilter, std::move(forward)});
  s.chains.push_back({Table::kFilter, {std::string(kCanary), {about_canary}}});

  const auto jump = [&](Table table, std::string_view from, std::string_view about, std::string_view to,
                        bool only_new) {
    s.jumps.push_back(
        {table, from,
         fmt::format("{}-m comment --comment \"{}\" -j {}", only_new ? "-m conntrack --ctstate NEW " : "", about, to)});
  };
  constexpr std::string_view kPortals = "kubernetes service portals";
  constexpr std::string_view kVisible = "kubernetes externally-visible service portals";
  constexpr std::string_view kLoadBalancer = "kubernetes load balancer firewall";
  for (const std::string_view from : {"PREROUTING", "OUTPUT"}) jump(Table::kNat, from, kPortals, kServices, false);
  jump(Table::kNat, "POSTROUTING", "kubernetes postrouting rules", kPostrouting, false);
  for (const std::string_view from : {"INPUT", "FORWARD", "OUTPUT"})
    jump(Table::kFilter, from, kLoadBalancer, kProxyFirewall, true);
  jump(Table::kFilter, "FORWARD", "kubernetes forwarding rules", kForward, false);
  for (const std::string_view from : {"FORWARD", "OUTPUT"}) jump(Table::kFilter, from, kPortals, kServices, true);
  for (const std::string_view from : {"INPUT", "FORWARD", "OUTPUT"})
    jump(Table::kFilter, from, kVisible, kExternalServices, true);
  jump(Table::kFilter, "INPUT", "kubernetes health check service ports", kNodePorts, false);
  if (family == IpFamily::kV4 && options.localhost_node_ports) {
    // With route_localnet other machines could reach what listens on 127.0.0.1 (CVE-2020-8558).
    s.jumps.push_back({Table::kFilter, kFirewall,
                       "! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment \"block incoming localnet connections\" "
                       "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP"});
    s.jumps.push_back({Table::kFilter, "INPUT", "-j KUBE-FIREWALL"});
  }
  return s;
}

}  // namespace fairlead::proxy::iptables
