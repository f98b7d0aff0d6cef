// The ConfigMaps and Secrets that a pod refers to by name: which they are (pure), and what is in them.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/kinds/pod.h"
#include "base/result.h"

namespace fairlead::agent {

// What a ConfigMap or a Secret holds. A Secret's values are all in `data`.
struct KeyedData {
  api::StringMap data;
  api::StringMap binary_data;
  bool operator==(const KeyedData&) const = default;
};

// Those of one namespace, by name; what is not in it does not exist.
struct PodSources {
  using ByName = std::map<std::string, std::shared_ptr<const KeyedData>>;
  ByName config_maps;
  ByName secrets;
  std::map<std::string, std::string> tokens;  // of the pod's service account, by token_key()

  // kNotFound in Kubernetes' words. Null without an error when it is absent and `optional`.
  [[nodiscard]] Result<const KeyedData*> config_map(const std::string& name, bool optional) const;
  [[nodiscard]] Result<const KeyedData*> secret(const std::string& name, bool optional) const;
};

struct SourceNames {
  std::set<std::string> config_maps;
  std::set<std::string> secrets;
  [[nodiscard]] bool empty() const { return config_maps.empty() && secrets.empty(); }
  bool operator==(const SourceNames&) const = default;
};

// What makes two tokens of one service account differ.
std::string token_key(const api::ServiceAccountTokenProjection& token);
// Those that the pod's projected volumes ask for.
std::vector<api::ServiceAccountTokenProjection> tokens_of(const api::Pod& pod);

// All that the pod's environment, volumes and image pulls refer to.
SourceNames sources_of(const api::Pod& pod);

}  // namespace fairlead::agent
