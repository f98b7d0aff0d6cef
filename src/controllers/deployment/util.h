// Small questions about Deployments and their ReplicaSets (kube's pkg/controller/deployment/util). Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/kinds/deployment.h"
#include "api/kinds/replicaset.h"
#include "base/clock.h"

namespace fairlead::controllers {

inline constexpr const char* kRevision = "deployment.kubernetes.io/revision";
inline constexpr const char* kRevisionHistory = "deployment.kubernetes.io/revision-history";
inline constexpr const char* kDesiredReplicas = "deployment.kubernetes.io/desired-replicas";
inline constexpr const char* kMaxReplicas = "deployment.kubernetes.io/max-replicas";
inline constexpr const char* kTemplateHash = "pod-template-hash";

using ReplicaSetPtr = std::shared_ptr<const api::ReplicaSet>;

int replicas_of(const api::ReplicaSet& set);
int replicas_of(const api::Deployment& deployment);
bool is_rolling(const api::Deployment& deployment);
// Numbers of pods; percentages of spec.replicas round up for the surge and down for what may be missing, and if both
// come to nothing one pod may be missing, or nothing could ever move.
int max_surge(const api::Deployment& deployment);
int max_unavailable(const api::Deployment& deployment);

int64_t revision_of(const api::ObjectMeta& meta);
// The number in an annotation; nothing when it is absent or no number.
std::optional<int> int_annotation(const api::ObjectMeta& meta, const char* name);
// desired-replicas and max-replicas, by which a later scaling tells the proportions. True when something changed.
bool set_replicas_annotations(api::ReplicaSet& set, int desired, int max);
// What `deployment`'s own annotations and `revision` make of the set's. True when something changed.
bool set_new_set_annotations(api::ReplicaSet& set, const api::Deployment& deployment, int64_t revision, bool exists);

// Stable for equal templates; `collisions` counts names that were already taken by other templates.
std::string template_hash(const api::PodTemplateSpec& spec, std::optional<int32_t> collisions);
bool same_template(const api::PodTemplateSpec& a, const api::PodTemplateSpec& b);  // but for the hash label
// The oldest set with the Deployment's template; null if there is none.
ReplicaSetPtr find_new_set(const api::Deployment& deployment, const std::vector<ReplicaSetPtr>& sets);

const api::DeploymentCondition* find_condition(const api::DeploymentStatus& status, std::string_view type);
// Replaces the condition of that type unless status and reason are the same; the transition time moves with the status.
void set_condition(api::DeploymentStatus& status, std::string type, std::string value, std::string reason,
                   std::string message, WallTime now);
void remove_condition(api::DeploymentStatus& status, std::string_view type);

}  // namespace fairlead::controllers
