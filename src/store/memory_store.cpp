#include "store/memory_store.h"

namespace fairlead::store {

rt::Task<Result<TxnResult>> MemoryStore::commit(Txn txn) {
  auto prepared = prepare(txn, state_.revision() + 1, [this](const std::string& key) { return state_.find(key); });
  if (!prepared) co_return fail(std::move(prepared).error());
  state_.apply(prepared->events);
  state_.trim();
  co_return std::move(prepared->result);
}

rt::Task<Result<GetResult>> MemoryStore::get(std::string key) {
  co_return GetResult{state_.find(key), state_.revision()};
}

rt::Task<Result<ListResult>> MemoryStore::list(ListOptions options) { co_return state_.list(options); }

Result<std::unique_ptr<Watcher>> MemoryStore::watch(std::string prefix, Revision from) {
  return state_.watch(std::move(prefix), from);
}

rt::Task<Result<Revision>> MemoryStore::revision() { co_return state_.revision(); }

rt::Task<Result<Revision>> MemoryStore::oldest() { co_return state_.compacted(); }

rt::Task<Result<>> MemoryStore::compact(Revision revision) {
  auto dropped = state_.compact(revision);
  if (!dropped) co_return fail(std::move(dropped).error());
  co_return Result<>{};
}

rt::Task<> MemoryStore::close() { co_return; }

}  // namespace fairlead::store
