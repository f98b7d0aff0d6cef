// A Store that forgets everything with its process: for tests.
#pragma once

#include "store/mvcc.h"

namespace fairlead::store {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(rt::Loop& loop, HistoryLimits limits = {}) : state_(loop, limits) {}

  rt::Task<Result<TxnResult>> commit(Txn txn) override;
  rt::Task<Result<GetResult>> get(std::string key) override;
  rt::Task<Result<ListResult>> list(ListOptions options) override;
  Result<std::unique_ptr<Watcher>> watch(std::string prefix, Revision from) override;
  rt::Task<Result<Revision>> revision() override;
  rt::Task<Result<Revision>> oldest() override;
  rt::Task<Result<>> compact(Revision revision) override;
  rt::Task<> close() override;

 private:
  Mvcc state_;
};

}  // namespace fairlead::store
