#include "agent/node_keeper.h"

#include <fmt/format.h>

#include "agent/pod_network.h"
#include "base/log.h"
#include "rt/time.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;

// Without Leases the status itself is the heartbeat, as the kubelet's was before; with them it is refreshed now and
// then.
constexpr auto kStatusHeartbeat = 10s;
constexpr auto kStatusRefresh = 5min;
constexpr auto kNetworkResync = 60s;

// What counts as news: everything but the times of heartbeats.
api::NodeStatus without_times(api::NodeStatus status) {
  for (api::NodeCondition& c : status.conditions) c.last_heartbeat_time = {};
  return status;
}

std::shared_ptr<const api::Node> typed(const api::ObjectPtr& object) { return {object, &object->as<api::Node>()}; }

}  // namespace

NodeKeeper::NodeKeeper(rt::Loop& loop, client::Api& api, const Clock& clock, Cri& cri, const AgentConfig& config,
                       const MachineFacts& machine, std::string serving_ca, client::Informer<api::Node> nodes)
    : loop_(loop),
      api_(api),
      clock_(clock),
      cri_(cri),
      config_(config),
      machine_(machine),
      serving_ca_(std::move(serving_ca)),
      nodes_(std::move(nodes)),
      nodes_changed_(loop) {
  nodes_.on_change([this](const api::Node* old, const api::Node* now) {
    // Heartbeats are not news to routes.
    const bool same =
        old != nullptr && now != nullptr && old->spec == now->spec && old->status.addresses == now->status.addresses;
    if (same) return;
    ++nodes_version_;
    nodes_changed_.notify();
  });
}

rt::Task<RuntimeHealth> NodeKeeper::look_at_runtime() {
  RuntimeHealth out;
  out.version = runtime_.version;
  auto version = co_await cri_.version();
  if (!version) {
    out.problem = version.error().message;
    co_return out;
  }
  out.version = version->runtime_name + "://" + version->runtime_version;
  auto conditions = co_await cri_.status();
  if (!conditions) {
    out.problem = conditions.error().message;
    co_return out;
  }
  out.ready = true;
  for (const CriCondition& c : *conditions) {
    if (c.status) continue;
    out.ready = false;
    out.problem = fmt::format("{} {}: {}", c.type, c.reason, c.message);
  }
  co_return out;
}

rt::Task<> NodeKeeper::run() {
  std::optional<MonoTime> status_written;
  bool said = false;
  for (;;) {
    const bool was_ready = runtime_.ready;
    runtime_ = co_await look_at_runtime();
    Result<> done;
    if (node_ == nullptr || (nodes_.has_synced() && nodes_.get(config_.node_name) == nullptr))
      done = co_await register_node();
    if (done) {
      if (const auto seen = nodes_.get(config_.node_name)) node_ = seen;
      const auto age = status_written ? clock_.mono() - *status_written : std::chrono::steady_clock::duration::max();
      const bool heartbeat = leases_served_ ? age >= kStatusRefresh : age >= kStatusHeartbeat;
      done = co_await write_status(heartbeat);
      if (done && heartbeat) status_written = clock_.mono();
    }
    if (done && leases_served_) done = co_await renew_lease();
    if (!done && !said) log::warn("node not reported", {{"node", config_.node_name}, {"error", done.error().message}});
    if (done && said) log::info("node reported again", {{"node", config_.node_name}});
    said = !done;
    // A runtime that is still starting is looked at often, so that the node is ready when it is.
    co_await rt::sleep(!runtime_.ready && !was_ready ? std::min(config_.lease_period, std::chrono::milliseconds{100})
                                                     : config_.lease_period);
  }
}

rt::Task<Result<>> NodeKeeper::register_node() {
  auto present = co_await api_.get(api::kind_of<api::Node>(), "", config_.node_name);
  if (!present && present.error().code != Code::kNotFound) co_return fail(std::move(present).error());
  if (!present) {
    api::Node fresh = new_node(config_, machine_, serving_ca_);
    fresh.status = node_status(fresh, config_, machine_, runtime_, clock_.now());
    auto created = co_await client::create(api_, std::move(fresh));
    if (!created) co_return fail(std::move(created).error());
    log::info("node registered", {{"node", config_.node_name}});
    node_ = typed(*created);
    co_return Result<>{};
  }
  node_ = typed(*present);
  api::Node completed = *node_;
  if (complete_node(completed, config_, machine_, serving_ca_)) {
    auto updated = co_await client::update(api_, std::move(completed));
    if (!updated) co_return fail(std::move(updated).error());
    node_ = typed(*updated);
  }
  co_return Result<>{};
}

rt::Task<Result<>> NodeKeeper::write_status(bool heartbeat) {
  api::Node next = *node_;
  next.status = node_status(*node_, config_, machine_, runtime_, clock_.now());
  if (!heartbeat && without_times(next.status) == without_times(node_->status)) co_return Result<>{};
  auto written = co_await client::update(api_, std::move(next), "status");
  if (!written && (written.error().code == Code::kConflict || written.error().code == Code::kNotFound)) {
    // Someone else wrote it, or deleted it: the next round begins with what is there.
    node_ = nullptr;
    co_return Result<>{};
  }
  if (!written) co_return fail(std::move(written).error());
  node_ = typed(*written);
  co_return Result<>{};
}

rt::Task<Result<>> NodeKeeper::renew_lease() {
  if (node_ == nullptr) co_return Result<>{};
  api::Lease next = lease_ ? *lease_ : node_lease(config_, *node_, clock_.now());
  next.spec.renew_time = {clock_.now()};
  Result<api::ObjectPtr> written = fail(Code::kInternal, "");
  if (lease_) {
    written = co_await client::update(api_, std::move(next));
  } else {
    written = co_await client::create(api_, std::move(next));
  }
  if (written) {
    lease_ = (*written)->as<api::Lease>();
    co_return Result<>{};
  }
  const Code code = written.error().code;
  if (code == Code::kAlreadyExists || code == Code::kConflict) {
    auto present = co_await client::get<api::Lease>(api_, kLeaseNamespace, config_.node_name);
    if (!present) co_return fail(std::move(present).error());
    lease_ = *std::move(present);
    lease_->spec.holder_identity = config_.node_name;
    co_return Result<>{};
  }
  if (code == Code::kNotFound && lease_) {
    lease_.reset();
    co_return Result<>{};
  }
  if (code == Code::kNotFound && written.error().message.find("namespaces") == std::string::npos) {
    log::info("the API server has no Leases; the node's status is its heartbeat", {});
    leases_served_ = false;
    co_return Result<>{};
  }
  co_return fail(std::move(written).error());
}

rt::Task<> NodeKeeper::keep_network() {
  co_await nodes_.wait_synced();
  uint64_t applied = 0;
  std::string masquerade;
  MonoTime masquerade_at{};
  bool failed = false;
  for (;;) {
    const uint64_t version = nodes_version_;
    Result<> done = sync_routes(wanted_routes(nodes_.all(), config_.node_name));
    if (!done) done = std::unexpected(std::move(done).error().in("routes to other nodes"));
    auto wanted = masquerade_config(config_.node_ip, config_.pod_cidrs, config_.cluster_cidrs);
    if (!wanted) {
      done = std::unexpected(std::move(wanted).error());
    } else if (const std::string script = render_masquerade(*wanted);
               script != masquerade || clock_.mono() - masquerade_at > 10 * kNetworkResync) {
      auto set = co_await sync_masquerade(loop_, *std::move(wanted));
      if (set) {
        masquerade = script;
        masquerade_at = clock_.mono();
      } else {
        done = std::move(set);
      }
    }
    if (!done && !failed) log::warn("pod network incomplete", {{"error", done.error().message}});
    if (done && failed) log::info("pod network complete", {});
    failed = !done;
    applied = version;
    const MonoTime until = clock_.mono() + (failed ? std::chrono::seconds{2} : std::chrono::seconds{kNetworkResync});
    while (nodes_version_ == applied && clock_.mono() < until) {
      co_await nodes_changed_.wait_for(until - clock_.mono());
    }
  }
}

}  // namespace fairlead::agent
