// Counters of requests and what they cost, in Prometheus' text form under the names of kube-apiserver.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <tuple>

namespace fairlead::apiserver {

class Registry;

class Metrics {
 public:
  void request(std::string verb, std::string resource, int code, std::chrono::microseconds took);
  void watch_started() { ++watches_; }
  void watch_ended() { --watches_; }
  [[nodiscard]] std::string text(Registry& registry) const;

 private:
  struct Series {
    uint64_t count = 0;
    uint64_t microseconds = 0;
  };
  std::map<std::tuple<std::string, std::string, int>, Series> requests_;
  int64_t watches_ = 0;
};

}  // namespace fairlead::apiserver
