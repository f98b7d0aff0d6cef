// A Store in one SQLite file. A write is acknowledged only after COMMIT with synchronous=FULL; writes that arrive while
// a commit is under way share the next one (group commit), on the one thread that touches SQLite. The whole current
// state is in memory too, so reads and watches never wait for the disk.
//
// A write that is accepted but not yet committed is seen by the compares of writes after it and by nobody else. If its
// commit fails, it and every write accepted since fail too (they may be built on it), and the state is what it was.
#pragma once

#include <memory>

#include "store/store.h"

namespace fairlead::store {

struct SqliteOptions {
  std::string path;
  HistoryLimits history = {};
  uint64_t max_bytes = 0;  // quota of the database file; 0: none
};

class SqliteStore final : public Store {
 public:
  // Opens or creates; reads everything (blocks: at start only). kConflict when another process has the file.
  static Result<std::unique_ptr<SqliteStore>> open(rt::Loop& loop, SqliteOptions options);
  ~SqliteStore() override;

  rt::Task<Result<TxnResult>> commit(Txn txn) override;
  rt::Task<Result<GetResult>> get(std::string key) override;
  rt::Task<Result<ListResult>> list(ListOptions options) override;
  Result<std::unique_ptr<Watcher>> watch(std::string prefix, Revision from) override;
  rt::Task<Result<Revision>> revision() override;
  rt::Task<Result<Revision>> oldest() override;
  rt::Task<Result<>> compact(Revision revision) override;
  rt::Task<> close() override;

 private:
  class Impl;
  explicit SqliteStore(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace fairlead::store
