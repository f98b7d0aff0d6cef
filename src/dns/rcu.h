// Read-copy-update: how query workers read what the loop changes without locks, waiting or shared writes.
//
// One writer thread replaces immutable nodes and retires the old ones; readers announce when they start and stop
// looking. A retired node is freed once every reader that might have seen it has stopped (epoch-based reclamation;
// K. Fraser, "Practical lock-freedom", 2004, 5.2.3).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::dns {

class RcuDomain {
 public:
  static constexpr size_t kMaxReaders = 256;

  RcuDomain() = default;
  RcuDomain(const RcuDomain&) = delete;
  RcuDomain& operator=(const RcuDomain&) = delete;
  // No reader may be registered any more.
  ~RcuDomain();

  // A reading thread; made and destroyed by any thread, used by one.
  class Reader {
   public:
    explicit Reader(RcuDomain& domain);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    void begin() {
      epoch_->store(domain_.epoch_.load(std::memory_order_relaxed), std::memory_order_seq_cst);
      // Orders the announcement before every look at shared pointers, against retire()'s fetch_add.
      std::atomic_thread_fence(std::memory_order_seq_cst);
    }
    void end() { epoch_->store(0, std::memory_order_release); }

   private:
    RcuDomain& domain_;
    std::atomic<uint64_t>* epoch_;
    size_t slot_;
  };

  // What a reader saw between construction and destruction stays valid in between. Keep it short: a batch of queries.
  class Guard {
   public:
    explicit Guard(Reader& reader) : reader_(reader) { reader_.begin(); }
    ~Guard() { reader_.end(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    Reader& reader_;
  };

  // Writer thread only, after the object is unreachable for new readers.
  template <class T>
  void retire(const T* object) {
    if (object)
      retire(const_cast<void*>(static_cast<const void*>(object)), [](void* p) { delete static_cast<const T*>(p); });
  }
  // Frees what no reader can see any more. retire() calls it from time to time; what then remains waits for the next.
  void collect();
  [[nodiscard]] size_t retired() const { return retired_.size(); }

 private:
  friend class Reader;
  struct Retired {
    uint64_t epoch;
    void* object;
    void (*destroy)(void*);
  };
  struct alignas(64) Slot {
    std::atomic<uint64_t> epoch{0};  // 0: not reading
    std::atomic<bool> taken{false};
  };

  void retire(void* object, void (*destroy)(void*));

  std::atomic<uint64_t> epoch_{1};
  std::array<Slot, kMaxReaders> slots_;
  std::deque<Retired> retired_;  // oldest first
};

// A hash table of immutable nodes: any number of readers under guards of `domain`, one writer. Open addressing with
// linear probing; a slot is one pointer, so replacing a node is one store. `Traits` gives:
//   using Key; static Key key(const Node&); static bool equal(Key, Key); static uint64_t hash(Key);
template <class Node, class Traits>
class RcuMap {
 public:
  using Key = typename Traits::Key;

  explicit RcuMap(RcuDomain& domain) : domain_(domain), table_(new Table(16)) {}
  RcuMap(const RcuMap&) = delete;
  RcuMap& operator=(const RcuMap&) = delete;
  // No reader may look any more.
  ~RcuMap() {
    Table* table = table_.load(std::memory_order_relaxed);
    for (auto& slot : table->slots) {
      const Node* node = slot.load(std::memory_order_relaxed);
      if (node != tombstone()) delete node;
    }
    delete table;
  }

  // Any reader under a guard, or the writer.
  [[nodiscard]] const Node* find(const Key& key) const {
    const Table* table = table_.load(std::memory_order_acquire);
    for (size_t i = Traits::hash(key) & table->mask;; i = (i + 1) & table->mask) {
      const Node* node = table->slots[i].load(std::memory_order_acquire);
      if (!node) return nullptr;
      if (node != tombstone() && Traits::equal(Traits::key(*node), key)) return node;
    }
  }

  // Writer only, as everything below. Replaces the node of the same key.
  void put(std::unique_ptr<const Node> node) {
    if ((used_ + 1) * 3 >= (mask() + 1) * 2) grow();
    auto& slot = slot_for(table_.load(std::memory_order_relaxed), Traits::key(*node));
    const Node* old = slot.load(std::memory_order_relaxed);
    slot.store(node.release(), std::memory_order_release);
    if (old) {
      domain_.retire(old);
    } else {
      ++used_;
      ++size_;
    }
  }
  void erase(const Key& key) {
    auto& slot = slot_for(table_.load(std::memory_order_relaxed), key);
    const Node* old = slot.load(std::memory_order_relaxed);
    if (!old) return;
    slot.store(tombstone(), std::memory_order_release);
    --size_;
    domain_.retire(old);
  }
  template <class F>
  void for_each(F&& f) const {
    for (auto& slot : table_.load(std::memory_order_relaxed)->slots) {
      const Node* node = slot.load(std::memory_order_relaxed);
      if (node && node != tombstone()) f(*node);
    }
  }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  struct Table {
    explicit Table(size_t n) : mask(n - 1), slots(n) {}
    size_t mask;
    std::vector<std::atomic<const Node*>> slots;
  };

  static const Node* tombstone() { return reinterpret_cast<const Node*>(uintptr_t{1}); }
  [[nodiscard]] size_t mask() const { return table_.load(std::memory_order_relaxed)->mask; }

  // The slot of the key, or the empty one where it belongs. Tombstones are not used again before the next growth:
  // a reader that passed one must not find its key behind itself.
  static std::atomic<const Node*>& slot_for(Table* table, const Key& key) {
    for (size_t i = Traits::hash(key) & table->mask;; i = (i + 1) & table->mask) {
      const Node* node = table->slots[i].load(std::memory_order_relaxed);
      if (!node || (node != tombstone() && Traits::equal(Traits::key(*node), key))) return table->slots[i];
    }
  }

  // Makes room: twice the table, or the same without its tombstones. Costs O(n) once per O(n) changes.
  void grow() {
    Table* old = table_.load(std::memory_order_relaxed);
    const size_t n = size_ * 3 >= old->slots.size() ? old->slots.size() * 2 : old->slots.size();
    auto* fresh = new Table(n);
    for (auto& slot : old->slots) {
      const Node* node = slot.load(std::memory_order_relaxed);
      if (node && node != tombstone()) slot_for(fresh, Traits::key(*node)).store(node, std::memory_order_relaxed);
    }
    used_ = size_;
    table_.store(fresh, std::memory_order_release);
    domain_.retire(static_cast<const Table*>(old));
  }

  RcuDomain& domain_;
  std::atomic<Table*> table_;
  size_t size_ = 0;
  size_t used_ = 0;  // with tombstones
};

// For keys that are byte strings: word-wise multiply and fold (wyhash's mixing step), seeded per process, because
// clients choose what is looked up.
uint64_t hash_bytes(std::string_view bytes);

}  // namespace fairlead::dns
