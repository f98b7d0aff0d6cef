#include "agent/dns_config.h"

#include <algorithm>

#include "base/text.h"

namespace fairlead::agent {
namespace {

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r') {
      if (!word.empty()) out.push_back(std::exchange(word, {}));
    } else {
      word += c;
    }
  }
  if (!word.empty()) out.push_back(word);
  return out;
}

void add_new(std::vector<std::string>& to, const std::vector<std::string>& from) {
  for (const std::string& value : from) {
    if (std::ranges::find(to, value) == to.end()) to.push_back(value);
  }
}

// The option's name: "ndots" of "ndots:5".
std::string_view option_name(std::string_view option) { return option.substr(0, option.find(':')); }

}  // namespace

DnsConfig parse_resolv_conf(std::string_view text) {
  DnsConfig out;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string> parts = words(line.substr(0, line.find_first_of("#;")));
    if (parts.size() < 2) continue;
    const std::vector<std::string> rest(parts.begin() + 1, parts.end());
    if (parts[0] == "nameserver") out.servers.push_back(rest[0]);
    if (parts[0] == "search" || parts[0] == "domain") out.searches = rest;
    if (parts[0] == "options") add_new(out.options, rest);
  }
  return out;
}

DnsConfig pod_dns(const api::Pod& pod, const ClusterDns& cluster, const DnsConfig& node) {
  const std::string& policy = pod.spec.dns_policy;
  const bool cluster_first =
      policy == "ClusterFirstWithHostNet" || ((policy == "ClusterFirst" || policy.empty()) && !pod.spec.host_network);
  DnsConfig out;
  if (policy == "None") {
    // dnsConfig alone
  } else if (cluster_first && !cluster.servers.empty()) {
    out.servers = cluster.servers;
    out.searches = {pod.metadata.namespace_ + ".svc." + cluster.domain, "svc." + cluster.domain, cluster.domain};
    out.options = {"ndots:5"};
  } else {
    out = node;
  }
  if (pod.spec.dns_config) {
    add_new(out.servers, pod.spec.dns_config->nameservers);
    add_new(out.searches, pod.spec.dns_config->searches);
    for (const api::PodDNSConfigOption& option : pod.spec.dns_config->options) {
      std::erase_if(out.options, [&](const std::string& o) { return option_name(o) == option.name; });
      out.options.push_back(option.value ? option.name + ":" + *option.value : option.name);
    }
  }
  // resolv.conf(5): MAXNS.
  constexpr size_t kMaxServers = 3;
  if (out.servers.size() > kMaxServers) out.servers.resize(kMaxServers);
  return out;
}

}  // namespace fairlead::agent
