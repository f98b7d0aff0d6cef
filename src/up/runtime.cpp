#include "up/runtime.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "agent/containerd_config.h"
#include "base/fd.h"
#include "base/text.h"
#include "rt/time.h"

namespace fairlead::up {
namespace {

std::string config_file(const Layout& l, const NodePlan& n) { return l.containerd(n.name) + "/config.toml"; }
std::string cni_conf_dir(const Layout& l, const NodePlan& n) { return l.node(n.name) + "/cni/net.d"; }

// Leaves a file alone that has the content already. True when it was written.
Result<bool> update_file(const std::string& path, const std::string& content) {
  const auto old = read_file(path);
  if (old && *old == content) return false;
  FL_CHECK(write_file_atomically(path, content));
  return true;
}

bool accepts(const std::string& path) {
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  if (path.size() >= sizeof a.sun_path) return false;
  std::memcpy(a.sun_path, path.c_str(), path.size() + 1);
  return ::connect(fd.get(), reinterpret_cast<sockaddr*>(&a), sizeof a) == 0;
}

}  // namespace

Result<bool> write_runtime_config(const Layout& layout, const NodePlan& node) {
  const auto base = layout.containerd(node.name);
  // sun_path has 108 bytes with the terminating zero; containerd listens at a second path with ".ttrpc".
  constexpr size_t kLongest = 107 - 6;
  const auto socket = layout.containerd_socket(node.name);
  if (socket.size() > kLongest) {
    return fail(
        Code::kInvalid,
        fmt::format("data directory {}: too long, containerd's socket {} would have {} characters of at most {}",
                    layout.data, socket, socket.size(), kLongest));
  }
  FL_CHECK(make_directory(base));
  FL_CHECK(make_directory(cni_conf_dir(layout, node)));
  agent::ContainerdOptions options;
  options.root = base + "/root";
  options.state = layout.containerd_state(node.name);
  options.socket = socket;
  options.cni_conf_dir = cni_conf_dir(layout, node);
  options.runc_root = options.state + "/runc";
  const auto status = read_file("/proc/self/status");
  options.restrict_oom_score_adj = status && !agent::has_cap_sys_resource(*status);
  agent::CniOptions cni;
  cni.pod_cidrs = {node.pod_cidr};
  cni.data_dir = layout.node(node.name) + "/cni/addresses";
  // containerd watches this directory: no restart needed.
  FL_TRY(const bool cni_changed,
         update_file(cni_conf_dir(layout, node) + "/10-fairlead.conflist", agent::render_cni_conflist(cni)));
  (void)cni_changed;
  return update_file(config_file(layout, node), agent::render_containerd_config(options));
}

net::SpawnOptions containerd_options(const Layout& layout, const NodePlan& node, const net::Cgroups& cgroups,
                                     const std::string& program, int netns_fd) {
  net::SpawnOptions o;
  o.argv = {program, "--config", config_file(layout, node)};
  o.netns_fd = netns_fd;
  o.cgroup_procs = cgroups.procs_files(node.runtime_cgroup());
  o.stdout_file = o.stderr_file = fmt::format("{}/{}-containerd.log", layout.logs(), node.name);
  return o;
}

std::optional<net::ProcessId> find_containerd(const net::Cgroups& cgroups, const NodePlan& node) {
  for (const pid_t pid : cgroups.processes(node.runtime_cgroup())) {
    const auto name = read_file(fmt::format("/proc/{}/comm", pid));
    const auto start = net::process_start_time(pid);
    if (!name || !start || trim(*name) != "containerd") continue;
    const net::ProcessId id{pid, *start};
    if (net::process_alive(id)) return id;
  }
  return std::nullopt;
}

rt::Task<> wait_for_socket(std::string path) {
  while (!accepts(path)) co_await rt::sleep(std::chrono::milliseconds{5});
}

}  // namespace fairlead::up
