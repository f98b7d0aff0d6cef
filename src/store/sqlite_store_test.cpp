// What only a durable store can show: restarts, kill -9, a full disk.
#include "store/sqlite_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <cstring>
#include <filesystem>

#include "base/fd.h"
#include "base/text.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::store {
namespace {

using rt::Task;

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() {
    char name[] = "/tmp/fairlead-sqlite-XXXXXX";
    check(mkdtemp(name) != nullptr, "mkdtemp");
    directory_ = name;
  }
  ~SqliteStoreTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<SqliteStore> open(HistoryLimits history = {}, uint64_t max_bytes = 0) {
    auto store = SqliteStore::open(loop_, {directory_ + "/state.db", history, max_bytes});
    EXPECT_TRUE(store.has_value()) << (store ? "" : store.error().message);
    return store ? std::move(*store) : nullptr;
  }
  template <class T>
  T run(Task<T> task) {
    return rt::run(loop_, std::move(task));
  }

  std::string directory_;
  rt::Loop loop_;
};

Task<Result<TxnResult>> put(Store& store, std::string key, std::string value) {
  Txn txn;
  txn.ops.push_back({std::move(key), bytes(std::move(value))});
  return store.commit(std::move(txn));
}

Task<Result<TxnResult>> remove(Store& store, std::string key) {
  Txn txn;
  txn.ops.push_back({std::move(key), nullptr});
  return store.commit(std::move(txn));
}

// g++ 12 destroys aggregate temporaries of a co_await expression twice, so the options are a named local.
Task<Result<ListResult>> list(Store& store, std::string prefix, size_t limit = 0, std::string after = "",
                              Revision at_revision = 0) {
  ListOptions options{std::move(prefix), limit, std::move(after), at_revision};
  co_return co_await store.list(std::move(options));
}

Task<std::string> dump(Store& store, Revision at) {
  auto all = co_await list(store, "/", 0, "", at);
  if (!all) co_return std::string(to_string(all.error().code));
  std::string out;
  for (const EntryPtr& e : all->entries)
    out += fmt::format("{}={}@{}/{} ", e->key, *e->value, e->create_revision, e->mod_revision);
  co_return out;
}

TEST_F(SqliteStoreTest, StateHistoryAndRevisionSurviveARestart) {
  auto store = open();
  EXPECT_TRUE(run(put(*store, "/a", "1")));
  EXPECT_TRUE(run(put(*store, "/b", "1")));
  EXPECT_TRUE(run(put(*store, "/a", "2")));
  EXPECT_TRUE(run(remove(*store, "/b")));
  run(store->close());
  store.reset();
  store = open();
  EXPECT_EQ(*run(store->revision()), 4);
  EXPECT_EQ(run(dump(*store, 0)), "/a=2@1/3 ");
  EXPECT_EQ(run(dump(*store, 2)), "/a=1@1/1 /b=1@2/2 ");
  EXPECT_EQ(run(put(*store, "/c", "1"))->revision, 5);
  auto watcher = store->watch("/", 4);
  const auto batch = run((*watcher)->next());
  ASSERT_EQ(batch->events.size(), 2U);
  EXPECT_EQ(batch->events[0]->entry, nullptr);
  EXPECT_EQ(*batch->events[0]->prev->value, "1");
}

TEST_F(SqliteStoreTest, CompactionShrinksTheFileAndSurvivesARestart) {
  auto store = open({.events = 10});
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(run(put(*store, "/a", std::to_string(i))));
  EXPECT_TRUE(run(put(*store, "/b", "1")));
  EXPECT_TRUE(run(remove(*store, "/b")));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(run(put(*store, "/c", std::to_string(i))));
  run(store->close());
  store.reset();

  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open((directory_ + "/state.db").c_str(), &db), SQLITE_OK);
  sqlite3_stmt* count = nullptr;
  sqlite3_prepare_v2(db, "SELECT count(*) FROM log", -1, &count, nullptr);
  ASSERT_EQ(sqlite3_step(count), SQLITE_ROW);
  EXPECT_LE(sqlite3_column_int(count, 0), 14);
  sqlite3_finalize(count);
  sqlite3_close(db);

  store = open({.events = 10});
  EXPECT_EQ(*run(store->revision()), 72);
  EXPECT_EQ(run(dump(*store, 0)), "/a=49@1/50 /c=19@53/72 ");
  EXPECT_EQ(run(dump(*store, 5)), "Expired");
  EXPECT_EQ(store->watch("/", 5).error().code, Code::kExpired);
}

TEST_F(SqliteStoreTest, RevisionSurvivesWhenAllThatIsLeftIsCompacted) {
  auto store = open();
  EXPECT_TRUE(run(put(*store, "/a", "1")));
  EXPECT_TRUE(run(remove(*store, "/a")));
  EXPECT_TRUE(run(store->compact(2)).has_value());
  run(store->close());
  store.reset();
  store = open();
  EXPECT_EQ(*run(store->revision()), 2);
  EXPECT_EQ(run(dump(*store, 0)), "");
}

TEST_F(SqliteStoreTest, ASecondServerOnTheSameFileIsRefused) {
  auto store = open();
  auto second = SqliteStore::open(loop_, {directory_ + "/state.db"});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_NE(second.error().message.find("in use by another process"), std::string::npos);
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsNamed) {
  ASSERT_TRUE(write_file_atomically(directory_ + "/state.db", std::string(8192, 'x')).has_value());
  auto store = SqliteStore::open(loop_, {directory_ + "/state.db"});
  ASSERT_FALSE(store.has_value());
  EXPECT_NE(store.error().message.find("state.db"), std::string::npos);
  EXPECT_NE(store.error().message.find("not a database"), std::string::npos);
}

Task<> put_and_count(Store& store, std::string key, size_t size, int& done, int& failed) {
  auto result = co_await put(store, std::move(key), std::string(size, 'x'));
  ++(result ? done : failed);
  if (!result) {
    EXPECT_EQ(result.error().code, Code::kUnavailable);
    EXPECT_NE(result.error().message.find("full"), std::string::npos) << result.error().message;
  }
}

Task<> fill(rt::Loop& loop, Store& store) {
  rt::TaskGroup group(loop);
  int done = 0;
  int failed = 0;
  for (int i = 0; failed == 0; ++i) co_await put_and_count(store, fmt::format("/big/{}", i), 8000, done, failed);
  const auto before = co_await store.revision();
  // Several at once: those built on what fails fail as well, and nothing of them stays.
  const int done_before = done;
  for (int i = 0; i < 5; ++i) group.spawn("put", put_and_count(store, fmt::format("/more/{}", i), 80000, done, failed));
  co_await group.join();
  EXPECT_EQ(done, done_before);
  const auto after = co_await store.revision();
  EXPECT_EQ(*after, *before);
  const auto more = co_await list(store, "/more/");
  EXPECT_TRUE(more->entries.empty());
  const auto big = co_await list(store, "/big/");
  EXPECT_EQ(big->entries.size(), static_cast<size_t>(done));
}

TEST_F(SqliteStoreTest, AFullDiskFailsTheWriteAndKeepsTheRest) {
  auto store = open({}, 1 << 20);
  run(fill(loop_, *store));
  const std::string before = run(dump(*store, 0));
  const auto revision = run(store->revision());
  run(store->close());
  store.reset();
  // With room again everything acknowledged is there and writing goes on, at the next revision.
  store = open();
  EXPECT_EQ(run(dump(*store, 0)), before);
  EXPECT_EQ(run(put(*store, "/a", "1"))->revision, *revision + 1);
}

Task<> conditional(Store& store, std::string key, Revision expected, std::optional<Result<TxnResult>>& out) {
  Txn txn;
  txn.compares.push_back({key, expected});
  txn.ops.push_back({key, bytes("1")});
  out = co_await store.commit(std::move(txn));
}

Task<> race(rt::Loop& loop, Store& store) {
  rt::TaskGroup group(loop);
  std::optional<Result<TxnResult>> first;
  std::optional<Result<TxnResult>> second;
  group.spawn("first", conditional(store, "/k", 0, first));
  group.spawn("second", conditional(store, "/k", 0, second));
  co_await group.join();
  EXPECT_TRUE((*first)->succeeded);
  EXPECT_FALSE((*second)->succeeded);
  EXPECT_EQ(*(*second)->current.at(0)->value, "1");
}

TEST_F(SqliteStoreTest, AnUncommittedWriteIsSeenByTheCompareOfTheNext) {
  auto store = open();
  run(race(loop_, *store));
}

// --- kill -9
// -----------------------------------------------------------------------------------------------------------------

Task<> write_forever(Store& store, int writer, int pipe) {
  for (int i = 0;; ++i) {
    const std::string key = fmt::format("/w{}/{}", writer, i % 50);
    const auto result = co_await put(store, key, std::to_string(i));
    if (!result) _exit(3);
    const std::string line = fmt::format("{} {} {}\n", key, i, result->revision);
    if (::write(pipe, line.data(), line.size()) < 0) _exit(4);
  }
}

[[noreturn]] void child(const std::string& path, int pipe) {
  rt::Loop loop;
  auto store = SqliteStore::open(loop, {path, {.events = 200}});
  if (!store) _exit(2);
  rt::TaskGroup group(loop);
  for (int w = 0; w < 8; ++w) group.spawn("write", write_forever(**store, w, pipe));
  loop.run();
  _exit(1);
}

TEST_F(SqliteStoreTest, EveryAcknowledgedWriteSurvivesKill9) {
  std::map<std::string, std::pair<int64_t, Revision>> acknowledged;
  const std::string path = directory_ + "/state.db";
  for (int round = 0; round < 8; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(ends[0]);
      child(path, ends[1]);
    }
    ::close(ends[1]);
    // The moment of death is a number of acknowledgements, so that every round has some.
    const uint64_t enough = 20 + random_u64() % 20'000;
    std::string received;
    char buffer[4096];
    bool killed = false;
    for (;;) {
      const ssize_t n = ::read(ends[0], buffer, sizeof buffer);
      if (n <= 0) break;
      received.append(buffer, static_cast<size_t>(n));
      if (!killed && received.size() >= enough) {
        killed = true;
        ASSERT_EQ(::kill(pid, SIGKILL), 0);
      }
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status)) << "exit " << WEXITSTATUS(status);
    for (const std::string_view line : split(received, '\n')) {
      const auto parts = split(line, ' ');
      if (parts.size() != 3 || !parse_int(parts[2])) continue;  // a line cut by death was not read by anyone
      auto& last = acknowledged[std::string(parts[0])];
      const std::pair<int64_t, Revision> seen{*parse_int(parts[1]), *parse_int(parts[2])};
      if (seen.second > last.second) last = seen;
    }
    auto store = open({.events = 200});
    ASSERT_NE(store, nullptr);
    for (const auto& [key, last] : acknowledged) {
      const auto found = run(store->get(key));
      ASSERT_NE(found->entry, nullptr) << key;
      EXPECT_GE(found->entry->mod_revision, last.second) << key;
      if (found->entry->mod_revision == last.second) {
        EXPECT_EQ(*found->entry->value, std::to_string(last.first)) << key;
      }
    }
    run(store->close());
  }
  EXPECT_GT(acknowledged.size(), 8U);
}

}  // namespace
}  // namespace fairlead::store
