#include "apiserver/pods.h"

#include "api/kinds/pod.h"
#include "apiserver/errors.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

using api::Pod;

Result<api::MutableObject> bound(const api::Object& current, const api::Binding& binding, WallTime now) {
  const auto refuse = [&](std::string_view why) {
    return fail(Code::kConflict,
                fmt::format("Operation cannot be fulfilled on pods/binding {}: {}", quote(current.meta().name), why));
  };
  const auto& pod = current.as<Pod>();
  if (!binding.metadata.uid.empty() && binding.metadata.uid != pod.metadata.uid) {
    return refuse(fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}",
                              binding.metadata.uid, pod.metadata.uid));
  }
  if (pod.metadata.deletion_timestamp)
    return refuse(fmt::format("pod {} is being deleted, cannot be assigned to a host", pod.metadata.name));
  if (!pod.spec.node_name.empty()) {
    return refuse(fmt::format("pod {} is already assigned to node {}", pod.metadata.name, quote(pod.spec.node_name)));
  }
  auto next = current.clone();
  auto& to = next->as<Pod>();
  to.spec.node_name = binding.target.name;
  for (const auto& [key, value] : binding.metadata.annotations) to.metadata.annotations[key] = value;
  api::PodCondition* scheduled = nullptr;
  for (auto& c : to.status.conditions) {
    if (c.type == "PodScheduled") scheduled = &c;
  }
  if (scheduled == nullptr) scheduled = &to.status.conditions.emplace_back();
  scheduled->type = "PodScheduled";
  scheduled->reason.clear();
  scheduled->message.clear();
  if (scheduled->status != "True") scheduled->last_transition_time.at = std::chrono::floor<std::chrono::seconds>(now);
  scheduled->status = "True";
  return next;
}

}  // namespace

Task<Result<CachedPtr>> bind_pod(Registry& registry, std::string ns, std::string name, api::Binding binding,
                                 bool dry_run) {
  api::FieldErrors problems;
  const std::string& target_kind = binding.target.kind;
  if (!target_kind.empty() && target_kind != "Node") {
    problems.push_back(
        {"FieldValueNotSupported", "target.kind",
         fmt::format("Unsupported value: {}: supported values: \"Node\", \"<empty>\"", quote(target_kind))});
  }
  if (binding.target.name.empty()) problems.push_back({"FieldValueRequired", "target.name", "Required value"});
  if (!problems.empty()) {
    std::string text =
        fmt::format("Binding {} is invalid: {}: {}", quote(name), problems[0].field, problems[0].message);
    co_return fail(Error{Code::kInvalid, std::move(text), std::move(problems)});
  }
  WriteOptions options;
  options.tracking = WriteOptions::Tracking::kNone;
  options.subresource = "binding";
  options.dry_run = dry_run;
  const WallTime now = registry.clock().now();
  Registry::Change change = [binding = std::move(binding), now](const api::Object& current) {
    return bound(current, binding, now);
  };
  auto written = co_await registry.update(api::kind_of<Pod>(), std::move(ns), std::move(name), std::move(change),
                                          std::move(options));
  co_return written;
}

Task<Result<>> evict_pod(Registry& registry, std::string ns, std::string name, api::Eviction eviction, bool dry_run) {
  RemoveOptions options;
  if (eviction.delete_options) {
    auto parsed = remove_options(*eviction.delete_options);
    if (!parsed) co_return fail(std::move(parsed).error());
    options = std::move(*parsed);
  }
  options.dry_run = options.dry_run || dry_run;
  auto removed = co_await registry.remove(api::kind_of<Pod>(), std::move(ns), std::move(name), std::move(options));
  if (!removed) co_return fail(std::move(removed).error());
  co_return Result<>{};
}

Result<RemoveOptions> remove_options(const api::DeleteOptions& options) {
  RemoveOptions out;
  out.grace_period_seconds = options.grace_period_seconds;
  if (options.preconditions) {
    out.uid = options.preconditions->uid;
    out.resource_version = options.preconditions->resource_version;
  }
  if (options.orphan_dependents && options.propagation_policy) {
    return fail(Code::kInvalid, "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"" +
                                    *options.propagation_policy +
                                    "\": orphanDependents and deletionPropagation cannot be both set");
  }
  if (options.orphan_dependents) out.propagation_policy = *options.orphan_dependents ? "Orphan" : "Background";
  if (options.propagation_policy) {
    const std::string& policy = *options.propagation_policy;
    if (policy != "Foreground" && policy != "Background" && policy != "Orphan") {
      return fail(Code::kInvalid,
                  fmt::format("DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: {}: "
                              "supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"",
                              quote(policy)));
    }
    out.propagation_policy = policy;
  }
  for (const std::string& d : options.dry_run) {
    if (d != "All") {
      return fail(Code::kInvalid,
                  fmt::format("DeleteOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: {}: supported "
                              "values: \"All\"",
                              quote(d)));
    }
    out.dry_run = true;
  }
  return out;
}

}  // namespace fairlead::apiserver
