#include "apiserver/node_authorizer.h"

#include <algorithm>

namespace fairlead::apiserver {
namespace {

using api::Pod;
using api::PodSpec;

bool one_of(std::string_view value, std::initializer_list<std::string_view> values) {
  return std::find(values.begin(), values.end(), value) != values.end();
}
bool reads(const RequestInfo& what) { return one_of(what.verb, {"get", "list", "watch"}); }

// Calls `found(name)` for the variables of every container until it says yes.
template <class Named>
bool any_container(const PodSpec& spec, const Named& named) {
  for (const auto* list : {&spec.init_containers, &spec.containers}) {
    for (const auto& c : *list) {
      if (named(c)) return true;
    }
  }
  return false;
}

template <class Refers>
bool any_pod_here(std::string_view node, const RequestInfo& what, Registry& registry, const Refers& refers) {
  const auto& pods = registry.cache(api::kind_of<Pod>()).current();
  const std::string prefix = what.ns + "/";
  for (auto it = pods.lower_bound(prefix); it != pods.end() && it->first.starts_with(prefix); ++it) {
    const auto& pod = it->second->object()->as<Pod>();
    if (pod.spec.node_name == node && refers(pod.spec)) return true;
  }
  return false;
}

// The one object that a request is about: by its path, or by a field selector, as single-object watches have it.
std::string only_name(const RequestInfo& what) {
  if (!what.name.empty()) return what.name;
  constexpr std::string_view kField = "metadata.name=";
  const auto selector = what.param("fieldSelector");
  if (!selector.starts_with(kField) || selector.find(',') != std::string_view::npos) return {};
  return std::string(selector.substr(kField.size()));
}

bool may_read_config(std::string_view node, const RequestInfo& what, Registry& registry) {
  const std::string name = only_name(what);
  if (!reads(what) || name.empty() || !what.subresource.empty()) return false;
  return any_pod_here(node, what, registry, [&](const PodSpec& spec) {
    return what.plural == "secrets" ? refers_to_secret(spec, name) : refers_to_config_map(spec, name);
  });
}

bool may_write_pod(std::string_view node, const RequestInfo& what, Registry& registry) {
  const bool own_verbs = (what.subresource == "status" && one_of(what.verb, {"update", "patch"})) ||
                         (what.subresource.empty() && what.verb == "delete");
  if (!own_verbs || what.name.empty()) return false;
  const CachedPtr pod = registry.cache(api::kind_of<Pod>()).find(api::key_of(what.ns, what.name));
  // A pod that is gone is answered with 404 by the handler.
  return !pod || pod->object()->as<Pod>().spec.node_name == node;
}

}  // namespace

bool refers_to_config_map(const PodSpec& spec, std::string_view name) {
  for (const auto& v : spec.volumes) {
    if (v.volume_source.config_map && v.volume_source.config_map->local_object_reference.name == name) return true;
    if (!v.volume_source.projected) continue;
    for (const auto& s : v.volume_source.projected->sources) {
      if (s.config_map && s.config_map->local_object_reference.name == name) return true;
    }
  }
  return any_container(spec, [&](const api::Container& c) {
    for (const auto& e : c.env_from) {
      if (e.config_map_ref && e.config_map_ref->local_object_reference.name == name) return true;
    }
    for (const auto& e : c.env) {
      if (e.value_from && e.value_from->config_map_key_ref &&
          e.value_from->config_map_key_ref->local_object_reference.name == name)
        return true;
    }
    return false;
  });
}

bool refers_to_secret(const PodSpec& spec, std::string_view name) {
  for (const auto& s : spec.image_pull_secrets) {
    if (s.name == name) return true;
  }
  for (const auto& v : spec.volumes) {
    if (v.volume_source.secret && v.volume_source.secret->secret_name == name) return true;
    if (!v.volume_source.projected) continue;
    for (const auto& s : v.volume_source.projected->sources) {
      if (s.secret && s.secret->local_object_reference.name == name) return true;
    }
  }
  return any_container(spec, [&](const api::Container& c) {
    for (const auto& e : c.env_from) {
      if (e.secret_ref && e.secret_ref->local_object_reference.name == name) return true;
    }
    for (const auto& e : c.env) {
      if (e.value_from && e.value_from->secret_key_ref &&
          e.value_from->secret_key_ref->local_object_reference.name == name)
        return true;
    }
    return false;
  });
}

bool node_may(std::string_view node, const RequestInfo& what, Registry& registry) {
  if (what.plural == "secrets" || what.plural == "configmaps") return may_read_config(node, what, registry);
  if (what.plural == "serviceaccounts" && what.subresource == "token") {
    return what.verb == "create" && any_pod_here(node, what, registry, [&](const PodSpec& spec) {
             return spec.service_account_name == what.name;
           });
  }
  if (reads(what)) return true;
  if (what.plural == "events") return one_of(what.verb, {"create", "update", "patch"});
  if (one_of(what.plural, {"tokenreviews", "subjectaccessreviews"})) return what.verb == "create";
  if (what.plural == "nodes") {
    if (what.verb == "create") return true;  // the name is checked with the object
    return what.name == node && one_of(what.verb, {"update", "patch"});
  }
  if (what.plural == "leases") return what.ns == "kube-node-lease" && (what.name == node || what.verb == "create");
  if (what.plural == "pods") return may_write_pod(node, what, registry);
  return false;
}

}  // namespace fairlead::apiserver
