#include "client/workqueue.h"

#include "base/log.h"
#include "rt/task_group.h"

namespace fairlead::client {

void WorkQueue::add(const std::string& key) {
  if (closed_ || !dirty_.insert(key).second) return;
  if (processing_.contains(key)) return;
  ready_.push_back(key);
  changed_.notify();
}

void WorkQueue::add_after(const std::string& key, std::chrono::microseconds delay) {
  if (closed_) return;
  if (delay <= std::chrono::microseconds::zero()) return add(key);
  const MonoTime when = clock_.mono() + delay;
  const auto [it, fresh] = due_.emplace(key, when);
  if (!fresh) {
    if (it->second <= when) return;
    by_time_.erase({it->second, key});
    it->second = when;
  }
  by_time_.emplace(when, key);
  if (by_time_.begin()->second == key) changed_.notify();
}

void WorkQueue::add_rate_limited(const std::string& key) {
  const int failures = failures_[key]++;
  auto delay = options_.first_retry;
  for (int i = 0; i < failures && delay < options_.longest_retry; ++i) delay *= 2;
  add_after(key, std::min(delay, options_.longest_retry));
}

int WorkQueue::failures(const std::string& key) const {
  const auto it = failures_.find(key);
  return it == failures_.end() ? 0 : it->second;
}

void WorkQueue::collect_due() {
  const MonoTime now = clock_.mono();
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    const std::string key = by_time_.begin()->second;
    by_time_.erase(by_time_.begin());
    due_.erase(key);
    add(key);
  }
}

std::optional<std::string> WorkQueue::try_pop() {
  collect_due();
  if (ready_.empty()) return std::nullopt;
  std::string key = std::move(ready_.front());
  ready_.pop_front();
  dirty_.erase(key);
  processing_.insert(key);
  return key;
}

rt::Task<std::optional<std::string>> WorkQueue::pop() {
  for (;;) {
    if (closed_) co_return std::nullopt;
    auto key = try_pop();
    if (key) co_return key;
    if (by_time_.empty()) {
      co_await changed_.wait();
    } else {
      (void)co_await changed_.wait_for(by_time_.begin()->first - clock_.mono());
    }
  }
}

void WorkQueue::done(const std::string& key) {
  processing_.erase(key);
  if (closed_ || !dirty_.contains(key)) return;
  ready_.push_back(key);
  changed_.notify();
}

void WorkQueue::close() {
  closed_ = true;
  changed_.notify();
}

namespace {

rt::Task<> work(WorkQueue& queue, const std::string& name,
                const std::function<rt::Task<Result<>>(std::string)>& reconcile) {
  for (;;) {
    const std::optional<std::string> key = co_await queue.pop();
    if (!key) co_return;
    const Result<> result = co_await reconcile(*key);
    if (result) {
      queue.forget(*key);
    } else {
      if (result.error().code != Code::kConflict) {
        log::warn("reconcile failed; will retry", {{"controller", name},
                                                   {"key", *key},
                                                   {"failures", queue.failures(*key) + 1},
                                                   {"error", result.error().message}});
      }
      queue.add_rate_limited(*key);
    }
    queue.done(*key);
  }
}

}  // namespace

rt::Task<> run_workers(rt::Loop& loop, WorkQueue& queue, std::string name, int workers,
                       std::function<rt::Task<Result<>>(std::string)> reconcile) {
  rt::TaskGroup group(loop);
  for (int i = 0; i < workers; ++i) group.spawn(name, work(queue, name, reconcile));
  co_await group.join_or_cancel();
}

}  // namespace fairlead::client
