// The committed state in memory, with its history: what a Store that keeps its own state is made of. Plain data on one
// thread; durability is the owner's affair.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>

#include "rt/event.h"
#include "store/store.h"

namespace fairlead::store {

// What an accepted transaction will do, with its revision assigned; or, when a compare failed, why it does nothing.
struct Prepared {
  std::vector<EventPtr> events;
  TxnResult result;
};

// Decides `txn` against the state that `lookup` shows. `next` is the revision it gets if it changes anything.
Result<Prepared> prepare(const Txn& txn, Revision next, const std::function<EntryPtr(const std::string&)>& lookup);

class Mvcc {
 public:
  Mvcc(rt::Loop& loop, HistoryLimits limits) : loop_(loop), limits_(limits) {}
  Mvcc(const Mvcc&) = delete;
  Mvcc& operator=(const Mvcc&) = delete;

  // Loading: entries as of the compacted revision first, then every later event in order.
  void load_entry(EntryPtr entry) { current_[entry->key] = std::move(entry); }
  void load_compacted(Revision revision) { compacted_ = revision_ = revision; }

  // Makes events visible and wakes their watchers. Revisions ascend.
  void apply(std::span<const EventPtr> events);
  // Drops history beyond the limits; returns what was dropped, oldest first.
  std::vector<EventPtr> trim();
  Result<std::vector<EventPtr>> compact(Revision revision);

  [[nodiscard]] EntryPtr find(const std::string& key) const;
  [[nodiscard]] Result<ListResult> list(const ListOptions& options) const;
  [[nodiscard]] Result<std::unique_ptr<Watcher>> watch(std::string prefix, Revision from);
  [[nodiscard]] Revision revision() const { return revision_; }
  [[nodiscard]] Revision compacted() const { return compacted_; }

 private:
  class Cursor;
  EventPtr drop_oldest();

  rt::Loop& loop_;
  HistoryLimits limits_;
  Revision revision_ = 0;
  Revision compacted_ = 0;
  std::map<std::string, EntryPtr, std::less<>> current_;
  // history_[i] is event number first_ + i since this object began.
  std::deque<EventPtr> history_;
  uint64_t first_ = 0;
  size_t history_bytes_ = 0;
  std::list<Cursor*> cursors_;
};

}  // namespace fairlead::store
