// Registry: deletion. Preconditions, grace of pods, finalizers, namespaces.
#include <algorithm>

#include "api/kinds/namespace.h"
#include "api/kinds/pod.h"
#include "apiserver/errors.h"
#include "apiserver/registry.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kOrphan = "orphan";
constexpr std::string_view kForeground = "foregroundDeletion";

// How long the object may take to go: pods that run somewhere get their grace, everything else goes at once.
int64_t grace_of(const api::Object& object, const RemoveOptions& options) {
  if (!object.is<api::Pod>()) return 0;
  const auto& pod = object.as<api::Pod>();
  if (pod.spec.node_name.empty() || pod.status.phase == "Succeeded" || pod.status.phase == "Failed") return 0;
  // A negative grace means one second; zero is asked for explicitly, by the node's agent or by force.
  const int64_t wanted = options.grace_period_seconds.value_or(pod.spec.termination_grace_period_seconds.value_or(30));
  return wanted < 0 ? 1 : wanted;
}

void set_finalizers(api::ObjectMeta& meta, const std::string& policy) {
  const auto drop = [&](std::string_view f) { std::erase(meta.finalizers, f); };
  const auto add = [&](std::string_view f) {
    if (std::find(meta.finalizers.begin(), meta.finalizers.end(), f) == meta.finalizers.end())
      meta.finalizers.emplace_back(f);
  };
  if (policy == "Orphan") {
    drop(kForeground);
    add(kOrphan);
  } else if (policy == "Foreground") {
    drop(kOrphan);
    add(kForeground);
  } else if (policy == "Background") {
    drop(kOrphan);
    drop(kForeground);
  }
}

Result<> check_preconditions(const api::Object& current, const RemoveOptions& options) {
  const api::ObjectMeta& meta = current.meta();
  if (options.uid && *options.uid != meta.uid) {
    return fail(conflict(
        current.kind(), meta.name,
        fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}", *options.uid, meta.uid)));
  }
  if (options.resource_version && *options.resource_version != meta.resource_version) {
    return fail(conflict(
        current.kind(), meta.name,
        fmt::format("Precondition failed: ResourceVersion in precondition: {}, ResourceVersion in object meta: {}",
                    *options.resource_version, meta.resource_version)));
  }
  return {};
}

bool protected_namespace(const api::Object& object) {
  const std::string& name = object.meta().name;
  return object.is<api::Namespace>() && (name == "default" || name == "kube-system" || name == "kube-public");
}

}  // namespace

// The object with its deletion recorded; `now` says that nothing holds it and it can go instead.
Result<api::MutableObject> Registry::mark_deleted(const api::Object& current, const RemoveOptions& options, bool& now) {
  const int64_t grace = grace_of(current, options);
  api::MutableObject next = current.clone();
  api::ObjectMeta& meta = next->meta();
  const bool first = !meta.deletion_timestamp;
  if (first || !options.propagation_policy.empty()) set_finalizers(meta, options.propagation_policy);
  const bool held = !meta.finalizers.empty() || waits_for_namespace(current);
  now = grace == 0 && !held;
  if (now) return next;
  if (first) {
    const auto at = std::chrono::ceil<std::chrono::seconds>(clock_.now());
    meta.deletion_timestamp.at = at + std::chrono::seconds(grace);
    meta.deletion_grace_period_seconds = grace;
    if (meta.generation > 0) ++meta.generation;
    if (next->is<api::Namespace>()) next->as<api::Namespace>().status.phase = "Terminating";
  } else if (grace < meta.deletion_grace_period_seconds.value_or(0)) {
    // A second deletion may shorten the first one's grace, never extend it.
    const auto end = *meta.deletion_timestamp.at - std::chrono::seconds(*meta.deletion_grace_period_seconds - grace);
    meta.deletion_timestamp.at = end;
    meta.deletion_grace_period_seconds = grace;
  }
  return next;
}

Task<Result<Removed>> Registry::remove(const api::KindInfo& kind, std::string ns, std::string name,
                                       RemoveOptions options) {
  if (kind.view_of != nullptr) {
    co_return co_await remove_view(kind, std::move(ns), std::move(name), std::move(options));
  }
  auto fresh = co_await catch_up();
  if (!fresh) co_return fail(std::move(fresh).error());
  if (!kind.namespaced) ns.clear();
  for (;;) {
    const CachedPtr current = cache(kind).find(api::key_of(ns, name));
    if (!current) co_return fail(not_found(kind, name));
    const api::Object& old = *current->object();
    if (protected_namespace(old)) co_return fail(forbidden(kind, name, "this namespace may not be deleted"));
    auto allowed = check_preconditions(old, options);
    if (!allowed) co_return fail(std::move(allowed).error());
    bool now = false;
    auto marked = mark_deleted(old, options, now);
    if (!marked) co_return fail(std::move(marked).error());
    Removed removed;
    removed.object = current;
    removed.gone = now;
    if (options.dry_run || (!now && same_content(**marked, old))) co_return removed;
    Result<Attempt> attempt;
    if (now) {
      attempt = co_await erase(kind, current);
    } else {
      attempt = co_await put(std::move(*marked), current->revision());
    }
    if (!attempt) co_return fail(std::move(attempt).error());
    if (attempt->retry) continue;
    removed.object = attempt->written;
    co_return removed;
  }
}

}  // namespace fairlead::apiserver
