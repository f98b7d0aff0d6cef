// The Store: ordered keys with values of bytes, one global revision, transactions, history and watches; the part of
// etcd v3's meaning (etcd.io/docs: "API guarantees") that a Kubernetes API server needs. It knows nothing of kinds.
//
// One revision for each transaction that changes something, ascending, kept over restarts. What is acknowledged is as
// durable as the implementation promises, and readers and watchers only ever see what is acknowledged or about to be.
// A Store belongs to one loop: every call, and every Task, on that loop's thread.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rt/loop.h"

namespace fairlead::store {

using Revision = int64_t;
using Bytes = std::shared_ptr<const std::string>;
inline Bytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

// One version of one key. Immutable and shared, so that nothing is copied on the way to readers and watchers.
struct Entry {
  std::string key;
  Bytes value;
  Revision create_revision = 0;
  Revision mod_revision = 0;
  // What the writer handed in with the value (its decoded form, for instance); lost by a restart and by a network
  // between.
  std::shared_ptr<void> attachment = {};
};
using EntryPtr = std::shared_ptr<const Entry>;

struct Event {
  Revision revision = 0;
  EntryPtr entry;  // null: deleted
  EntryPtr prev;   // null: created
  [[nodiscard]] const std::string& key() const { return entry ? entry->key : prev->key; }
};
using EventPtr = std::shared_ptr<const Event>;

struct Compare {
  std::string key;
  Revision mod_revision = 0;  // 0: must not exist
};

struct Op {
  std::string key;
  Bytes value;  // null: delete
  std::shared_ptr<void> attachment = {};
};

// All ops happen, at one revision, if all compares hold; else none. A key may stand in one op only.
struct Txn {
  std::vector<Compare> compares;
  std::vector<Op> ops;
};

struct TxnResult {
  bool succeeded = false;
  // The transaction's revision; where nothing changed, one at which `current` was true.
  Revision revision = 0;
  // When a compare failed: what stands at the key of each compare, null for nothing.
  std::vector<EntryPtr> current = {};
};

struct GetResult {
  EntryPtr entry;  // null: no such key
  Revision revision = 0;
};

struct ListOptions {
  std::string prefix;
  size_t limit = 0;          // 0: all
  std::string after = {};    // only keys after this one
  Revision at_revision = 0;  // 0: now
};

struct ListResult {
  std::vector<EntryPtr> entries;  // ascending by key
  Revision revision = 0;          // of the snapshot
  bool more = false;              // limit cut it
};

struct WatchBatch {
  std::vector<EventPtr> events;  // ascending by revision
  Revision revision = 0;         // everything up to here has been delivered
};

class Watcher {
 public:
  virtual ~Watcher() = default;
  // Waits for events and returns those there are, at most a few hundred. kExpired when the watcher fell behind what is
  // retained, after which it stays ended. One caller at a time.
  virtual rt::Task<Result<WatchBatch>> next() = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // kUnavailable when it could not be made durable (disk full, quota): then nothing of it happened.
  virtual rt::Task<Result<TxnResult>> commit(Txn txn) = 0;
  virtual rt::Task<Result<GetResult>> get(std::string key) = 0;
  // kExpired when at_revision is compacted, kTimeout when it is in the future.
  virtual rt::Task<Result<ListResult>> list(ListOptions options) = 0;
  // Events of keys under `prefix` from revision `from` on (which may be in the future); 0 means from now on. kExpired
  // when compacted. The watcher may not outlive the store.
  virtual Result<std::unique_ptr<Watcher>> watch(std::string prefix, Revision from) = 0;
  // The latest acknowledged revision.
  virtual rt::Task<Result<Revision>> revision() = 0;
  // The oldest revision whose state can still be listed; watches can start right after it.
  virtual rt::Task<Result<Revision>> oldest() = 0;
  // Forgets history up to and including `revision`: reading or watching at or before it gives kExpired from then on,
  // except that the state at `revision` itself can still be listed.
  virtual rt::Task<Result<>> compact(Revision revision) = 0;
  // Finishes what was accepted and lets go of the files. No call may be under way or follow.
  virtual rt::Task<> close() = 0;
};

// How much history an implementation that keeps its own retains; the older part is compacted in small steps as writes
// come.
struct HistoryLimits {
  size_t events = 20'000;
  size_t bytes = 32U << 20;
};

}  // namespace fairlead::store
