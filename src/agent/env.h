// A container's environment: declared variables with $(VAR) expansion, and the variables that tell it the Services of
// its namespace. Pure.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/downward.h"
#include "agent/pod_sources.h"
#include "api/kinds/pod.h"
#include "api/kinds/service.h"
#include "base/result.h"

namespace fairlead::agent {

using EnvMap = std::map<std::string, std::string>;
using EnvList = std::vector<std::pair<std::string, std::string>>;

// Replaces $(NAME) by `lookup(NAME)`; what it does not know stays as it is, $$ is a dollar sign.
std::string expand(std::string_view text, const std::function<const std::string*(std::string_view)>& lookup);
std::string expand(std::string_view text, const EnvMap& known);

// FOO_SERVICE_HOST, FOO_SERVICE_PORT[_NAME], and the docker-link form FOO_PORT_80_TCP[_PROTO|_PORT|_ADDR]. Services of
// the pod's namespace when `links`, always default/kubernetes. Headless and ExternalName Services have none.
EnvMap service_env(const std::vector<std::shared_ptr<const api::Service>>& services, std::string_view ns, bool links);

// What a container's environment may refer to besides the pod itself.
struct EnvFacts {
  DownwardFacts downward;
  PodSources sources;
  EnvMap services;
};

// envFrom's variables, declared ones in their order (a later one wins), then those of Services that are not declared.
// Errors are the kubelet's sentences for CreateContainerConfigError.
Result<EnvList> container_env(const api::Pod& pod, const api::Container& container, const EnvFacts& facts);

}  // namespace fairlead::agent
