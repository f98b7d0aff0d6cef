// The readers' half of the zone: from a question to bytes, over immutable nodes, allocating only for what has many
// records.
#include <algorithm>
#include <numeric>

#include "dns/reverse.h"
#include "dns/zone.h"

namespace fairlead::dns {

namespace {

constexpr size_t kMaxChain = 8;           // aliases followed for one question, as CoreDNS does
constexpr uint32_t kVersionTtl = 28'800;  // of dns-version, as CoreDNS has it
constexpr size_t kShuffleAll = 256;       // longer lists are sampled with a random stride instead

std::optional<Protocol> protocol_label(std::string_view label) {
  if (label == "_tcp") return Protocol::kTcp;
  if (label == "_udp") return Protocol::kUdp;
  if (label == "_sctp") return Protocol::kSctp;
  return std::nullopt;
}

// Where in the zone a name leads.
struct Place {
  enum class Kind : uint8_t {
    kNothing,  // NXDOMAIN
    kEmpty,    // the name exists and has no records: NODATA
    kApex,
    kVersion,     // dns-version
    kNameServer,  // ns.dns
    kService,     // node, perhaps narrowed by port
    kEndpoint,    // node and label
    kPod,         // address
  };
  Kind kind = Kind::kNothing;
  const ServiceNode* node = nullptr;
  bool by_port = false;
  std::string_view label;  // of the endpoint or the port
  Protocol protocol = Protocol::kTcp;
  IpAddress address;

  [[nodiscard]] bool wants(const PortName& port) const {
    return !by_port || (port.protocol == protocol && port.name == label);
  }
};

bool has_endpoint(const ServiceNode& node, std::string_view label, AddressSet* out) {
  bool found = false;
  std::optional<IpAddress> address = parse_dashed(label);
  if (address && dashed(*address) != label) address.reset();
  for (const auto& slice : node.slices) {
    const auto begin =
        std::lower_bound(slice->named.begin(), slice->named.end(), label,
                         [&](const Slice::Named& n, std::string_view l) { return slice->hostname(n) < l; });
    for (auto it = begin; it != slice->named.end() && slice->hostname(*it) == label; ++it) {
      found = true;
      if (out) out->add(it->address);
    }
    if (!address) continue;
    const auto& u = slice->unnamed;
    const bool here = address->is_v4() ? std::binary_search(u.v4.begin(), u.v4.end(), address->v4_host_order())
                                       : std::binary_search(u.v6.begin(), u.v6.end(), address->bytes());
    found = found || here;
    if (here && out) out->add(*address);
  }
  if (out) out->sort_unique();
  return found;
}

bool has_port(const ServiceNode& node, const Place& place) {
  const auto in = [&](const std::vector<PortName>& ports) {
    return std::any_of(ports.begin(), ports.end(), [&](const PortName& p) { return place.wants(p); });
  };
  if (node.kind == ServiceKind::kClusterIp) return in(node.ports);
  return std::any_of(node.slices.begin(), node.slices.end(),
                     [&](const auto& s) { return (!s->unnamed.empty() || !s->named.empty()) && in(s->ports); });
}

bool has_protocol(const ServiceNode& node, Protocol protocol) {
  const auto in = [&](const std::vector<PortName>& ports) {
    return std::any_of(ports.begin(), ports.end(),
                       [&](const PortName& p) { return p.protocol == protocol && !p.name.empty(); });
  };
  if (node.kind == ServiceKind::kClusterIp) return in(node.ports);
  return node.kind == ServiceKind::kHeadless &&
         std::any_of(node.slices.begin(), node.slices.end(), [&](const auto& s) { return in(s->ports); });
}

}  // namespace

// One question's way to its answer.
class ZoneAnswer {
 public:
  ZoneAnswer(const Zone& zone, const Query& query, Random& random, std::span<uint8_t> buffer, size_t limit)
      : zone_(zone),
        query_(query),
        random_(random),
        type_(query.question.type),
        answer_(query, buffer, limit, flag::kAuthoritative | flag::kRecursionAvailable) {}

  ZoneReply in_zone(const LabelList& labels);
  ZoneReply reverse(const LabelList& labels, const IpAddress* address);
  ZoneReply serv_fail() { return finish(Rcode::kServFail); }

 private:
  ZoneReply finish(Rcode rcode) {
    return {.outcome = ZoneReply::Outcome::kAnswered, .rcode = rcode, .size = answer_.finish(rcode)};
  }
  // NODATA or NXDOMAIN: the SOA of the zone whose labels begin at `zone_at` of the question (RFC 2308).
  ZoneReply negative(Rcode rcode, size_t zone_at);

  [[nodiscard]] Place locate(const LabelList& labels) const;
  [[nodiscard]] Place locate_service(const LabelList& labels, size_t n) const;
  [[nodiscard]] Place locate_pod(const LabelList& labels, size_t n) const;
  // Writes the records of `place`; how many there were for this type.
  size_t emit(const Place& place);
  size_t emit_service(const Place& place);
  size_t emit_srv_cluster_ip(const Place& place);
  size_t emit_srv_headless(const Place& place);
  size_t emit_endpoint(const Place& place);
  void emit_soa(Section section, size_t zone_at);
  size_t emit_name_servers();
  size_t emit_addresses(const AddressSet& set);
  template <class T, class F>
  void in_random_order(const std::vector<T>& items, F&& f);
  template <class F>
  bool add(Section section, RecordType type, uint32_t ttl, F&& data) {
    return owner_ ? answer_.add(section, *owner_, type, ttl, data) : answer_.add(section, type, ttl, data);
  }
  void add_address(Section section, const Name& owner, const IpAddress& address);
  // "<labels>.svc.<zone>"; the root when that is no valid name.
  [[nodiscard]] Name service_name(std::string_view labels) const;
  [[nodiscard]] size_t zone_offset(const LabelList& labels) const {
    return labels.count == zone_.domain_labels_ ? 0 : labels.offset[labels.count - zone_.domain_labels_];
  }

  const Zone& zone_;
  const Query& query_;
  Random& random_;
  RecordType type_;
  Answer answer_;
  const Name* owner_ = nullptr;  // of the records; null: the question's name
};

ZoneReply Zone::answer(const Query& query, Random& random, std::span<uint8_t> buffer, size_t limit,
                       bool reverse_forward) const {
  const LabelList labels(query.lower.wire());
  const auto wire = query.lower.wire();
  const bool in_zone =
      labels.count >= domain_labels_ && wire.size() >= domain_wire_.size() &&
      (labels.count == domain_labels_ ? wire == domain_wire_
                                      : wire.substr(labels.offset[labels.count - domain_labels_]) == domain_wire_);
  if (in_zone) {
    ZoneAnswer run(*this, query, random, buffer, limit);
    return synced() ? run.in_zone(labels) : run.serv_fail();
  }
  if (!is_reverse(labels)) return {};
  const auto address = parse_reverse(labels);
  const bool ours = address && ptrs_.find({reinterpret_cast<const char*>(address->bytes().data()), 16}) != nullptr;
  if (!ours && reverse_forward && (synced() || !address)) return {};
  ZoneAnswer run(*this, query, random, buffer, limit);
  return synced() ? run.reverse(labels, ours ? &*address : nullptr) : run.serv_fail();
}

Name ZoneAnswer::service_name(std::string_view labels) const {
  auto name = Name::from_wire(labels);
  if (!name || !name->append("svc") || !name->append(zone_.config_.domain)) return {};
  return *name;
}

ZoneReply ZoneAnswer::negative(Rcode rcode, size_t zone_at) {
  emit_soa(Section::kAuthority, zone_at);
  return finish(rcode);
}

void ZoneAnswer::emit_soa(Section section, size_t zone_at) {
  const auto data = [&](Writer& w) {
    // ns.dns.<zone> and hostmaster.<zone>, with the zone as the question spells it.
    w.text(std::string_view("\2ns\3dns", 7));
    w.pointer(kHeaderSize + zone_at);
    w.text(std::string_view("\12hostmaster", 11));
    w.pointer(kHeaderSize + zone_at);
    w.u32(zone_.serial_.load(std::memory_order_relaxed));
    w.u32(7200);
    w.u32(1800);
    w.u32(86400);
    w.u32(zone_.config_.ttl);
  };
  const auto name = Name::from_wire(query_.question.name.labels().substr(zone_at));
  if (name) answer_.add(section, *name, RecordType::kSoa, zone_.config_.ttl, data);
}

Place ZoneAnswer::locate(const LabelList& labels) const {
  const size_t n = labels.count - zone_.domain_labels_;  // labels below the zone
  if (n == 0) return {.kind = Place::Kind::kApex};
  const auto last = labels.label(n - 1);
  if (last == "svc") return locate_service(labels, n - 1);
  if (last == "pod") return locate_pod(labels, n - 1);
  if (n == 1 && last == "dns-version") return {.kind = Place::Kind::kVersion};
  if (last == "dns" && n == 1) return {.kind = Place::Kind::kEmpty};
  if (last == "dns" && n == 2 && labels.label(0) == "ns") return {.kind = Place::Kind::kNameServer};
  return {};
}

Place ZoneAnswer::locate_service(const LabelList& labels, size_t n) const {
  if (n == 0) return {.kind = Place::Kind::kEmpty};
  const auto key = [&](size_t from) {
    return labels.wire.substr(labels.offset[from], labels.offset[n] - labels.offset[from]);
  };
  if (n == 1) return {.kind = zone_.namespaces_.find(key(0)) ? Place::Kind::kEmpty : Place::Kind::kNothing};
  if (n > 4) return {};
  const ServiceNode* node = zone_.services_.find(key(n - 2));
  if (!node || node->kind == ServiceKind::kAbsent) return {};
  Place place{.kind = Place::Kind::kService, .node = node};
  if (n == 2) {
    // The specification, 2.4.1: a headless Service without ready endpoints does not exist.
    if (node->kind == ServiceKind::kHeadless && node->addresses.empty()) return {};
    return place;
  }
  if (node->kind == ServiceKind::kExternal) return {};
  if (n == 3) {
    place.kind = Place::Kind::kEndpoint;
    place.label = labels.label(0);
    if (has_endpoint(*node, place.label, nullptr)) return place;
    const auto protocol = protocol_label(place.label);
    return {.kind = protocol && has_protocol(*node, *protocol) ? Place::Kind::kEmpty : Place::Kind::kNothing};
  }
  const auto protocol = protocol_label(labels.label(1));
  const auto port = labels.label(0);
  if (!protocol || port.size() < 2 || port[0] != '_') return {};
  place.by_port = true;
  place.label = port.substr(1);
  place.protocol = *protocol;
  return has_port(*node, place) ? place : Place{};
}

Place ZoneAnswer::locate_pod(const LabelList& labels, size_t n) const {
  if (n == 0) return {.kind = Place::Kind::kEmpty};
  const auto mode = zone_.config_.pods;
  if (mode == PodsMode::kDisabled || n > 2) return {};
  const auto ns = labels.wire.substr(labels.offset[n - 1], labels.offset[n] - labels.offset[n - 1]);
  if (!zone_.namespaces_.find(ns)) return {};
  if (n == 1) return {.kind = Place::Kind::kEmpty};
  const auto address = parse_dashed(labels.label(0));
  if (!address) return {};
  if (mode == PodsMode::kVerified) {
    std::array<char, kMaxLabel + 1 + 16> key;
    std::memcpy(key.data(), ns.data(), ns.size());
    std::memcpy(key.data() + ns.size(), address->bytes().data(), 16);
    if (!zone_.pods_.find({key.data(), ns.size() + 16})) return {};
  }
  return {.kind = Place::Kind::kPod, .address = *address};
}

ZoneReply ZoneAnswer::in_zone(const LabelList& labels) {
  const size_t zone_at = zone_offset(labels);
  std::vector<Name> chain;
  Place place = locate(labels);
  while (place.kind == Place::Kind::kService && place.node->kind == ServiceKind::kExternal) {
    const auto target =
        Name::from_wire(std::string_view(place.node->external).substr(0, place.node->external.size() - 1));
    if (!target) return finish(Rcode::kServFail);
    if (chain.size() >= kMaxChain || std::find(chain.begin(), chain.end(), *target) != chain.end() ||
        query_.question.name.equals(*target)) {
      return finish(Rcode::kServFail);  // a loop of aliases has no answer
    }
    const Name owner = chain.empty() ? query_.question.name : chain.back();
    owner_ = chain.empty() ? nullptr : &owner;
    add(Section::kAnswer, RecordType::kCname, zone_.config_.ttl, [&](Writer& w) { w.name(*target); });
    chain.push_back(*target);
    if (type_ == RecordType::kCname) return finish(Rcode::kNoError);
    if (!target->is_within(zone_.config_.domain)) {
      return {.outcome = ZoneReply::Outcome::kChase, .chain = std::move(chain)};
    }
    // Labels view the name, and nodes that are looked up with them keep none of it.
    const LabelList next(chain.back().wire());
    place = locate(next);
    if (place.kind == Place::Kind::kService && place.node->kind == ServiceKind::kExternal) continue;
    owner_ = &chain.back();
    const size_t records = emit(place);
    if (records > 0) return finish(Rcode::kNoError);
    return negative(place.kind == Place::Kind::kNothing ? Rcode::kNxDomain : Rcode::kNoError, zone_at);
  }
  if (place.kind == Place::Kind::kNothing) return negative(Rcode::kNxDomain, zone_at);
  if (emit(place) > 0) return finish(Rcode::kNoError);
  return negative(Rcode::kNoError, zone_at);
}

size_t ZoneAnswer::emit(const Place& place) {
  switch (place.kind) {
    case Place::Kind::kNothing:
    case Place::Kind::kEmpty:
      return 0;
    case Place::Kind::kApex:
      if (type_ == RecordType::kNs) return emit_name_servers();
      if (type_ != RecordType::kSoa || owner_) return 0;
      emit_soa(Section::kAnswer, 0);
      return 1;
    case Place::Kind::kVersion:
      if (type_ != RecordType::kTxt) return 0;
      add(Section::kAnswer, RecordType::kTxt, kVersionTtl, [](Writer& w) {
        w.u8(5);
        w.text("1.1.0");
      });
      return 1;
    case Place::Kind::kNameServer: {
      const ServiceNode* dns = zone_.services_.find(zone_.dns_service_key_);
      return dns && dns->kind == ServiceKind::kClusterIp ? emit_addresses(dns->addresses) : 0;
    }
    case Place::Kind::kService:
      return emit_service(place);
    case Place::Kind::kEndpoint:
      return emit_endpoint(place);
    case Place::Kind::kPod: {
      AddressSet one;
      one.add(place.address);
      return emit_addresses(one);
    }
  }
  return 0;
}

template <class T, class F>
void ZoneAnswer::in_random_order(const std::vector<T>& items, F&& f) {
  const size_t n = items.size();
  if (n == 1) {
    f(items[0]);
    return;
  }
  if (n <= kShuffleAll) {
    std::array<uint16_t, kShuffleAll> order;
    std::iota(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), uint16_t{0});
    for (size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random_.below(i)]);
    for (size_t i = 0; i < n; ++i) {
      if (!f(items[order[i]])) return;
    }
    return;
  }
  size_t step = random_.below(n - 1) + 1;
  while (std::gcd(step, n) != 1) step = step % (n - 1) + 1;
  size_t at = random_.below(n);
  for (size_t i = 0; i < n; ++i, at = (at + step) % n) {
    if (!f(items[at])) return;
  }
}

size_t ZoneAnswer::emit_addresses(const AddressSet& set) {
  if (type_ == RecordType::kA) {
    in_random_order(set.v4, [&](uint32_t a) {
      return add(Section::kAnswer, RecordType::kA, zone_.config_.ttl, [a](Writer& w) { w.u32(a); });
    });
    return set.v4.size();
  }
  if (type_ == RecordType::kAaaa) {
    in_random_order(set.v6, [&](const Ip6Bytes& a) {
      return add(Section::kAnswer, RecordType::kAaaa, zone_.config_.ttl, [&](Writer& w) { w.bytes(a); });
    });
    return set.v6.size();
  }
  return 0;
}

void ZoneAnswer::add_address(Section section, const Name& owner, const IpAddress& address) {
  if (address.is_v4()) {
    answer_.add(section, owner, RecordType::kA, zone_.config_.ttl, [&](Writer& w) { w.u32(address.v4_host_order()); });
  } else {
    answer_.add(section, owner, RecordType::kAaaa, zone_.config_.ttl, [&](Writer& w) { w.bytes(address.bytes()); });
  }
}

size_t ZoneAnswer::emit_service(const Place& place) {
  const auto& node = *place.node;
  if (type_ == RecordType::kSrv) {
    return node.kind == ServiceKind::kClusterIp ? emit_srv_cluster_ip(place) : emit_srv_headless(place);
  }
  if (!place.by_port || node.kind == ServiceKind::kClusterIp) return emit_addresses(node.addresses);
  // A headless Service's port may be open on some endpoints only.
  AddressSet some;
  for (const auto& slice : node.slices) {
    if (std::none_of(slice->ports.begin(), slice->ports.end(), [&](const PortName& p) { return place.wants(p); }))
      continue;
    some.v4.insert(some.v4.end(), slice->unnamed.v4.begin(), slice->unnamed.v4.end());
    some.v6.insert(some.v6.end(), slice->unnamed.v6.begin(), slice->unnamed.v6.end());
    for (const auto& n : slice->named) some.add(n.address);
  }
  some.sort_unique();
  return emit_addresses(some);
}

size_t ZoneAnswer::emit_endpoint(const Place& place) {
  if (type_ == RecordType::kSrv) return emit_srv_headless(place);
  AddressSet addresses;
  has_endpoint(*place.node, place.label, &addresses);
  return emit_addresses(addresses);
}

size_t ZoneAnswer::emit_srv_cluster_ip(const Place& place) {
  const auto& node = *place.node;
  const Name target = service_name(node.key);
  const auto ports = static_cast<size_t>(
      std::count_if(node.ports.begin(), node.ports.end(), [&](const PortName& p) { return place.wants(p); }));
  if (ports == 0 || target.is_root()) return 0;
  const auto weight = static_cast<uint16_t>(std::max<size_t>(1, 100 / ports));
  for (const auto& port : node.ports) {
    if (!place.wants(port)) continue;
    add(Section::kAnswer, RecordType::kSrv, zone_.config_.ttl, [&](Writer& w) {
      w.u16(0);
      w.u16(weight);
      w.u16(port.port);
      w.text(target.wire());
    });
  }
  for (const auto a : node.addresses.v4) add_address(Section::kAdditional, target, IpAddress::v4(a));
  for (const auto& a : node.addresses.v6) add_address(Section::kAdditional, target, IpAddress::v6(a));
  return ports;
}

size_t ZoneAnswer::emit_srv_headless(const Place& place) {
  struct Entry {
    uint16_t port;
    IpAddress address;
    std::string_view hostname;  // empty: named after its address
    auto operator<=>(const Entry&) const = default;
  };
  const auto& node = *place.node;
  std::vector<Entry> entries;
  for (const auto& slice : node.slices) {
    for (const auto& port : slice->ports) {
      if (!place.wants(port)) continue;
      for (const auto& n : slice->named) entries.push_back({port.port, n.address, slice->hostname(n)});
      for (const auto a : slice->unnamed.v4) entries.push_back({port.port, IpAddress::v4(a), {}});
      for (const auto& a : slice->unnamed.v6) entries.push_back({port.port, IpAddress::v6(a), {}});
    }
  }
  if (place.kind == Place::Kind::kEndpoint) {
    std::erase_if(entries, [&](const Entry& e) {
      return e.hostname.empty() ? dashed(e.address) != place.label : e.hostname != place.label;
    });
  }
  // An endpoint that moves between slices is in both for a moment.
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
  if (entries.empty()) return 0;
  const auto weight = static_cast<uint16_t>(std::max<size_t>(1, 100 / entries.size()));
  const auto target_of = [&](const Entry& e) {
    const std::string label = e.hostname.empty() ? dashed(e.address) : std::string(e.hostname);
    return service_name(static_cast<char>(label.size()) + label + node.key);
  };
  std::vector<const Entry*> written;
  in_random_order(entries, [&](const Entry& e) {
    const Name target = target_of(e);
    if (target.is_root()) return true;
    const bool fits = add(Section::kAnswer, RecordType::kSrv, zone_.config_.ttl, [&](Writer& w) {
      w.u16(0);
      w.u16(weight);
      w.u16(e.port);
      w.text(target.wire());
    });
    if (fits) written.push_back(&e);
    return fits;
  });
  for (size_t i = 0; i < written.size(); ++i) {
    const auto same = [&](const Entry* e) {
      return e->address == written[i]->address && e->hostname == written[i]->hostname;
    };
    if (i < 64 && std::any_of(written.begin(), written.begin() + static_cast<std::ptrdiff_t>(i), same)) continue;
    add_address(Section::kAdditional, target_of(*written[i]), written[i]->address);
  }
  return entries.size();
}

size_t ZoneAnswer::emit_name_servers() {
  const ServiceNode* dns = zone_.services_.find(zone_.dns_service_key_);
  const bool known = dns && dns->kind == ServiceKind::kClusterIp;
  Name host;
  if (known) {
    host = service_name(zone_.dns_service_key_);
  } else if (!host.append("ns") || !host.append("dns") || !host.append(zone_.config_.domain)) {
    return 0;
  }
  add(Section::kAnswer, RecordType::kNs, zone_.config_.ttl, [&](Writer& w) { w.name(host); });
  if (!known) return 1;
  for (const auto a : dns->addresses.v4) add_address(Section::kAdditional, host, IpAddress::v4(a));
  for (const auto& a : dns->addresses.v6) add_address(Section::kAdditional, host, IpAddress::v6(a));
  return 1;
}

ZoneReply ZoneAnswer::reverse(const LabelList& labels, const IpAddress* address) {
  const size_t zone_at = labels.offset[labels.count - 2U];
  const Zone::PtrNode* node =
      address ? zone_.ptrs_.find({reinterpret_cast<const char*>(address->bytes().data()), 16}) : nullptr;
  if (!node) return negative(Rcode::kNxDomain, zone_at);
  if (type_ != RecordType::kPtr) return negative(Rcode::kNoError, zone_at);
  const auto& names = node->services.empty() ? node->endpoints : node->services;
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
        names.begin() + static_cast<std::ptrdiff_t>(i)) {
      continue;
    }
    const Name target = service_name(names[i]);
    if (target.is_root()) continue;
    add(Section::kAnswer, RecordType::kPtr, zone_.config_.ttl, [&](Writer& w) { w.name(target); });
  }
  return finish(Rcode::kNoError);
}

}  // namespace fairlead::dns
