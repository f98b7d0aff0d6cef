// One cgroup path in every mounted hierarchy: all v1 controllers, the unified one, or both (hybrid). Paths are as seen
// below the mount points: "/fairlead-demo/node1". kernel: Documentation/admin-guide/cgroup-v1, cgroup-v2.rst.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rt/loop.h"

namespace fairlead::net {

struct CgroupHierarchy {
  std::string mount_point;  // /sys/fs/cgroup/memory, /sys/fs/cgroup
  bool v2 = false;
  std::vector<std::string> controllers;  // v1 only: cpu, memory, name=systemd
  bool operator==(const CgroupHierarchy&) const = default;
};
// Pure: the hierarchies that a mountinfo file (proc(5)) lists; a hierarchy mounted twice counts once.
std::vector<CgroupHierarchy> parse_cgroup_mounts(std::string_view mountinfo);

class Cgroups {
 public:
  // Reads /proc/self/mountinfo. An error when no hierarchy is mounted.
  static Result<Cgroups> open();
  explicit Cgroups(std::vector<CgroupHierarchy> hierarchies) : hierarchies_(std::move(hierarchies)) {}

  [[nodiscard]] const std::vector<CgroupHierarchy>& hierarchies() const { return hierarchies_; }
  [[nodiscard]] bool has_v2() const;
  // Where `path` is in the unified hierarchy; empty without one. What BPF attaches to.
  [[nodiscard]] std::string v2_directory(std::string_view path) const;

  // Makes `path` and its parents everywhere. Existing ones stay as they are.
  Result<> create(const std::string& path) const;
  // For SpawnOptions::cgroup_procs: the child enters `path` in every hierarchy.
  [[nodiscard]] std::vector<std::string> procs_files(std::string_view path) const;
  // Every process at `path` or below, in any hierarchy; sorted, without duplicates.
  [[nodiscard]] std::vector<pid_t> processes(std::string_view path) const;
  [[nodiscard]] bool exists(std::string_view path) const;
  // SIGKILL to everything at `path` and below, frozen or not. Returns how many processes were found.
  size_t kill(std::string_view path) const;
  // Kills until it is empty, then removes the tree. kTimeout with the processes that would not go.
  rt::Task<Result<>> destroy(std::string path,
                             std::chrono::steady_clock::duration limit = std::chrono::seconds{10}) const;

 private:
  std::vector<CgroupHierarchy> hierarchies_;
};

}  // namespace fairlead::net
