#include "agent/pull_secrets.h"

#include <fnmatch.h>

#include <algorithm>
#include <boost/json.hpp>

#include "api/codec.h"
#include "base/text.h"

namespace fairlead::agent {
namespace {

namespace json = boost::json;

std::string field(const json::object& of, std::string_view name) {
  const json::value* value = of.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// "https://index.docker.io/v1/" -> "index.docker.io"
std::string normal_key(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  }
  while (key.ends_with('/')) key.remove_suffix(1);
  for (const std::string_view version : {"/v1", "/v2"}) {
    if (key.ends_with(version)) key.remove_suffix(version.size());
  }
  return std::string(key);
}

size_t path_length(const std::string& key) {
  const size_t slash = key.find('/');
  return slash == std::string::npos ? 0 : key.size() - slash;
}

RegistryAuth auth_of(const json::object& entry) {
  RegistryAuth out;
  out.username = field(entry, "username");
  out.password = field(entry, "password");
  out.identity_token = field(entry, "identitytoken");
  out.registry_token = field(entry, "registrytoken");
  // "user:password", which wins over the two fields.
  if (const auto both = base64_decode(field(entry, "auth")); both && !both->empty()) {
    const size_t colon = both->find(':');
    if (colon != std::string::npos) {
      out.username = both->substr(0, colon);
      out.password = both->substr(colon + 1);
    }
  }
  return out;
}

std::vector<std::pair<std::string, RegistryAuth>> entries_of(const KeyedData& secret) {
  std::vector<std::pair<std::string, RegistryAuth>> out;
  const auto add = [&out](const std::string& text, bool nested) {
    const auto parsed = api::parse_json(text);
    if (!parsed || !parsed->is_object()) return;
    const json::value* from = nested ? parsed->get_object().if_contains("auths") : &*parsed;
    if (from == nullptr || !from->is_object()) return;
    for (const auto& [key, entry] : from->get_object()) {
      if (entry.is_object()) out.emplace_back(normal_key(std::string_view(key)), auth_of(entry.get_object()));
    }
  };
  if (const auto config = secret.data.find(".dockerconfigjson"); config != secret.data.end()) add(config->second, true);
  if (const auto config = secret.data.find(".dockercfg"); config != secret.data.end()) add(config->second, false);
  return out;
}

}  // namespace

std::string image_location(const std::string& image) {
  std::string name = image.substr(0, image.find('@'));
  const size_t slash = name.rfind('/');
  if (const size_t colon = name.find(':', slash == std::string::npos ? 0 : slash); colon != std::string::npos)
    name.resize(colon);
  const std::string first = name.substr(0, name.find('/'));
  const bool registry =
      name.find('/') != std::string::npos &&
      (first.find('.') != std::string::npos || first.find(':') != std::string::npos || first == "localhost");
  if (registry) return name;
  return name.find('/') == std::string::npos ? "docker.io/library/" + name : "docker.io/" + name;
}

bool registry_matches(std::string_view key, std::string_view location) {
  const auto parts = [](std::string_view text) {
    const size_t slash = text.find('/');
    return std::pair(std::string(text.substr(0, slash)),
                     slash == std::string_view::npos ? std::string() : std::string(text.substr(slash)));
  };
  auto [key_host, key_path] = parts(key);
  const auto [host, path] = parts(location);
  // The one registry that has two names.
  if (key_host == "index.docker.io" || key_host == "registry-1.docker.io") key_host = "docker.io";
  // '*' stands for one label of the host name.
  const auto key_labels = split(key_host, '.');
  const auto labels = split(host, '.');
  if (key_labels.size() != labels.size()) return false;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (fnmatch(std::string(key_labels[i]).c_str(), std::string(labels[i]).c_str(), 0) != 0) return false;
  }
  return path.starts_with(key_path);
}

PullSecrets pull_secrets(const api::Pod& pod, const PodSources& sources, const std::string& image) {
  PullSecrets out;
  const std::string location = image_location(image);
  std::vector<std::pair<size_t, RegistryAuth>> found;
  for (const api::LocalObjectReference& reference : pod.spec.image_pull_secrets) {
    const auto secret = sources.secrets.find(reference.name);
    if (secret == sources.secrets.end() || !secret->second) {
      out.missing.push_back(reference.name);
      continue;
    }
    for (auto& [key, auth] : entries_of(*secret->second)) {
      if (registry_matches(key, location)) found.emplace_back(path_length(key), std::move(auth));
    }
  }
  std::ranges::stable_sort(found, [](const auto& a, const auto& b) { return a.first > b.first; });
  for (auto& [length, auth] : found) out.auths.push_back(std::move(auth));
  return out;
}

}  // namespace fairlead::agent
