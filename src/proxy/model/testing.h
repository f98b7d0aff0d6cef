// Builders of the objects that proxy tests feed in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/kinds/endpointslice.h"
#include "api/kinds/service.h"
#include "proxy/model/parse.h"

namespace fairlead::proxy::testing {

inline api::Service make_service(std::string name, std::vector<std::string> cluster_ips, std::string ns = "default") {
  api::Service s;
  s.metadata.name = std::move(name);
  s.metadata.namespace_ = std::move(ns);
  s.spec.type = "ClusterIP";
  s.spec.cluster_ip = cluster_ips.front();
  s.spec.cluster_ips = std::move(cluster_ips);
  return s;
}

inline void add_port(api::Service& s, std::string name, int32_t port, int32_t node_port = 0,
                     std::string protocol = "TCP") {
  api::ServicePort p;
  p.name = std::move(name);
  p.port = port;
  p.node_port = node_port;
  p.protocol = std::move(protocol);
  s.spec.ports.push_back(std::move(p));
}

// A Service with one TCP port "http".
inline api::Service web(std::string ip = "10.96.0.10", int32_t port = 80, std::string name = "web") {
  api::Service s = make_service(std::move(name), {std::move(ip)});
  add_port(s, "http", port);
  return s;
}

inline void add_ingress(api::Service& s, std::string ip, std::optional<std::string> mode = std::nullopt) {
  api::LoadBalancerIngress i;
  i.ip = std::move(ip);
  i.ip_mode = std::move(mode);
  s.status.load_balancer.ingress.push_back(std::move(i));
}

inline api::SliceEndpoint endpoint(std::string address, std::string node = "", bool ready = true, bool serving = true,
                                   bool terminating = false) {
  api::SliceEndpoint e;
  e.addresses = {std::move(address)};
  if (!node.empty()) e.node_name = std::move(node);
  e.conditions.ready = ready;
  e.conditions.serving = serving;
  e.conditions.terminating = terminating;
  return e;
}
inline api::SliceEndpoint draining(std::string address, std::string node = "") {
  return endpoint(std::move(address), std::move(node), false, true, true);
}

inline api::EndpointSlice make_slice(std::string name, std::string service, std::vector<api::SliceEndpoint> endpoints,
                                     std::string port_name = "http", int32_t port = 8080, std::string protocol = "TCP",
                                     std::string ns = "default") {
  api::EndpointSlice s;
  s.metadata.name = std::move(name);
  s.metadata.namespace_ = std::move(ns);
  s.metadata.labels[std::string(kServiceNameLabel)] = std::move(service);
  const bool six = !endpoints.empty() && endpoints[0].addresses[0].find(':') != std::string::npos;
  s.address_type = six ? "IPv6" : "IPv4";
  s.endpoints = std::move(endpoints);
  api::EndpointSlicePort p;
  p.name = std::move(port_name);
  p.port = port;
  p.protocol = std::move(protocol);
  s.ports.push_back(std::move(p));
  return s;
}

}  // namespace fairlead::proxy::testing
