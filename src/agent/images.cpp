#include "agent/images.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "rt/time.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;

// Short, so that the first failure shows as ErrImagePull and then as ImagePullBackOff, as users know it.
constexpr auto kShowError = 2s;

std::string key_of(const std::string& image, const std::vector<RegistryAuth>& auths) {
  std::string key = image;
  for (const RegistryAuth& a : auths) {
    key += fmt::format("\n{:x}",
                       stable_hash(a.username + "\n" + a.password + "\n" + a.identity_token + "\n" + a.registry_token));
  }
  return key;
}

std::chrono::seconds pull_delay(int failures) { return std::min(10s * (1 << std::min(failures - 1, 10)), 300s); }

}  // namespace

rt::Task<Result<Images::Answer>> Images::get(std::string image, std::string policy, std::string who,
                                             std::function<void()> wake, std::vector<RegistryAuth> auths) {
  Answer answer;
  auto status = co_await cri_.image_status(image);
  if (!status) {
    if (status.error().code == Code::kUnavailable || status.error().code == Code::kTimeout)
      co_return fail(status.error());
    answer.trouble =
        Trouble{"InvalidImageName",
                fmt::format("Failed to apply default image tag {}: {}", quote(image), status.error().message),
                clock_.now() + 300s};
    co_return answer;
  }
  const std::string key = key_of(image, auths);
  Entry& entry = entries_[key];
  asked_[who] = key;
  // Its own pull, or one it waited for, has succeeded.
  const bool fresh = entry.fresh_for.contains(who) && !entry.pulling && entry.failures == 0;
  if (*status && (policy != "Always" || fresh)) {
    answer.image = **status;
    answer.pulled = entry.fresh_for.erase(who) > 0;
    answer.took = entry.took;
    co_return answer;
  }
  if (policy == "Never") {
    answer.trouble = Trouble{"ErrImageNeverPull",
                             fmt::format("Container image {} is not present with pull policy of Never", quote(image)),
                             clock_.now() + 10s};
    co_return answer;
  }
  if (entry.pulling) {
    entry.waiting[who] = std::move(wake);
    entry.fresh_for[who] = true;
    co_return answer;
  }
  if (entry.failures > 0) {
    // Who waited for the pull that failed hears of the error itself, who asks later of the back-off.
    if (entry.fresh_for.erase(who) > 0) {
      answer.trouble = Trouble{"ErrImagePull", entry.error, std::min(clock_.now() + kShowError, entry.not_before)};
      co_return answer;
    }
    if (entry.not_before > clock_.now()) {
      answer.trouble = Trouble{"ImagePullBackOff",
                               fmt::format("Back-off pulling image {}: ErrImagePull: {}", quote(image), entry.error),
                               entry.not_before};
      co_return answer;
    }
  }
  entry.pulling = true;
  entry.waiting[who] = std::move(wake);
  entry.fresh_for[who] = true;
  group_.spawn("pull " + image, pull(key, image, std::move(auths)));
  co_return answer;
}

void Images::forget(std::string_view prefix) {
  for (auto it = asked_.lower_bound(std::string(prefix)); it != asked_.end() && it->first.starts_with(prefix);) {
    if (const auto found = entries_.find(it->second); found != entries_.end()) {
      Entry& entry = found->second;
      entry.fresh_for.erase(it->first);
      entry.waiting.erase(it->first);
      if (!entry.pulling && entry.fresh_for.empty() && entry.not_before <= clock_.now()) entries_.erase(found);
    }
    it = asked_.erase(it);
  }
}

rt::Task<> Images::pull(std::string key, std::string image, std::vector<RegistryAuth> auths) {
  // Who asked hears that it is being pulled before it hears that it was.
  co_await rt::sleep(0ms);
  const MonoTime begin = clock_.mono();
  std::optional<RegistryAuth> first;
  if (!auths.empty()) first = auths.front();
  auto pulled = co_await cri_.pull_image(image, std::move(first));
  for (size_t i = 1; i < auths.size() && !pulled; ++i) pulled = co_await cri_.pull_image(image, auths[i]);
  Entry& entry = entries_[key];
  entry.took = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.mono() - begin);
  entry.pulling = false;
  if (pulled) {
    entry.failures = 0;
    entry.not_before = {};
    entry.error.clear();
  } else {
    ++entry.failures;
    entry.not_before = clock_.now() + pull_delay(entry.failures);
    entry.error = pulled.error().message;
    log::warn("image pull failed", {{"image", image}, {"error", pulled.error().message}});
  }
  for (const auto& [who, wake] : std::exchange(entry.waiting, {})) wake();
}

}  // namespace fairlead::agent
