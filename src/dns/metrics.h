// Counters of the DNS server under CoreDNS's names. Each thread counts in its own block, without shared writes; reading
// adds the blocks up.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "dns/message.h"

namespace fairlead::dns {

class Counters {
 public:
  enum Family : uint8_t { kV4, kV6 };
  enum Transport : uint8_t { kUdp, kTcp };

  void request(Family family, Transport transport, RecordType type);
  // `count` answers that took `each` on average.
  void response(Rcode rcode) { add(responses_[std::min<size_t>(static_cast<size_t>(rcode), responses_.size() - 1)]); }
  void duration(std::chrono::nanoseconds each, uint64_t count = 1);
  void cache(bool hit) { add(hit ? cache_hits_ : cache_misses_); }
  void shed(uint64_t n = 1) { add(shed_, n); }
  void malformed() { add(malformed_); }

 private:
  friend class Metrics;
  using Counter = std::atomic<uint64_t>;
  static constexpr size_t kTypes = 12;
  static constexpr size_t kBuckets = 17;  // the last: more than the highest bound

  // One writer per block, so no locked instruction is needed.
  static void add(Counter& c, uint64_t n = 1) {
    c.store(c.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  std::array<std::array<std::array<Counter, kTypes>, 2>, 2> requests_{};
  std::array<Counter, 17> responses_{};
  std::array<Counter, kBuckets> duration_buckets_{};
  Counter duration_ns_{0};
  Counter cache_hits_{0};
  Counter cache_misses_{0};
  Counter shed_{0};
  Counter malformed_{0};
};

struct ForwardStats;

class Metrics {
 public:
  explicit Metrics(std::string server) : server_(std::move(server)) {}
  // A block for one thread; lives as long as this. Before the threads start.
  Counters& add_thread() { return threads_.emplace_back(); }
  // Prometheus text format 0.0.4.
  [[nodiscard]] std::string render(const ForwardStats& forward, size_t cache_entries) const;
  [[nodiscard]] uint64_t requests() const;

 private:
  std::string server_;  // the label: dns://:53
  std::deque<Counters> threads_;
};

}  // namespace fairlead::dns
