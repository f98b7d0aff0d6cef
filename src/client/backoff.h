// Growing pauses between attempts, with jitter so that many clients do not come back at the same moment.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/text.h"

namespace fairlead::client {

struct BackoffPolicy {
  std::chrono::milliseconds first{50};
  std::chrono::milliseconds longest{10'000};
};

class Backoff {
 public:
  using Policy = BackoffPolicy;
  explicit Backoff(Policy policy = {}) : policy_(policy), next_(policy.first) {}

  // Between half of the current pause and all of it; the pause doubles with each call.
  std::chrono::milliseconds next() {
    const auto full = next_;
    next_ = std::min(next_ * 2, policy_.longest);
    const uint64_t half = static_cast<uint64_t>(full.count()) / 2;
    return std::chrono::milliseconds(full.count() - static_cast<int64_t>(half == 0 ? 0 : random_u64() % (half + 1)));
  }
  void reset() { next_ = policy_.first; }

 private:
  Policy policy_;
  std::chrono::milliseconds next_;
};

}  // namespace fairlead::client
