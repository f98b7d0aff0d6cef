#include "proxy/applier.h"

namespace fairlead::proxy {

rt::Task<Result<>> Applier::sync_full(const ServiceTable& table) {
  auto synced = co_await plane_.sync_full(table);
  if (!synced) co_return synced;
  co_return co_await remove_stale(std::make_shared<const StaleFlows>(table));
}

rt::Task<Result<>> Applier::apply(const Delta& delta) {
  auto applied = co_await plane_.apply(delta);
  if (!applied) co_return applied;
  co_return co_await remove_stale(std::make_shared<const StaleFlows>(delta));
}

rt::Task<Result<>> Applier::remove_stale(std::shared_ptr<const StaleFlows> stale) {
  if (stale->empty() || !plane_.capabilities().conntrack) co_return Result<>{};
  if (!conntrack_) {
    auto opened = Conntrack::open(options_.netns_fd);
    if (!opened) co_return fail(std::move(opened).error());
    conntrack_.emplace(std::move(*opened));
  }
  auto removed =
      co_await rt::blocking(pool_, [this, &stale] { return conntrack_->remove_stale(*stale, options_.families); });
  if (!removed) co_return fail(std::move(removed).error());
  flows_removed_ += *removed;
  co_return Result<>{};
}

}  // namespace fairlead::proxy
