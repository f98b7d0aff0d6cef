#include "up/supervisor.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "agent/resolv_conf.h"
#include "base/log.h"
#include "base/text.h"
#include "rt/time.h"
#include "up/arguments.h"
#include "up/dns_probe.h"
#include "up/host.h"
#include "up/manifests.h"
#include "up/reach.h"
#include "up/teardown.h"

namespace fairlead::up {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr int kServerStarts = 4;  // ends before the first readiness that mean it never will be ready

// What children execute: this very program, also after a new build has replaced its file.
constexpr const char* kOwnProgram = "/proc/self/exe";

std::string own_executable() {
  std::error_code ec;
  const auto path = fs::read_symlink(kOwnProgram, ec);
  return ec ? std::string("fairlead") : path.string();
}

std::string count(size_t n, std::string_view what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

// The last line that a process wrote, for the message about its end.
std::string last_line(const std::string& file) {
  const auto content = read_file(file);
  if (!content) return {};
  const auto lines = split(trim(*content), '\n');
  return std::string(trim(lines.back()));
}

}  // namespace

Supervisor::Supervisor(rt::Loop& loop, UpConfig config, Progress& progress)
    : loop_(loop),
      config_(std::move(config)),
      ref_{config_.name, config_.data_dir, config_.places},
      layout_{data_dir_of(ref_)},
      progress_(progress),
      tasks_(loop),
      changed_(loop) {
  ref_.data_dir = layout_.data;
}

rt::Task<Result<>> Supervisor::bring_up() {
  auto lock = FileLock::acquire(lock_path(ref_), false);
  if (!lock && lock.error().code == Code::kAlreadyExists) {
    const auto pid = FileLock::holder(lock_path(ref_));
    co_return fail(Code::kAlreadyExists,
                   fmt::format("cluster \"{0}\" is already running{1}; end it with: fairlead down --name {0}",
                               config_.name, pid ? fmt::format(" (pid {})", *pid) : ""));
  }
  if (!lock) co_return fail(std::move(lock).error());
  FL_CO_CHECK(register_data_dir(ref_, layout_.data));
  lock_.emplace(std::move(*lock));
  for (const auto& dir : {layout_.data, layout_.logs(), layout_.images()}) FL_CO_CHECK(make_directory(dir));
  FL_CO_CHECK(make_directory(layout_.server(), 0700));
  FL_CO_TRY(cgroups_, net::Cgroups::open());
  FL_CO_CHECK(find_archives());
  {
    // Until the bridge has its address nobody else may choose a network.
    FL_CO_TRY(const auto choosing, FileLock::acquire(choosing_lock_path(ref_), true));
    FL_CO_CHECK(choose_topology());
    FL_CO_CHECK(make_bridge(topology_));
  }
  progress_.line(fmt::format("cluster \"{}\": {} in {}, data in {}", config_.name, count(nodes_.size(), "node"),
                             topology_.fabric, layout_.data));
  auto ended = co_await end_leftovers();
  if (!ended) co_return ended;
  FL_CO_CHECK(make_cgroups(*cgroups_, topology_));
  FL_CO_CHECK(make_secrets());
  start_server();
  auto network = co_await make_network();
  if (!network) co_return network;
  tasks_.spawn("nodes", run_nodes());
  auto ready = co_await rt::with_timeout(wait_until_ready(), config_.ready_timeout);
  if (ready) co_return *ready;
  std::string missing = "the API does not answer";
  if (api_) {
    const auto dropped = co_await what_firewall_drops();
    if (dropped.empty())
      missing = co_await what_is_missing();
    else
      missing = fmt::format("{}", fmt::join(dropped, "; "));
  }
  co_return fail(Code::kTimeout, fmt::format("cluster \"{}\" is not ready after {} s: {}; logs are in {}", config_.name,
                                             config_.ready_timeout.count(), missing, layout_.logs()));
}

rt::Task<Result<>> Supervisor::take_down() {
  co_await rt::shield();
  co_await tasks_.shutdown();
  if (!lock_) co_return Result<>{};
  auto done = co_await tear_down(loop_, ref_, true);
  lock_.reset();
  co_return done;
}

bool Supervisor::is_stopped(const NodePlan& node) const {
  return ::access(layout_.stopped_marker(node.name).c_str(), F_OK) == 0;
}

Result<> Supervisor::choose_topology() {
  auto old = load_state(layout_);
  if (!old && old.error().code != Code::kNotFound) {
    return fail(std::move(old).error().in(
        fmt::format("cannot go on with cluster \"{0}\" (fairlead down --name {0} removes it)", config_.name)));
  }
  int nodes = config_.nodes;
  if (nodes == 0) nodes = old ? old->nodes : 3;
  if (old && nodes < old->nodes) {
    return fail(
        Code::kInvalid,
        fmt::format("cluster \"{0}\" has {1} nodes and cannot shrink to {2}; use --nodes {1}, or begin anew after: "
                    "fairlead down --name {0}",
                    config_.name, old->nodes, nodes));
  }
  FL_TRY(const auto used, networks_in_use(bridge_name(config_.name)));
  const auto fits = [&](int k) {
    return std::none_of(used.begin(), used.end(), [&](const Cidr& u) { return overlaps(u, fabric_of(k)); });
  };
  int k = 0;
  if (old && fits(old->fabric_index)) {
    k = old->fabric_index;
  } else {
    FL_TRY(k, choose_fabric(used));
  }
  FL_TRY(const auto cluster_cidr, Cidr::parse(config_.cluster_cidr));
  FL_TRY(topology_, plan_topology(config_.name, k, nodes, cluster_cidr));
  uint16_t port = old ? old->local_port : uint16_t{0};
  const auto boot = current_boot_id();
  const bool same_boot = old && old->boot_id == boot;
  const auto server = same_boot ? old->processes.find("server") : decltype(old->processes.end()){};
  const bool server_runs = same_boot && server != old->processes.end() && net::process_alive(server->second);
  if (!server_runs) {
    FL_TRY(port, free_local_port(port));
  }
  state_ = describe(topology_, config_.egress, port, boot);
  if (same_boot) state_.processes = old->processes;
  had_egress_ = same_boot && old->egress;
  was_isolated_ = same_boot && !old->egress;
  state_.processes["supervisor"] = {::getpid(), net::process_start_time(::getpid()).value_or(0)};
  FL_CHECK(save_state(layout_, state_));
  for (const auto& plan : topology_.nodes) {
    FL_CHECK(make_directory(layout_.node(plan.name)));
    if (!same_boot) ::unlink(layout_.stopped_marker(plan.name).c_str());
    nodes_.push_back(std::make_unique<NodeRun>(NodeRun{plan, Fd(), false}));
  }
  return {};
}

std::string Supervisor::executable() const {
  return config_.executable.empty() ? own_executable() : config_.executable;
}

Result<> Supervisor::find_archives() {
  images_dir_ = config_.images_dir;
  if (images_dir_.empty()) images_dir_ = (fs::path(own_executable()).parent_path() / "images").string();
  shared_images_ = find_images(images_dir_);
  own_images_ = find_images(layout_.images());
  const auto is_dns = [](const ImageFile& i) { return fs::path(i.path).stem() == "fairlead"; };
  if (!config_.dns || std::any_of(shared_images_.begin(), shared_images_.end(), is_dns) ||
      std::any_of(own_images_.begin(), own_images_.end(), is_dns)) {
    return {};
  }
  return fail(Code::kNotFound,
              fmt::format("there is no image of the cluster DNS, fairlead.tar, in {0} or {1}; make it with: "
                          "scripts/make-images {0}",
                          images_dir_, layout_.images()));
}

// A former supervisor's server and agents end; containerd, pods and the kernel's rules stay.
rt::Task<Result<>> Supervisor::end_leftovers() {
  auto done = co_await cgroups_->destroy(topology_.server_cgroup);
  if (!done) co_return done;
  for (const auto& node : topology_.nodes) {
    done = co_await cgroups_->destroy(node.agent_cgroup());
    if (!done) co_return done;
  }
  co_return Result<>{};
}

rt::Task<Result<>> Supervisor::make_network() {
  for (auto& node : nodes_) {
    FL_CO_TRY(node->netns, make_node_network(topology_, node->plan, ref_.places.netns));
    if (!config_.egress || was_isolated_) {
      FL_CO_TRY(const auto cluster_cidr, Cidr::parse(config_.cluster_cidr));
      auto script = render_isolation(topology_, cluster_cidr, !config_.egress);
      auto isolated = co_await set_isolation(loop_, std::move(script), node->plan.name, node->netns.get());
      if (!isolated) co_return isolated;
    }
    if (is_stopped(node->plan)) {
      FL_CO_TRY(auto netlink, net::Netlink::open());
      FL_CO_CHECK(netlink.set_up(node->plan.veth, false));
    }
  }
  if (config_.egress) {
    auto done = co_await make_egress(loop_, topology_);
    if (!done) co_return done;
    co_await warn_about_egress();
  } else if (had_egress_) {
    auto done = co_await remove_egress(loop_, topology_.nft_table);
    if (!done) co_return done;
  }
  progress_.line(fmt::format("network of {} ready", count(nodes_.size(), "node")));
  co_return Result<>{};
}

rt::Task<> Supervisor::warn_about_egress() {
  if (!host_forwards()) {
    progress_.line("pods cannot reach outside the cluster until you run: sysctl -w net.ipv4.ip_forward=1");
  }
  const bool refused = co_await machine_refuses_forwarding(loop_, topology_.bridge);
  if (refused) {
    progress_.line(
        fmt::format("pods cannot reach outside the cluster, because this machine's firewall forwards only "
                    "what it knows, as Docker sets it, until you run: iptables -I FORWARD -i {0} -j ACCEPT; "
                    "iptables -I FORWARD -o {0} -j ACCEPT",
                    topology_.bridge));
  }
  const auto file = config_.resolv_conf.empty() ? agent::default_resolv_conf() : config_.resolv_conf;
  const auto servers = agent::remote_name_servers(read_file(file).value_or(""));
  if (std::none_of(servers.begin(), servers.end(), [](const IpAddress& s) { return s.is_v4(); })) {
    progress_.line(
        fmt::format("names outside the cluster do not resolve in pods: {} lists no IPv4 name server that they "
                    "can reach (127.0.0.1 in a pod is the pod itself); list one in a file of the same form and "
                    "begin with: fairlead up --resolv-conf FILE",
                    file));
  }
}

// Each node has a token of its own, under which the server knows it by name.
Result<> Supervisor::make_secrets() {
  std::string all;
  for (const auto& node : topology_.nodes) {
    const auto file = layout_.node_token(node.name);
    auto token = read_file(file);
    if (!token || trim(*token).empty()) {
      token = fmt::format("{:016x}{:016x}{:016x}{:016x}", random_u64(), random_u64(), random_u64(), random_u64());
      FL_CHECK(write_file_atomically(file, *token + "\n", 0600));
    }
    all += fmt::format("{0},system:node:{1},{1},\"system:nodes\"\n", trim(*token), node.name);
  }
  return write_file_atomically(layout_.node_tokens(), all, 0600);
}

void Supervisor::record(const std::string& name, net::ProcessId id) {
  state_.processes[name] = id;
  const auto saved = save_state(layout_, state_);
  if (!saved) log::error("state not saved", {{"error", saved.error().message}});
}

void Supervisor::start_child(ChildSpec spec) {
  auto name = spec.name;
  children_.push_back(std::make_unique<Child>(loop_, std::move(spec),
                                              [this](const std::string& n, net::ProcessId id) { record(n, id); }));
  tasks_.spawn(std::move(name), children_.back()->keep());
}

void Supervisor::start_server() {
  ChildSpec spec;
  spec.name = "server";
  auto& o = spec.options;
  o.argv = server_arguments(executable(), config_, topology_, layout_, state_.local_port);
  if (config_.executable.empty()) o.program = kOwnProgram;
  o.cgroup_procs = cgroups_->procs_files(topology_.server_cgroup);
  o.stdout_file = o.stderr_file = layout_.logs() + "/server.log";
  spec.prepare = [this] { return cgroups_->create(topology_.server_cgroup); };
  start_child(std::move(spec));
  server_ = children_.back().get();
}

rt::Task<> Supervisor::run_nodes() {
  auto prepared = co_await prepare();
  if (!prepared) {
    node_failure_ = std::move(prepared).error();
    changed_.notify();
    co_return;
  }
  for (const auto& node : nodes_) tasks_.spawn(node->plan.name, run_node(*node, *prepared));
}

// Worth it only when more than one node begins with nothing.
rt::Task<Result<PreparedImages>> Supervisor::prepare() {
  PreparedImages nothing;
  const auto is_new = [this](const auto& n) { return !fs::exists(layout_.containerd_root(n->plan.name)); };
  const auto fresh = std::count_if(nodes_.begin(), nodes_.end(), is_new);
  if (fresh == 0) co_return nothing;
  std::string cache = images_dir_ + "/.prepared";
  if (::access(images_dir_.c_str(), W_OK) != 0) cache = layout_.data + "/prepared";
  if (fresh == 1 && !fs::exists(cache)) co_return nothing;
  const auto cgroup = topology_.cgroup + "/prepare";
  FL_CO_CHECK(cgroups_->create(cgroup));
  const ImageTools tools{config_.containerd, config_.ctr};
  auto done = co_await prepare_images(loop_, shared_images_, cache, layout_.data + "/prepare", tools,
                                      cgroups_->procs_files(cgroup));
  if (done) progress_.line("images prepared");
  co_return done;
}

rt::Task<> Supervisor::run_node(NodeRun& node, PreparedImages prepared) {
  auto done = co_await start_runtime(node, std::move(prepared));
  node.images_ready = done.has_value();
  if (!done) node_failure_ = std::move(done).error().in(node.plan.name);
  changed_.notify();
}

rt::Task<Result<>> Supervisor::start_runtime(NodeRun& node, PreparedImages prepared) {
  FL_CO_TRY(const bool changed, write_runtime_config(layout_, node.plan));
  const auto root = layout_.containerd_root(node.plan.name);
  const auto record = layout_.import_record(node.plan.name);
  if (!fs::exists(root)) {
    ::unlink(record.c_str());
    if (!prepared.root.empty()) {
      auto cloned = co_await clone_root(loop_, prepared.root, root);
      if (!cloned) co_return cloned;
      FL_CO_CHECK(write_file_atomically(record, import_record_of(prepared.images)));
    }
  }
  ChildSpec spec;
  spec.name = "containerd " + node.plan.name;
  spec.options = containerd_options(layout_, node.plan, *cgroups_, config_.containerd, node.netns.get());
  spec.stopped_marker = layout_.stopped_marker(node.plan.name);
  const auto cgroup = node.plan.runtime_cgroup();
  spec.prepare = [this, cgroup] { return cgroups_->create(cgroup); };
  spec.adopt = find_containerd(*cgroups_, node.plan);
  if (spec.adopt && changed) {
    // Containers belong to their shims and run on.
    auto old = net::Process::adopt(*spec.adopt);
    if (old) {
      auto ended = co_await old->stop(loop_, std::chrono::seconds{2});
      if (!ended) co_return fail(std::move(ended).error());
    }
    spec.adopt.reset();
  }
  start_child(std::move(spec));
  co_await wait_for_socket(layout_.containerd_socket(node.plan.name));
  // The server makes it at its first start.
  while (!fs::exists(layout_.ca())) co_await rt::sleep(milliseconds{5});
  start_agent(node);
  auto images = shared_images_;
  images.insert(images.end(), own_images_.begin(), own_images_.end());
  auto imported =
      co_await import_images(loop_, layout_.containerd_socket(node.plan.name), record, std::move(images), config_.ctr);
  if (!imported) co_return fail(std::move(imported).error());
  if (*imported > 0) progress_.line(fmt::format("{}: {} imported", node.plan.name, count(*imported, "image")));
  co_return Result<>{};
}

void Supervisor::start_agent(const NodeRun& node) {
  ChildSpec spec;
  spec.name = "agent " + node.plan.name;
  auto& o = spec.options;
  o.argv = agent_arguments(executable(), config_, topology_, layout_, node.plan);
  if (config_.executable.empty()) o.program = kOwnProgram;
  o.netns_fd = node.netns.get();
  o.cgroup_procs = cgroups_->procs_files(node.plan.agent_cgroup());
  o.stdout_file = o.stderr_file = fmt::format("{}/{}-agent.log", layout_.logs(), node.plan.name);
  spec.stopped_marker = layout_.stopped_marker(node.plan.name);
  const auto cgroup = node.plan.agent_cgroup();
  spec.prepare = [this, cgroup] { return cgroups_->create(cgroup); };
  start_child(std::move(spec));
}

Result<> Supervisor::server_trouble() const {
  if (server_ == nullptr || server_->ends() < kServerStarts) return {};
  return fail(Code::kInternal,
              fmt::format("the API server does not start: {}: {} (whole log: {}/server.log)", server_->last_end(),
                          last_line(layout_.logs() + "/server.log"), layout_.logs()));
}

rt::Task<Result<>> Supervisor::wait_for_api() {
  for (;;) {
    FL_CO_CHECK(server_trouble());
    if (!api_) {
      auto api = ClusterApi::create(loop_, layout_.kubeconfig());
      if (api) api_ = std::move(*api);
    }
    if (api_) {
      auto ready = co_await api_->ready();
      if (ready) co_return Result<>{};
      // A server with other keys may have written a new file since.
      if (ready.error().code != Code::kUnavailable) api_.reset();
    }
    co_await rt::sleep(milliseconds{5});
  }
}

rt::Task<Result<>> Supervisor::install_dns() {
  FL_CO_TRY(auto yaml, expand(kDnsManifest, {{"VERSION", FAIRLEAD_VERSION},
                                             {"CLUSTER_DNS", config_.cluster_dns},
                                             {"SPREAD_OVER", nodes_.size() > 1 ? "2" : "1"},
                                             {"KUBECONFIG", layout_.pki() + "/dns.kubeconfig"}}));
  auto done = co_await api_->create_missing(std::move(yaml));
  co_return done;
}

rt::Task<std::string> Supervisor::what_is_missing() {
  auto ready = co_await api_->ready_nodes(began_);
  if (!ready) co_return ready.error().message;
  std::vector<std::string> waiting;
  for (const auto& node : nodes_) {
    const auto& name = node->plan.name;
    const bool is_ready = std::find(ready->begin(), ready->end(), name) != ready->end();
    const bool known = std::find(announced_.begin(), announced_.end(), name) != announced_.end();
    if (is_ready && !known) {
      announced_.push_back(name);
      progress_.line(fmt::format("{} ready at {}", name, node->plan.address));
    }
    // A node that the user has stopped is not waited for.
    if (!is_ready && !is_stopped(node->plan)) waiting.push_back(name);
  }
  if (!waiting.empty()) co_return fmt::format("not Ready: {}", fmt::join(waiting, ", "));
  if (!config_.dns) co_return std::string();
  auto lacks = co_await what_dns_lacks();
  co_return lacks;
}

rt::Task<std::string> Supervisor::what_dns_lacks() {
  auto endpoints = co_await api_->ready_endpoints("kube-system", "kube-dns");
  if (!endpoints) co_return endpoints.error().message;
  if (*endpoints == 0) co_return std::string("no pod of the cluster DNS is ready (kubectl -n kube-system get pods)");
  // After a restart the API may still list pods that are gone; an answer is proof.
  const auto server = IpAddress::parse(config_.cluster_dns);
  const auto running =
      std::find_if(nodes_.begin(), nodes_.end(), [this](const auto& n) { return !is_stopped(n->plan); });
  if (!server || !server->is_v4() || running == nodes_.end()) co_return std::string();
  const bool answers = co_await dns_answers(loop_, (*running)->netns.get(), *server);
  co_return answers ? std::string() : fmt::format("the cluster DNS does not answer at {}", config_.cluster_dns);
}

rt::Task<std::vector<std::string>> Supervisor::what_firewall_drops() {
  std::vector<std::string> dropped;
  std::vector<const NodeRun*> running;
  for (const auto& node : nodes_) {
    if (!is_stopped(node->plan)) running.push_back(node.get());
  }
  if (running.empty()) co_return dropped;
  const auto& from = *running.front();
  const auto& to = *running.back();
  const Endpoint api{topology_.gateway, kApiPort};
  const bool reaches_api = co_await accepts_connection(loop_, from.netns.get(), api);
  if (!reaches_api) {
    dropped.push_back(
        fmt::format("nodes cannot reach the API at {0}: a firewall of this machine drops what comes in from {1}; let "
                    "it through with: iptables -I INPUT -i {1} -j ACCEPT",
                    api, topology_.bridge));
  }
  if (running.size() == 1) co_return dropped;
  const bool reaches_node = co_await datagram_arrives(loop_, from.netns.get(), to.netns.get(), to.plan.address);
  if (!reaches_node) {
    dropped.push_back(
        fmt::format("nodes cannot reach each other: a firewall of this machine drops what crosses {0}, as Docker's "
                    "does; let it through with: iptables -I FORWARD -i {0} -o {0} -j ACCEPT",
                    topology_.bridge));
  }
  co_return dropped;
}

rt::Task<Result<>> Supervisor::wait_until_ready() {
  auto api = co_await wait_for_api();
  if (!api) co_return api;
  progress_.line(fmt::format("API ready at https://{}:{}", topology_.gateway, kApiPort));
  // Said at once: what follows waits for what does not arrive, and goes on when it does.
  const auto dropped = co_await what_firewall_drops();
  for (const auto& line : dropped) progress_.line(line);
  const auto imported = [this] {
    return std::all_of(nodes_.begin(), nodes_.end(),
                       [this](const auto& n) { return n->images_ready || is_stopped(n->plan); });
  };
  // Before the images are there a DNS pod would fail, and try again only after a while.
  while (!node_failure_ && !imported()) co_await changed_.wait_for(milliseconds{100});
  if (node_failure_) co_return fail(*node_failure_);
  if (config_.dns) {
    for (;;) {
      auto installed = co_await install_dns();
      if (installed) break;
      // A server that was just killed is back in a moment.
      if (installed.error().code != Code::kUnavailable) co_return installed;
      co_await rt::sleep(milliseconds{50});
    }
  }
  for (;;) {
    const auto missing = co_await what_is_missing();
    if (missing.empty()) break;
    co_await rt::sleep(milliseconds{20});
  }
  if (config_.dns) progress_.line(fmt::format("DNS ready at {}", config_.cluster_dns));
  progress_.line(fmt::format("ready; to use it: export KUBECONFIG={}", layout_.kubeconfig()));
  co_return Result<>{};
}

}  // namespace fairlead::up
