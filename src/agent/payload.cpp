#include "agent/payload.h"

#include <fmt/format.h>

#include "base/text.h"

namespace fairlead::agent {
namespace {

constexpr int32_t kDefaultMode = 0644;

class Collector {
 public:
  Collector(const api::Pod& pod, const DownwardFacts& facts, const PodSources& sources, int32_t mode)
      : pod_(pod), facts_(facts), sources_(sources), mode_(mode) {}

  void config_map(const std::string& name, const std::vector<api::KeyToPath>& items, bool optional) {
    add(sources_.config_map(name, optional), items, optional, "configmap references non-existent config key: {}");
  }
  void secret(const std::string& name, const std::vector<api::KeyToPath>& items, bool optional) {
    add(sources_.secret(name, optional), items, optional, "references non-existent secret key: {}");
  }
  void downward(const std::vector<api::DownwardAPIVolumeFile>& items) {
    for (const api::DownwardAPIVolumeFile& item : items) {
      Result<std::string> value = std::string();
      if (item.field_ref) {
        value = field_value(pod_, item.field_ref->field_path, facts_);
      } else if (item.resource_field_ref) {
        value = resource_value(pod_, nullptr, *item.resource_field_ref, facts_);
      }
      if (!value) {
        errors_.push_back(value.error().message);
      } else {
        out_[item.path] = {*std::move(value), item.mode.value_or(mode_), std::nullopt};
      }
    }
  }
  void token(const api::ServiceAccountTokenProjection& from) {
    const auto token = sources_.tokens.find(token_key(from));
    if (token == sources_.tokens.end()) {
      error(fmt::format("failed to fetch token: there is none yet for service account {}/{}", pod_.metadata.namespace_,
                        pod_.spec.service_account_name));
      return;
    }
    // With an fsGroup, the group is let in where the volume's ownership is set.
    const auto user = common_user(pod_);
    const bool owned = user || (pod_.spec.security_context && pod_.spec.security_context->fs_group);
    out_[from.path] = {token->second, owned ? 0600 : mode_, user};
  }
  void error(std::string message) { errors_.push_back(std::move(message)); }

  Result<Payload> result() && {
    if (errors_.size() == 1) return fail(Code::kInvalid, errors_.front());
    if (!errors_.empty()) return fail(Code::kInvalid, "[" + join(errors_, ", ") + "]");
    return std::move(out_);
  }

 private:
  void add(const Result<const KeyedData*>& found, const std::vector<api::KeyToPath>& items, bool optional,
           fmt::format_string<const std::string&> missing) {
    if (!found) return error(found.error().message);
    const KeyedData* data = *found;
    if (data == nullptr) return;
    if (items.empty()) {
      for (const auto& [key, bytes] : data->data) out_[key] = {bytes, mode_, std::nullopt};
      for (const auto& [key, bytes] : data->binary_data) out_[key] = {bytes, mode_, std::nullopt};
    }
    for (const api::KeyToPath& item : items) {
      const std::string* bytes = nullptr;
      for (const auto* map : {&data->binary_data, &data->data}) {
        if (const auto it = map->find(item.key); it != map->end()) bytes = &it->second;
      }
      if (bytes != nullptr) {
        out_[item.path] = {*bytes, item.mode.value_or(mode_), std::nullopt};
      } else if (!optional) {
        return error(fmt::format(missing, item.key));
      }
    }
  }

  const api::Pod& pod_;
  const DownwardFacts& facts_;
  const PodSources& sources_;
  const int32_t mode_;
  Payload out_;
  std::vector<std::string> errors_;
};

void collect(Collector& to, const api::VolumeProjection& source) {
  if (source.config_map) {
    to.config_map(source.config_map->local_object_reference.name, source.config_map->items,
                  source.config_map->optional.value_or(false));
  } else if (source.secret) {
    to.secret(source.secret->local_object_reference.name, source.secret->items,
              source.secret->optional.value_or(false));
  } else if (source.downward_api) {
    to.downward(source.downward_api->items);
  } else if (source.service_account_token) {
    to.token(*source.service_account_token);
  } else {
    to.error(fmt::format("projected volume source {} is not supported by this node agent",
                         source.cluster_trust_bundle ? "clusterTrustBundle"
                         : source.pod_certificate    ? "podCertificate"
                                                     : "without a type"));
  }
}

}  // namespace

bool is_payload_volume(const api::VolumeSource& volume) {
  return volume.config_map || volume.secret || volume.downward_api || volume.projected;
}
bool is_memory_payload(const api::VolumeSource& volume) { return is_payload_volume(volume) && !volume.config_map; }

Result<Payload> volume_payload(const api::Pod& pod, const api::VolumeSource& volume, const DownwardFacts& facts,
                               const PodSources& sources) {
  const std::optional<int32_t> mode = volume.config_map     ? volume.config_map->default_mode
                                      : volume.secret       ? volume.secret->default_mode
                                      : volume.downward_api ? volume.downward_api->default_mode
                                      : volume.projected    ? volume.projected->default_mode
                                                            : std::nullopt;
  Collector collector(pod, facts, sources, mode.value_or(kDefaultMode));
  if (volume.config_map) {
    collector.config_map(volume.config_map->local_object_reference.name, volume.config_map->items,
                         volume.config_map->optional.value_or(false));
  } else if (volume.secret) {
    collector.secret(volume.secret->secret_name, volume.secret->items, volume.secret->optional.value_or(false));
  } else if (volume.downward_api) {
    collector.downward(volume.downward_api->items);
  } else if (volume.projected) {
    for (const api::VolumeProjection& source : volume.projected->sources) collect(collector, source);
  }
  return std::move(collector).result();
}

std::optional<int64_t> common_user(const api::Pod& pod) {
  std::optional<int64_t> common;
  const auto& of_pod = pod.spec.security_context;
  for (const auto* list : {&pod.spec.init_containers, &pod.spec.containers}) {
    for (const api::Container& c : *list) {
      std::optional<int64_t> user = c.security_context ? c.security_context->run_as_user : std::nullopt;
      if (!user && of_pod) user = of_pod->run_as_user;
      if (!user || (common && *common != *user)) return std::nullopt;
      common = user;
    }
  }
  return common;
}

}  // namespace fairlead::agent
