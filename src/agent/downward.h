// The downward API: what a pod may know about itself, as environment variables and as files. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/kinds/pod.h"
#include "base/result.h"

namespace fairlead::agent {

// What the pod itself does not say.
struct DownwardFacts {
  std::string host_ip;
  std::vector<std::string> pod_ips;
  int64_t node_cpu_milli = 0;  // stands in for a limit that is not set
  int64_t node_memory = 0;     // bytes
};

// The value of a field, such as metadata.name, metadata.labels['app'], metadata.labels (one key="value" a line) or
// status.podIP.
Result<std::string> field_value(const api::Pod& pod, std::string_view path, const DownwardFacts& facts);

// The value of limits.cpu, requests.memory, ..., in units of the divisor, rounded up. `own` is the container meant when
// the selector names none; null for volumes, which must name one.
Result<std::string> resource_value(const api::Pod& pod, const api::Container* own,
                                   const api::ResourceFieldSelector& from, const DownwardFacts& facts);

}  // namespace fairlead::agent
