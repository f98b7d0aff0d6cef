#include "controllers/nodelifecycle/node_lifecycle.h"

#include <algorithm>

#include "api/codec.h"
#include "base/log.h"
#include "base/text.h"
#include "controllers/scheduler/cluster.h"

namespace fairlead::controllers {
namespace {

constexpr const char* kUnreachable = "node.kubernetes.io/unreachable";
constexpr const char* kNotReady = "node.kubernetes.io/not-ready";
constexpr const char* kLeaseNamespace = "kube-node-lease";

const api::NodeCondition* ready_condition(const api::Node& node) {
  for (const auto& c : node.status.conditions) {
    if (c.type == "Ready") return &c;
  }
  return nullptr;
}

bool is_ready(const api::Node& node) {
  const auto* ready = ready_condition(node);
  return ready != nullptr && ready->status == "True";
}

bool is_ours(const api::Taint& t) { return t.key == kUnreachable || t.key == kNotReady; }

bool missing_is_fine(const Error& e) { return e.code == Code::kNotFound; }

}  // namespace

std::optional<std::chrono::milliseconds> eviction_delay(const api::Pod& pod, const std::vector<api::Taint>& taints,
                                                        std::chrono::milliseconds longest_toleration) {
  std::optional<std::chrono::milliseconds> soonest;
  for (const auto& taint : taints) {
    if (taint.effect != "NoExecute") continue;
    std::optional<std::chrono::milliseconds> longest_for_taint;
    bool forever = false;
    for (const auto& t : pod.spec.tolerations) {
      if (!tolerates({t}, taint)) continue;
      if (!t.toleration_seconds) {
        forever = true;
        break;
      }
      std::chrono::milliseconds limit = std::chrono::seconds(std::max<int64_t>(0, *t.toleration_seconds));
      if (is_ours(taint)) limit = std::min(limit, longest_toleration);
      longest_for_taint = std::max(longest_for_taint.value_or(limit), limit);
    }
    if (forever) continue;
    const auto limit = longest_for_taint.value_or(std::chrono::milliseconds(0));
    soonest = std::min(soonest.value_or(limit), limit);
  }
  return soonest;
}

NodeLifecycle::NodeLifecycle(rt::Loop& loop, client::Api& api, client::SharedInformers& informers, const Clock& clock,
                             NodeLifecycleConfig config)
    : loop_(loop),
      api_(api),
      nodes_(informers.get<api::Node>()),
      pods_(informers.get<api::Pod>()),
      leases_(informers.get<api::Lease>()),
      by_node_(pods_.base(),
               [](const api::Object& o) { return std::vector<std::string>{o.as<api::Pod>().spec.node_name}; }),
      clock_(clock),
      config_(config),
      queue_(loop, clock) {
  nodes_.on_change([this](const api::Node* old, const api::Node* now) {
    if (now == nullptr) {
      health_.erase(old->metadata.name);
      return;
    }
    beat(now->metadata.name);
    queue_.add(now->metadata.name);
    if (is_ready(*now) && !(old != nullptr && is_ready(*old))) resume_eviction();
  });
  leases_.on_change([this](const api::Lease*, const api::Lease* now) {
    if (now != nullptr && now->metadata.namespace_ == kLeaseNamespace) beat(now->metadata.name);
  });
  pods_.on_add([this](const api::Pod& pod) {
    if (!pod.spec.node_name.empty()) queue_.add(pod.spec.node_name);
  });
}

bool NodeLifecycle::nobody_ready() const {
  bool found = false;
  nodes_.each([&](const api::Node& node) { found = found || is_ready(node); });
  return !found;
}

// A node is ready. If it is the first after none was, the others get their whole time from now on.
void NodeLifecycle::resume_eviction() {
  if (!std::exchange(suspended_, false)) return;
  for (auto& [name, health] : health_) {
    if (health.tainted) health.tainted = clock_.mono();
    queue_.add(name);
  }
}

void NodeLifecycle::beat(const std::string& name) {
  const auto node = nodes_.get(name);
  if (!node) return;
  const auto lease = leases_.get(kLeaseNamespace, name);
  std::string now;
  if (lease && lease->spec.renew_time) {
    now = format_rfc3339_micro(*lease->spec.renew_time.at);
  } else if (const auto* ready = ready_condition(*node); ready != nullptr && ready->last_heartbeat_time) {
    now = format_rfc3339(*ready->last_heartbeat_time.at);
  }
  auto [it, added] = health_.try_emplace(name, Health{now, clock_.mono(), {}});
  if (added || it->second.beat != now) {
    it->second.beat = now;
    it->second.seen = clock_.mono();
    queue_.add_after(name, config_.grace + std::chrono::milliseconds(1));
  }
}

rt::Task<> NodeLifecycle::run() {
  co_await nodes_.wait_synced();
  co_await pods_.wait_synced();
  co_await leases_.wait_synced();
  co_await client::run_workers(loop_, queue_, "nodelifecycle", 4,
                               [this](std::string name) { return reconcile(std::move(name)); });
}

rt::Task<Result<>> NodeLifecycle::reconcile(std::string name) {
  const auto node = nodes_.get(name);
  const auto it = health_.find(name);
  if (!node || it == health_.end()) co_return Result<>{};
  const auto silent = clock_.mono() - it->second.seen;
  const auto* ready = ready_condition(*node);
  const std::string status = ready == nullptr ? "Unknown" : ready->status;

  if (silent < config_.grace) {
    queue_.add_after(name, std::chrono::duration_cast<std::chrono::microseconds>(config_.grace - silent) +
                               std::chrono::milliseconds(1));
  } else if (status != "Unknown" || ready == nullptr) {
    log::warn("node is silent",
              {{"node", name}, {"seconds", std::chrono::duration_cast<std::chrono::seconds>(silent).count()}});
    auto marked = co_await mark_unknown(node);
    co_return marked;  // the change brings us back here
  }
  if (ready == nullptr) co_return Result<>{};  // new, has not reported yet

  const std::string_view wanted = status == "True" ? "" : status == "False" ? kNotReady : kUnreachable;
  auto tainted = co_await set_taints(node, wanted);
  if (!tainted) co_return fail(std::move(tainted).error());
  const auto again = health_.find(name);
  if (again == health_.end()) co_return Result<>{};
  if (wanted.empty()) {
    again->second.tainted.reset();
    co_return Result<>{};
  }
  if (!again->second.tainted) again->second.tainted = clock_.mono();
  if (wanted == kUnreachable) {
    auto marked = co_await mark_pods_not_ready(name);
    if (!marked) co_return fail(std::move(marked).error());
  }
  const auto still = health_.find(name);
  if (still == health_.end()) co_return Result<>{};
  if (nobody_ready()) {
    suspended_ = true;
    co_return Result<>{};
  }
  auto evicted = co_await evict(node, still->second);
  co_return evicted;
}

rt::Task<Result<>> NodeLifecycle::mark_unknown(std::shared_ptr<const api::Node> node) {
  auto next = *node;
  for (const char* type : {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"}) {
    auto& conditions = next.status.conditions;
    auto it = std::find_if(conditions.begin(), conditions.end(), [&](const auto& c) { return c.type == type; });
    if (it == conditions.end()) it = conditions.insert(it, api::NodeCondition{.type = type});
    if (it->status != "Unknown") it->last_transition_time.at = clock_.now();
    it->status = "Unknown";
    it->reason = "NodeStatusUnknown";
    it->message = "Kubelet stopped posting node status.";
  }
  auto updated = co_await api_.update(api::make_object(std::move(next)), "status");
  if (!updated && !missing_is_fine(updated.error())) co_return fail(std::move(updated).error());
  co_return Result<>{};
}

rt::Task<Result<>> NodeLifecycle::set_taints(std::shared_ptr<const api::Node> node, std::string_view wanted) {
  std::vector<api::Taint> taints;
  std::set<std::string> present;
  for (const auto& t : node->spec.taints) {
    if (is_ours(t) && t.key != wanted) continue;
    if (is_ours(t)) present.insert(t.effect);
    taints.push_back(t);
  }
  if (!wanted.empty()) {
    for (const char* effect : {"NoSchedule", "NoExecute"}) {
      if (!present.contains(effect)) taints.push_back({std::string(wanted), "", effect, {clock_.now()}});
    }
  }
  if (taints == node->spec.taints) co_return Result<>{};
  std::string list;
  for (const auto& t : taints) list += (list.empty() ? "" : ",") + api::to_json(t);
  const auto body = fmt::format(R"({{"metadata":{{"resourceVersion":{}}},"spec":{{"taints":[{}]}}}})",
                                quote(node->metadata.resource_version), list);
  auto patched =
      co_await api_.patch(api::kind_of<api::Node>(), "", node->metadata.name, client::PatchType::kMerge, body);
  if (!patched && !missing_is_fine(patched.error())) co_return fail(std::move(patched).error());
  co_return Result<>{};
}

rt::Task<Result<>> NodeLifecycle::mark_pods_not_ready(std::string node) {
  const auto on_node = by_node_.find(node);
  for (const auto& [key, object] : on_node) {
    const auto& pod = object->as<api::Pod>();
    auto next = pod;
    auto& conditions = next.status.conditions;
    const auto it = std::find_if(conditions.begin(), conditions.end(), [](const auto& c) { return c.type == "Ready"; });
    if (it == conditions.end() || it->status != "True") continue;
    it->status = "False";
    it->last_transition_time.at = clock_.now();
    auto updated = co_await api_.update(api::make_object(std::move(next)), "status");
    if (!updated && !missing_is_fine(updated.error())) co_return fail(std::move(updated).error());
  }
  co_return Result<>{};
}

rt::Task<Result<>> NodeLifecycle::evict(std::shared_ptr<const api::Node> node, Health& health) {
  const auto since = clock_.mono() - health.tainted.value_or(clock_.mono());
  const auto on_node = by_node_.find(node->metadata.name);
  std::optional<std::chrono::microseconds> next;
  const auto taints = [&] {
    auto t = node->spec.taints;  // the cache may not show our own taints yet
    const bool have = std::any_of(t.begin(), t.end(), [](const auto& x) { return is_ours(x); });
    const auto* ready = ready_condition(*node);
    if (!have && ready != nullptr)
      t.push_back({ready->status == "False" ? kNotReady : kUnreachable, "", "NoExecute", {}});
    return t;
  }();
  for (const auto& [key, object] : on_node) {
    const auto& pod = object->as<api::Pod>();
    if (pod.metadata.deletion_timestamp || pod.status.phase == "Succeeded" || pod.status.phase == "Failed") continue;
    const auto delay = eviction_delay(pod, taints, config_.longest_toleration);
    if (!delay) continue;
    if (since < *delay) {
      const auto left =
          std::chrono::duration_cast<std::chrono::microseconds>(*delay - since) + std::chrono::milliseconds(1);
      next = std::min(next.value_or(left), left);
      continue;
    }
    log::info("evicting pod from lost node", {{"pod", key}, {"node", node->metadata.name}});
    client::DeleteOptions options;
    options.uid = pod.metadata.uid;
    auto removed =
        co_await api_.remove(api::kind_of<api::Pod>(), pod.metadata.namespace_, pod.metadata.name, std::move(options));
    if (!removed && removed.error().code != Code::kNotFound && removed.error().code != Code::kConflict)
      co_return fail(std::move(removed).error());
  }
  if (next) queue_.add_after(node->metadata.name, *next);
  co_return Result<>{};
}

}  // namespace fairlead::controllers
