// imagePullSecrets: which credentials of a pod's Secrets are for an image's registry. Pure.
#pragma once

#include <string>
#include <vector>

#include "agent/cri.h"
#include "agent/pod_sources.h"
#include "api/kinds/pod.h"

namespace fairlead::agent {

// The registry and path of an image: "docker.io/library/nginx" for "nginx:1.14", "localhost:5000/web" for itself.
std::string image_location(const std::string& image);

struct PullSecrets {
  std::vector<RegistryAuth> auths;   // to be tried in this order: those for the longest path first
  std::vector<std::string> missing;  // names of Secrets that do not exist
};
// From Secrets of the types kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg; one that cannot be read is as
// if it were empty, as in the kubelet.
PullSecrets pull_secrets(const api::Pod& pod, const PodSources& sources, const std::string& image);

// Whether a key of a docker configuration ("https://index.docker.io/v1/", "*.example.com/team") is for this location.
bool registry_matches(std::string_view key, std::string_view location);

}  // namespace fairlead::agent
