// Chain names, exactly kube-proxy's: operators and tools know them, and a switch from or to kube-proxy finds its own.
#pragma once

#include <string>
#include <string_view>

#include "proxy/model/table.h"

namespace fairlead::proxy::iptables {

inline constexpr std::string_view kServices = "KUBE-SERVICES";
inline constexpr std::string_view kExternalServices = "KUBE-EXTERNAL-SERVICES";
inline constexpr std::string_view kNodePorts = "KUBE-NODEPORTS";
inline constexpr std::string_view kPostrouting = "KUBE-POSTROUTING";
inline constexpr std::string_view kMarkMasq = "KUBE-MARK-MASQ";
inline constexpr std::string_view kForward = "KUBE-FORWARD";
inline constexpr std::string_view kProxyFirewall = "KUBE-PROXY-FIREWALL";
inline constexpr std::string_view kCanary = "KUBE-PROXY-CANARY";
inline constexpr std::string_view kFirewall = "KUBE-FIREWALL";  // shared with the kubelet
// Not kube-proxy's: what is left for ClusterIPs when no port fits.
inline constexpr std::string_view kClusterIps = "KUBE-CLUSTER-IPS";
inline constexpr std::string_view kRefuse = "KUBE-REFUSE";

std::string svc_chain(const PortKey& key);                            // KUBE-SVC-: all chosen endpoints
std::string svl_chain(const PortKey& key);                            // KUBE-SVL-: those of this node
std::string ext_chain(const PortKey& key);                            // KUBE-EXT-: traffic from outside
std::string fw_chain(const PortKey& key);                             // KUBE-FW-: load balancer source ranges
std::string sep_chain(const PortKey& key, const Endpoint& endpoint);  // KUBE-SEP-: one endpoint

// Chains made per Service port: those that nobody wants any more are stale.
bool is_per_port_chain(std::string_view chain);

}  // namespace fairlead::proxy::iptables
