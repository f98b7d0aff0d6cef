// The DNS server: workers on the listen addresses, and the bridge between them and the forwarder on the loop.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "dns/worker.h"
#include "rt/loop.h"

namespace fairlead::dns {

struct ServerConfig {
  std::vector<Endpoint> listen;  // UDP and TCP each; port 0: any that is free for both
  size_t workers = 1;
  size_t max_jobs = 8192;  // questions on their way to the forwarder
  HandlerConfig handler;
  TcpLimits tcp;
};

class Server final : public JobSink {
 public:
  // Binds everything. Errors name the address. The arguments must outlive the server. Serves once started.
  static Result<std::unique_ptr<Server>> create(rt::Loop& loop, Zone& zone, Forwarder& forwarder, Metrics& metrics,
                                                const Clock& clock, ServerConfig config);
  ~Server() override;  // shutdown() first, if started

  void start();
  // In the order of config.listen, with real ports.
  [[nodiscard]] const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  // Waits for answers still to come from upstreams (at most `limit`), answers what has arrived, stops. Loop only.
  rt::Task<> shutdown(std::chrono::milliseconds limit);

  void submit(std::vector<ForwardJob>& jobs) override;

 private:
  struct Inbox;  // shared with what is posted to the loop, which may run when the server is gone
  Server(rt::Loop& loop, Zone& zone, Forwarder& forwarder, Metrics& metrics, const Clock& clock, ServerConfig config);
  void take_jobs();
  void finish(const ForwardJob& job, const StoredAnswer* answer);

  rt::Loop& loop_;
  Zone& zone_;
  Forwarder& forwarder_;
  Metrics& metrics_;
  Counters& counters_;  // the loop's own
  const Clock& clock_;
  const ServerConfig config_;
  std::vector<Endpoint> endpoints_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::shared_ptr<Inbox> inbox_;
  std::vector<uint8_t> buffer_;
};

}  // namespace fairlead::dns
