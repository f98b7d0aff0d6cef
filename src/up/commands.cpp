// The commands beside `up`: down, kubeconfig, node exec, node stop and start, status. None of them talks to the
// supervisor; they read the state file and act on the machine.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/text.h"
#include "net/cgroup.h"
#include "net/netlink.h"
#include "net/netns.h"
#include "rt/time.h"
#include "up/state.h"
#include "up/teardown.h"
#include "up/topology.h"
#include "up/up.h"

namespace fairlead::up {
namespace {

constexpr std::chrono::seconds kSupervisorGrace{20};

struct Found {
  Layout layout;
  State state;
};
Result<Found> find(const ClusterRef& cluster) {
  FL_CHECK(check_cluster_name(cluster.name));
  Found found{Layout{data_dir_of(cluster)}, {}};
  auto state = load_state(found.layout);
  if (!state && state.error().code == Code::kNotFound) {
    return fail(Code::kNotFound,
                fmt::format("there is no cluster \"{0}\" (no {1}); start one with: fairlead up --name {0}",
                            cluster.name, found.layout.state_file()));
  }
  if (!state) return fail(std::move(state).error());
  found.state = std::move(*state);
  return found;
}

// The node's number, 1 for node1.
Result<int> find_node(const Found& found, const std::string& node) {
  constexpr std::string_view kPrefix = "node";
  std::optional<int64_t> number;
  if (node.starts_with(kPrefix)) number = parse_int(std::string_view(node).substr(kPrefix.size()));
  if (number && *number >= 1 && *number <= found.state.nodes) return static_cast<int>(*number);
  return fail(Code::kNotFound, fmt::format("cluster \"{}\" has no node \"{}\"; its nodes are node1 to node{}",
                                           found.state.cluster, node, found.state.nodes));
}

bool same_boot(const State& state) { return state.boot_id == current_boot_id(); }

// Asks a running supervisor to end, which takes the cluster down; one that does not in time is killed.
rt::Task<Result<>> end_supervisor(rt::Loop& loop, ClusterRef cluster) {
  const auto pid = FileLock::holder(lock_path(cluster));
  if (!pid) co_return Result<>{};
  const auto start = net::process_start_time(*pid);
  if (!start) co_return Result<>{};
  auto process = net::Process::adopt({*pid, *start});
  if (!process) co_return Result<>{};
  auto ended = co_await process->stop(loop, kSupervisorGrace);
  if (!ended) co_return fail(std::move(ended).error());
  co_return Result<>{};
}

rt::Task<Result<>> take_down(rt::Loop& loop, DownConfig config) {
  auto ended = co_await end_supervisor(loop, config.cluster);
  if (!ended) co_return ended;
  auto lock = FileLock::acquire(lock_path(config.cluster), true);
  if (!lock) co_return fail(std::move(lock).error());
  auto done = co_await tear_down(loop, config.cluster, config.keep_data);
  // A supervisor that was killed while it chose a network left this one; taking and releasing it removes the file.
  (void)FileLock::acquire(choosing_lock_path(config.cluster), false);
  co_return done;
}

Result<net::Netlink> host_netlink_for(const Found& found, const std::string& node) {
  if (!same_boot(found.state)) {
    return fail(Code::kUnavailable,
                fmt::format("cluster \"{0}\" is not running, so neither is {1}; start it with: fairlead up --name {0}",
                            found.state.cluster, node));
  }
  return net::Netlink::open();
}

}  // namespace

Result<> down(const DownConfig& config) {
  FL_CHECK(check_cluster_name(config.cluster.name));
  if (::geteuid() != 0) return fail(Code::kForbidden, "fairlead down must run as root (try sudo)");
  rt::Loop loop;
  return rt::run(loop, take_down(loop, config));
}

Result<std::string> kubeconfig(const ClusterRef& cluster) {
  FL_TRY(const auto found, find(cluster));
  return found.layout.kubeconfig();
}

Result<> node_exec(const ClusterRef& cluster, const std::string& node, const std::vector<std::string>& command) {
  FL_TRY(const auto found, find(cluster));
  FL_TRY(const int number, find_node(found, node));
  if (command.empty())
    return fail(Code::kInvalid,
                fmt::format("no command for {}; for example: fairlead node exec {} -- ip route", node, node));
  auto netns = net::open_netns(node_netns_name(cluster.name, number), cluster.places.netns);
  if (!netns) {
    return fail(Code::kUnavailable,
                fmt::format("{} of cluster \"{}\" is not running: {}", node, cluster.name, netns.error().message));
  }
  if (::setns(netns->get(), CLONE_NEWNET) != 0)
    return fail(last_system_error(fmt::format("enter the network of {}", node)));
  std::vector<char*> argv;
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv.front(), argv.data());
  const int error = errno;
  auto e = system_error(fmt::format("execute {}", command.front()), error);
  if (error == ENOENT) e.code = Code::kNotFound;
  return fail(std::move(e));
}

Result<> node_stop(const ClusterRef& cluster, const std::string& node) {
  FL_TRY(const auto found, find(cluster));
  FL_TRY(const int number, find_node(found, node));
  FL_TRY(auto netlink, host_netlink_for(found, node));
  FL_TRY(auto cgroups, net::Cgroups::open());
  // The marker first: from now on the supervisor starts nothing on this node.
  FL_CHECK(make_directory(found.layout.node(node)));
  FL_CHECK(write_file_atomically(found.layout.stopped_marker(node), ""));
  FL_CHECK(netlink.set_up(veth_name(cluster.name, number), false));
  // A killed shim leaves its socket, and a later containerd only takes its bundle away.
  const auto sockets = shim_sockets(found.layout.containerd_state(node));
  rt::Loop loop;
  FL_CHECK(rt::run(loop, cgroups.destroy(fmt::format("{}/{}", cgroup_name(cluster.name), node))));
  for (const auto& socket : sockets) ::unlink(socket.c_str());
  return {};
}

Result<> node_start(const ClusterRef& cluster, const std::string& node) {
  FL_TRY(const auto found, find(cluster));
  FL_TRY(const int number, find_node(found, node));
  FL_TRY(auto netlink, host_netlink_for(found, node));
  if (!FileLock::holder(lock_path(cluster))) {
    return fail(
        Code::kUnavailable,
        fmt::format("cluster \"{0}\" has no supervisor to start {1}; run: fairlead up --name {0}", cluster.name, node));
  }
  FL_CHECK(netlink.set_up(veth_name(cluster.name, number)));
  const auto marker = found.layout.stopped_marker(node);
  if (::unlink(marker.c_str()) != 0 && errno != ENOENT)
    return fail(last_system_error(fmt::format("remove {}", marker)));
  return {};
}

Result<std::string> status(const ClusterRef& cluster) {
  FL_TRY(const auto found, find(cluster));
  std::string out;
  if (!same_boot(found.state)) return out;
  for (const auto& [name, id] : found.state.processes) {
    if (!net::process_alive(id)) continue;
    const auto words = split(name, ' ');
    out += fmt::format("{} {} {}\n", words[0], words.size() > 1 ? words[1] : "-", id.pid);
  }
  return out;
}

}  // namespace fairlead::up
