// What Kubernetes does to every pod and pod template: defaults and rules, in one place so that the templates of
// Deployments and ReplicaSets and the pods made from them are equal to the last field.
#pragma once

#include <map>
#include <string>

#include "api/kinds/pod.h"
#include "api/types/pod_template.h"
#include "api/validation.h"

namespace fairlead::api {

// Defaults that pods and pod templates share.
void default_pod_spec(PodSpec& spec);
// The rest, which only pods get: requests from limits, service links, host ports, and what Kubernetes' admission adds
// (service account, priority, tolerations of dead nodes for 300 s).
void default_pod(Pod& pod);
// Guaranteed, Burstable or BestEffort, from requests and limits.
std::string_view qos_class(const PodSpec& spec);
// The tag that decides imagePullPolicy: "latest" when neither tag nor digest is given, empty with a digest alone.
std::string_view image_tag(std::string_view image);

void check_pod_spec(Problems& out, const FieldPath& path, const PodSpec& spec);
void check_pod_template(Problems& out, const FieldPath& path, const PodTemplateSpec& value);
// The spec of a pod may change in few places only.
void check_pod_spec_update(Problems& out, const PodSpec& next, const PodSpec& old);

// ---- parts of check_pod_spec()

using VolumesByName = std::map<std::string_view, const Volume*>;
// Returns the volumes without problems, which mounts may name.
VolumesByName check_volumes(Problems& out, const FieldPath& path, const std::vector<Volume>& volumes);
void check_containers(Problems& out, const FieldPath& path, const PodSpec& spec, const VolumesByName& volumes);
// Probes and lifecycle handlers; `grace` is the pod's terminationGracePeriodSeconds.
void check_probes(Problems& out, const FieldPath& path, const Container& container, std::optional<int64_t> grace);
void check_resources(Problems& out, const FieldPath& path, const ResourceRequirements& resources);
void check_security_context(Problems& out, const FieldPath& path, const SecurityContext& context);
void check_affinity(Problems& out, const FieldPath& path, const Affinity& affinity);
void check_tolerations(Problems& out, const FieldPath& path, const std::vector<Toleration>& tolerations);
void check_spread(Problems& out, const FieldPath& path, const std::vector<TopologySpreadConstraint>& constraints);
// A relative path that stays inside its volume.
void check_descending_path(Problems& out, const FieldPath& path, std::string_view text);

}  // namespace fairlead::api
