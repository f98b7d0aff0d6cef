// One suite that every Store passes. An implementation joins by one row in `kImplementations`.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/text.h"
#include "rt/task_group.h"
#include "rt/time.h"
#include "store/memory_store.h"
#include "store/sqlite_store.h"

namespace fairlead::store {
namespace {

using rt::Task;

struct Implementation {
  const char* name;
  std::unique_ptr<Store> (*make)(rt::Loop&, HistoryLimits, const std::string& directory);
};

const Implementation kImplementations[] = {
    {"Memory",
     [](rt::Loop& loop, HistoryLimits limits, const std::string&) -> std::unique_ptr<Store> {
       return std::make_unique<MemoryStore>(loop, limits);
     }},
    {"Sqlite",
     [](rt::Loop& loop, HistoryLimits limits, const std::string& directory) -> std::unique_ptr<Store> {
       auto store = SqliteStore::open(loop, {directory + "/state.db", limits});
       check(store.has_value(), store ? "" : store.error().message);
       return std::move(*store);
     }},
};

class StoreTest : public testing::TestWithParam<Implementation> {
 protected:
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // Runs `body` against a fresh store.
  void with_store(Task<> (*body)(rt::Loop&, Store&), HistoryLimits limits = {}) {
    store_ = GetParam().make(loop_, limits, directory_);
    rt::run(loop_, body(loop_, *store_));
    rt::run(loop_, store_->close());
    store_.reset();
  }

  std::string directory_ = make_directory();
  rt::Loop loop_;
  std::unique_ptr<Store> store_;

 private:
  static std::string make_directory() {
    char name[] = "/tmp/fairlead-store-XXXXXX";
    check(mkdtemp(name) != nullptr, "mkdtemp");
    return name;
  }
};

INSTANTIATE_TEST_SUITE_P(All, StoreTest, testing::ValuesIn(kImplementations),
                         [](const auto& row) { return std::string(row.param.name); });

Task<TxnResult> put_if(Store& store, std::string key, std::string value, Revision expected) {
  Txn txn;
  txn.compares.push_back({key, expected});
  txn.ops.push_back({key, bytes(std::move(value))});
  auto result = co_await store.commit(std::move(txn));
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
  co_return result ? *result : TxnResult{};
}

// g++ 12 destroys aggregate temporaries of a co_await expression twice, so the options are a named local.
Task<Result<ListResult>> list(Store& store, std::string prefix, size_t limit = 0, std::string after = "",
                              Revision at_revision = 0) {
  ListOptions options{std::move(prefix), limit, std::move(after), at_revision};
  co_return co_await store.list(std::move(options));
}

Task<Revision> put(Store& store, std::string key, std::string value) {
  Txn txn;
  txn.ops.push_back({std::move(key), bytes(std::move(value))});
  auto result = co_await store.commit(std::move(txn));
  EXPECT_TRUE(result.has_value());
  co_return result ? result->revision : 0;
}

Task<Revision> remove(Store& store, std::string key) {
  Txn txn;
  txn.ops.push_back({std::move(key), nullptr});
  auto result = co_await store.commit(std::move(txn));
  EXPECT_TRUE(result.has_value());
  co_return result ? result->revision : 0;
}

std::string text(const EntryPtr& entry) { return entry ? *entry->value : "<none>"; }

std::string text(const Event& e) {
  return fmt::format("{}@{}:{}<-{}", e.key(), e.revision, e.entry ? text(e.entry) : "<none>",
                     e.prev ? text(e.prev) : "<none>");
}

std::string keys(const ListResult& list) {
  std::string out;
  for (const EntryPtr& e : list.entries) out += e->key + "=" + *e->value + " ";
  return out;
}

Task<std::string> next(Watcher& watcher) {
  auto batch = co_await watcher.next();
  if (!batch) co_return std::string(to_string(batch.error().code));
  std::string out;
  for (const EventPtr& e : batch->events) out += text(*e) + " ";
  co_return out;
}

TEST_P(StoreTest, EveryWriteGetsTheNextRevision) {
  with_store([](rt::Loop&, Store& store) -> Task<> {
    const Revision first = co_await put(store, "/a", "1");
    const Revision second = co_await put(store, "/b", "2");
    const Revision third = co_await put(store, "/a", "3");
    EXPECT_EQ(second, first + 1);
    EXPECT_EQ(third, first + 2);
    auto a = co_await store.get("/a");
    EXPECT_EQ(text(a->entry), "3");
    EXPECT_EQ(a->entry->create_revision, first);
    EXPECT_EQ(a->entry->mod_revision, third);
    EXPECT_EQ(a->revision, third);
    auto now = co_await store.revision();
    EXPECT_EQ(*now, third);
  });
}

TEST_P(StoreTest, CompareOnModRevisionDecides) {
  with_store([](rt::Loop&, Store& store) -> Task<> {
    const TxnResult created = co_await put_if(store, "/a", "1", 0);
    EXPECT_TRUE(created.succeeded);
    const TxnResult again = co_await put_if(store, "/a", "2", 0);
    EXPECT_FALSE(again.succeeded);
    EXPECT_EQ(again.current.size(), 1U);
    EXPECT_EQ(text(again.current.at(0)), "1");
    EXPECT_EQ(again.revision, created.revision);
    const TxnResult updated = co_await put_if(store, "/a", "3", created.revision);
    EXPECT_TRUE(updated.succeeded);
    const TxnResult stale = co_await put_if(store, "/a", "4", created.revision);
    EXPECT_FALSE(stale.succeeded);
    auto a = co_await store.get("/a");
    EXPECT_EQ(text(a->entry), "3");
  });
}

TEST_P(StoreTest, OpsOfOneTransactionShareItsRevisionAndHappenTogether) {
  with_store([](rt::Loop&, Store& store) -> Task<> {
    co_await put(store, "/gone", "x");
    Txn txn;
    txn.compares.push_back({"/new", 0});
    txn.ops.push_back({"/new", bytes("1")});
    txn.ops.push_back({"/gone", nullptr});
    auto done = co_await store.commit(txn);
    EXPECT_TRUE(done->succeeded);
    auto fails = co_await store.commit(txn);
    EXPECT_FALSE(fails->succeeded);
    auto all = co_await list(store, "/");
    EXPECT_EQ(keys(*all), "/new=1 ");
    EXPECT_EQ(all->entries[0]->mod_revision, done->revision);
    Txn twice;
    twice.ops.push_back({"/x", bytes("1")});
    twice.ops.push_back({"/x", bytes("2")});
    auto refused = co_await store.commit(std::move(twice));
    EXPECT_EQ(refused.error().code, Code::kBadRequest);
  });
}

TEST_P(StoreTest, DeletingNothingChangesNoRevision) {
  with_store([](rt::Loop&, Store& store) -> Task<> {
    const Revision before = co_await put(store, "/a", "1");
    const Revision at = co_await remove(store, "/none");
    EXPECT_EQ(at, before);
    const Revision deleted = co_await remove(store, "/a");
    EXPECT_EQ(deleted, before + 1);
    auto a = co_await store.get("/a");
    EXPECT_EQ(a->entry, nullptr);
    const Revision recreated = co_await put(store, "/a", "2");
    a = co_await store.get("/a");
    EXPECT_EQ(a->entry->create_revision, recreated);
  });
}

TEST_P(StoreTest, ListsByPrefixInOrderAndInPages) {
  with_store([](rt::Loop&, Store& store) -> Task<> {
    for (const char* key : {"/p/c", "/p/a", "/q/a", "/p/b", "/p0", "/p/d", "/o"}) co_await put(store, key, "v");
    auto page = co_await list(store, "/p/", 2);
    EXPECT_EQ(keys(*page), "/p/a=v /p/b=v ");
    EXPECT_TRUE(page->more);
    page = co_await list(store, "/p/", 2, "/p/b", page->revision);
    EXPECT_EQ(keys(*page), "/p/c=v /p/d=v ");
    EXPECT_FALSE(page->more);
    page = co_await list(store, "/p/", 0, "/p/d");
    EXPECT_EQ(keys(*page), "");
    page = co_await list(store, "/none/");
    EXPECT_EQ(keys(*page), "");
  });
}

TEST_P(StoreTest, ListsThePast) {
  with_store([](rt::Loop&, Store& store) -> Task<> {
    co_await put(store, "/k/a", "1");
    const Revision then = co_await put(store, "/k/b", "1");
    co_await put(store, "/k/a", "2");
    co_await remove(store, "/k/b");
    co_await put(store, "/k/c", "1");
    co_await put(store, "/k/b", "3");
    auto past = co_await list(store, "/k/", 0, "", then);
    EXPECT_EQ(keys(*past), "/k/a=1 /k/b=1 ");
    EXPECT_EQ(past->revision, then);
    past = co_await list(store, "/k/", 1, "", then);
    EXPECT_TRUE(past->more);
    past = co_await list(store, "/k/", 1, "/k/a", then);
    EXPECT_EQ(keys(*past), "/k/b=1 ");
    EXPECT_FALSE(past->more);
    auto future = co_await list(store, "/k/", 0, "", then + 100);
    EXPECT_EQ(future.error().code, Code::kTimeout);
  });
}

TEST_P(StoreTest, WatchesFromAnyRetainedRevisionWithPreviousValues) {
  with_store([](rt::Loop&, Store& store) -> Task<> {
    const Revision r = co_await put(store, "/w/a", "1");
    co_await put(store, "/other", "x");
    co_await put(store, "/w/a", "2");
    co_await remove(store, "/w/a");
    auto past = store.watch("/w/", r);
    EXPECT_EQ(co_await next(**past), fmt::format("/w/a@{}:1<-<none> /w/a@{}:2<-1 /w/a@{}:<none><-2 ", r, r + 2, r + 3));
    auto later = store.watch("/w/", r + 1);
    EXPECT_EQ(co_await next(**later), fmt::format("/w/a@{}:2<-1 /w/a@{}:<none><-2 ", r + 2, r + 3));
    auto now = store.watch("/w/", 0);
    auto future = store.watch("/w/", r + 5);
    co_await put(store, "/w/b", "5");
    co_await put(store, "/w/b", "6");
    EXPECT_EQ(co_await next(**now), fmt::format("/w/b@{}:5<-<none> /w/b@{}:6<-5 ", r + 4, r + 5));
    EXPECT_EQ(co_await next(**future), fmt::format("/w/b@{}:6<-5 ", r + 5));
  });
}

Task<> watch_three(Watcher& watcher, std::string& seen) {
  for (int i = 0; i < 3; ++i) seen += co_await next(watcher);
}

TEST_P(StoreTest, AWaitingWatcherIsWoken) {
  with_store([](rt::Loop& loop, Store& store) -> Task<> {
    rt::TaskGroup group(loop);
    auto watcher = store.watch("/w/", 0);
    std::string seen;
    group.spawn("watch", watch_three(**watcher, seen));
    for (const char* v : {"1", "2", "3"}) {
      co_await put(store, "/x/other", v);
      co_await put(store, "/w/a", v);
      while (seen.find(fmt::format(":{}", v)) == std::string::npos) co_await rt::sleep(std::chrono::microseconds(50));
    }
    co_await group.join();
    EXPECT_EQ(std::count(seen.begin(), seen.end(), '@'), 3);
  });
}

TEST_P(StoreTest, TheWriterHearsOfItsOwnWriteBeforeItsAnswer) {
  with_store([](rt::Loop&, Store& store) -> Task<> {
    auto watcher = store.watch("/", 0);
    const Revision r = co_await put(store, "/a", "1");
    auto batch = co_await (*watcher)->next();
    EXPECT_EQ(batch->events.size(), 1U);
    EXPECT_GE(batch->revision, r);
  });
}

TEST_P(StoreTest, CompactionForgetsThePastAndKeepsThePresent) {
  with_store([](rt::Loop&, Store& store) -> Task<> {
    const Revision first = co_await put(store, "/a", "1");
    const Revision second = co_await put(store, "/a", "2");
    const Revision third = co_await put(store, "/b", "1");
    auto early = store.watch("/", first);
    auto done = co_await store.compact(second);
    EXPECT_TRUE(done.has_value());
    auto oldest = co_await store.oldest();
    EXPECT_EQ(*oldest, second);
    auto old = co_await list(store, "/", 0, "", first);
    EXPECT_EQ(old.error().code, Code::kExpired);
    auto at = co_await list(store, "/", 0, "", second);
    EXPECT_EQ(keys(*at), "/a=2 ");
    EXPECT_EQ(store.watch("/", second).error().code, Code::kExpired);
    auto retained = store.watch("/", third);
    EXPECT_EQ(co_await next(**retained), fmt::format("/b@{}:1<-<none> ", third));
    EXPECT_EQ(co_await next(**early), "Expired");
    EXPECT_EQ(co_await next(**early), "Expired");
    auto twice = co_await store.compact(second);
    EXPECT_EQ(twice.error().code, Code::kExpired);
    auto future = co_await store.compact(third + 1);
    EXPECT_EQ(future.error().code, Code::kTimeout);
  });
}

TEST_P(StoreTest, ASlowWatcherIsEndedAndStopsNobody) {
  with_store(
      [](rt::Loop&, Store& store) -> Task<> {
        auto slow = store.watch("/w/", 0);
        auto elsewhere = store.watch("/idle/", 0);
        auto quick = store.watch("/w/", 0);
        for (int i = 0; i < 100; ++i) {
          co_await put(store, "/w/a", std::to_string(i));
          EXPECT_NE(co_await next(**quick), "Expired");
        }
        EXPECT_EQ(co_await next(**slow), "Expired");
        // A watcher without events does not fall behind, however much happens elsewhere.
        co_await put(store, "/idle/a", "1");
        EXPECT_NE(co_await next(**elsewhere), "Expired");
      },
      HistoryLimits{.events = 20});
}

Task<> increment(Store& store, int times) {
  for (int done = 0; done < times;) {
    auto counter = co_await store.get("/counter");
    const EntryPtr entry = counter->entry;
    const int64_t value = entry ? *parse_int(*entry->value) : 0;
    const TxnResult result =
        co_await put_if(store, "/counter", std::to_string(value + 1), entry ? entry->mod_revision : 0);
    if (result.succeeded) ++done;
  }
}

TEST_P(StoreTest, ConcurrentReadModifyWriteLosesNothing) {
  with_store([](rt::Loop& loop, Store& store) -> Task<> {
    rt::TaskGroup group(loop);
    for (int i = 0; i < 8; ++i) group.spawn("increment", increment(store, 20));
    co_await group.join();
    auto counter = co_await store.get("/counter");
    EXPECT_EQ(text(counter->entry), "160");
    EXPECT_EQ(counter->entry->mod_revision, counter->revision);
  });
}

TEST_P(StoreTest, AnyBytesAreAValue) {
  with_store([](rt::Loop&, Store& store) -> Task<> {
    const std::string value("\0\xff\n k8s", 7);
    co_await put(store, "/a", value);
    co_await put(store, "/empty", "");
    auto a = co_await store.get("/a");
    EXPECT_EQ(*a->entry->value, value);
    auto empty = co_await store.get("/empty");
    EXPECT_EQ(*empty->entry->value, "");
  });
}

}  // namespace
}  // namespace fairlead::store
