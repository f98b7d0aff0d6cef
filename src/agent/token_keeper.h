// Tokens of service accounts for the pods of this node: asked for when a pod comes that mounts one, and again long
// before they end (pkg/kubelet/token).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/pod_sources.h"
#include "base/clock.h"
#include "client/api.h"
#include "rt/task_group.h"

namespace fairlead::agent {

// How long a token that was granted at `now` is used before the next is asked for: four fifths of its life, at most a
// day. `spread`, 0 to 1, takes up to ten seconds from that, so that the tokens of a node do not all come due at once.
std::chrono::microseconds token_use(WallTime now, WallTime expires, double spread);

class TokenKeeper {
 public:
  TokenKeeper(rt::Loop& loop, client::Api& api, const Clock& clock);
  TokenKeeper(const TokenKeeper&) = delete;
  TokenKeeper& operator=(const TokenKeeper&) = delete;
  ~TokenKeeper();

  // From now on keeps what the pod's volumes ask for; nothing happens when they ask for the same as before. `wake` is
  // called after every new token.
  void want(const api::Pod& pod, std::function<void()> wake);
  void forget(const std::string& uid);
  // Adds the tokens of the pod, by token_key(). False until each has been granted or refused once.
  bool add_to(const std::string& uid, std::map<std::string, std::string>& out) const;

  rt::Task<> shutdown();

 private:
  struct Pod;
  rt::Task<> keep(Pod& pod, api::ServiceAccountTokenProjection wanted);
  rt::Task<> retire(std::unique_ptr<Pod> pod);

  rt::Loop& loop_;
  client::Api& api_;
  const Clock& clock_;
  std::map<std::string, std::unique_ptr<Pod>> pods_;  // by uid
  rt::TaskGroup retired_;
};

}  // namespace fairlead::agent
