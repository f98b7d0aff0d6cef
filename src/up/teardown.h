// Removing every trace of a cluster from the machine, whatever half of it exists.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/process.h"
#include "rt/loop.h"
#include "up/state.h"

namespace fairlead::up {

struct Removal {
  std::vector<net::ProcessId> processes;
  std::string cgroup;
  std::vector<std::string> mounts;  // innermost first
  std::vector<std::string> namespaces;
  std::vector<std::string> links;  // the bridge last
  std::string nft_table;
  std::vector<std::string> files;  // outside the data directory: sockets of container shims, CNI results
  bool operator==(const Removal&) const = default;
};

// What the machine has, as far as it matters here.
struct HostView {
  std::string boot_id;
  std::string mountinfo;  // /proc/self/mountinfo
  std::vector<std::string> namespaces;
  std::vector<std::string> links;
  std::vector<std::string> files;
};
Result<HostView> view_host(const ClusterRef& cluster, const std::string& data_dir);

// Pure: the state's list, when there is one, and what the names alone tell.
Removal plan_removal(const ClusterRef& cluster, const std::string& data_dir, const std::optional<State>& state,
                     const HostView& host);

// The mount points at or below `directory`, innermost first.
std::vector<std::string> mounts_below(std::string_view mountinfo, const std::string& directory);

// Where the container shims of a node listen, as their bundles in its containerd's `state` directory say.
std::vector<std::string> shim_sockets(const std::string& state);

// Whether libcni's file, named NETWORK-SANDBOX-INTERFACE, is about one of these sandboxes.
bool is_cni_result_of(const std::string& file, const std::set<std::string>& sandboxes);

// Goes on after failures and returns the first of them.
rt::Task<Result<>> remove(rt::Loop& loop, Removal removal, std::string netns_dir);

// Views, plans and removes; afterwards the data directory keeps only what a later `up` can use, or goes too.
rt::Task<Result<>> tear_down(rt::Loop& loop, ClusterRef cluster, bool keep_data);

}  // namespace fairlead::up
