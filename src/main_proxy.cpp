// `fairlead proxy`: the service proxy, alone or inside the agent's process.
#include "main_proxy.h"

#include <unistd.h>

#include <thread>

#include "base/log.h"
#include "base/text.h"
#include "main_common.h"
#include "proxy/proxy.h"
#include "rt/event.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead {
namespace {

Result<proxy::ProxyConfig> proxy_config(const ProxyOptions& o) {
  proxy::ProxyConfig c;
  c.node_name = o.node_name;
  if (c.node_name.empty()) {
    char host[256] = {};
    if (::gethostname(host, sizeof host - 1) != 0) return fail(last_system_error("gethostname"));
    c.node_name = lower(host);
  }
  c.mode = o.mode;
  FL_TRY(c.plane.detect_local.cidrs, parse_cidrs("--cluster-cidr", o.cluster_cidr));
  if (!c.plane.detect_local.cidrs.empty()) c.plane.detect_local.mode = proxy::DetectLocal::Mode::kCidr;
  FL_TRY(c.plane.service_cidrs, parse_cidrs("--service-cidr", o.service_cidr));
  c.plane.set_route_localnet = o.set_route_localnet;
  c.healthz.reset();
  c.metrics.reset();
  if (!o.healthz_bind.empty()) {
    FL_TRY(c.healthz, parse_endpoint("--healthz-bind-address", o.healthz_bind));
  }
  if (!o.metrics_bind.empty()) {
    FL_TRY(c.metrics, parse_endpoint("--metrics-bind-address", o.metrics_bind));
  }
  return c;
}

rt::Task<Result<>> run(rt::Loop& loop, const ProxyOptions& options) {
  FL_CO_TRY(auto config, proxy_config(options));
  if (options.cleanup) {
    auto cleaned = co_await proxy::cleanup_proxy(loop, config.plane);
    co_return cleaned;
  }
  FL_CO_TRY(auto api, connect_api(loop, options.api, "proxy"));
  auto ended = co_await proxy::run_proxy(loop, *api, std::move(config));
  co_return ended;
}

}  // namespace

class ProxyThread::Impl {
 public:
  explicit Impl(ProxyOptions options)
      : options_(std::move(options)), stop_(loop_), thread_([this] { rt::run(loop_, supervise()); }) {}
  ~Impl() {
    loop_.post([this] {
      stopping_ = true;
      stop_.notify();
    });
    thread_.join();
  }

 private:
  rt::Task<> keep_running() {
    for (;;) {
      auto ended = co_await run(loop_, options_);
      log::error("proxy ended; trying again", {{"error", ended ? "it ended without an error" : ended.error().message}});
      co_await rt::sleep(std::chrono::seconds(1));
    }
  }
  rt::Task<> supervise() {
    rt::TaskGroup group(loop_);
    group.spawn("proxy", keep_running());
    while (!stopping_) co_await stop_.wait();
    co_await group.shutdown();
  }

  const ProxyOptions options_;
  rt::Loop loop_;
  rt::Event stop_;
  bool stopping_ = false;
  std::thread thread_;
};

ProxyThread::ProxyThread(ProxyOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
ProxyThread::~ProxyThread() = default;

int proxy_main(const ProxyOptions& options) {
  rt::Loop loop;
  return run_component(loop, run(loop, options));
}

}  // namespace fairlead
