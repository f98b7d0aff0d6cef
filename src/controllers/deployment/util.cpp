#include "controllers/deployment/util.h"

#include <algorithm>
#include <cmath>

#include "api/codec.h"
#include "base/text.h"

namespace fairlead::controllers {

namespace {

// intstr.GetScaledValueFromIntOrPercent. Validation has seen the text; what is no number counts as 0.
int scaled(const std::optional<api::IntOrString>& value, int total, bool round_up) {
  if (!value) return 0;
  if (!value->is_string) return value->number;
  std::string_view text = value->text;
  if (!text.ends_with('%')) return 0;
  text.remove_suffix(1);
  const double part = static_cast<double>(parse_int(text).value_or(0)) * total / 100;
  return static_cast<int>(round_up ? std::ceil(part) : std::floor(part));
}

struct Fenceposts {
  int surge;
  int unavailable;
};

Fenceposts fenceposts(const api::Deployment& d) {
  if (!is_rolling(d)) return {0, 0};
  // An absent value is the default of the API, 25%.
  const std::optional<api::IntOrString> quarter = api::IntOrString(std::string("25%"));
  auto surge_value = quarter;
  auto unavailable_value = quarter;
  if (d.spec.strategy.rolling_update) {
    if (d.spec.strategy.rolling_update->max_surge) surge_value = d.spec.strategy.rolling_update->max_surge;
    if (d.spec.strategy.rolling_update->max_unavailable) {
      unavailable_value = d.spec.strategy.rolling_update->max_unavailable;
    }
  }
  const int total = replicas_of(d);
  Fenceposts out{scaled(surge_value, total, true), scaled(unavailable_value, total, false)};
  if (out.surge == 0 && out.unavailable == 0) out.unavailable = 1;
  return out;
}

bool is_own_annotation(std::string_view name) {
  return name == kRevision || name == kRevisionHistory || name == kDesiredReplicas || name == kMaxReplicas ||
         name == "kubectl.kubernetes.io/last-applied-configuration" || name == "deprecated.deployment.rollback.to";
}

bool set_annotation(api::ObjectMeta& meta, const char* name, const std::string& value) {
  auto [it, fresh] = meta.annotations.emplace(name, value);
  if (!fresh && it->second == value) return false;
  it->second = value;
  return true;
}

}  // namespace

int replicas_of(const api::ReplicaSet& set) { return set.spec.replicas.value_or(1); }
int replicas_of(const api::Deployment& deployment) { return deployment.spec.replicas.value_or(1); }
bool is_rolling(const api::Deployment& deployment) { return deployment.spec.strategy.type != "Recreate"; }
int max_surge(const api::Deployment& deployment) { return fenceposts(deployment).surge; }

int max_unavailable(const api::Deployment& deployment) {
  const int replicas = replicas_of(deployment);
  return replicas == 0 ? 0 : std::min(fenceposts(deployment).unavailable, replicas);
}

std::optional<int> int_annotation(const api::ObjectMeta& meta, const char* name) {
  const auto it = meta.annotations.find(name);
  if (it == meta.annotations.end()) return std::nullopt;
  const auto value = parse_int(it->second);
  return value ? std::optional<int>(static_cast<int>(*value)) : std::nullopt;
}

int64_t revision_of(const api::ObjectMeta& meta) {
  const auto it = meta.annotations.find(kRevision);
  return it == meta.annotations.end() ? 0 : parse_int(it->second).value_or(0);
}

bool set_replicas_annotations(api::ReplicaSet& set, int desired, int max) {
  const bool a = set_annotation(set.metadata, kDesiredReplicas, std::to_string(desired));
  const bool b = set_annotation(set.metadata, kMaxReplicas, std::to_string(max));
  return a || b;
}

bool set_new_set_annotations(api::ReplicaSet& set, const api::Deployment& deployment, int64_t revision, bool exists) {
  bool changed = false;
  for (const auto& [name, value] : deployment.metadata.annotations) {
    if (!is_own_annotation(name)) changed |= set_annotation(set.metadata, name.c_str(), value);
  }
  const int64_t before = revision_of(set.metadata);
  if (before < revision) {
    changed |= set_annotation(set.metadata, kRevision, std::to_string(revision));
    // A set that is used again (a rollback) remembers under which revisions it served before.
    if (exists && before > 0) {
      std::string& history = set.metadata.annotations[kRevisionHistory];
      history += (history.empty() ? "" : ",") + std::to_string(before);
    }
  }
  return changed;
}

std::string template_hash(const api::PodTemplateSpec& spec, std::optional<int32_t> collisions) {
  static constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string text = api::to_json(spec);
  if (collisions) text += std::to_string(*collisions);
  const uint64_t hash = stable_hash(text);
  std::string out = std::to_string(static_cast<uint32_t>(hash ^ (hash >> 32)));
  for (char& c : out) c = kAlphabet[static_cast<unsigned char>(c) % kAlphabet.size()];
  return out;
}

bool same_template(const api::PodTemplateSpec& a, const api::PodTemplateSpec& b) {
  if (!(a.spec == b.spec)) return false;
  api::ObjectMeta meta_a = a.metadata;
  api::ObjectMeta meta_b = b.metadata;
  meta_a.labels.erase(kTemplateHash);
  meta_b.labels.erase(kTemplateHash);
  return meta_a == meta_b;
}

ReplicaSetPtr find_new_set(const api::Deployment& deployment, const std::vector<ReplicaSetPtr>& sets) {
  ReplicaSetPtr found;
  for (const auto& set : sets) {
    if (!same_template(set->spec.template_, deployment.spec.template_)) continue;
    if (!found || set->metadata.creation_timestamp.at < found->metadata.creation_timestamp.at) found = set;
  }
  return found;
}

const api::DeploymentCondition* find_condition(const api::DeploymentStatus& status, std::string_view type) {
  for (const auto& c : status.conditions) {
    if (c.type == type) return &c;
  }
  return nullptr;
}

void remove_condition(api::DeploymentStatus& status, std::string_view type) {
  std::erase_if(status.conditions, [&](const auto& c) { return c.type == type; });
}

void set_condition(api::DeploymentStatus& status, std::string type, std::string value, std::string reason,
                   std::string message, WallTime now) {
  api::DeploymentCondition next;
  next.last_transition_time.at = now;
  if (const auto* old = find_condition(status, type)) {
    if (old->status == value && old->reason == reason) return;
    if (old->status == value) next.last_transition_time = old->last_transition_time;
  }
  next.type = std::move(type);
  next.status = std::move(value);
  next.last_update_time.at = now;
  next.reason = std::move(reason);
  next.message = std::move(message);
  remove_condition(status, next.type);
  status.conditions.push_back(std::move(next));
}

}  // namespace fairlead::controllers
