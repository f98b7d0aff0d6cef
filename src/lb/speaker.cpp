#include "lb/speaker.h"

#include "base/log.h"
#include "lb/owner.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::lb {
namespace {

using namespace std::chrono_literals;

// RFC 5227, section 1.1: ANNOUNCE_NUM and ANNOUNCE_INTERVAL.
constexpr int kAnnouncements = 2;
constexpr auto kAnnounceInterval = 2s;
constexpr auto kRetry = 1s;

bool is_balanced(const api::Service& s) {
  return s.spec.type == "LoadBalancer" && !s.status.load_balancer.ingress.empty();
}

}  // namespace

Speaker::Speaker(rt::Loop& loop, client::SharedInformers& informers, SpeakerConfig config)
    : loop_(loop),
      config_(std::move(config)),
      services_(informers.get<api::Service>()),
      nodes_(informers.get<api::Node>()),
      slices_(informers.get<api::EndpointSlice>()),
      changed_(loop) {
  const auto recompute = [this] {
    stale_ = true;
    changed_.notify();
  };
  services_.on_change([this, recompute](const api::Service* old, const api::Service* now) {
    const bool was = old && is_balanced(*old);
    const bool is = now && is_balanced(*now);
    if (!was && !is) return;
    const auto key = api::key_of((now ? now : old)->metadata);
    if (is)
      balanced_.insert(key);
    else
      balanced_.erase(key);
    recompute();
  });
  nodes_.on_change([recompute](const api::Node* old, const api::Node* now) {
    if ((old && may_announce(*old)) != (now && may_announce(*now))) recompute();
  });
  slices_.on_change([this, recompute](const api::EndpointSlice* old, const api::EndpointSlice* now) {
    const auto& slice = now ? *now : *old;
    const auto label = slice.metadata.labels.find("kubernetes.io/service-name");
    if (label == slice.metadata.labels.end()) return;
    if (balanced_.contains(api::key_of(slice.metadata.namespace_, label->second))) recompute();
  });
}

std::string Speaker::owner(const api::Service& service, const IpAddress& address) const {
  std::vector<std::string> candidates;
  nodes_.each([&](const api::Node& node) {
    if (may_announce(node)) candidates.push_back(node.metadata.name);
  });
  if (service.spec.external_traffic_policy == "Local") {
    std::vector<std::string> ready;
    std::vector<std::string> draining;
    for (const auto& slice : slices_.in_namespace(service.metadata.namespace_)) {
      const auto label = slice->metadata.labels.find("kubernetes.io/service-name");
      if (label != slice->metadata.labels.end() && label->second == service.metadata.name)
        add_serving_nodes(*slice, ready, draining);
    }
    const auto& serving = ready.empty() ? draining : ready;
    std::erase_if(candidates, [&](const auto& name) { return std::ranges::find(serving, name) == serving.end(); });
  }
  return choose_owner(address, candidates);
}

bool Speaker::refresh() {
  std::set<IpAddress> owned;
  for (const auto& key : balanced_) {
    const auto service = services_.get(key);
    if (!service) continue;
    for (const auto& ingress : service->status.load_balancer.ingress) {
      const auto address = IpAddress::parse(ingress.ip);
      if (!address || !address->is_v4() || ingress.ip_mode == "Proxy") continue;
      if (owner(*service, *address) == config_.node_name) owned.insert(*address);
    }
  }
  bool gained = false;
  for (const auto& address : owned) {
    if (owned_.contains(address)) continue;
    log::info("announcing", {{"address", address.to_string()}, {"node", config_.node_name}});
    to_announce_[address] = kAnnouncements;
    gained = true;
  }
  owned_ = std::move(owned);
  std::erase_if(to_announce_, [this](const auto& entry) { return !owned_.contains(entry.first); });
  return gained;
}

void Speaker::announce(ArpSocket& socket) {
  for (auto& [address, left] : to_announce_) {
    socket.send(arp_announcement(address, socket.mac()), kBroadcast);
    --left;
  }
  std::erase_if(to_announce_, [](const auto& entry) { return entry.second == 0; });
}

rt::Task<> Speaker::answer(ArpSocket& socket) {
  for (;;) {
    auto request = co_await socket.receive();
    if (!request) {
      // The interface went down, or away and came back: wait for it, do not spin.
      log::warn("ARP", {{"error", request.error().message}});
      co_await rt::sleep(kRetry);
      continue;
    }
    if (request->operation == ArpOperation::kRequest && request->sender_mac != socket.mac() &&
        owned_.contains(request->target))
      socket.send(arp_reply(*request, socket.mac()), request->sender_mac);
  }
}

rt::Task<> Speaker::follow(ArpSocket& socket) {
  for (;;) {
    if (stale_) {
      stale_ = false;
      if (refresh()) announce(socket);
    } else if (to_announce_.empty()) {
      co_await changed_.wait();
    } else {
      // A local of its own: g++ 12 miscompiles co_await in the condition of an else-if.
      const bool notified = co_await changed_.wait_for(kAnnounceInterval);
      if (!notified) announce(socket);
    }
  }
}

rt::Task<> Speaker::run() {
  co_await services_.wait_synced();
  co_await nodes_.wait_synced();
  co_await slices_.wait_synced();
  std::optional<ArpSocket> socket;
  while (!socket) {
    auto opened = ArpSocket::open(loop_, config_.node_ip);
    if (opened) {
      socket.emplace(std::move(*opened));
    } else {
      log::warn("load-balancer addresses are not announced", {{"error", opened.error().message}});
      co_await rt::sleep(kRetry);
    }
  }
  rt::TaskGroup group(loop_);
  group.spawn("arp", answer(*socket));
  group.spawn("announce", follow(*socket));
  co_await group.join_or_cancel();
}

}  // namespace fairlead::lb
