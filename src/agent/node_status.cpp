#include "agent/node_status.h"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "agent/serving_certificate.h"
#include "base/text.h"

namespace fairlead::agent {
namespace {

constexpr int kMaxPods = 110;

std::string first_line(const std::string& path) {
  const auto text = read_file(path);
  return text ? std::string(trim(text->substr(0, text->find('\n')))) : "";
}

std::string os_image() {
  const auto text = read_file("/etc/os-release");
  if (!text) return "Linux";
  for (const std::string_view line : split(*text, '\n')) {
    constexpr std::string_view kName = "PRETTY_NAME=";
    if (!line.starts_with(kName)) continue;
    std::string name(trim(line.substr(kName.size())));
    std::erase(name, '"');
    return name;
  }
  return "Linux";
}

std::string go_architecture(std::string_view machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return std::string(machine);
}

api::Time api_time(WallTime at) { return {std::chrono::floor<std::chrono::seconds>(at)}; }

void set_condition(api::NodeStatus& status, std::string_view type, bool value, std::string_view reason,
                   std::string_view message, WallTime now) {
  auto it = std::ranges::find(status.conditions, type, &api::NodeCondition::type);
  if (it == status.conditions.end()) {
    status.conditions.emplace_back().type = type;
    it = status.conditions.end() - 1;
  }
  const char* text = value ? "True" : "False";
  if (it->status != text) it->last_transition_time = api_time(now);
  it->status = text;
  it->reason = reason;
  it->message = message;
  it->last_heartbeat_time = api_time(now);
}

}  // namespace

MachineFacts machine_facts(const std::string& data_dir) {
  MachineFacts out;
  out.cpus = std::max(1L, sysconf(_SC_NPROCESSORS_ONLN));
  struct sysinfo info{};
  if (sysinfo(&info) == 0) out.memory = static_cast<int64_t>(info.totalram) * info.mem_unit;
  struct statvfs fs{};
  if (statvfs(data_dir.c_str(), &fs) == 0 || statvfs("/", &fs) == 0)
    out.disk = static_cast<int64_t>(fs.f_blocks * fs.f_frsize);
  out.machine_id = first_line("/etc/machine-id");
  out.system_uuid = first_line("/sys/class/dmi/id/product_uuid");
  if (out.system_uuid.empty()) out.system_uuid = out.machine_id;
  out.boot_id = first_line("/proc/sys/kernel/random/boot_id");
  utsname name{};
  if (uname(&name) == 0) {
    out.kernel = name.release;
    out.architecture = go_architecture(name.machine);
  }
  out.os_image = os_image();
  return out;
}

api::Node new_node(const AgentConfig& config, const MachineFacts& machine, const std::string& serving_ca) {
  api::Node node;
  node.metadata.name = config.node_name;
  complete_node(node, config, machine, serving_ca);
  return node;
}

bool complete_node(api::Node& node, const AgentConfig& config, const MachineFacts& machine,
                   const std::string& serving_ca) {
  const api::Node before = node;
  const api::StringMap wanted{{"kubernetes.io/hostname", config.node_name},
                              {"kubernetes.io/os", "linux"},
                              {"kubernetes.io/arch", machine.architecture},
                              {"beta.kubernetes.io/os", "linux"},
                              {"beta.kubernetes.io/arch", machine.architecture}};
  for (const auto& [key, value] : wanted) node.metadata.labels[key] = value;
  if (!serving_ca.empty()) node.metadata.annotations[kServingCaAnnotation] = serving_ca;
  if (node.spec.pod_cidr.empty() && !config.pod_cidrs.empty()) {
    node.spec.pod_cidr = config.pod_cidrs.front().to_string();
    node.spec.pod_cidrs.clear();
    for (const Cidr& cidr : config.pod_cidrs) node.spec.pod_cidrs.push_back(cidr.to_string());
  }
  return !(node == before);
}

api::NodeStatus node_status(const api::Node& node, const AgentConfig& config, const MachineFacts& machine,
                            const RuntimeHealth& runtime, WallTime now) {
  api::NodeStatus out = node.status;
  out.capacity = {{"cpu", {std::to_string(machine.cpus)}},
                  {"memory", {fmt::format("{}Ki", machine.memory / 1024)}},
                  {"ephemeral-storage", {fmt::format("{}Ki", machine.disk / 1024)}},
                  {"pods", {std::to_string(kMaxPods)}}};
  out.allocatable = out.capacity;
  out.addresses = {{"InternalIP", config.node_ip.to_string()}, {"Hostname", config.node_name}};
  out.daemon_endpoints.kubelet_endpoint.port = config.kubelet_port;
  out.node_info.machine_id = machine.machine_id;
  out.node_info.system_uuid = machine.system_uuid;
  out.node_info.boot_id = machine.boot_id;
  out.node_info.kernel_version = machine.kernel;
  out.node_info.os_image = machine.os_image;
  if (!runtime.version.empty()) out.node_info.container_runtime_version = runtime.version;
  out.node_info.kubelet_version = kKubeletVersion;
  out.node_info.operating_system = "linux";
  out.node_info.architecture = machine.architecture;
  set_condition(out, "MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available",
                now);
  set_condition(out, "DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure", now);
  set_condition(out, "PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available", now);
  if (runtime.ready) {
    set_condition(out, "Ready", true, "KubeletReady", "kubelet is posting ready status", now);
  } else {
    set_condition(out, "Ready", false, "KubeletNotReady", "container runtime is not ready: " + runtime.problem, now);
  }
  return out;
}

api::Lease node_lease(const AgentConfig& config, const api::Node& node, WallTime now) {
  api::Lease lease;
  lease.metadata.name = config.node_name;
  lease.metadata.namespace_ = kLeaseNamespace;
  api::OwnerReference owner;
  owner.api_version = "v1";
  owner.kind = "Node";
  owner.name = config.node_name;
  owner.uid = node.metadata.uid;
  if (!owner.uid.empty()) lease.metadata.owner_references = {owner};
  lease.spec.holder_identity = config.node_name;
  lease.spec.lease_duration_seconds = 40;
  lease.spec.renew_time = {now};
  return lease;
}

}  // namespace fairlead::agent
