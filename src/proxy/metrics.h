// The proxy's metrics, under kube-proxy's names, so that dashboards and alerts go on working.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace fairlead::proxy {

class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}
  void observe(double value);
  void write(std::string& out, std::string_view name, std::string_view help) const;
  [[nodiscard]] uint64_t count() const { return count_; }

 private:
  std::vector<double> bounds_;  // upper, ascending
  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  double sum_ = 0;
};

struct ProxyMetrics {
  ProxyMetrics();
  Histogram sync;  // any write, seconds
  Histogram full_sync;
  Histogram partial_sync;
  Histogram network_programming;  // from a pod's change to its rules in the kernel
  uint64_t endpoint_changes = 0;
  uint64_t endpoint_changes_pending = 0;
  uint64_t service_changes = 0;
  uint64_t service_changes_pending = 0;
  uint64_t flows_removed = 0;
  uint64_t no_local_internal = 0;  // ports of Services whose policy Local has no endpoint here
  uint64_t no_local_external = 0;
  std::optional<WallTime> last_sync;
  std::optional<WallTime> last_queued;
  std::vector<std::pair<int, uint64_t>> healthz;  // answers by status
  std::vector<std::pair<int, uint64_t>> livez;

  void write(std::string& out) const;
};

}  // namespace fairlead::proxy
