#include "apiserver/local_api.h"

#include "apiserver/errors.h"
#include "apiserver/patch.h"
#include "apiserver/pods.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

Result<Filter> make_filter(const api::KindInfo& kind, std::string ns, const std::string& labels,
                           const std::string& fields) {
  Filter filter;
  if (kind.namespaced) filter.ns = std::move(ns);
  FL_TRY(filter.labels, api::Selector::parse(labels));
  FL_TRY(filter.fields, api::FieldSelector::parse(fields, kind));
  return filter;
}

class LocalWatch final : public client::WatchStream {
 public:
  explicit LocalWatch(std::unique_ptr<KindCache::Watcher> watcher) : watcher_(std::move(watcher)) {}

  Task<Result<std::optional<client::WatchEvent>>> next() override {
    while (at_ == batch_.size()) {
      auto batch = co_await watcher_->next(std::chrono::steady_clock::time_point::max());
      if (!batch) co_return fail(std::move(batch).error());
      if (batch->empty() && watcher_->closed()) co_return std::optional<client::WatchEvent>();
      batch_ = std::move(*batch);
      at_ = 0;
    }
    const SeenEvent& seen = batch_[at_++];
    client::WatchEvent event;
    event.type = seen.type;
    event.object = seen.object->object();
    event.resource_version = seen.object->object()->meta().resource_version;
    co_return std::optional<client::WatchEvent>(std::move(event));
  }

 private:
  std::unique_ptr<KindCache::Watcher> watcher_;
  std::vector<SeenEvent> batch_;
  size_t at_ = 0;
};

class LocalApi final : public client::Api {
 public:
  explicit LocalApi(Registry& registry) : registry_(registry) {}

  Task<Result<api::ObjectPtr>> get(const api::KindInfo& kind, std::string ns, std::string name) override {
    auto found = co_await registry_.get(kind, std::move(ns), std::move(name));
    if (!found) co_return fail(std::move(found).error());
    co_return (*found)->object();
  }

  Task<Result<client::ObjectList>> list(const api::KindInfo& kind, client::ListOptions options) override {
    auto filter = make_filter(kind, std::move(options.ns), options.label_selector, options.field_selector);
    if (!filter) co_return fail(std::move(filter).error());
    auto fresh = co_await registry_.catch_up();
    if (!fresh) co_return fail(std::move(fresh).error());
    KindCache& cache = registry_.cache(kind);
    auto page = cache.list(*filter, 0, "", 0);
    if (!page) co_return fail(std::move(page).error());
    client::ObjectList out;
    for (const CachedPtr& item : page->items) out.items.push_back(item->object());
    out.resource_version = std::to_string(cache.revision());
    co_return out;
  }

  Task<Result<std::unique_ptr<client::WatchStream>>> watch(const api::KindInfo& kind,
                                                           client::WatchOptions options) override {
    auto filter = make_filter(kind, std::move(options.ns), options.label_selector, options.field_selector);
    if (!filter) co_return fail(std::move(filter).error());
    const auto after = parse_int(options.resource_version);
    if (!after)
      co_return fail(bad_request(fmt::format("resourceVersion {} is not a number", quote(options.resource_version))));
    auto watcher = registry_.cache(kind).watch(std::move(*filter), *after);
    if (!watcher) co_return fail(std::move(watcher).error());
    std::unique_ptr<client::WatchStream> stream = std::make_unique<LocalWatch>(std::move(*watcher));
    co_return stream;
  }

  Task<Result<api::ObjectPtr>> create(api::MutableObject object) override {
    std::string ns = object->meta().namespace_;
    auto written = co_await registry_.create(std::move(ns), std::move(object));
    if (!written) co_return fail(std::move(written).error());
    co_return (*written)->object();
  }

  Task<Result<api::ObjectPtr>> update(api::MutableObject object, std::string subresource) override {
    const api::KindInfo& kind = object->kind();
    std::string ns = object->meta().namespace_;
    std::string name = object->meta().name;
    WriteOptions options;
    options.subresource = std::move(subresource);
    Registry::Change change = [wanted = std::shared_ptr<const api::Object>(std::move(object))](
                                  const api::Object&) -> Result<api::MutableObject> { return wanted->clone(); };
    auto written =
        co_await registry_.update(kind, std::move(ns), std::move(name), std::move(change), std::move(options));
    if (!written) co_return fail(std::move(written).error());
    co_return (*written)->object();
  }

  Task<Result<api::ObjectPtr>> patch(const api::KindInfo& kind, std::string ns, std::string name,
                                     client::PatchType type, std::string body, std::string subresource) override {
    WriteOptions options;
    options.subresource = std::move(subresource);
    Registry::Change change = [type, body = std::move(body)](const api::Object& current) {
      return patched(current, type, body);
    };
    auto written =
        co_await registry_.update(kind, std::move(ns), std::move(name), std::move(change), std::move(options));
    if (!written) co_return fail(std::move(written).error());
    co_return (*written)->object();
  }

  Task<Result<>> remove(const api::KindInfo& kind, std::string ns, std::string name,
                        client::DeleteOptions options) override {
    RemoveOptions own;
    own.grace_period_seconds = options.grace_period_seconds;
    own.propagation_policy = std::move(options.propagation_policy);
    if (!options.uid.empty()) own.uid = std::move(options.uid);
    if (!options.resource_version.empty()) own.resource_version = std::move(options.resource_version);
    auto removed = co_await registry_.remove(kind, std::move(ns), std::move(name), std::move(own));
    if (!removed) co_return fail(std::move(removed).error());
    co_return Result<>{};
  }

  Task<Result<>> bind(std::string ns, std::string pod, std::string node) override {
    api::Binding binding;
    binding.target.kind = "Node";
    binding.target.name = std::move(node);
    auto bound = co_await bind_pod(registry_, std::move(ns), std::move(pod), std::move(binding), false);
    if (!bound) co_return fail(std::move(bound).error());
    co_return Result<>{};
  }

 private:
  Registry& registry_;
};

}  // namespace

std::unique_ptr<client::Api> make_local_api(Registry& registry) { return std::make_unique<LocalApi>(registry); }

}  // namespace fairlead::apiserver
