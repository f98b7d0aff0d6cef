// What a cluster has, or is about to have, on this machine: written to DATA_DIR/state.json before anything of it is
// made.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "net/process.h"
#include "up/topology.h"
#include "up/up.h"

namespace fairlead::up {

struct State {
  std::string cluster;
  std::string boot_id;  // processes and kernel objects of another boot are gone, whatever is listed
  int fabric_index = 0;
  int nodes = 0;
  bool egress = true;
  uint16_t local_port = 0;  // of the API on 127.0.0.1
  // Explicit rather than derived, so that a later version with other names still removes them.
  std::string bridge;
  std::string nft_table;
  std::string cgroup;
  std::vector<std::string> links;
  std::vector<std::string> namespaces;
  // "supervisor", "server", "agent node1", "containerd node1".
  std::map<std::string, net::ProcessId> processes;
  bool operator==(const State&) const = default;
};

std::string to_json(const State& state);
Result<State> parse_state(std::string_view json);
State describe(const Topology& topology, bool egress, uint16_t local_port, std::string boot_id);

// The directories of one cluster.
struct Layout {
  std::string data;
  [[nodiscard]] std::string state_file() const { return data + "/state.json"; }
  [[nodiscard]] std::string logs() const { return data + "/logs"; }
  [[nodiscard]] std::string server() const { return data + "/server"; }
  [[nodiscard]] std::string pki() const { return data + "/server/pki"; }
  [[nodiscard]] std::string ca() const { return pki() + "/ca.crt"; }
  [[nodiscard]] std::string kubeconfig() const { return pki() + "/admin.kubeconfig"; }
  [[nodiscard]] std::string node_tokens() const { return data + "/server/node-tokens.csv"; }
  [[nodiscard]] std::string images() const { return data + "/images"; }
  [[nodiscard]] std::string node(std::string_view name) const { return fmt::format("{}/nodes/{}", data, name); }
  [[nodiscard]] std::string import_record(std::string_view name) const { return containerd(name) + "/imported-images"; }
  [[nodiscard]] std::string containerd_root(std::string_view name) const { return containerd(name) + "/root"; }
  [[nodiscard]] std::string containerd_state(std::string_view name) const { return containerd(name) + "/state"; }
  [[nodiscard]] std::string node_token(std::string_view name) const { return node(name) + "/token"; }
  // While this file exists the supervisor does not start the node's processes.
  [[nodiscard]] std::string stopped_marker(std::string_view name) const { return node(name) + "/stopped"; }
  [[nodiscard]] std::string containerd(std::string_view name) const { return node(name) + "/containerd"; }
  [[nodiscard]] std::string containerd_socket(std::string_view name) const {
    return containerd(name) + "/containerd.sock";
  }
};

// Where `cluster` keeps its data: the explicit directory, the registered one, or the default.
std::string data_dir_of(const ClusterRef& cluster);
// Remembers a data directory that is not the default. kAlreadyExists when the name belongs to another directory.
Result<> register_data_dir(const ClusterRef& cluster, const std::string& data_dir);
void unregister_data_dir(const ClusterRef& cluster);

// kNotFound when there is none.
Result<State> load_state(const Layout& layout);
// Renamed into place, without fsync: it must outlive processes, and after a power failure none of what it lists exists.
Result<> save_state(const Layout& layout, const State& state);

std::string current_boot_id();

// A lock file that goes with its holder, however that ends. Released and removed by the destructor.
class FileLock {
 public:
  // Without `wait`: kAlreadyExists when another process holds it; holder() tells which.
  static Result<FileLock> acquire(const std::string& path, bool wait);
  static std::optional<pid_t> holder(const std::string& path);
  FileLock(FileLock&&) noexcept = default;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  FileLock(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Fd fd_;
  std::string path_;
};
std::string lock_path(const ClusterRef& cluster);           // held by the running supervisor
std::string choosing_lock_path(const ClusterRef& cluster);  // held by whoever chooses a network, whatever the cluster

Result<> make_directory(const std::string& path, unsigned mode = 0755);

}  // namespace fairlead::up
