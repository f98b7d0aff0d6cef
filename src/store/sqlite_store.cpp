#include "store/sqlite_store.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "store/mvcc.h"
#include "store/sqlite_log.h"

namespace fairlead::store {
namespace {

// One commit takes at most this many writes, so that the first of them does not wait for a flood.
constexpr size_t kMaxBatch = 1024;

struct Request {
  explicit Request(rt::Loop& loop) : done(loop) {}
  uint64_t epoch = 0;
  Prepared prepared;
  rt::Event done;
  std::optional<Result<TxnResult>> outcome;
};
using RequestPtr = std::shared_ptr<Request>;

}  // namespace

class SqliteStore::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(rt::Loop& loop, HistoryLimits limits) : loop_(loop), state_(loop, limits) {}

  Result<> load(SqliteOptions options) {
    FL_TRY(log_, SqliteLog::open(options.path, options.max_bytes));
    std::vector<SqliteLog::Row> rows;
    FL_TRY(const Revision compacted, log_->load([&](SqliteLog::Row row) { rows.push_back(std::move(row)); }));
    std::map<std::string, EntryPtr> base;
    auto row = rows.begin();
    for (; row != rows.end() && row->revision <= compacted; ++row) {
      if (row->value) {
        base[row->key] = entry_of(*row);
      } else {
        base.erase(row->key);
      }
    }
    for (auto& [key, entry] : base) state_.load_entry(std::move(entry));
    state_.load_compacted(compacted);
    for (; row != rows.end(); ++row) {
      const auto event =
          std::make_shared<const Event>(row->revision, row->value ? entry_of(*row) : nullptr, state_.find(row->key));
      if (!event->entry && !event->prev)
        return fail(Code::kInternal, fmt::format("store {}: deletion of unknown key {}", options.path, row->key));
      state_.apply(std::span(&event, 1));
    }
    next_revision_ = state_.revision() + 1;
    return {};
  }

  void start() {
    writer_ = std::thread([this] { write_loop(); });
  }

  rt::Task<Result<TxnResult>> commit(Txn txn) {
    auto prepared = prepare(txn, next_revision_, [this](const std::string& key) { return latest(key); });
    if (!prepared) co_return fail(std::move(prepared).error());
    // Nothing to write, and nothing undecided behind the answer.
    if (prepared->events.empty() && pending_.empty()) co_return std::move(prepared->result);
    auto request = std::make_shared<Request>(loop_);
    request->epoch = epoch_;
    request->prepared = std::move(*prepared);
    for (const EventPtr& event : request->prepared.events) pending_[event->key()] = event;
    if (!request->prepared.events.empty()) next_revision_ = request->prepared.result.revision + 1;
    submit(request);
    while (!request->outcome) co_await request->done.wait();
    co_return *std::move(request->outcome);
  }

  Result<> compact(Revision revision) {
    FL_TRY(auto dropped, state_.compact(revision));
    enqueue_compaction(std::move(dropped));
    return {};
  }

  // Blocks until everything accepted is written; its completions then wait on the loop.
  void stop() {
    if (!writer_.joinable()) return;
    hand_over();
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    writer_.join();
    log_.reset();
  }

  Mvcc& state() { return state_; }

 private:
  static EntryPtr entry_of(const SqliteLog::Row& row) {
    return std::make_shared<const Entry>(row.key, row.value, row.create_revision, row.revision, nullptr);
  }

  EntryPtr latest(const std::string& key) const {
    const auto it = pending_.find(key);
    return it == pending_.end() ? state_.find(key) : it->second->entry;
  }

  // Handed over at the end of the loop's turn: writers that were woken together then share a commit again, instead of
  // the first one taking a commit for itself while the others wait for it.
  void submit(RequestPtr request) {
    staged_.push_back(std::move(request));
    if (staged_.size() > 1) return;
    loop_.post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->hand_over();
    });
  }

  void hand_over() {
    if (staged_.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      queue_.insert(queue_.end(), std::make_move_iterator(staged_.begin()), std::make_move_iterator(staged_.end()));
    }
    staged_.clear();
    wake_.notify_one();
  }

  void enqueue_compaction(std::vector<EventPtr> dropped) {
    if (dropped.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      compactions_.push_back({state_.compacted(), std::move(dropped)});
    }
    wake_.notify_one();
  }

  // --- the writer's thread
  // -----------------------------------------------------------------------------------------------

  void write_loop() {
    // Compactions that no commit has carried yet; they go with the next one.
    std::vector<Compaction> compactions;
    std::optional<uint64_t> failed_epoch;
    for (;;) {
      std::vector<RequestPtr> batch;
      bool last = false;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return stopping_ || !queue_.empty() || !compactions_.empty(); });
        const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), kMaxBatch));
        batch.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.begin() + count));
        queue_.erase(queue_.begin(), queue_.begin() + count);
        for (Compaction& c : compactions_) compactions.push_back(std::move(c));
        compactions_.clear();
        last = stopping_ && queue_.empty();
      }
      // Whatever was accepted before the loop heard of a failed commit may be built on what failed.
      const auto stale = [&](const RequestPtr& r) { return failed_epoch && r->epoch <= *failed_epoch; };
      const auto fresh = std::stable_partition(batch.begin(), batch.end(), stale);
      if (fresh != batch.begin())
        finish({std::make_move_iterator(batch.begin()), std::make_move_iterator(fresh)},
               std::unexpected(last_failure_));
      batch.erase(batch.begin(), fresh);

      std::vector<EventPtr> events;
      for (const RequestPtr& r : batch)
        events.insert(events.end(), r->prepared.events.begin(), r->prepared.events.end());
      Result<> written = log_->append(events, compactions);
      if (written) {
        compactions.clear();
      } else {
        last_failure_ = written.error();
        if (!batch.empty()) failed_epoch = batch.back()->epoch;
      }
      if (!batch.empty()) finish(std::move(batch), std::move(written));
      log_->checkpoint_if_large();
      if (last) return;
    }
  }

  void finish(std::vector<RequestPtr> batch, Result<> written) {
    loop_.post([weak = weak_from_this(), batch = std::move(batch), written = std::move(written)] {
      if (const auto self = weak.lock()) self->finished(batch, written);
    });
  }

  // --- the loop's thread again
  // -------------------------------------------------------------------------------------------

  void finished(const std::vector<RequestPtr>& batch, const Result<>& written) {
    if (!written && batch.back()->epoch == epoch_) {
      ++epoch_;
      pending_.clear();
      next_revision_ = state_.revision() + 1;
      log::error("write failed", {{"error", written.error().message}, {"writes", batch.size()}});
    }
    for (const RequestPtr& request : batch) {
      if (written) {
        state_.apply(request->prepared.events);
        for (const EventPtr& event : request->prepared.events) {
          const auto it = pending_.find(event->key());
          if (it != pending_.end() && it->second == event) pending_.erase(it);
        }
        request->outcome = std::move(request->prepared.result);
      } else {
        request->outcome = std::unexpected(written.error());
      }
      request->done.notify();
    }
    if (written) enqueue_compaction(state_.trim());
  }

  rt::Loop& loop_;
  Mvcc state_;
  Revision next_revision_ = 1;
  std::unordered_map<std::string, EventPtr> pending_;
  // Grows with every failed commit; a request of an earlier epoch is void.
  uint64_t epoch_ = 0;
  std::vector<RequestPtr> staged_;

  std::unique_ptr<SqliteLog> log_;  // the writer's, between start() and stop()
  Error last_failure_;              // the writer's
  std::thread writer_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<RequestPtr> queue_;
  std::vector<Compaction> compactions_;
  bool stopping_ = false;
};

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(rt::Loop& loop, SqliteOptions options) {
  auto impl = std::make_shared<Impl>(loop, options.history);
  FL_CHECK(impl->load(std::move(options)));
  impl->start();
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(impl)));
}

SqliteStore::~SqliteStore() { impl_->stop(); }

rt::Task<Result<TxnResult>> SqliteStore::commit(Txn txn) { return impl_->commit(std::move(txn)); }

rt::Task<Result<GetResult>> SqliteStore::get(std::string key) {
  co_return GetResult{impl_->state().find(key), impl_->state().revision()};
}

rt::Task<Result<ListResult>> SqliteStore::list(ListOptions options) { co_return impl_->state().list(options); }

Result<std::unique_ptr<Watcher>> SqliteStore::watch(std::string prefix, Revision from) {
  return impl_->state().watch(std::move(prefix), from);
}

rt::Task<Result<Revision>> SqliteStore::revision() { co_return impl_->state().revision(); }

rt::Task<Result<Revision>> SqliteStore::oldest() { co_return impl_->state().compacted(); }

rt::Task<Result<>> SqliteStore::compact(Revision revision) { co_return impl_->compact(revision); }

rt::Task<> SqliteStore::close() {
  impl_->stop();
  co_return;
}

}  // namespace fairlead::store
