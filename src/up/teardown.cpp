#include "up/teardown.h"

#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "base/log.h"
#include "base/text.h"
#include "net/cgroup.h"
#include "net/netlink.h"
#include "net/netns.h"
#include "rt/time.h"
#include "up/host.h"

namespace fairlead::up {
namespace {

namespace fs = std::filesystem;

std::string unescape_mount(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// libcni keeps a file per attachment in a place of its own choosing: NETWORK-SANDBOX-INTERFACE. The sandboxes that a
// node's containerd knows tell which are ours.
void find_cni_results(const std::string& data_dir, std::vector<std::string>& out) {
  std::set<std::string> sandboxes;
  std::error_code ec;
  for (const auto& node : fs::directory_iterator(data_dir + "/nodes", ec)) {
    std::error_code inner;
    const auto dir = node.path() / "containerd" / "root" / "io.containerd.grpc.v1.cri" / "sandboxes";
    for (const auto& sandbox : fs::directory_iterator(dir, inner)) sandboxes.insert(sandbox.path().filename().string());
  }
  if (sandboxes.empty()) return;
  for (const auto& entry : fs::directory_iterator("/var/lib/cni/results", ec)) {
    if (is_cni_result_of(entry.path().filename().string(), sandboxes)) out.push_back(entry.path().string());
  }
}

// Remembers the first failure and goes on.
struct Attempts {
  Result<> first;
  void add(Result<> done) {
    if (!done && first) first = std::move(done);
  }
};

Result<> unmount_all(const std::vector<std::string>& mounts) {
  Attempts attempts;
  for (const auto& m : mounts) {
    if (::umount2(m.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL && errno != ENOENT) {
      attempts.add(fail(last_system_error(fmt::format("unmount {}", m))));
    }
  }
  return attempts.first;
}

Result<> delete_links(const std::vector<std::string>& links) {
  FL_TRY(auto netlink, net::Netlink::open());
  Attempts attempts;
  for (const auto& l : links) attempts.add(netlink.delete_link(l));
  return attempts.first;
}

// Never descends into a mount: below one may be someone else's files. One that appears late, from a process that was
// just dying, is unmounted first.
rt::Task<Result<>> remove_tree(std::string path) {
  Result<> last;
  for (int attempt = 0; attempt < 20; ++attempt) {
    FL_CO_TRY(auto mountinfo, read_file("/proc/self/mountinfo"));
    const auto mounts = mounts_below(mountinfo, path);
    if (mounts.empty()) {
      std::error_code ec;
      fs::remove_all(path, ec);
      if (!ec) co_return Result<>{};
      last = fail(system_error(fmt::format("remove {}", path), ec.value()));
    } else {
      last = unmount_all(mounts);
      if (last) last = fail(Code::kInternal, fmt::format("remove {}: {} is still mounted", path, mounts.front()));
    }
    co_await rt::sleep(std::chrono::milliseconds{10});
  }
  co_return last;
}

// What refers to processes and mounts that are gone now.
rt::Task<Result<>> remove_volatile_data(Layout layout) {
  std::error_code ec;
  std::vector<std::string> doomed;
  for (const auto& node : fs::directory_iterator(layout.data + "/nodes", ec)) {
    const auto name = node.path().filename().string();
    doomed.push_back(layout.stopped_marker(name));
    doomed.push_back(layout.containerd_state(name));
    doomed.push_back(layout.containerd_socket(name));
    doomed.push_back(layout.containerd_socket(name) + ".ttrpc");
  }
  Attempts attempts;
  for (const auto& path : doomed) {
    auto done = co_await remove_tree(path);
    attempts.add(std::move(done));
  }
  co_return attempts.first;
}

}  // namespace

bool is_cni_result_of(const std::string& file, const std::set<std::string>& sandboxes) {
  const auto parts = split(file, '-');
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view p) { return sandboxes.contains(std::string(p)); });
}

std::vector<std::string> mounts_below(std::string_view mountinfo, const std::string& directory) {
  std::vector<std::string> out;
  for (const auto line : split(mountinfo, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() < 5) continue;
    auto point = unescape_mount(fields[4]);
    if (point == directory || point.starts_with(directory + "/")) out.push_back(std::move(point));
  }
  // Later mounts may cover or lie inside earlier ones.
  std::reverse(out.begin(), out.end());
  return out;
}

// They listen below /run/containerd/s whatever containerd's own directories are.
std::vector<std::string> shim_sockets(const std::string& state) {
  std::vector<std::string> out;
  std::error_code ec;
  const auto tasks = state + "/io.containerd.runtime.v2.task";
  for (auto it = fs::recursive_directory_iterator(tasks, ec); !ec && it != fs::recursive_directory_iterator();
       it.increment(ec)) {
    if (it.depth() > 2 || it->path().filename() == "rootfs") {
      it.disable_recursion_pending();
      continue;
    }
    if (it->path().filename() != "address") continue;
    const auto address = read_file(it->path().string());
    constexpr std::string_view kScheme = "unix://";
    if (address && std::string_view(*address).starts_with(kScheme))
      out.emplace_back(trim(std::string_view(*address).substr(kScheme.size())));
  }
  return out;
}

Result<HostView> view_host(const ClusterRef& cluster, const std::string& data_dir) {
  HostView view;
  view.boot_id = current_boot_id();
  FL_TRY(view.mountinfo, read_file("/proc/self/mountinfo"));
  FL_TRY(view.namespaces, net::list_netns(cluster.places.netns));
  FL_TRY(auto netlink, net::Netlink::open());
  FL_TRY(auto links, netlink.links());
  for (auto& l : links) view.links.push_back(std::move(l.name));
  std::error_code ec;
  for (const auto& node : fs::directory_iterator(data_dir + "/nodes", ec)) {
    const auto sockets = shim_sockets(Layout{data_dir}.containerd_state(node.path().filename().string()));
    view.files.insert(view.files.end(), sockets.begin(), sockets.end());
  }
  find_cni_results(data_dir, view.files);
  return view;
}

Removal plan_removal(const ClusterRef& cluster, const std::string& data_dir, const std::optional<State>& state,
                     const HostView& host) {
  Removal r;
  r.cgroup = cgroup_name(cluster.name);
  r.nft_table = nft_table_name(cluster.name);
  r.mounts = mounts_below(host.mountinfo, data_dir);
  r.files = host.files;
  std::set<std::string> namespaces;
  std::set<std::string> links;
  std::string bridge = bridge_name(cluster.name);
  for (const auto& n : host.namespaces) {
    if (node_of_netns(cluster.name, n)) namespaces.insert(n);
  }
  for (int i = 1; i <= kMaxNodes; ++i) links.insert(veth_name(cluster.name, i));
  if (state) {
    if (state->boot_id == host.boot_id) {
      for (const auto& [name, id] : state->processes) r.processes.push_back(id);
    }
    namespaces.insert(state->namespaces.begin(), state->namespaces.end());
    links.insert(state->links.begin(), state->links.end());
    if (!state->bridge.empty()) bridge = state->bridge;
    // Without egress no table was made, and nft need not even be there.
    if (!state->egress)
      r.nft_table.clear();
    else if (!state->nft_table.empty())
      r.nft_table = state->nft_table;
    if (!state->cgroup.empty()) r.cgroup = state->cgroup;
  }
  r.namespaces.assign(namespaces.begin(), namespaces.end());
  for (const auto& l : host.links) {
    if (links.contains(l)) r.links.push_back(l);
  }
  std::sort(r.links.begin(), r.links.end());
  if (std::find(host.links.begin(), host.links.end(), bridge) != host.links.end()) r.links.push_back(bridge);
  return r;
}

rt::Task<Result<>> remove(rt::Loop& loop, Removal removal, std::string netns_dir) {
  Attempts attempts;
  for (const auto& id : removal.processes) {
    if (id.pid == ::getpid()) continue;
    const auto process = net::Process::adopt(id);
    if (process) attempts.add(process->signal(SIGKILL));
  }
  auto cgroups = net::Cgroups::open();
  if (cgroups) {
    auto done = co_await cgroups->destroy(removal.cgroup);
    attempts.add(std::move(done));
  }
  for (const auto& id : removal.processes) {
    if (id.pid == ::getpid()) continue;
    auto process = net::Process::adopt(id);
    if (!process) continue;
    auto ended = co_await process->wait(loop);
    if (!ended) attempts.add(fail(std::move(ended).error()));
  }
  attempts.add(unmount_all(removal.mounts));
  attempts.add(delete_links(removal.links));
  for (const auto& n : removal.namespaces) attempts.add(net::delete_netns(n, netns_dir));
  ::rmdir(netns_dir.c_str());  // only when empty
  for (const auto& f : removal.files) ::unlink(f.c_str());
  // Made by containerd's shims and libcni; only when empty.
  for (const auto* dir : {"/run/containerd/s", "/run/containerd", "/var/lib/cni/results", "/var/lib/cni"}) ::rmdir(dir);
  if (!removal.nft_table.empty()) {
    auto done = co_await remove_egress(loop, removal.nft_table);
    attempts.add(std::move(done));
  }
  co_return attempts.first;
}

rt::Task<Result<>> tear_down(rt::Loop& loop, ClusterRef cluster, bool keep_data) {
  const Layout layout{data_dir_of(cluster)};
  std::optional<State> state;
  if (auto loaded = load_state(layout)) state = std::move(*loaded);
  FL_CO_TRY(auto host, view_host(cluster, layout.data));
  auto done = co_await remove(loop, plan_removal(cluster, layout.data, state, host), cluster.places.netns);
  // The state stays until what it lists is gone.
  if (!done) co_return done;
  if (keep_data) {
    auto cleaned = co_await remove_volatile_data(layout);
    if (cleaned && state) {
      // What is left tells the next `up` the cluster's size, addresses and port.
      state->processes.clear();
      cleaned = save_state(layout, *state);
    }
    co_return cleaned;
  }
  auto removed = co_await remove_tree(layout.data);
  if (!removed) co_return removed;
  unregister_data_dir(cluster);
  ::rmdir(cluster.places.var.c_str());  // only when empty
  co_return Result<>{};
}

}  // namespace fairlead::up
