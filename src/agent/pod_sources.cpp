#include "agent/pod_sources.h"

#include <fmt/format.h>

#include "base/text.h"

namespace fairlead::agent {
namespace {

Result<const KeyedData*> find(const PodSources::ByName& in, const char* kind, const std::string& name, bool optional) {
  if (const auto found = in.find(name); found != in.end() && found->second) return found->second.get();
  if (optional) return nullptr;
  return fail(Code::kNotFound, fmt::format("{} {} not found", kind, quote(name)));
}

void add_container(SourceNames& to, const api::Container& container) {
  for (const api::EnvFromSource& from : container.env_from) {
    if (from.config_map_ref) to.config_maps.insert(from.config_map_ref->local_object_reference.name);
    if (from.secret_ref) to.secrets.insert(from.secret_ref->local_object_reference.name);
  }
  for (const api::EnvVar& var : container.env) {
    if (!var.value_from) continue;
    const api::EnvVarSource& from = *var.value_from;
    if (from.config_map_key_ref) to.config_maps.insert(from.config_map_key_ref->local_object_reference.name);
    if (from.secret_key_ref) to.secrets.insert(from.secret_key_ref->local_object_reference.name);
  }
}

void add_volume(SourceNames& to, const api::VolumeSource& volume) {
  if (volume.config_map) to.config_maps.insert(volume.config_map->local_object_reference.name);
  if (volume.secret) to.secrets.insert(volume.secret->secret_name);
  if (!volume.projected) return;
  for (const api::VolumeProjection& source : volume.projected->sources) {
    if (source.config_map) to.config_maps.insert(source.config_map->local_object_reference.name);
    if (source.secret) to.secrets.insert(source.secret->local_object_reference.name);
  }
}

}  // namespace

Result<const KeyedData*> PodSources::config_map(const std::string& name, bool optional) const {
  return find(config_maps, "configmap", name, optional);
}
Result<const KeyedData*> PodSources::secret(const std::string& name, bool optional) const {
  return find(secrets, "secret", name, optional);
}

std::string token_key(const api::ServiceAccountTokenProjection& token) {
  return fmt::format("{}|{}", token.audience, token.expiration_seconds.value_or(0));
}

std::vector<api::ServiceAccountTokenProjection> tokens_of(const api::Pod& pod) {
  std::vector<api::ServiceAccountTokenProjection> out;
  for (const api::Volume& volume : pod.spec.volumes) {
    if (!volume.volume_source.projected) continue;
    for (const api::VolumeProjection& source : volume.volume_source.projected->sources) {
      if (source.service_account_token) out.push_back(*source.service_account_token);
    }
  }
  return out;
}

SourceNames sources_of(const api::Pod& pod) {
  SourceNames out;
  for (const api::Container& c : pod.spec.init_containers) add_container(out, c);
  for (const api::Container& c : pod.spec.containers) add_container(out, c);
  for (const api::Volume& volume : pod.spec.volumes) add_volume(out, volume.volume_source);
  for (const api::LocalObjectReference& secret : pod.spec.image_pull_secrets) out.secrets.insert(secret.name);
  out.config_maps.erase("");
  out.secrets.erase("");
  return out;
}

}  // namespace fairlead::agent
