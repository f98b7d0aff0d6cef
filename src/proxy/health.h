// What the proxy answers over HTTP: /healthz and /livez about itself, /metrics and /proxyMode, and on every
// spec.healthCheckNodePort how many endpoints of that Service this node has (KEP-1669 and
// https://kubernetes.io/docs/reference/command-line-tools-reference/kube-proxy/).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "net/http_server.h"
#include "proxy/metrics.h"
#include "proxy/model/table.h"
#include "rt/task_group.h"

namespace fairlead::proxy {

// Whether the rules keep up with what happens.
class SyncHealth {
 public:
  explicit SyncHealth(const Clock& clock) : clock_(clock) {}
  void queued() {
    if (!pending_since_) pending_since_ = clock_.mono();
  }
  void synced() {
    pending_since_.reset();
    last_sync_ = clock_.now();
  }
  // The last write failed: what it was to do is still pending.
  void set_node_eligible(bool eligible) { node_eligible_ = eligible; }

  // Something was written, and nothing has been waiting for two minutes.
  [[nodiscard]] bool alive() const;
  [[nodiscard]] bool node_eligible() const { return node_eligible_; }
  [[nodiscard]] std::string to_json(bool with_node) const;

 private:
  const Clock& clock_;
  std::optional<MonoTime> pending_since_;
  std::optional<WallTime> last_sync_;
  bool node_eligible_ = true;
};

class HealthServers {
 public:
  HealthServers(rt::Loop& loop, SyncHealth& health, ProxyMetrics& metrics);

  // Both return where they listen.
  Result<Endpoint> serve_health(Endpoint at);
  // `write_more` appends what else there is to the metrics; `mode` is what /proxyMode answers.
  Result<Endpoint> serve_metrics(Endpoint at, std::string mode, std::function<void(std::string&)> write_more);
  // Opens, updates or closes the port of one Service. A port that cannot be opened is an error; it is tried again with
  // the next change.
  Result<> set_check(const std::string& service, const std::optional<HealthCheck>& check);
  // Before the object is destroyed.
  rt::Task<> shutdown();

 private:
  struct Check {
    HealthCheck state;
    std::unique_ptr<net::HttpServer> server;
  };
  rt::Task<> answer_health(net::HttpRequest request, net::ResponseWriter& response);
  rt::Task<> answer_metrics(net::HttpRequest request, net::ResponseWriter& response);
  rt::Task<> answer_check(std::string service, net::ResponseWriter& response);
  static rt::Task<> close(std::unique_ptr<net::HttpServer> server);

  rt::Loop& loop_;
  SyncHealth& health_;
  ProxyMetrics& metrics_;
  std::string mode_;
  std::function<void(std::string&)> write_more_;
  std::unique_ptr<net::HttpServer> health_server_;
  std::unique_ptr<net::HttpServer> metrics_server_;
  std::map<std::string, Check> checks_;
  rt::TaskGroup closing_;
};

}  // namespace fairlead::proxy
