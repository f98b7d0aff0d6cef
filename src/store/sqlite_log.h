// The file behind SqliteStore: a log of versions in SQLite. Row = one version of one key (or its deletion); the state
// is what remains when the rows are read in order. Compaction deletes rows that later ones supersede, by their row id,
// so no index besides the row id exists and a write is one append. Used by one thread at a time; blocks.
#pragma once

#include <memory>
#include <string>

#include "base/fd.h"
#include "store/store.h"

struct sqlite3;
struct sqlite3_stmt;

namespace fairlead::store {

// What compaction removes: rows up to `revision` that no reader can reach any more.
struct Compaction {
  Revision revision = 0;
  std::vector<EventPtr> dropped;  // events at or before `revision`
};

class SqliteLog {
 public:
  // Opens or creates the file and takes its lock: kConflict when another process has it. `max_bytes` 0: no quota.
  static Result<std::unique_ptr<SqliteLog>> open(const std::string& path, uint64_t max_bytes);
  ~SqliteLog();
  SqliteLog(const SqliteLog&) = delete;
  SqliteLog& operator=(const SqliteLog&) = delete;

  struct Row {
    Revision revision = 0;
    Revision create_revision = 0;
    std::string key;
    Bytes value;  // null: deleted
  };
  // The compacted revision, then every row in order.
  Result<Revision> load(const std::function<void(Row)>& each);

  // One transaction; on return it is on disk (WAL, synchronous=FULL), or nothing of it is.
  Result<> append(std::span<const EventPtr> events, std::span<const Compaction> compactions);
  // Moves the write-ahead log into the database file once it is large. Failure costs only space, so it is only logged.
  void checkpoint_if_large();

 private:
  SqliteLog() = default;
  Result<> execute(const char* sql);
  Result<sqlite3_stmt*> prepare(const char* sql);
  Result<> step(sqlite3_stmt* statement, std::string_view what);
  [[nodiscard]] Error error(std::string_view what) const;
  Result<> write(std::span<const EventPtr> events, std::span<const Compaction> compactions);
  Result<> remove_row(Revision revision, const std::string& key);

  std::string path_;
  Fd lock_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* remove_ = nullptr;
  sqlite3_stmt* set_meta_ = nullptr;
  int wal_pages_ = 0;
};

}  // namespace fairlead::store
