// DELETE of one object and of collections.
#include "apiserver/pods.h"
#include "apiserver/render.h"
#include "apiserver/write_body.h"

namespace fairlead::apiserver {
namespace {

// The body's options, or those of the query.
Result<RemoveOptions> delete_options(const Request& request) {
  FL_TRY(auto options, decode_value<api::DeleteOptions>(request.http, "DeleteOptions"));
  const RequestInfo& info = request.info;
  if (const auto grace = info.param("gracePeriodSeconds"); !grace.empty()) {
    const auto n = parse_int(grace);
    if (!n) return fail(Code::kBadRequest, fmt::format("gracePeriodSeconds {} is not a number", quote(grace)));
    options.grace_period_seconds = n;
  }
  if (const auto policy = info.param("propagationPolicy"); !policy.empty())
    options.propagation_policy = std::string(policy);
  if (const auto orphan = info.param("orphanDependents"); !orphan.empty())
    options.orphan_dependents = info.flag("orphanDependents");
  if (const auto dry = info.param("dryRun"); !dry.empty()) options.dry_run = {std::string(dry)};
  return remove_options(options);
}

// Deletions of one collection, a few dozen at a time, so that they share commits.
class CollectionDeletion {
 public:
  CollectionDeletion(Registry& registry, const api::KindInfo& kind, RemoveOptions options, std::vector<CachedPtr> items)
      : registry_(registry), kind_(kind), options_(std::move(options)), items_(std::move(items)) {}

  Task<Result<std::vector<CachedPtr>>> run() {
    rt::TaskGroup workers(registry_.loop());
    for (size_t i = 0; i < std::min<size_t>(items_.size(), 32); ++i) workers.spawn("delete", work());
    std::exception_ptr ended;
    try {
      co_await workers.join();
    } catch (...) {
      ended = std::current_exception();
    }
    if (ended) {
      co_await rt::shield();
      co_await workers.shutdown();
      std::rethrow_exception(ended);
    }
    if (!problem_.message.empty()) co_return fail(std::move(problem_));
    co_return std::move(deleted_);
  }

 private:
  Task<> work() {
    while (next_ < items_.size() && problem_.message.empty()) {
      const CachedPtr item = items_[next_++];
      const api::ObjectMeta& meta = item->object()->meta();
      auto removed = co_await registry_.remove(kind_, meta.namespace_, meta.name, options_);
      if (removed) {
        deleted_.push_back(removed->object);
      } else if (removed.error().code != Code::kNotFound) {
        problem_ = std::move(removed).error();
      }
    }
  }

  Registry& registry_;
  const api::KindInfo& kind_;
  RemoveOptions options_;
  std::vector<CachedPtr> items_;
  size_t next_ = 0;
  std::vector<CachedPtr> deleted_;
  Error problem_;
};

}  // namespace

Task<Result<Reply>> handle_delete(Context& context, const Request& request) {
  const RequestInfo& info = request.info;
  if (!info.subresource.empty()) co_return method_not_allowed();
  Result<> problem;
  const MediaType media = media_of(request, problem);
  if (!problem) co_return fail(std::move(problem).error());
  auto options = delete_options(request);
  if (!options) co_return fail(std::move(options).error());
  auto removed = co_await context.registry.remove(*info.kind, scope_of(info), info.name, std::move(*options));
  if (!removed) co_return fail(std::move(removed).error());
  const bool returns_object = !removed->gone || info.plural == "pods" || info.plural == "services";
  if (returns_object) co_return object_reply(request, media, *removed->object, context.registry, 200);
  co_return success(*info.kind, &removed->object->object()->meta(), 200);
}

Task<Result<Reply>> handle_delete_collection(Context& context, const Request& request) {
  const RequestInfo& info = request.info;
  if (info.kind->namespaced && info.ns.empty()) co_return method_not_allowed();
  auto options = delete_options(request);
  if (!options) co_return fail(std::move(options).error());
  auto filter = filter_of(info);
  if (!filter) co_return fail(std::move(filter).error());
  auto fresh = co_await context.registry.catch_up();
  if (!fresh) co_return fail(std::move(fresh).error());
  auto page = context.registry.cache(*info.kind).list(*filter, 0, "", 0);
  if (!page) co_return fail(std::move(page).error());
  CollectionDeletion deletion(context.registry, *info.kind, std::move(*options), std::move(page->items));
  auto deleted = co_await deletion.run();
  if (!deleted) co_return fail(std::move(deleted).error());
  ListMeta meta;
  meta.revision = context.registry.revision();
  const Renderer renderer(*info.kind, MediaType{}, "", context.registry.clock().now());
  Reply reply;
  reply.body = renderer.list(*deleted, meta);
  co_return reply;
}

}  // namespace fairlead::apiserver
