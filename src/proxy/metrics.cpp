#include "proxy/metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::proxy {
namespace {

std::vector<double> exponential(double start, double factor, int n) {
  std::vector<double> bounds;
  for (int i = 0; i < n; ++i, start *= factor) bounds.push_back(start);
  return bounds;
}

std::vector<double> programming_buckets() {
  std::vector<double> bounds = {0.25, 0.5};
  for (int i = 1; i < 60; ++i) bounds.push_back(i);
  for (int i = 60; i < 120; i += 5) bounds.push_back(i);
  for (int i = 120; i <= 300; i += 30) bounds.push_back(i);
  return bounds;
}

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

template <class T>
void single(std::string& out, std::string_view name, std::string_view type, std::string_view help, T value) {
  head(out, name, type, help);
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

double seconds(const std::optional<WallTime>& t) {
  return t ? std::chrono::duration<double>(t->time_since_epoch()).count() : 0;
}

}  // namespace

void Histogram::observe(double value) {
  const auto at = std::ranges::lower_bound(bounds_, value);
  ++counts_[static_cast<size_t>(at - bounds_.begin())];
  ++count_;
  sum_ += value;
}

void Histogram::write(std::string& out, std::string_view name, std::string_view help) const {
  head(out, name, "histogram", help);
  uint64_t total = 0;
  for (size_t i = 0; i < bounds_.size(); ++i) {
    total += counts_[i];
    fmt::format_to(std::back_inserter(out), "{}_bucket{{le=\"{}\"}} {}\n", name, bounds_[i], total);
  }
  fmt::format_to(std::back_inserter(out), "{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", name, count_,
                 sum_);
}

ProxyMetrics::ProxyMetrics()
    : sync(exponential(0.001, 2, 15)),
      full_sync(exponential(0.001, 2, 15)),
      partial_sync(exponential(0.001, 2, 15)),
      network_programming(programming_buckets()) {}

void ProxyMetrics::write(std::string& out) const {
  sync.write(out, "kubeproxy_sync_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds");
  full_sync.write(out, "kubeproxy_sync_full_proxy_rules_duration_seconds",
                  "SyncProxyRules latency in seconds for full resyncs");
  partial_sync.write(out, "kubeproxy_sync_partial_proxy_rules_duration_seconds",
                     "SyncProxyRules latency in seconds for partial resyncs");
  network_programming.write(out, "kubeproxy_network_programming_duration_seconds",
                            "In Cluster Network Programming Latency in seconds");
  single(out, "kubeproxy_sync_proxy_rules_endpoint_changes_total", "counter", "Endpoint changes seen",
         endpoint_changes);
  single(out, "kubeproxy_sync_proxy_rules_endpoint_changes_pending", "gauge", "Endpoint changes not written yet",
         endpoint_changes_pending);
  single(out, "kubeproxy_sync_proxy_rules_service_changes_total", "counter", "Service changes seen", service_changes);
  single(out, "kubeproxy_sync_proxy_rules_service_changes_pending", "gauge", "Service changes not written yet",
         service_changes_pending);
  single(out, "kubeproxy_sync_proxy_rules_last_timestamp_seconds", "gauge", "When rules were last written successfully",
         seconds(last_sync));
  single(out, "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds", "gauge", "When a write was last asked for",
         seconds(last_queued));
  single(out, "kubeproxy_conntrack_reconciler_deleted_entries_total", "counter", "Stale UDP flows deleted",
         flows_removed);
  head(out, "kubeproxy_sync_proxy_rules_no_local_endpoints_total", "gauge",
       "Service ports with a Local traffic policy and no endpoints on this node");
  fmt::format_to(std::back_inserter(out),
                 "kubeproxy_sync_proxy_rules_no_local_endpoints_total{{traffic_policy=\"internal\"}} {}\n"
                 "kubeproxy_sync_proxy_rules_no_local_endpoints_total{{traffic_policy=\"external\"}} {}\n",
                 no_local_internal, no_local_external);
  const auto by_code = [&](std::string_view name, const std::vector<std::pair<int, uint64_t>>& counts) {
    head(out, name, "counter", "Answers by status");
    for (const auto& [code, count] : counts)
      fmt::format_to(std::back_inserter(out), "{}{{code=\"{}\"}} {}\n", name, code, count);
  };
  by_code("kubeproxy_proxy_healthz_total", healthz);
  by_code("kubeproxy_proxy_livez_total", livez);
}

}  // namespace fairlead::proxy
