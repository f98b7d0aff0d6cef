// A queue between tasks of one loop: push() never waits, pop() does. `limit` bounds it; push() says false when it is
// full, and the producer decides what that means (drop the watcher, shed the query).
#pragma once

#include <deque>
#include <limits>
#include <optional>

#include "rt/event.h"

namespace fairlead::rt {

template <class T>
class Queue {
 public:
  explicit Queue(Loop& loop, size_t limit = std::numeric_limits<size_t>::max()) : changed_(loop), limit_(limit) {}

  [[nodiscard]] bool push(T value) {
    if (closed_ || items_.size() >= limit_) return false;
    items_.push_back(std::move(value));
    changed_.notify();
    return true;
  }
  // What is queued is still delivered; then pop() gives nullopt.
  void close() {
    closed_ = true;
    changed_.notify();
  }
  Task<std::optional<T>> pop() {
    while (items_.empty() && !closed_) co_await changed_.wait();
    if (items_.empty()) co_return std::nullopt;
    std::optional<T> value(std::move(items_.front()));
    items_.pop_front();
    co_return value;
  }
  std::optional<T> try_pop() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> value(std::move(items_.front()));
    items_.pop_front();
    return value;
  }
  [[nodiscard]] size_t size() const { return items_.size(); }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  Event changed_;
  std::deque<T> items_;
  size_t limit_;
  bool closed_ = false;
};

}  // namespace fairlead::rt
