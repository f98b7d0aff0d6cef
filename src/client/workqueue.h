// The queue between informers and a reconcile function, with client-go's semantics: a key that is queued twice is
// handed out once; a key being worked on is never handed out a second time at the same moment, but again afterwards if
// it was added meanwhile; a key that failed comes back after a pause that doubles.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "rt/event.h"
#include "rt/loop.h"

namespace fairlead::client {

struct WorkQueueOptions {
  std::chrono::milliseconds first_retry{5};
  std::chrono::milliseconds longest_retry{30'000};
};

class WorkQueue {
 public:
  using Options = WorkQueueOptions;
  WorkQueue(rt::Loop& loop, const Clock& clock, Options options = {})
      : clock_(clock), options_(options), changed_(loop) {}

  void add(const std::string& key);
  // A key may wait with several delays; the earliest wins.
  void add_after(const std::string& key, std::chrono::microseconds delay);
  // After this key's own back-off, which doubles with each call until forget().
  void add_rate_limited(const std::string& key);
  void forget(const std::string& key) { failures_.erase(key); }
  [[nodiscard]] int failures(const std::string& key) const;

  // The next key, which the caller owns until done(key); nullopt after close().
  rt::Task<std::optional<std::string>> pop();
  std::optional<std::string> try_pop();
  void done(const std::string& key);
  void close();
  // Looks at the clock again: for tests that moved a FakeClock.
  void wake() { changed_.notify(); }

  [[nodiscard]] size_t size() const { return ready_.size(); }
  [[nodiscard]] size_t delayed() const { return due_.size(); }

 private:
  void collect_due();

  const Clock& clock_;
  Options options_;
  rt::Event changed_;
  std::deque<std::string> ready_;
  std::unordered_set<std::string> dirty_;       // wanted: in ready_, or to be queued again by done()
  std::unordered_set<std::string> processing_;  // handed out
  std::unordered_map<std::string, int> failures_;
  std::unordered_map<std::string, MonoTime> due_;  // the earliest delay of each key
  std::set<std::pair<MonoTime, std::string>> by_time_;
  bool closed_ = false;
};

// Runs `workers` tasks that take keys from `queue` and call `reconcile` until cancelled. An error is logged and the key
// retried with back-off; Conflict, which only says that the cache was behind, is retried without a word.
rt::Task<> run_workers(rt::Loop& loop, WorkQueue& queue, std::string name, int workers,
                       std::function<rt::Task<Result<>>(std::string)> reconcile);

}  // namespace fairlead::client
