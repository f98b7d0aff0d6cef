#include "agent/token_keeper.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "rt/time.h"

namespace fairlead::agent {

struct TokenKeeper::Pod {
  explicit Pod(rt::Loop& loop) : group(loop) {}
  std::string ns;
  std::string name;
  std::string uid;
  std::string account;
  std::vector<std::string> keys;
  std::function<void()> wake;
  std::map<std::string, std::string> tokens;  // by token_key(); empty: refused so far
  rt::TaskGroup group;
};

std::chrono::microseconds token_use(WallTime now, WallTime expires, double spread) {
  const std::chrono::microseconds life = expires - now;
  const std::chrono::microseconds use = std::min<std::chrono::microseconds>(life * 4 / 5, std::chrono::hours(24));
  const auto jitter = std::chrono::microseconds(static_cast<int64_t>(spread * 10e6));
  return std::max<std::chrono::microseconds>(use - jitter, std::chrono::seconds(1));
}

TokenKeeper::TokenKeeper(rt::Loop& loop, client::Api& api, const Clock& clock)
    : loop_(loop), api_(api), clock_(clock), retired_(loop) {}
TokenKeeper::~TokenKeeper() = default;

void TokenKeeper::want(const api::Pod& pod, std::function<void()> wake) {
  const auto wanted = tokens_of(pod);
  std::vector<std::string> keys;
  for (const auto& t : wanted) keys.push_back(token_key(t));
  const auto& uid = pod.metadata.uid;
  if (const auto it = pods_.find(uid); it != pods_.end()) {
    it->second->wake = std::move(wake);
    if (it->second->keys == keys) return;
    forget(uid);
    // Its volumes cannot change as long as a pod lives; only a pod of the same uid that was forgotten comes here.
  }
  if (keys.empty()) return;
  auto& slot = pods_[uid];
  slot = std::make_unique<Pod>(loop_);
  Pod& kept = *slot;
  kept.ns = pod.metadata.namespace_;
  kept.name = pod.metadata.name;
  kept.uid = uid;
  kept.account = pod.spec.service_account_name;
  kept.keys = std::move(keys);
  kept.wake = std::move(wake);
  for (const auto& t : wanted) kept.group.spawn("token of " + kept.name, keep(kept, t));
}

void TokenKeeper::forget(const std::string& uid) {
  const auto it = pods_.find(uid);
  if (it == pods_.end()) return;
  auto last = std::move(it->second);
  pods_.erase(it);
  retired_.spawn("end of a token", retire(std::move(last)));
}

bool TokenKeeper::add_to(const std::string& uid, std::map<std::string, std::string>& out) const {
  const auto it = pods_.find(uid);
  if (it == pods_.end()) return true;
  for (const auto& key : it->second->keys) {
    const auto token = it->second->tokens.find(key);
    if (token == it->second->tokens.end()) return false;
    if (!token->second.empty()) out[key] = token->second;
  }
  return true;
}

rt::Task<> TokenKeeper::keep(Pod& pod, api::ServiceAccountTokenProjection wanted) {
  const std::string key = token_key(wanted);
  std::string complained;
  std::chrono::milliseconds pause{200};
  for (;;) {
    api::TokenRequest request;
    if (!wanted.audience.empty()) request.spec.audiences = {wanted.audience};
    request.spec.expiration_seconds = wanted.expiration_seconds;
    api::BoundObjectReference ref;
    ref.kind = "Pod";
    ref.api_version = "v1";
    ref.name = pod.name;
    ref.uid = pod.uid;
    request.spec.bound_object_ref = std::move(ref);
    auto granted = co_await api_.request_token(pod.ns, pod.account, std::move(request));
    std::chrono::microseconds rest = pause;
    if (granted && granted->status.expiration_timestamp) {
      const double spread = static_cast<double>(random_u64() % 1000) / 1000;
      rest = token_use(clock_.now(), *granted->status.expiration_timestamp.at, spread);
      pod.tokens[key] = granted->status.token;
      pause = std::chrono::milliseconds(200);
      complained.clear();
    } else {
      const std::string why = granted ? "the answer has no expiry" : granted.error().message;
      if (why != complained)
        log::warn("cannot get a service account token", {{"pod", pod.ns + "/" + pod.name}, {"error", why}});
      complained = why;
      pod.tokens.try_emplace(key);
      pause = std::min(pause * 2, std::chrono::milliseconds(10'000));
    }
    if (pod.wake) pod.wake();
    co_await rt::sleep(std::chrono::duration_cast<std::chrono::steady_clock::duration>(rest));
  }
}

rt::Task<> TokenKeeper::retire(std::unique_ptr<Pod> pod) {
  co_await rt::shield();
  co_await pod->group.shutdown();
}

rt::Task<> TokenKeeper::shutdown() {
  for (auto& [uid, pod] : pods_) co_await pod->group.shutdown();
  pods_.clear();
  co_await retired_.join();
}

}  // namespace fairlead::agent
