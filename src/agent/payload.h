// What stands in the volumes that are made of API objects: configMap, secret, downwardAPI, projected. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/downward.h"
#include "agent/pod_sources.h"
#include "api/kinds/pod.h"
#include "base/result.h"

namespace fairlead::agent {

struct PayloadFile {
  std::string bytes;
  int32_t mode = 0644;
  std::optional<int64_t> user;  // root when it is not said
  bool operator==(const PayloadFile&) const = default;
};
// By path below the volume.
using Payload = std::map<std::string, PayloadFile>;

// True for the volume types of this file.
bool is_payload_volume(const api::VolumeSource& volume);
// Kubernetes keeps in memory what may be secret: everything but ConfigMaps.
bool is_memory_payload(const api::VolumeSource& volume);

// Errors are the kubelet's sentences for the event FailedMount.
Result<Payload> volume_payload(const api::Pod& pod, const api::VolumeSource& volume, const DownwardFacts& facts,
                               const PodSources& sources);

// The user of all containers, when it is the same one: the owner of tokens.
std::optional<int64_t> common_user(const api::Pod& pod);

}  // namespace fairlead::agent
