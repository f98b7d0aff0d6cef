// Registry: kinds that show another kind's objects. Their caches are fed with every change of the stored kind; what is
// written through them is translated and written as the stored kind.
#include "api/validation.h"
#include "apiserver/errors.h"
#include "apiserver/registry.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

std::unexpected<Error> no_writes() {
  return fail(Code::kMethodNotAllowed, "the server does not allow this method on the requested resource");
}

bool same_but_revision(const api::Object& a, const api::Object& b) {
  const auto copy = a.clone();
  copy->meta().resource_version = b.meta().resource_version;
  return same_content(*copy, b);
}

}  // namespace

CachedPtr as_view(const api::KindInfo& view, const Cached& stored) {
  auto objects = view.views(*stored.object());
  return std::make_shared<const Cached>(std::move(objects.at(0)), stored.revision());
}

void Registry::tell(KindCache& cache, const std::string& name, CachedPtr now, Revision revision) {
  const CachedPtr before = cache.find(name);
  cache.apply(name, now, revision);
  const auto it = views_.find(&cache.kind());
  if (it == views_.end()) return;
  for (KindCache* view : it->second) tell_view(*view, before, now, revision);
}

void Registry::tell_view(KindCache& view, const CachedPtr& before, const CachedPtr& now, Revision revision) {
  const api::KindInfo& kind = view.kind();
  std::map<std::string, CachedPtr> next;
  if (now) {
    for (auto& object : kind.views(*now->object())) {
      auto key = api::key_of(object->meta());
      next[std::move(key)] = std::make_shared<const Cached>(std::move(object), now->revision());
    }
  }
  if (before) {
    for (const auto& object : kind.views(*before->object())) {
      const auto key = api::key_of(object->meta());
      if (!next.contains(key)) view.apply(key, nullptr, revision);
    }
  }
  for (auto& [key, object] : next) {
    // What only follows from the stored object has not changed when it says the same; what can be written through the
    // view needs the revision of the stored object.
    const CachedPtr current = view.find(key);
    if (kind.to_stored == nullptr && current && same_but_revision(*current->object(), *object->object())) continue;
    view.apply(key, std::move(object), revision);
  }
}

void Registry::load_into(KindCache& cache, CachedPtr object) {
  const auto it = views_.find(&cache.kind());
  for (KindCache* view : it == views_.end() ? std::vector<KindCache*>() : it->second) {
    for (auto& shown : view->kind().views(*object->object()))
      view->load(std::make_shared<const Cached>(std::move(shown), object->revision()));
  }
  cache.load(std::move(object));
}

Task<Result<CachedPtr>> Registry::create_view(std::string ns, api::MutableObject object, WriteOptions options) {
  const api::KindInfo& kind = object->kind();
  if (kind.to_stored == nullptr) co_return no_writes();
  api::ObjectMeta& meta = object->meta();
  meta.namespace_ = ns;
  if (meta.name.empty() && !meta.generate_name.empty())
    meta.name = meta.generate_name.substr(0, 63 - 5) + random_suffix();
  if (kind.validate != nullptr) {
    auto problems = kind.validate(*object);
    if (!problems.empty()) co_return fail(api::invalid(kind, meta.name, std::move(problems)));
  }
  auto written = co_await create(std::move(ns), kind.to_stored(*object), std::move(options));
  if (!written) co_return fail(std::move(written).error());
  co_return as_view(kind, **written);
}

Task<Result<CachedPtr>> Registry::update_view(const api::KindInfo& kind, std::string ns, std::string name,
                                              Change change, WriteOptions options) {
  if (kind.to_stored == nullptr) co_return no_writes();
  Change translated = [&kind, change = std::move(change)](const api::Object& stored) -> Result<api::MutableObject> {
    const auto current = std::move(kind.views(stored).at(0));
    FL_TRY(auto next, change(*current));
    const bool exists = !stored.meta().uid.empty();
    const auto validate = exists ? kind.validate_update : nullptr;
    if (validate != nullptr) {
      auto problems = validate(*next, *current);
      if (!problems.empty()) return fail(api::invalid(kind, next->meta().name, std::move(problems)));
    }
    return kind.to_stored(*next);
  };
  auto written =
      co_await update(kind.view_of(), std::move(ns), std::move(name), std::move(translated), std::move(options));
  if (!written) co_return fail(std::move(written).error());
  co_return as_view(kind, **written);
}

Task<Result<Removed>> Registry::remove_view(const api::KindInfo& kind, std::string ns, std::string name,
                                            RemoveOptions options) {
  if (kind.to_stored == nullptr) co_return no_writes();
  auto removed = co_await remove(kind.view_of(), std::move(ns), std::move(name), std::move(options));
  if (!removed) co_return fail(std::move(removed).error());
  removed->object = as_view(kind, *removed->object);
  co_return removed;
}

}  // namespace fairlead::apiserver
