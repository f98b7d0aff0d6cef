// What an upstream answered, kept so that it can be given to any client that asks the same: with its own ID, its own
// spelling of the name, the time passed taken off the TTLs, cut to what it can take. And the cache of such answers.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "dns/message.h"
#include "dns/rcu.h"

namespace fairlead::dns {

// What makes two questions the same to upstreams.
struct AskKey {
  AskKey(const Name& lower, RecordType type, bool dnssec_ok, bool checking_disabled);
  [[nodiscard]] std::string_view view() const { return {bytes.data(), size}; }
  std::array<char, kMaxName + 3> bytes;
  size_t size;
};

struct StoredAnswer {
  struct Piece {
    uint16_t ttl_at;  // offset of the TTL
    uint16_t end;     // offset behind the record
  };
  std::string key;             // AskKey
  std::vector<uint8_t> bytes;  // the message without its OPT record
  uint16_t question_end = 0;
  std::vector<Piece> pieces;  // of all records in order
  uint16_t answers = 0;
  uint16_t authorities = 0;
  Rcode rcode = Rcode::kNoError;
  MonoTime received;
  std::chrono::seconds lifetime{0};  // how long it may be given out; 0: not kept
  mutable std::atomic<bool> used{false};

  [[nodiscard]] bool fresh(MonoTime now) const { return now < received + lifetime; }
};

// Checks an upstream's message in full, and that it answers this question. kBadRequest says what is wrong with it.
// `max_lifetime` bounds how long it is kept; TTLs are passed on as they are.
Result<std::unique_ptr<StoredAnswer>> store_answer(std::span<const uint8_t> message, const Question& question,
                                                   const AskKey& key, MonoTime now, std::chrono::seconds max_lifetime);

// The answer for `query`, whose name must be the stored one in any case; its size.
size_t render_answer(const StoredAnswer& answer, const Query& query, MonoTime now, std::span<uint8_t> buffer,
                     size_t limit);
// The same behind a chain of aliases that led from the query's name to the stored one. `chain_ttl` in seconds.
size_t render_chased(const StoredAnswer& answer, const Query& query, std::span<const Name> chain, uint32_t chain_ttl,
                     MonoTime now, std::span<uint8_t> buffer, size_t limit);

// Bounded; what has not been used for a whole round of the clock hand goes first. Written by one thread, read by any
// under a guard.
class AnswerCache {
 public:
  AnswerCache(RcuDomain& domain, size_t max_entries, size_t max_bytes)
      : entries_(domain), max_entries_(max_entries), max_bytes_(max_bytes) {}

  [[nodiscard]] const StoredAnswer* find(const AskKey& key, MonoTime now) const;
  // Writer only. The entry stays valid for readers that have it; the pointer is the stored one, valid until the writer
  // returns to its loop.
  void put(std::unique_ptr<StoredAnswer> answer);
  [[nodiscard]] size_t size() const { return count_.load(std::memory_order_relaxed); }

 private:
  struct Traits {
    using Key = std::string_view;
    static Key key(const StoredAnswer& a) { return a.key; }
    static bool equal(Key a, Key b) { return a == b; }
    static uint64_t hash(Key k) { return hash_bytes(k); }
  };
  void make_room(size_t bytes);

  RcuMap<StoredAnswer, Traits> entries_;
  std::list<std::string> clock_;  // keys, in the order of the hand
  size_t max_entries_;
  size_t max_bytes_;
  size_t bytes_ = 0;
  std::atomic<size_t> count_{0};
};

}  // namespace fairlead::dns
