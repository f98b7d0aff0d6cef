// Durable puts per second of the SQLite store, by number of concurrent writers; what group commit is for. `bench_store
// DIRECTORY [SECONDS]`: the directory decides which disk is measured.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "rt/task_group.h"
#include "store/sqlite_store.h"

namespace fairlead::store {
namespace {

using Clock = std::chrono::steady_clock;

rt::Task<> writer(Store& store, std::string key, std::string value, Clock::time_point end, uint64_t& done) {
  const Bytes shared = bytes(std::move(value));
  while (Clock::now() < end) {
    Txn txn;
    txn.ops.push_back({key, shared});
    auto result = co_await store.commit(std::move(txn));
    if (!result) {
      std::fprintf(stderr, "%s\n", result.error().message.c_str());
      co_return;
    }
    ++done;
  }
}

rt::Task<> measure(rt::Loop& loop, Store& store, int writers, int seconds) {
  uint64_t done = 0;
  const auto start = Clock::now();
  const auto end = start + std::chrono::seconds(seconds);
  rt::TaskGroup group(loop);
  for (int w = 0; w < writers; ++w) {
    group.spawn("writer", writer(store, fmt::format("/bench/{}", w), std::string(600, 'x'), end, done));
  }
  co_await group.join();
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%4d writers: %8.0f puts/s\n", writers, static_cast<double>(done) / took);
}

int run(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_store DIRECTORY [SECONDS]\n");
    return 2;
  }
  const int seconds = argc > 2 ? std::atoi(argv[2]) : 3;
  const std::string path = std::string(argv[1]) + "/bench-store.db";
  rt::Loop loop;
  auto store = SqliteStore::open(loop, {path, {}, 0});
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 1;
  }
  for (const int writers : {1, 8, 32, 128}) rt::run(loop, measure(loop, **store, writers, seconds));
  rt::run(loop, (*store)->close());
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(path + suffix);
  return 0;
}

}  // namespace
}  // namespace fairlead::store

int main(int argc, char** argv) { return fairlead::store::run(argc, argv); }
