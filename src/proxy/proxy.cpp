#include "proxy/proxy.h"

#include "base/log.h"
#include "client/events.h"
#include "client/informer.h"
#include "proxy/applier.h"
#include "proxy/health.h"
#include "proxy/metrics.h"
#include "proxy/model/model.h"
#include "proxy/planes.h"
#include "rt/event.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::proxy {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kTriggerAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

client::InformerOptions ours() {
  client::InformerOptions options;
  options.label_selector = fmt::format("!{},!{}", kHeadlessLabel, kServiceProxyNameLabel);
  return options;
}
client::InformerOptions only_node(const std::string& name) {
  client::InformerOptions options;
  options.field_selector = "metadata.name=" + name;
  return options;
}

// About to be deleted: load balancers are to send nothing new here.
bool is_leaving(const api::Node& node) {
  if (node.metadata.deletion_timestamp) return true;
  return std::ranges::any_of(node.spec.taints,
                             [](const api::Taint& t) { return t.key == "ToBeDeletedByClusterAutoscaler"; });
}

double seconds_since(MonoTime start, const Clock& clock) {
  return std::chrono::duration<double>(clock.mono() - start).count();
}

class Proxy {
 public:
  Proxy(rt::Loop& loop, client::Api& api, ProxyConfig config, ProxyStatus& status)
      : loop_(loop),
        config_(std::move(config)),
        status_(status),
        health_(clock_),
        servers_(loop, health_, metrics_),
        model_({.node_name = config_.node_name, .families = config_.plane.families}),
        services_(loop, api, ours()),
        slices_(loop, api, ours()),
        nodes_(loop, api, only_node(config_.node_name)),
        events_(loop, api, clock_, "kube-proxy", config_.node_name),
        changed_(loop),
        group_(loop) {}

  rt::Task<Result<>> run() {
    std::exception_ptr ended;
    Result<> result;
    try {
      result = co_await run_until_cancelled();
    } catch (...) {
      ended = std::current_exception();
    }
    co_await rt::shield();
    co_await group_.shutdown();
    co_await servers_.shutdown();
    if (ended) std::rethrow_exception(ended);
    co_return result;
  }

 private:
  rt::Task<Result<>> run_until_cancelled() {
    if (config_.node_name.empty()) co_return fail(Code::kInvalid, "the proxy needs the name of its node");
    if (config_.healthz) {
      FL_CO_TRY(status_.healthz, servers_.serve_health(*config_.healthz));
    }
    FL_CO_CHECK(co_await choose());
    if (config_.metrics) {
      FL_CO_TRY(status_.metrics, servers_.serve_metrics(*config_.metrics, status_.plane,
                                                        [this](std::string& out) { write_plane_metrics(out); }));
    }
    watch();
    co_await services_.wait_synced();
    co_await slices_.wait_synced();
    co_await nodes_.wait_synced();
    if (config_.detect_local_by_node_cidr) co_await wait_for_node_cidrs();
    plane_ = config_.make_plane(loop_, config_.plane);
    applier_ = std::make_unique<Applier>(*plane_, config_.plane);
    co_await keep_in_step();
    co_return Result<>{};
  }

  rt::Task<Result<>> choose() {
    std::string reason = "given";
    if (!config_.make_plane) {
      auto chosen = co_await choose_plane(loop_, config_.mode, config_.plane);
      if (!chosen) co_return fail(std::move(chosen).error());
      reason = std::move(chosen->reason);
      config_.make_plane = chosen->kind->make;
    }
    status_.plane = config_.make_plane(loop_, config_.plane)->name();
    log::info("service proxy starts", {{"node", config_.node_name}, {"plane", status_.plane}, {"reason", reason}});
    co_return Result<>{};
  }

  void watch() {
    services_.on_change([this](const api::Service* old, const api::Service* now) {
      if (now != nullptr)
        model_.put(*now);
      else
        model_.remove_service(old->metadata.namespace_, old->metadata.name);
      ++status_.service_changes;
      noticed();
    });
    slices_.on_change([this](const api::EndpointSlice* old, const api::EndpointSlice* now) {
      if (now != nullptr) {
        model_.put(*now);
        note_trigger(*now);
      } else {
        model_.remove_slice(old->metadata.namespace_, old->metadata.name);
      }
      ++status_.endpoint_changes;
      noticed();
    });
    nodes_.on_change([this](const api::Node*, const api::Node* now) {
      if (now == nullptr) return;
      model_.set_node(parse_node(*now));
      health_.set_node_eligible(!is_leaving(*now));
      noticed();
    });
    group_.spawn("services", services_.run());
    group_.spawn("endpointslices", slices_.run());
    group_.spawn("node", nodes_.run());
    group_.spawn("events", events_.run());
  }

  void noticed() {
    if (!model_.dirty()) return;
    health_.queued();
    metrics_.last_queued = clock_.now();
    changed_.notify();
  }

  // When the pod changed that made the slice change: for the latency from there to the kernel.
  void note_trigger(const api::EndpointSlice& slice) {
    if (!status_.synced) return;
    const auto at = slice.metadata.annotations.find(std::string(kTriggerAnnotation));
    if (at == slice.metadata.annotations.end()) return;
    if (const auto time = parse_rfc3339(at->second)) triggers_.push_back(*time);
  }

  rt::Task<> wait_for_node_cidrs() {
    for (bool told = false;; told = true) {
      if (const auto node = nodes_.get(config_.node_name)) {
        const NodeInfo info = parse_node(*node);
        if (!info.pod_cidrs.empty()) {
          config_.plane.detect_local = {.mode = DetectLocal::Mode::kCidr, .cidrs = info.pod_cidrs, .interface = {}};
          co_return;
        }
      }
      if (!told) log::info("waiting for the node's pod CIDRs", {{"node", config_.node_name}});
      co_await changed_.wait();
    }
  }

  rt::Task<> keep_in_step() {
    client::Backoff backoff;
    bool full = true;
    MonoTime next_check = clock_.mono() + config_.check_period;
    MonoTime next_full = clock_.mono() + config_.full_sync_period;
    for (;;) {
      if (clock_.mono() >= next_full) full = true;
      if (!full && clock_.mono() >= next_check) {
        full = co_await lost_rules();
        next_check = clock_.mono() + config_.check_period;
      }
      if (full || model_.dirty()) {
        const MonoTime start = clock_.mono();
        const bool done = co_await write(full);
        if (done && full) next_full = clock_.mono() + config_.full_sync_period;
        if (done) {
          backoff.reset();
        } else if (full) {
          // A failed delta is repaired at once; a failed repair waits.
          const auto pause = backoff.next();
          co_await rt::sleep(pause);
        }
        full = !done;
        const auto rest = config_.min_sync_period - (clock_.mono() - start);
        if (done && rest > 0ms) co_await rt::sleep(rest);
        continue;
      }
      const auto wait = std::min(next_check, next_full) - clock_.mono();
      if (wait > 0ms) co_await changed_.wait_for(wait);
    }
  }

  rt::Task<bool> lost_rules() {
    auto intact = co_await plane_->intact();
    if (intact && *intact) co_return false;
    ++status_.repairs;
    log::warn("rules were changed by somebody else, repairing",
              {{"plane", status_.plane}, {"reason", intact ? "rules are missing" : intact.error().message}});
    co_return true;
  }

  // One write to the kernel: everything, or what changed. False when it failed; then everything is next.
  rt::Task<bool> write(bool& full) {
    const MonoTime start = clock_.mono();
    const Delta delta = model_.commit();
    const std::vector<WallTime> triggers = std::exchange(triggers_, {});
    react(delta);
    full = full || delta.node_changed;
    Result<> result;
    if (full)
      result = co_await applier_->sync_full(model_.table());
    else
      result = co_await applier_->apply(delta);
    const double took = seconds_since(start, clock_);
    metrics_.flows_removed = status_.flows_removed = applier_->flows_removed();
    if (!result) {
      ++status_.failures;
      log::error("writing rules failed",
                 {{"plane", status_.plane}, {"what", full ? "full" : "change"}, {"reason", result.error().message}});
      co_return false;
    }
    metrics_.sync.observe(took);
    (full ? metrics_.full_sync : metrics_.partial_sync).observe(took);
    ++(full ? status_.full_syncs : status_.partial_syncs);
    if (full)
      log::info("all rules are in step", {{"services", model_.service_count()},
                                          {"ports", model_.table().ports.size()},
                                          {"seconds", fmt::format("{:.3f}", took)}});
    finished(triggers);
    co_return true;
  }

  void finished(const std::vector<WallTime>& triggers) {
    const WallTime now = clock_.now();
    for (const WallTime t : triggers)
      metrics_.network_programming.observe(std::max(0.0, std::chrono::duration<double>(now - t).count()));
    status_.synced = true;
    status_.last_sync = metrics_.last_sync = now;
    metrics_.service_changes = status_.service_changes;
    metrics_.endpoint_changes = status_.endpoint_changes;
    health_.synced();
    // What arrived during the write is waiting since then.
    if (model_.dirty()) health_.queued();
  }

  // What of a delta concerns others than the plane.
  void react(const Delta& delta) {
    for (const Change& c : delta.changes) {
      count_without_local(c.before, -1);
      count_without_local(c.after, +1);
    }
    status_.services = model_.service_count();
    status_.ports = model_.table().ports.size();
    for (const Problem& p : delta.problems) {
      log::warn("cannot be programmed",
                {{"kind", p.kind}, {"object", p.object}, {"field", p.field}, {"reason", p.message}});
      if (p.kind != "Service") continue;
      if (const auto service = services_.get(p.object))
        events_.warning(*service, "FailedToProgram", fmt::format("{}: {}", p.field, p.message));
    }
    status_.problems = model_.problems().size();
    if (!config_.health_check_node_ports) return;
    for (const HealthChange& h : delta.health)
      if (auto set = servers_.set_check(h.service, h.after); !set)
        log::warn("health check port does not answer", {{"service", h.service}, {"reason", set.error().message}});
  }

  void count_without_local(const ServicePortPtr& port, int by) {
    if (!port) return;
    bool internal = false;
    bool external = false;
    for (const Frontend& f : port->frontends)
      if (f.outside == Verdict::kDrop) (f.kind == FrontendKind::kClusterIp ? internal : external) = true;
    if (internal) metrics_.no_local_internal += static_cast<uint64_t>(by);
    if (external) metrics_.no_local_external += static_cast<uint64_t>(by);
  }

  void write_plane_metrics(std::string& out) const {
    if (plane_) plane_->write_metrics(out);
  }

  rt::Loop& loop_;
  ProxyConfig config_;
  ProxyStatus& status_;
  SystemClock clock_;
  ProxyMetrics metrics_;
  SyncHealth health_;
  HealthServers servers_;
  Model model_;
  client::Informer<api::Service> services_;
  client::Informer<api::EndpointSlice> slices_;
  client::Informer<api::Node> nodes_;
  client::EventRecorder events_;
  std::unique_ptr<Plane> plane_;
  std::unique_ptr<Applier> applier_;
  std::vector<WallTime> triggers_;
  rt::Event changed_;
  rt::TaskGroup group_;
};

}  // namespace

rt::Task<Result<>> run_proxy(rt::Loop& loop, client::Api& api, ProxyConfig config, ProxyStatus* status) {
  ProxyStatus own;
  Proxy proxy(loop, api, std::move(config), status != nullptr ? *status : own);
  co_return co_await proxy.run();
}

rt::Task<Result<>> cleanup_proxy(rt::Loop& loop, PlaneOptions options) {
  Result<> result;
  for (const PlaneKind& kind : plane_kinds()) {
    const std::unique_ptr<Plane> plane = kind.make(loop, options);
    auto cleaned = co_await plane->cleanup();
    if (!cleaned) result = fail(std::move(cleaned).error().in(kind.name));
  }
  co_return result;
}

}  // namespace fairlead::proxy
