// Services, EndpointSlices and Nodes of the API as the compact values that the model keeps: parsed once, when they
// change, so that recomputing a Service never touches text. What cannot be parsed is reported and left out.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/kinds/endpointslice.h"
#include "api/kinds/node.h"
#include "api/kinds/service.h"
#include "base/clock.h"
#include "proxy/model/table.h"

namespace fairlead::proxy {

inline constexpr std::string_view kServiceNameLabel = "kubernetes.io/service-name";
inline constexpr std::string_view kServiceProxyNameLabel = "service.kubernetes.io/service-proxy-name";
inline constexpr std::string_view kHeadlessLabel = "service.kubernetes.io/headless";
inline constexpr std::string_view kSchedulerAnnotation = "fairlead.io/scheduler";
// "10.244.1.7=3,10.244.2.9=0": weights of a slice's addresses, 0 to 65535; those not named weigh 1.
inline constexpr std::string_view kWeightsAnnotation = "fairlead.io/weights";

struct ParsedPort {
  std::string name;
  Protocol protocol = Protocol::kTcp;
  uint16_t port = 0;
  uint16_t node_port = 0;
  bool operator==(const ParsedPort&) const = default;
};

struct ParsedService {
  struct Family {
    std::vector<IpAddress> cluster_ips;  // at most one
    std::vector<IpAddress> external_ips;
    std::vector<IpAddress> load_balancer_ips;
    std::vector<Cidr> source_ranges;
    bool operator==(const Family&) const = default;
  };
  std::string ns;
  std::string name;
  WallTime created{};
  std::vector<ParsedPort> ports;
  std::array<Family, 2> families;  // by IpFamily
  IpFamily primary = IpFamily::kV4;
  bool restricted = false;  // loadBalancerSourceRanges is not empty
  bool internal_local = false;
  bool external_local = false;
  std::optional<uint32_t> affinity_seconds;
  uint16_t health_check_port = 0;
  std::string scheduler;
  bool operator==(const ParsedService&) const = default;
};

struct ParsedEndpoint {
  IpAddress address;
  uint32_t zone_hints = 0;  // index into HintSets; 0: none
  uint16_t weight = 1;
  bool ready = false;
  bool serving = false;
  bool terminating = false;
  bool local = false;
  bool node_hints = false;
  bool node_hint_us = false;
  bool operator==(const ParsedEndpoint&) const = default;
};
struct ParsedSlicePort {
  std::string name;
  Protocol protocol = Protocol::kTcp;
  uint16_t port = 0;
  bool operator==(const ParsedSlicePort&) const = default;
};
struct ParsedSlice {
  std::string service;  // namespace/name
  IpFamily family = IpFamily::kV4;
  std::vector<ParsedSlicePort> ports;
  std::vector<ParsedEndpoint> endpoints;
  bool operator==(const ParsedSlice&) const = default;
};

// Zone hints repeat across endpoints: each distinct list is kept once.
class HintSets {
 public:
  HintSets() : sets_(1) {}
  uint32_t intern(std::vector<std::string> zones);
  [[nodiscard]] bool contains(uint32_t set, std::string_view zone) const;

 private:
  std::vector<std::vector<std::string>> sets_;
  std::map<std::vector<std::string>, uint32_t> index_;
};

// False for what no proxy of this name programs: headless, ExternalName, handed to another proxy by label.
bool is_proxied(const api::Service& service);
bool is_proxied(const api::EndpointSlice& slice);

ParsedService parse_service(const api::Service& service, std::vector<Problem>& problems);
// Nullopt for slices that belong to no Service or whose addresses are names.
std::optional<ParsedSlice> parse_slice(const api::EndpointSlice& slice, std::string_view node, HintSets& hints,
                                       std::vector<Problem>& problems);
NodeInfo parse_node(const api::Node& node);

}  // namespace fairlead::proxy
