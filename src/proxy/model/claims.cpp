#include "proxy/model/claims.h"

namespace fairlead::proxy {

std::optional<std::string> Claims::add(const FrontendKey& key, Claim claim) {
  const auto [at, added] = owners_.try_emplace(key, claim);
  if (added || at->second == claim) return std::nullopt;
  if (at->second < claim) {
    waiting_[key].insert(std::move(claim));
    return std::nullopt;
  }
  std::string displaced = at->second.service;
  waiting_[key].insert(std::exchange(at->second, std::move(claim)));
  return displaced;
}

std::optional<std::string> Claims::remove(const FrontendKey& key, const Claim& claim) {
  const auto at = owners_.find(key);
  if (at == owners_.end()) return std::nullopt;
  const auto waiting = waiting_.find(key);
  if (at->second != claim) {
    if (waiting != waiting_.end() && waiting->second.erase(claim) != 0 && waiting->second.empty())
      waiting_.erase(waiting);
    return std::nullopt;
  }
  if (waiting == waiting_.end()) {
    owners_.erase(at);
    return std::nullopt;
  }
  at->second = std::move(waiting->second.extract(waiting->second.begin()).value());
  if (waiting->second.empty()) waiting_.erase(waiting);
  return at->second.service;
}

const std::string* Claims::owner(const FrontendKey& key) const {
  const auto at = owners_.find(key);
  return at == owners_.end() ? nullptr : &at->second.service;
}

}  // namespace fairlead::proxy
