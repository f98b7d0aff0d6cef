// What a controller has asked the API for and its cache does not show yet. While something is outstanding the cache
// must not be trusted to decide on creating or deleting again (pkg/controller/controller_utils.go,
// UIDTrackingControllerExpectations).
#pragma once

#include <set>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace fairlead::controllers {

class Expectations {
 public:
  explicit Expectations(const Clock& clock) : clock_(clock) {}

  // Before the requests are sent.
  void expect_creations(const std::string& owner, int count) {
    auto& e = by_owner_[owner];
    e.creations += count;
    e.since = clock_.mono();
  }
  void expect_deletion(const std::string& owner, const std::string& uid) {
    auto& e = by_owner_[owner];
    e.deletions.insert(uid);
    e.since = clock_.mono();
  }
  // When the cache shows it, or the request failed.
  void creation_seen(const std::string& owner) {
    const auto it = by_owner_.find(owner);
    if (it != by_owner_.end() && it->second.creations > 0) --it->second.creations;
  }
  void deletion_seen(const std::string& owner, const std::string& uid) {
    const auto it = by_owner_.find(owner);
    if (it != by_owner_.end()) it->second.deletions.erase(uid);
  }
  // Nothing outstanding, or for so long (five minutes) that an event must have been missed.
  [[nodiscard]] bool satisfied(const std::string& owner) const {
    const auto it = by_owner_.find(owner);
    if (it == by_owner_.end()) return true;
    const auto& e = it->second;
    return (e.creations == 0 && e.deletions.empty()) || clock_.mono() - e.since > std::chrono::minutes(5);
  }
  void forget(const std::string& owner) { by_owner_.erase(owner); }

 private:
  struct Outstanding {
    int creations = 0;
    std::set<std::string> deletions;
    MonoTime since;
  };
  const Clock& clock_;
  std::unordered_map<std::string, Outstanding> by_owner_;
};

}  // namespace fairlead::controllers
