#include "dns/rcu.h"

#include <cstring>

#include "base/text.h"

namespace fairlead::dns {

RcuDomain::~RcuDomain() {
  for (const auto& slot : slots_) check(!slot.taken.load(), "an RCU reader outlives its domain");
  for (const auto& r : retired_) r.destroy(r.object);
}

RcuDomain::Reader::Reader(RcuDomain& domain) : domain_(domain), epoch_(nullptr), slot_(0) {
  for (slot_ = 0; slot_ < kMaxReaders; ++slot_) {
    bool free = false;
    if (domain.slots_[slot_].taken.compare_exchange_strong(free, true)) {
      epoch_ = &domain.slots_[slot_].epoch;
      return;
    }
  }
  panic("more RCU readers than slots");
}

RcuDomain::Reader::~Reader() {
  epoch_->store(0);
  domain_.slots_[slot_].taken.store(false);
}

void RcuDomain::retire(void* object, void (*destroy)(void*)) {
  // Readers that begin from now on announce a later epoch, and cannot reach the object.
  retired_.push_back({epoch_.fetch_add(1, std::memory_order_seq_cst), object, destroy});
  if (retired_.size() % 64 == 0) collect();
}

void RcuDomain::collect() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  uint64_t oldest = UINT64_MAX;
  for (const auto& slot : slots_) {
    if (!slot.taken.load(std::memory_order_acquire)) continue;
    const uint64_t e = slot.epoch.load(std::memory_order_acquire);
    if (e != 0 && e < oldest) oldest = e;
  }
  while (!retired_.empty() && retired_.front().epoch < oldest) {
    retired_.front().destroy(retired_.front().object);
    retired_.pop_front();
  }
}

namespace {

uint64_t mix(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

uint64_t hash_bytes(std::string_view bytes) {
  static const uint64_t kSeed = random_u64();
  uint64_t h = kSeed ^ (bytes.size() * 0x9e3779b97f4a7c15ULL);
  const char* p = bytes.data();
  size_t n = bytes.size();
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t word = 0;
    std::memcpy(&word, p, 8);
    h = mix(h ^ word, 0xa0761d6478bd642fULL);
  }
  uint64_t tail = 0;
  if (n != 0) std::memcpy(&tail, p, n);
  return mix(h ^ tail, 0xe7037ed1a0b428dbULL ^ kSeed);
}

}  // namespace fairlead::dns
