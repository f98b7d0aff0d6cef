// Services and EndpointSlices as the zone keeps them: immutable, compact (an IPv4 endpoint without a hostname takes
// four bytes), all names in lower case.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/kinds/endpointslice.h"
#include "api/kinds/service.h"
#include "base/ip.h"
#include "dns/name.h"

namespace fairlead::dns {

using Ip6Bytes = std::array<uint8_t, 16>;

struct AddressSet {
  std::vector<uint32_t> v4;  // host byte order
  std::vector<Ip6Bytes> v6;
  void add(const IpAddress& address);
  void sort_unique();
  [[nodiscard]] bool empty() const { return v4.empty() && v6.empty(); }
};

struct PortName {
  std::string name;  // may be empty
  Protocol protocol = Protocol::kTcp;
  uint16_t port = 0;
};

// One EndpointSlice: its ready endpoints. "Ready" is the condition as the slice has it: the EndpointSlice controller
// already sets it for Services with publishNotReadyAddresses (KEP-1672).
struct Slice {
  struct Named {
    uint32_t offset;  // of the hostname in `pool`
    uint32_t size;
    IpAddress address;
  };
  std::string key;              // "default/web-x7k2p"
  std::string service;          // the owner's key, wire labels: "\003web\007default"
  std::vector<PortName> ports;  // without those that have no number
  AddressSet unnamed;           // sorted; endpoints known by their address
  std::vector<Named> named;     // sorted by hostname, then address
  std::string pool;

  [[nodiscard]] std::string_view hostname(const Named& n) const {
    return std::string_view(pool).substr(n.offset, n.size);
  }
};

// Null for slices that are not about addresses (FQDN), or that name no Service.
std::shared_ptr<const Slice> compile_slice(const api::EndpointSlice& slice);

enum class ServiceKind : uint8_t {
  kAbsent,  // only slices have been seen yet
  kClusterIp,
  kHeadless,
  kExternal,
};

struct ServiceNode {
  std::string key;  // wire labels: "\003web\007default"
  ServiceKind kind = ServiceKind::kAbsent;
  AddressSet addresses;         // kClusterIp: in the order of spec.clusterIPs; kHeadless: of all slices, sorted
  std::vector<PortName> ports;  // kClusterIp: of the Service
  std::string external;         // kExternal: the target in wire form, with the root
  std::vector<std::shared_ptr<const Slice>> slices;
};

// Without slices. A Service that cannot be answered (an ExternalName that is an address or no domain name) is kAbsent.
ServiceNode compile_service(const api::Service& service);

// The name that an endpoint without a hostname has, as CoreDNS makes it: 10-36-0-1, fd00--1.
std::string dashed(const IpAddress& address);
// The address of such a name; also the names of pods. Nothing when it is none.
std::optional<IpAddress> parse_dashed(std::string_view label);

}  // namespace fairlead::dns
