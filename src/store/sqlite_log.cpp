#include "store/sqlite_log.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>

#include <cerrno>

#include "base/log.h"

namespace fairlead::store {
namespace {

// A transaction has one revision and up to this many rows; etcd's own default limit is 128.
constexpr Revision kRowsPerRevision = 1024;
constexpr int kCheckpointPages = 2000;  // 8 MB
constexpr int64_t kSchema = 1;

constexpr const char* kSetUp = R"(
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
PRAGMA wal_autocheckpoint=0;
PRAGMA cache_size=-1024;
PRAGMA busy_timeout=5000;
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log(
  id INTEGER PRIMARY KEY,          -- revision * 1024 + position in the transaction
  key TEXT NOT NULL,
  create_revision INTEGER NOT NULL,
  value BLOB                       -- NULL: deleted
);
)";

}  // namespace

Error SqliteLog::error(std::string_view what) const {
  const int code = sqlite3_errcode(db_);
  const char* hint = "";
  if (code == SQLITE_FULL) hint = " (the disk or the store's quota is full; free space and try again)";
  if (code == SQLITE_BUSY) hint = " (another program holds the database; close it)";
  const bool transient = code == SQLITE_FULL || code == SQLITE_BUSY || code == SQLITE_IOERR || code == SQLITE_NOMEM;
  return Error{transient ? Code::kUnavailable : Code::kInternal,
               fmt::format("store {}: {}: {}{}", path_, what, sqlite3_errmsg(db_), hint),
               {}};
}

Result<> SqliteLog::execute(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return fail(error(sql));
  return {};
}

Result<sqlite3_stmt*> SqliteLog::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
    return fail(error(sql));
  return statement;
}

Result<> SqliteLog::step(sqlite3_stmt* statement, std::string_view what) {
  const int code = sqlite3_step(statement);
  Result<> result;
  if (code != SQLITE_DONE && code != SQLITE_ROW) result = fail(error(what));
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return result;
}

Result<std::unique_ptr<SqliteLog>> SqliteLog::open(const std::string& path, uint64_t max_bytes) {
  std::unique_ptr<SqliteLog> log(new SqliteLog);
  log->path_ = path;
  log->lock_ = Fd(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!log->lock_) return fail(last_system_error(fmt::format("open {}.lock", path)));
  if (::flock(log->lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(last_system_error(fmt::format("lock {}.lock", path)));
    return fail(Code::kConflict,
                fmt::format("store {} is in use by another process: stop that server, or choose another "
                            "data directory",
                            path));
  }
  if (sqlite3_open_v2(path.c_str(), &log->db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                      nullptr) != SQLITE_OK) {
    return fail(log->error("open"));
  }
  FL_CHECK(log->execute(kSetUp));
  if (max_bytes != 0)
    FL_CHECK(log->execute(fmt::format("PRAGMA max_page_count={}", std::max<uint64_t>(max_bytes / 4096, 8)).c_str()));
  sqlite3_wal_hook(
      log->db_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteLog*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      log.get());
  FL_TRY(log->insert_, log->prepare("INSERT INTO log(id, key, create_revision, value) VALUES(?1, ?2, ?3, ?4)"));
  FL_TRY(log->remove_, log->prepare("DELETE FROM log WHERE id BETWEEN ?1 AND ?2 AND key = ?3"));
  FL_TRY(log->set_meta_, log->prepare("INSERT OR REPLACE INTO meta(name, value) VALUES(?1, ?2)"));
  return log;
}

SqliteLog::~SqliteLog() {
  for (sqlite3_stmt* s : {insert_, remove_, set_meta_}) sqlite3_finalize(s);
  sqlite3_close_v2(db_);
}

Result<Revision> SqliteLog::load(const std::function<void(Row)>& each) {
  Revision compacted = 0;
  int64_t schema = 0;
  sqlite3_stmt* meta = nullptr;
  FL_TRY(meta, prepare("SELECT name, value FROM meta"));
  while (sqlite3_step(meta) == SQLITE_ROW) {
    const std::string_view name = reinterpret_cast<const char*>(sqlite3_column_text(meta, 0));
    if (name == "compacted") compacted = sqlite3_column_int64(meta, 1);
    if (name == "schema") schema = sqlite3_column_int64(meta, 1);
  }
  sqlite3_finalize(meta);
  if (schema > kSchema) {
    return fail(Code::kInternal, fmt::format("store {} was written by a later version (schema {}, this one knows {})",
                                             path_, schema, kSchema));
  }
  if (schema == 0) {
    sqlite3_bind_text(set_meta_, 1, "schema", -1, SQLITE_STATIC);
    sqlite3_bind_int64(set_meta_, 2, kSchema);
    FL_CHECK(step(set_meta_, "write the schema's version"));
  }
  sqlite3_stmt* rows = nullptr;
  FL_TRY(rows, prepare("SELECT id, key, create_revision, value FROM log ORDER BY id"));
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
    Row row;
    row.revision = sqlite3_column_int64(rows, 0) / kRowsPerRevision;
    row.key.assign(reinterpret_cast<const char*>(sqlite3_column_text(rows, 1)),
                   static_cast<size_t>(sqlite3_column_bytes(rows, 1)));
    row.create_revision = sqlite3_column_int64(rows, 2);
    if (sqlite3_column_type(rows, 3) != SQLITE_NULL) {
      const char* data = static_cast<const char*>(sqlite3_column_blob(rows, 3));
      row.value = bytes(std::string(data == nullptr ? "" : data, static_cast<size_t>(sqlite3_column_bytes(rows, 3))));
    }
    each(std::move(row));
  }
  Result<Revision> result = compacted;
  if (code != SQLITE_DONE) result = fail(error("read"));
  sqlite3_finalize(rows);
  return result;
}

Result<> SqliteLog::append(std::span<const EventPtr> events, std::span<const Compaction> compactions) {
  if (events.empty() && compactions.empty()) return {};
  FL_CHECK(execute("BEGIN IMMEDIATE"));
  Result<> written = write(events, compactions);
  if (written) written = execute("COMMIT");
  // A failed statement may have ended the transaction already (SQLITE_FULL, SQLITE_IOERR).
  if (!written && sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  return written;
}

Result<> SqliteLog::write(std::span<const EventPtr> events, std::span<const Compaction> compactions) {
  Revision revision = 0;
  Revision position = 0;
  for (const EventPtr& event : events) {
    position = event->revision == revision ? position + 1 : 0;
    revision = event->revision;
    if (position >= kRowsPerRevision) return fail(Code::kBadRequest, "a transaction has at most 1024 operations");
    const std::string& key = event->key();
    sqlite3_bind_int64(insert_, 1, revision * kRowsPerRevision + position);
    sqlite3_bind_text(insert_, 2, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    if (event->entry) {
      sqlite3_bind_int64(insert_, 3, event->entry->create_revision);
      const std::string& value = *event->entry->value;
      sqlite3_bind_blob64(insert_, 4, value.data(), value.size(), SQLITE_STATIC);
    } else {
      sqlite3_bind_int64(insert_, 3, event->prev->create_revision);
    }
    FL_CHECK(step(insert_, "write"));
  }
  for (const Compaction& compaction : compactions) {
    for (const EventPtr& event : compaction.dropped) {
      if (event->prev) FL_CHECK(remove_row(event->prev->mod_revision, event->key()));
      if (!event->entry) FL_CHECK(remove_row(event->revision, event->key()));
    }
    sqlite3_bind_text(set_meta_, 1, "compacted", -1, SQLITE_STATIC);
    sqlite3_bind_int64(set_meta_, 2, compaction.revision);
    FL_CHECK(step(set_meta_, "compact"));
  }
  return {};
}

Result<> SqliteLog::remove_row(Revision revision, const std::string& key) {
  sqlite3_bind_int64(remove_, 1, revision * kRowsPerRevision);
  sqlite3_bind_int64(remove_, 2, revision * kRowsPerRevision + kRowsPerRevision - 1);
  sqlite3_bind_text(remove_, 3, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
  return step(remove_, "compact");
}

void SqliteLog::checkpoint_if_large() {
  if (wal_pages_ < kCheckpointPages) return;
  wal_pages_ = 0;
  if (sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr) != SQLITE_OK) {
    log::warn("checkpoint failed", {{"store", path_}, {"error", sqlite3_errmsg(db_)}});
  }
}

}  // namespace fairlead::store
