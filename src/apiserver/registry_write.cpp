// Registry: create and update.
#include "api/apply/managed_fields.h"
#include "api/kinds/namespace.h"
#include "api/validation.h"
#include "apiserver/errors.h"
#include "apiserver/registry.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

constexpr int kGeneratedNameAttempts = 8;

// Kinds that PUT creates when they are not there, as in Kubernetes.
bool created_by_update(const api::KindInfo& kind) {
  return kind.kind == "Endpoints" || kind.kind == "Event" || kind.kind == "Lease";
}

void track(const api::Object& old, api::Object& next, const WriteOptions& options, WallTime now) {
  switch (options.tracking) {
    case WriteOptions::Tracking::kApplied:
      return;
    case WriteOptions::Tracking::kNone:
      next.meta().managed_fields = old.meta().managed_fields;
      return;
    case WriteOptions::Tracking::kUpdate:
      track_write(old, next, {options.manager, options.through.empty() ? options.subresource : options.through, now});
      return;
  }
}

// A write that gives managers nothing but new times is none.
void forget_times(api::Object& next, const api::Object& old) {
  api::ObjectMeta& meta = next.meta();
  const api::ObjectMeta& was = old.meta();
  if (meta.managed_fields == was.managed_fields || !same_but_for_times(meta, was)) return;
  auto fresh = std::exchange(meta.managed_fields, was.managed_fields);
  if (!same_content(next, old)) meta.managed_fields = std::move(fresh);
}

}  // namespace

Result<> Registry::check_namespace(const api::KindInfo& kind, const std::string& ns, std::string_view name) {
  if (!kind.namespaced) return {};
  const auto& namespaces = api::kind_of<api::Namespace>();
  const CachedPtr found = cache(namespaces).find(ns);
  if (!found) return fail(not_found(namespaces, ns));
  if (found->object()->meta().deletion_timestamp) {
    Error error = forbidden(
        kind, name, fmt::format("unable to create new content in namespace {} because it is being terminated", ns));
    error.causes.push_back(
        {"NamespaceTerminating", "metadata.namespace", fmt::format("namespace {} is being terminated", ns)});
    return fail(std::move(error));
  }
  return {};
}

Result<> Registry::finish_create(api::Object& object, const std::string& ns, const WriteOptions& options,
                                 Reservation& reservation) {
  const api::KindInfo& kind = object.kind();
  api::ObjectMeta& meta = object.meta();
  if (kind.set_defaults != nullptr) kind.set_defaults(object);
  track(*kind.make(), object, options, clock_.now());
  if (kind.prepare_create != nullptr) kind.prepare_create(object);
  meta.namespace_ = ns;
  meta.uid = new_uuid();
  meta.creation_timestamp.at = std::chrono::floor<std::chrono::seconds>(clock_.now());
  meta.deletion_timestamp = {};
  meta.deletion_grace_period_seconds.reset();
  meta.self_link.clear();
  if (meta.name.empty()) {
    return fail(api::invalid(
        kind, "", {{"FieldValueRequired", "metadata.name", "Required value: name or generateName is required"}}));
  }
  if (kind.validate != nullptr) {
    auto problems = kind.validate(object);
    if (!problems.empty()) return fail(api::invalid(kind, meta.name, std::move(problems)));
  }
  if (WriteHook* hook = hook_of(kind)) {
    FL_TRY(reservation, hook->before_write(object, nullptr));
  }
  return {};
}

Task<Result<CachedPtr>> Registry::create(std::string ns, api::MutableObject object, WriteOptions options) {
  const api::KindInfo& kind = object->kind();
  {
    api::ObjectMeta& meta = object->meta();
    if (!kind.namespaced) {
      meta.namespace_.clear();
      ns.clear();
    } else if (!meta.namespace_.empty() && meta.namespace_ != ns) {
      co_return fail(
          bad_request("the namespace of the provided object does not match the namespace sent on the request"));
    }
    if (!meta.resource_version.empty())
      co_return fail(bad_request("resourceVersion should not be set on objects to be created"));
  }
  if (kind.view_of != nullptr) co_return co_await create_view(std::move(ns), std::move(object), std::move(options));
  auto fresh = co_await catch_up();
  if (!fresh) co_return fail(std::move(fresh).error());
  if (WriteHook* hook = hook_of(kind)) {
    auto prepared = co_await hook->prepare_create(ns, *object);
    if (!prepared) co_return fail(std::move(prepared).error());
  }
  const std::string generate = object->meta().name.empty() ? object->meta().generate_name : "";
  for (int attempts = 1;; ++attempts) {
    api::MutableObject next = object->clone();
    if (!generate.empty()) next->meta().name = generate.substr(0, 63 - 5) + random_suffix();
    const std::string name = next->meta().name;
    auto ns_ok = check_namespace(kind, ns, name);
    if (!ns_ok) co_return fail(std::move(ns_ok).error());
    Reservation reservation;
    auto finished = finish_create(*next, ns, options, reservation);
    if (!finished) co_return fail(std::move(finished).error());
    const bool exists = cache(kind).find(api::key_of(ns, name)) != nullptr;
    if (!exists && options.dry_run) co_return std::make_shared<const Cached>(std::move(next), 0);
    if (!exists) {
      auto attempt = co_await put(std::move(next), 0);
      if (!attempt) co_return fail(std::move(attempt).error());
      if (!attempt->retry) {
        reservation.keep();
        co_return attempt->written;
      }
    }
    if (generate.empty() || attempts == kGeneratedNameAttempts) co_return fail(already_exists(kind, name));
  }
}

Result<Reservation> Registry::finish_update(api::Object& next, const api::Object& old, const WriteOptions& options) {
  const std::string& subresource = options.subresource;
  const api::KindInfo& kind = next.kind();
  api::ObjectMeta& meta = next.meta();
  const api::ObjectMeta& was = old.meta();
  if (!meta.uid.empty() && meta.uid != was.uid) {
    return fail(conflict(
        kind, was.name,
        fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}", meta.uid, was.uid)));
  }
  meta.name = was.name;
  meta.namespace_ = was.namespace_;
  meta.uid = was.uid;
  meta.self_link.clear();
  meta.generate_name = was.generate_name;
  meta.resource_version = was.resource_version;
  meta.creation_timestamp = was.creation_timestamp;
  meta.deletion_timestamp = was.deletion_timestamp;
  meta.deletion_grace_period_seconds = was.deletion_grace_period_seconds;
  meta.generation = was.generation;
  // Before anything compares with the old object, whose defaults are set.
  if (kind.set_defaults != nullptr) kind.set_defaults(next);
  if (subresource == "status") {
    for (const api::FieldInfo& f : kind.type().json_fields()) {
      if (f.json != "metadata" && f.json != "status") f.value->assign(f.in(next.data()), f.in(old.data()));
    }
    meta.owner_references = was.owner_references;
    meta.finalizers = was.finalizers;
    track(old, next, options, clock_.now());
  } else {
    if (kind.has_status && subresource.empty()) copy_field(next, old, "status");
    track(old, next, options, clock_.now());
    if (subresource.empty() && kind.prepare_update != nullptr) kind.prepare_update(next, old);
  }
  Reservation reservation;
  if (WriteHook* hook = subresource.empty() ? hook_of(kind) : nullptr) {
    FL_TRY(reservation, hook->before_write(next, &old));
  }
  // A binding and a finalization change what an update may not; the server made them itself.
  const bool by_client = subresource.empty() || subresource == "status" || subresource == "scale";
  const auto validate = subresource == "status" ? kind.validate_status : kind.validate_update;
  if (by_client && validate != nullptr) {
    auto problems = validate(next, old);
    if (!problems.empty()) return fail(api::invalid(kind, was.name, std::move(problems)));
  }
  return reservation;
}

Task<Result<CachedPtr>> Registry::update(const api::KindInfo& kind, std::string ns, std::string name, Change change,
                                         WriteOptions options) {
  if (kind.view_of != nullptr) {
    co_return co_await update_view(kind, std::move(ns), std::move(name), std::move(change), std::move(options));
  }
  auto fresh = co_await catch_up();
  if (!fresh) co_return fail(std::move(fresh).error());
  if (!kind.namespaced) ns.clear();
  for (;;) {
    const CachedPtr current = cache(kind).find(api::key_of(ns, name));
    if (!current) {
      const bool applies = options.tracking == WriteOptions::Tracking::kApplied;
      if ((!applies && !created_by_update(kind)) || !options.subresource.empty()) co_return fail(not_found(kind, name));
      const auto empty = kind.make();
      auto wanted = change(*empty);
      if (!wanted) co_return fail(std::move(wanted).error());
      if (!(*wanted)->meta().resource_version.empty() || !(*wanted)->meta().uid.empty())
        co_return fail(not_found(kind, name));
      auto created = co_await create(ns, std::move(*wanted), options);
      // Another write came between; what was applied then is a change of that.
      if (applies && !created && created.error().code == Code::kAlreadyExists) continue;
      co_return created;
    }
    const api::Object& old = *current->object();
    auto wanted = change(old);
    if (!wanted) co_return fail(std::move(wanted).error());
    api::MutableObject next = std::move(*wanted);
    const std::string expected = next->meta().resource_version;
    if (!expected.empty() && expected != "0" && expected != old.meta().resource_version)
      co_return fail(modified(kind, name));
    auto reservation = finish_update(*next, old, options);
    if (!reservation) co_return fail(std::move(reservation).error());
    forget_times(*next, old);
    // What changes nothing is not written: no new resourceVersion, no event.
    const bool last_finalizer_gone = old.meta().deletion_timestamp &&
                                     old.meta().deletion_grace_period_seconds.value_or(0) == 0 &&
                                     next->meta().finalizers.empty() && !waits_for_namespace(*next);
    if (same_content(*next, old) && !last_finalizer_gone) co_return current;
    if (options.dry_run) co_return std::make_shared<const Cached>(std::move(next), current->revision());
    Result<Attempt> attempt;
    if (last_finalizer_gone) {
      attempt = co_await erase(kind, current);
    } else {
      attempt = co_await put(std::move(next), current->revision());
    }
    if (!attempt) co_return fail(std::move(attempt).error());
    if (!attempt->retry) {
      reservation->keep();
      co_return attempt->written;
    }
    // Another write came between; a client that named its version hears of it at the top of the loop.
  }
}

}  // namespace fairlead::apiserver
