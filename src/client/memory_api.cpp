#include "client/memory_api.h"

#include <boost/json.hpp>

#include "api/codec.h"
#include "api/kinds/namespace.h"
#include "api/kinds/pod.h"
#include "api/selector.h"
#include "base/text.h"

namespace fairlead::client {

namespace {

Error not_found(const KindInfo& kind, std::string_view name) {
  return {Code::kNotFound, fmt::format("{} {} not found", kind.qualified(), quote(name)), {}};
}
Error conflict(const KindInfo& kind, std::string_view name) {
  return {
      Code::kConflict,
      fmt::format("Operation cannot be fulfilled on {} {}: the object has been modified; please apply your changes to "
                  "the latest version and try again",
                  kind.qualified(), quote(name)),
      {}};
}

// What a list or watch selects.
struct Filter {
  std::string ns;
  api::Selector labels;
  api::FieldSelector fields;

  static Result<Filter> create(const KindInfo& kind, const std::string& ns, const std::string& label_selector,
                               const std::string& field_selector) {
    Filter f;
    f.ns = ns;
    FL_TRY(f.labels, api::Selector::parse(label_selector));
    FL_TRY(f.fields, api::FieldSelector::parse(field_selector, kind));
    return f;
  }
  [[nodiscard]] bool matches(const ObjectPtr& o) const {
    return o && (ns.empty() || o->meta().namespace_ == ns) && labels.matches(o->meta().labels) && fields.matches(*o);
  }
};

void copy_field(const KindInfo& kind, std::string_view field, api::Object& to, const api::Object& from) {
  if (const auto* f = kind.type().find(field)) f->value->assign(f->in(to.data()), f->in(from.data()));
}

bool same_field(const KindInfo& kind, std::string_view field, const api::Object& a, const api::Object& b) {
  const auto* f = kind.type().find(field);
  return !f || f->value->equal(f->in(a.data()), f->in(b.data()));
}

bool same(const api::Object& a, const api::Object& b) {
  for (const auto& f : a.kind().type().fields()) {
    if (!f.value->equal(f.in(a.data()), f.in(b.data()))) return false;
  }
  return true;
}

void merge_patch(boost::json::value& target, const boost::json::value& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target = boost::json::object();
  auto& object = target.get_object();
  for (const auto& member : patch.get_object()) {
    if (member.value().is_null()) {
      object.erase(member.key());
    } else {
      merge_patch(object[member.key()], member.value());
    }
  }
}

}  // namespace

class MemoryWatch final : public WatchStream {
 public:
  MemoryWatch(MemoryApi& api, const KindInfo& kind, Filter filter, int64_t from)
      : api_(api), kind_(kind), filter_(std::move(filter)), from_(from), broken_(api.broken_) {}

  Task<Result<std::optional<WatchEvent>>> next() override {
    for (;;) {
      if (api_.broken_ != broken_) co_return fail(api_.broken_with_);
      while (position_ < api_.history_.size()) {
        const MemoryApi::Change& change = api_.history_[position_++];
        if (change.revision <= from_ || change.kind != &kind_) continue;
        const bool before = filter_.matches(change.old);
        const bool after = filter_.matches(change.now);
        if (!before && !after) continue;
        WatchEvent event;
        event.type = !before ? WatchType::kAdded : after ? WatchType::kModified : WatchType::kDeleted;
        event.object = change.now ? change.now : change.last;
        event.resource_version = std::to_string(change.revision);
        co_return event;
      }
      co_await api_.changed_.wait();
    }
  }

 private:
  MemoryApi& api_;
  const KindInfo& kind_;
  Filter filter_;
  int64_t from_;
  uint64_t broken_;
  size_t position_ = 0;
};

std::optional<Error> MemoryApi::refused(std::string_view verb, const KindInfo& kind, std::string_view key) const {
  return intercept ? intercept(verb, kind, key) : std::nullopt;
}

ObjectPtr MemoryApi::store(const ObjectPtr& old, MutableObject next) {
  next->meta().resource_version = std::to_string(++revision_);
  ObjectPtr now = std::move(next);
  objects_[&now->kind()][api::key_of(now->meta())] = now;
  history_.push_back({revision_, &now->kind(), old, now, nullptr});
  changed_.notify();
  return now;
}

void MemoryApi::erase(const ObjectPtr& old) {
  auto last = old->clone();
  last->meta().resource_version = std::to_string(++revision_);
  objects_[&old->kind()].erase(api::key_of(old->meta()));
  writes_.push_back(fmt::format("gone {} {}", old->kind().kind, api::key_of(old->meta())));
  history_.push_back({revision_, &old->kind(), old, nullptr, ObjectPtr(std::move(last))});
  changed_.notify();
}

ObjectPtr MemoryApi::find(const KindInfo& kind, std::string_view ns, std::string_view name) const {
  const auto it = objects_.find(&kind);
  if (it == objects_.end()) return nullptr;
  const auto found = it->second.find(api::key_of(ns, name));
  return found == it->second.end() ? nullptr : found->second;
}

Result<ObjectPtr> MemoryApi::existing(const KindInfo& kind, std::string_view ns, std::string_view name) const {
  if (auto found = find(kind, ns, name)) return found;
  return fail(not_found(kind, name));
}

Task<Result<ObjectPtr>> MemoryApi::get(const KindInfo& kind, std::string ns, std::string name) {
  if (auto error = refused("get", kind, api::key_of(ns, name))) co_return fail(*std::move(error));
  co_return existing(kind, ns, name);
}

Task<Result<ObjectList>> MemoryApi::list(const KindInfo& kind, ListOptions options) {
  if (auto error = refused("list", kind, options.ns)) co_return fail(*std::move(error));
  FL_CO_TRY(const Filter filter, Filter::create(kind, options.ns, options.label_selector, options.field_selector));
  ObjectList out;
  for (const auto& [key, object] : objects_[&kind]) {
    if (filter.matches(object)) out.items.push_back(object);
  }
  out.resource_version = std::to_string(revision_);
  co_return out;
}

Task<Result<std::unique_ptr<WatchStream>>> MemoryApi::watch(const KindInfo& kind, WatchOptions options) {
  if (auto error = refused("watch", kind, options.ns)) co_return fail(*std::move(error));
  FL_CO_TRY(Filter filter, Filter::create(kind, options.ns, options.label_selector, options.field_selector));
  const int64_t from =
      options.resource_version.empty() ? revision_ : parse_int(options.resource_version).value_or(revision_);
  std::unique_ptr<WatchStream> stream = std::make_unique<MemoryWatch>(*this, kind, std::move(filter), from);
  co_return stream;
}

ObjectPtr MemoryApi::put(MutableObject object) {
  auto& meta = object->meta();
  if (meta.name.empty()) meta.name = meta.generate_name + random_suffix();
  if (meta.namespace_.empty() && object->kind().namespaced) meta.namespace_ = "default";
  const auto old = find(object->kind(), meta.namespace_, meta.name);
  if (meta.uid.empty()) meta.uid = old ? old->meta().uid : new_uuid();
  if (!meta.creation_timestamp) meta.creation_timestamp.at = clock_.now();
  if (object->kind().set_defaults) object->kind().set_defaults(*object);
  return store(old, std::move(object));
}

Task<Result<ObjectPtr>> MemoryApi::create(MutableObject object) {
  const KindInfo& kind = object->kind();
  auto& meta = object->meta();
  if (auto error = refused("create", kind, api::key_of(meta))) co_return fail(*std::move(error));
  if (kind.namespaced && meta.namespace_.empty()) {
    co_return fail(Code::kBadRequest, "an empty namespace may not be set during creation");
  }
  if (meta.name.empty() && !meta.generate_name.empty()) meta.name = meta.generate_name + random_suffix();
  if (meta.name.empty()) co_return fail(Code::kInvalid, "name or generateName is required");
  if (find(kind, meta.namespace_, meta.name)) {
    co_return fail(Code::kAlreadyExists, fmt::format("{} {} already exists", kind.qualified(), quote(meta.name)));
  }
  if (kind.set_defaults) kind.set_defaults(*object);
  meta.generation = 1;
  if (kind.prepare_create) kind.prepare_create(*object);
  meta.uid = new_uuid();
  meta.creation_timestamp.at = std::chrono::floor<std::chrono::seconds>(clock_.now());
  meta.deletion_timestamp = {};
  if (object->is<api::Namespace>()) {
    auto& ns = object->as<api::Namespace>();
    if (ns.spec.finalizers.empty()) ns.spec.finalizers = {"kubernetes"};
    ns.status.phase = "Active";
  }
  if (object->is<api::Pod>() && object->as<api::Pod>().status.phase.empty()) {
    object->as<api::Pod>().status.phase = "Pending";
  }
  writes_.push_back(fmt::format("create {} {}", kind.kind, api::key_of(meta)));
  co_return store(nullptr, std::move(object));
}

Result<ObjectPtr> MemoryApi::finish_update(const ObjectPtr& old, MutableObject next) {
  auto& meta = next->meta();
  const auto& before = old->meta();
  meta.uid = before.uid;
  meta.creation_timestamp = before.creation_timestamp;
  meta.deletion_timestamp = before.deletion_timestamp;
  meta.deletion_grace_period_seconds = before.deletion_grace_period_seconds;
  meta.resource_version = before.resource_version;
  if (same(*old, *next)) return old;
  const bool spec_finalizers = next->is<api::Namespace>() && !next->as<api::Namespace>().spec.finalizers.empty();
  if (meta.deletion_timestamp && meta.finalizers.empty() && !spec_finalizers &&
      meta.deletion_grace_period_seconds.value_or(0) == 0) {
    ObjectPtr last = std::move(next);
    erase(last);
    return last;
  }
  return store(old, std::move(next));
}

Task<Result<ObjectPtr>> MemoryApi::update(MutableObject object, std::string subresource) {
  const KindInfo& kind = object->kind();
  const std::string verb = subresource.empty() ? "update" : "update " + subresource;
  if (auto error = refused(verb, kind, api::key_of(object->meta()))) co_return fail(*std::move(error));
  FL_CO_TRY(const ObjectPtr old, existing(kind, object->meta().namespace_, object->meta().name));
  const auto& sent = object->meta();
  if ((!sent.resource_version.empty() && sent.resource_version != old->meta().resource_version) ||
      (!sent.uid.empty() && sent.uid != old->meta().uid)) {
    co_return fail(conflict(kind, sent.name));
  }
  MutableObject next;
  if (subresource == "status") {
    next = old->clone();
    copy_field(kind, "status", *next, *object);
  } else if (subresource == "finalize" && object->is<api::Namespace>()) {
    next = old->clone();
    next->as<api::Namespace>().spec.finalizers = object->as<api::Namespace>().spec.finalizers;
  } else if (subresource.empty()) {
    next = std::move(object);
    if (kind.set_defaults) kind.set_defaults(*next);
    next->meta().generation = old->meta().generation;
    if (kind.has_status) copy_field(kind, "status", *next, *old);
    if (kind.prepare_update) {
      kind.prepare_update(*next, *old);
    } else if (!same_field(kind, "spec", *next, *old)) {
      ++next->meta().generation;
    }
  } else {
    co_return fail(Code::kNotFound, fmt::format("{} have no subresource {}", kind.plural, subresource));
  }
  writes_.push_back(fmt::format("update {}{}{} {}", kind.kind, subresource.empty() ? "" : "/", subresource,
                                api::key_of(old->meta())));
  co_return finish_update(old, std::move(next));
}

Task<Result<ObjectPtr>> MemoryApi::patch(const KindInfo& kind, std::string ns, std::string name, PatchType type,
                                         std::string body, std::string subresource) {
  if (auto error = refused("patch", kind, api::key_of(ns, name))) co_return fail(*std::move(error));
  if (type != PatchType::kMerge) co_return fail(Code::kUnsupportedMedia, "MemoryApi takes merge patches only");
  FL_CO_TRY(const ObjectPtr old, existing(kind, ns, name));
  FL_CO_TRY(boost::json::value target, api::parse_json(api::to_json(*old)));
  FL_CO_TRY(const boost::json::value change, api::parse_json(body));
  merge_patch(target, change);
  FL_CO_TRY(MutableObject next, api::object_from_json(target, kind));
  co_return co_await update(std::move(next), std::move(subresource));
}

Task<Result<>> MemoryApi::remove(const KindInfo& kind, std::string ns, std::string name, DeleteOptions options) {
  if (auto error = refused("delete", kind, api::key_of(ns, name))) co_return fail(*std::move(error));
  FL_CO_TRY(const ObjectPtr old, existing(kind, ns, name));
  if ((!options.uid.empty() && options.uid != old->meta().uid) ||
      (!options.resource_version.empty() && options.resource_version != old->meta().resource_version)) {
    co_return fail(conflict(kind, name));
  }
  writes_.push_back(fmt::format("delete {} {}", kind.kind, api::key_of(old->meta())));
  auto next = old->clone();
  auto& meta = next->meta();
  int64_t grace = 0;
  if (next->is<api::Pod>()) {
    const auto& pod = next->as<api::Pod>();
    const bool running = !pod.spec.node_name.empty() && pod.status.phase != "Succeeded" && pod.status.phase != "Failed";
    if (running) {
      grace = options.grace_period_seconds.value_or(pod.spec.termination_grace_period_seconds.value_or(30));
    }
  }
  const auto add_finalizer = [&](const char* finalizer) {
    if (std::ranges::find(meta.finalizers, finalizer) == meta.finalizers.end()) meta.finalizers.emplace_back(finalizer);
  };
  if (options.propagation_policy == "Foreground") add_finalizer("foregroundDeletion");
  if (options.propagation_policy == "Orphan") add_finalizer("orphan");
  bool spec_finalizers = false;
  if (next->is<api::Namespace>()) {
    auto& target = next->as<api::Namespace>();
    spec_finalizers = !target.spec.finalizers.empty();
    target.status.phase = "Terminating";
  }
  if (grace == 0 && meta.finalizers.empty() && !spec_finalizers) {
    erase(old);
    co_return Result<>{};
  }
  if (meta.deletion_timestamp && grace >= meta.deletion_grace_period_seconds.value_or(0)) co_return Result<>{};
  meta.deletion_timestamp.at = std::chrono::floor<std::chrono::seconds>(clock_.now()) + std::chrono::seconds(grace);
  meta.deletion_grace_period_seconds = grace;
  if (!same(*old, *next)) store(old, std::move(next));
  co_return Result<>{};
}

Task<Result<api::TokenRequest>> MemoryApi::request_token(std::string ns, std::string account,
                                                         api::TokenRequest request) {
  const KindInfo& kind = api::kind_of<api::TokenRequest>();
  if (auto error = refused("token", kind, api::key_of(ns, account))) co_return fail(*std::move(error));
  request.status.token = fmt::format("token-{}-{}", account, ++tokens_);
  const auto seconds = std::chrono::seconds(request.spec.expiration_seconds.value_or(3600));
  request.status.expiration_timestamp.at = std::chrono::floor<std::chrono::seconds>(clock_.now()) + seconds;
  co_return request;
}

Task<Result<>> MemoryApi::bind(std::string ns, std::string pod, std::string node) {
  const KindInfo& kind = api::kind_of<api::Pod>();
  if (auto error = refused("bind", kind, api::key_of(ns, pod))) co_return fail(*std::move(error));
  FL_CO_TRY(const ObjectPtr old, existing(kind, ns, pod));
  auto next = old->clone();
  auto& bound = next->as<api::Pod>();
  if (!bound.spec.node_name.empty()) {
    co_return fail(Code::kConflict, fmt::format("pod {} is already assigned to node {}", pod, bound.spec.node_name));
  }
  bound.spec.node_name = node;
  std::erase_if(bound.status.conditions, [](const auto& c) { return c.type == "PodScheduled"; });
  auto& scheduled = bound.status.conditions.emplace_back();
  scheduled.type = "PodScheduled";
  scheduled.status = "True";
  scheduled.last_transition_time.at = clock_.now();
  writes_.push_back(fmt::format("bind {} {}", api::key_of(ns, pod), node));
  store(old, std::move(next));
  co_return Result<>{};
}

void MemoryApi::drop(const KindInfo& kind, const std::string& ns, const std::string& name) {
  if (const auto old = find(kind, ns, name)) erase(old);
}

void MemoryApi::break_watches(Error error) {
  ++broken_;
  broken_with_ = std::move(error);
  changed_.notify();
}

}  // namespace fairlead::client
