// The configuration of a node's private containerd (1.6, config version 2) and of its pod network (CNI 0.4.0): pure
// functions from options to text. Whoever starts containerd writes the files; it joins the node's network by setns
// before exec (not by `ip netns exec`, which remounts /sys and hides the cgroups from runc).
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"

namespace fairlead::agent {

struct ContainerdOptions {
  std::string root;    // images, snapshots, metadata: what survives a reboot
  std::string state;   // running pods' files; below it the pods' network namespaces and mounts
  std::string socket;  // CRI is served here
  std::string cni_conf_dir;
  std::string cni_bin_dir = "/usr/lib/cni";
  std::string runc_root;  // runc's own state; private, so that clusters do not see each other's containers
  std::string sandbox_image = "localhost/pause:1";
  // Without CAP_SYS_RESOURCE runc dies ("can't get final child's PID from pipe: EOF") when it has to lower a score.
  bool restrict_oom_score_adj = false;
  std::string log_level = "warn";  // containerd's own names
};
std::string render_containerd_config(const ContainerdOptions& options);

struct CniOptions {
  std::vector<Cidr> pod_cidrs;  // the node's; at most one per family
  std::string data_dir;         // host-local keeps the addresses in use here
};
// ptp: a veth pair per pod and a route to it, so that all pod traffic is routed and passes netfilter without
// br_netfilter. Address .1 of the range is the pods' gateway, on the node's end of every pair. portmap serves hostPort.
std::string render_cni_conflist(const CniOptions& options);

// Whether this process may lower an oom_score_adj: CAP_SYS_RESOURCE in `proc_status`, the text of /proc/self/status.
bool has_cap_sys_resource(std::string_view proc_status);

}  // namespace fairlead::agent
