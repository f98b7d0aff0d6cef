// A pod's resolv.conf by its dnsPolicy and dnsConfig. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/cri.h"
#include "api/kinds/pod.h"

namespace fairlead::agent {

struct ClusterDns {
  std::vector<std::string> servers;  // 10.96.0.10
  std::string domain = "cluster.local";
};

// nameserver, search (the last wins) and options lines of a resolv.conf(5).
DnsConfig parse_resolv_conf(std::string_view text);

// ClusterFirst: the cluster's DNS and the namespace's search list, without the node's own search domains, so that names
// mean the same on every node. Default, and ClusterFirst with the node's network: the node's. None: dnsConfig alone.
// dnsConfig is added to each.
DnsConfig pod_dns(const api::Pod& pod, const ClusterDns& cluster, const DnsConfig& node);

}  // namespace fairlead::agent
