#include "agent/agent.h"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "agent/images.h"
#include "agent/kubelet_server.h"
#include "agent/node_keeper.h"
#include "agent/pod_worker.h"
#include "agent/source_watch.h"
#include "base/log.h"
#include "base/text.h"
#include "client/events.h"
#include "net/cgroup.h"
#include "rt/blocking.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;

NodeFacts node_facts(const AgentConfig& config, const MachineFacts& machine) {
  NodeFacts out;
  out.name = config.node_name;
  out.ip = config.node_ip.to_string();
  out.dns = {config.cluster_dns, config.cluster_domain};
  if (const auto text = read_file(config.resolv_conf))
    out.resolv_conf = parse_resolv_conf(*text);
  else
    log::warn("pods with dnsPolicy Default have no name servers", {{"error", text.error().message}});
  out.hosts = read_file("/etc/hosts").value_or("");
  out.cgroup_parent = config.cgroup_parent;
  out.pods_dir = config.data_dir + "/pods";
  out.cpu_milli = machine.cpus * 1000;
  out.memory = machine.memory;
  return out;
}

std::optional<net::Cgroups> open_cgroups() {
  auto cgroups = net::Cgroups::open();
  if (cgroups) return *std::move(cgroups);
  log::warn("cgroups of ended pods are left behind", {{"error", cgroups.error().message}});
  return std::nullopt;
}

}  // namespace

class Agent::Impl final : public KubeletHost {
 public:
  Impl(rt::Loop& loop, client::Api& api, client::SharedInformers& informers, const Clock& clock, Cri& cri,
       AgentConfig config)
      : pool_(2),
        kubelet_(loop, cri, clock, pool_, *this, config),
        config_(std::move(config)),
        machine_(machine_facts(config_.data_dir)),
        facts_(node_facts(config_, machine_)),
        cri_(cri),
        services_(informers.get<api::Service>()),
        nodes_(informers.get<api::Node>()),
        pods_(loop, api, client::InformerOptions{.field_selector = "spec.nodeName=" + config_.node_name}),
        events_(loop, api, clock, "kubelet", config_.node_name),
        images_(loop, cri, clock),
        sources_(loop, api, clock),
        cgroups_(open_cgroups()),
        context_{loop,
                 api,
                 cri,
                 clock,
                 facts_,
                 images_,
                 events_,
                 services_,
                 sources_,
                 pool_,
                 cgroups_ ? &*cgroups_ : nullptr},
        node_(loop, api, clock, cri, config_, machine_, kubelet_.certificate(),
              client::Informer<api::Node>(nodes_.base())),
        runtime_event_(loop),
        group_(loop) {
    pods_.on_change([this](const api::Pod* old, const api::Pod* now) { pod_changed(old, now); });
  }

  rt::Task<> run() {
    log::info("node agent starts", {{"node", config_.node_name}, {"address", config_.node_ip}});
    group_.spawn("events", events_.run());
    group_.spawn("node", node_.run());
    if (config_.manage_network) group_.spawn("network", node_.keep_network());
    group_.spawn("pods", pods_.run());
    group_.spawn("runtime events", watch_runtime());
    group_.spawn("runtime", relist());
    group_.spawn("leftovers", find_leftovers());
    if (config_.kubelet_port != 0) group_.spawn("kubelet API", kubelet_.run());
    bool cancelled = false;
    try {
      co_await group_.join();
    } catch (const boost::system::system_error&) {
      cancelled = true;
    }
    co_await rt::shield();
    co_await group_.shutdown();
    co_await images_.shutdown();
    co_await sources_.shutdown();
    if (cancelled) throw boost::system::system_error(boost::asio::error::operation_aborted);
  }

  [[nodiscard]] PodPtr find_pod(std::string_view ns, std::string_view name) const override {
    return pods_.get(ns, name);
  }
  [[nodiscard]] std::vector<PodPtr> all_pods() const override { return pods_.all(); }

 private:
  void pod_changed(const api::Pod* old, const api::Pod* now) {
    const std::string& uid = (now ? now : old)->metadata.uid;
    auto pod = now ? pods_.get(api::key_of(now->metadata)) : nullptr;
    if (const auto worker = workers_.find(uid); worker != workers_.end()) {
      worker->second->set_pod(std::move(pod));
    } else if (pod) {
      add_worker(uid, std::move(pod));
    }
  }

  // A spawned task begins at once, so the worker knows its pod before.
  void add_worker(const std::string& uid, std::shared_ptr<const api::Pod> pod) {
    auto& worker = workers_[uid];
    worker = std::make_unique<PodWorker>(context_, uid);
    if (pod) worker->set_pod(std::move(pod));
    group_.spawn("pod " + uid, work(uid));
  }

  rt::Task<> work(std::string uid) {
    PodWorker* worker = workers_.at(uid).get();
    co_await worker->run();
    workers_.erase(uid);
    fingerprints_.erase(uid);
  }

  // Files of pods that ended while no agent ran, and of which the runtime has nothing either.
  rt::Task<> find_leftovers() {
    co_await pods_.wait_synced();
    const auto list = [&directory = facts_.pods_dir] { return pods_with_files(directory); };
    const std::vector<std::string> uids = co_await rt::blocking(pool_, list);
    for (const std::string& uid : uids) {
      if (!workers_.contains(uid)) add_worker(uid, nullptr);
    }
  }

  // Looks at the runtime now and then, and after each of its events several times: the runtime tells of an end before
  // its own lists show it.
  rt::Task<> relist() {
    constexpr std::chrono::milliseconds kAgain[] = {10ms, 50ms, 200ms, 1000ms};
    size_t again = 0;
    for (;;) {
      runtime_changed_ = false;
      co_await look();
      auto pause = have_events_ ? config_.runtime_poll * 10 : config_.runtime_poll;
      if (again < std::size(kAgain)) pause = std::min(pause, kAgain[again++]);
      const MonoTime until = context_.clock.mono() + pause;
      while (!runtime_changed_ && context_.clock.mono() < until) {
        co_await runtime_event_.wait_for(until - context_.clock.mono());
      }
      if (runtime_changed_) again = 0;
    }
  }

  // Wakes whose sandboxes or containers differ from the last look; what belongs to no pod gets a worker that ends it.
  rt::Task<> look() {
    const auto sandboxes = co_await cri_.list_sandboxes("");
    const auto containers = co_await cri_.list_containers("");
    if (!sandboxes || !containers) {
      if (reachable_)
        log::warn("runtime not reached", {{"error", (sandboxes ? containers.error() : sandboxes.error()).message}});
      reachable_ = false;
      co_return;
    }
    if (!reachable_) log::info("runtime reached", {});
    reachable_ = true;
    std::map<std::string, std::string> now;
    for (const Sandbox& s : *sandboxes) now[s.uid] += fmt::format("{}:{} ", s.id, s.ready);
    for (const CriContainer& c : *containers) {
      const auto uid = c.labels.find(kPodUidLabel);
      if (uid != c.labels.end()) now[uid->second] += fmt::format("{}:{} ", c.id, static_cast<int>(c.state));
    }
    for (const auto& [uid, fingerprint] : now) {
      if (uid.empty()) continue;
      const auto worker = workers_.find(uid);
      if (worker == workers_.end()) {
        // Until the API has said which pods there are, nobody is an orphan.
        if (!pods_.has_synced()) continue;
        log::info("ending a pod that the API does not know", {{"uid", uid}});
        add_worker(uid, nullptr);
      } else if (fingerprints_[uid] != fingerprint) {
        worker->second->wake();
      }
    }
    for (const auto& [uid, fingerprint] : fingerprints_) {
      const auto worker = workers_.find(uid);
      if (!now.contains(uid) && worker != workers_.end()) worker->second->wake();
    }
    fingerprints_ = std::move(now);
  }

  rt::Task<> watch_runtime() {
    const std::function<void()> on_event = [this] {
      have_events_ = true;
      runtime_changed_ = true;
      runtime_event_.notify();
    };
    for (;;) {
      const auto ended = co_await cri_.watch_events(on_event);
      have_events_ = false;
      if (!ended && ended.error().code == Code::kMethodNotAllowed) {
        log::info("the runtime has no events; polling", {});
        co_return;
      }
      on_event();
      have_events_ = false;
      co_await rt::sleep(200ms);
    }
  }

  rt::BlockingPool pool_;
  KubeletServer kubelet_;
  const AgentConfig config_;
  const MachineFacts machine_;
  const NodeFacts facts_;
  Cri& cri_;
  client::Informer<api::Service> services_;
  client::Informer<api::Node> nodes_;
  client::Informer<api::Pod> pods_;
  client::EventRecorder events_;
  Images images_;
  SourceWatch sources_;
  std::optional<net::Cgroups> cgroups_;
  WorkerContext context_;
  NodeKeeper node_;
  std::map<std::string, std::unique_ptr<PodWorker>> workers_;  // by uid
  std::map<std::string, std::string> fingerprints_;
  rt::Event runtime_event_;
  bool runtime_changed_ = false;
  bool have_events_ = false;
  bool reachable_ = true;
  rt::TaskGroup group_;
};

Agent::Agent(rt::Loop& loop, client::Api& api, client::SharedInformers& informers, const Clock& clock, Cri& cri,
             AgentConfig config)
    : impl_(std::make_unique<Impl>(loop, api, informers, clock, cri, std::move(config))) {}
Agent::~Agent() = default;
rt::Task<> Agent::run() { return impl_->run(); }

}  // namespace fairlead::agent
