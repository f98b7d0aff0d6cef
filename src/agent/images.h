// Images by policy: what is there is used, what is not is pulled once however many pods wait for it, and what fails is
// tried again after 10 s, doubling to 5 min. Never waits: who asks is woken when there is news.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/cri.h"
#include "agent/pod_state.h"
#include "base/clock.h"
#include "rt/task_group.h"

namespace fairlead::agent {

class Images {
 public:
  Images(rt::Loop& loop, Cri& cri, const Clock& clock) : cri_(cri), clock_(clock), group_(loop) {}

  struct Answer {
    std::optional<CriImage> image;     // ready
    std::optional<Trouble> trouble;    // cannot be had for now
    bool pulled = false;               // fetched for this request, not found present
    std::chrono::milliseconds took{};  // for that
    // Neither: being pulled.
    [[nodiscard]] bool pulling() const { return !image && !trouble; }
  };
  // `policy`: Always, IfNotPresent, Never. `who` identifies the asker between calls (Always pulls once for each);
  // `wake` is called once when a pull that the answer spoke of has ended.
  // `auths` are tried one after the other; without any the registry is asked without credentials. A pull is shared by
  // those who have the same ones.
  rt::Task<Result<Answer>> get(std::string image, std::string policy, std::string who, std::function<void()> wake,
                               std::vector<RegistryAuth> auths);
  // Every asker whose name starts with this is gone, and will not be woken.
  void forget(std::string_view prefix);

  rt::Task<> shutdown() { return group_.shutdown(); }

 private:
  struct Entry {
    bool pulling = false;
    std::map<std::string, std::function<void()>> waiting;  // by who asked
    std::map<std::string, bool> fresh_for;                 // askers whose Always is satisfied by the last pull
    std::chrono::milliseconds took{};
    int failures = 0;
    WallTime not_before{};
    std::string error;
  };
  rt::Task<> pull(std::string key, std::string image, std::vector<RegistryAuth> auths);

  Cri& cri_;
  const Clock& clock_;
  std::map<std::string, Entry> entries_;      // by image and credentials
  std::map<std::string, std::string> asked_;  // who -> the entry's key
  rt::TaskGroup group_;
};

}  // namespace fairlead::agent
