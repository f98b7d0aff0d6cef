#include "agent/containerd_config.h"

#include <fmt/format.h>

#include "base/text.h"

namespace fairlead::agent {
namespace {

// What one node with runc does not need. io.containerd.runtime.v1.linux stays: in 1.6 the tasks service, and so CRI,
// depends on it.
constexpr std::string_view kDisabled[] = {
    "io.containerd.snapshotter.v1.aufs",   "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.zfs",    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.native", "io.containerd.tracing.processor.v1.otlp",
    "io.containerd.internal.v1.tracing",   "io.containerd.internal.v1.restart",
    "io.containerd.internal.v1.opt",       "io.containerd.monitor.v1.cgroups",
};

}  // namespace

std::string render_containerd_config(const ContainerdOptions& o) {
  std::string disabled;
  for (const std::string_view plugin : kDisabled) disabled += fmt::format("  {},\n", quote(plugin));
  return fmt::format(R"(version = 2
root = {root}
state = {state}
disabled_plugins = [
{disabled}]

[debug]
  level = {level}

[grpc]
  address = {socket}

[ttrpc]
  address = {ttrpc}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = {sandbox}
  restrict_oom_score_adj = {restrict}
  netns_mounts_under_state_dir = true
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = {cni_bin}
    conf_dir = {cni_conf}

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
        Root = {runc}
)",
                     fmt::arg("root", quote(o.root)), fmt::arg("state", quote(o.state)), fmt::arg("disabled", disabled),
                     fmt::arg("level", quote(o.log_level)), fmt::arg("socket", quote(o.socket)),
                     fmt::arg("ttrpc", quote(o.socket + ".ttrpc")), fmt::arg("sandbox", quote(o.sandbox_image)),
                     fmt::arg("restrict", o.restrict_oom_score_adj), fmt::arg("cni_bin", quote(o.cni_bin_dir)),
                     fmt::arg("cni_conf", quote(o.cni_conf_dir)), fmt::arg("runc", quote(o.runc_root)));
}

std::string render_cni_conflist(const CniOptions& o) {
  std::string ranges;
  std::string routes;
  for (const Cidr& cidr : o.pod_cidrs) {
    ranges += fmt::format("{}[{{\"subnet\":\"{}\"}}]", ranges.empty() ? "" : ",", cidr);
    routes += fmt::format("{}{{\"dst\":\"{}\"}}", routes.empty() ? "" : ",",
                          cidr.family() == IpFamily::kV4 ? "0.0.0.0/0" : "::/0");
  }
  return fmt::format(R"({{
  "cniVersion": "0.4.0",
  "name": "fairlead",
  "plugins": [
    {{
      "type": "ptp",
      "ipMasq": false,
      "ipam": {{
        "type": "host-local",
        "ranges": [{ranges}],
        "routes": [{routes}],
        "dataDir": {data}
      }}
    }},
    {{"type": "portmap", "capabilities": {{"portMappings": true}}}}
  ]
}}
)",
                     fmt::arg("ranges", ranges), fmt::arg("routes", routes), fmt::arg("data", quote(o.data_dir)));
}

bool has_cap_sys_resource(std::string_view proc_status) {
  constexpr std::string_view kField = "CapEff:";
  constexpr int kCapSysResource = 24;  // linux/capability.h
  for (const std::string_view line : split(proc_status, '\n')) {
    if (!line.starts_with(kField)) continue;
    const std::string mask(trim(line.substr(kField.size())));
    return (strtoull(mask.c_str(), nullptr, 16) >> kCapSysResource & 1) != 0;
  }
  return false;
}

}  // namespace fairlead::agent
