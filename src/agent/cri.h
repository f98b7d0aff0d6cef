// The container runtime as the agent sees it: the Container Runtime Interface v1 with plain structs. Implementations:
// grpc_cri.h (any CRI runtime, over its unix socket) and fake_cri.h (tests).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "base/result.h"
#include "rt/loop.h"

namespace fairlead::agent {

using StringMap = std::map<std::string, std::string>;

// The labels by which runtimes, and tools such as crictl, know whose a sandbox or container is.
inline constexpr const char* kPodUidLabel = "io.kubernetes.pod.uid";
inline constexpr const char* kPodNameLabel = "io.kubernetes.pod.name";
inline constexpr const char* kPodNamespaceLabel = "io.kubernetes.pod.namespace";
inline constexpr const char* kContainerNameLabel = "io.kubernetes.container.name";

struct CriVersion {
  std::string runtime_name;  // containerd
  std::string runtime_version;
};

struct CriCondition {
  std::string type;  // RuntimeReady, NetworkReady
  bool status = false;
  std::string reason;
  std::string message;
};

struct DnsConfig {
  std::vector<std::string> servers;
  std::vector<std::string> searches;
  std::vector<std::string> options;
  bool operator==(const DnsConfig&) const = default;
};

struct PortMapping {
  Protocol protocol = Protocol::kTcp;
  int32_t container_port = 0;
  int32_t host_port = 0;
  std::string host_ip;
  bool operator==(const PortMapping&) const = default;
};

struct NamespaceOptions {
  bool host_network = false;
  bool host_pid = false;
  bool host_ipc = false;
  bool share_pid = false;  // one PID namespace for all containers of the pod
  bool operator==(const NamespaceOptions&) const = default;
};

// What a pod sandbox is made from. uid and attempt make it unique.
struct SandboxSpec {
  std::string name;
  std::string uid;
  std::string ns;
  uint32_t attempt = 0;
  std::string hostname;       // empty for host network
  std::string log_directory;  // containers' log paths are relative to it
  std::optional<DnsConfig> dns;
  std::vector<PortMapping> ports;  // those with a host port
  StringMap labels;
  StringMap annotations;
  std::string cgroup_parent;
  NamespaceOptions namespaces;
  bool privileged = false;
  std::optional<int64_t> run_as_user;
  std::optional<int64_t> run_as_group;
  std::vector<int64_t> supplemental_groups;
  StringMap sysctls;
  bool operator==(const SandboxSpec&) const = default;
};

struct Sandbox {
  std::string id;
  std::string name;
  std::string uid;
  std::string ns;
  uint32_t attempt = 0;
  bool ready = false;
  WallTime created_at{};
  StringMap labels;
  StringMap annotations;
  bool operator==(const Sandbox&) const = default;
};

struct SandboxStatus {
  Sandbox sandbox;
  std::vector<std::string> ips;  // the primary address first; empty for host network
};

struct CriMount {
  std::string container_path;
  std::string host_path;
  bool readonly = false;
  std::string propagation;  // "", HostToContainer, Bidirectional
  std::string volume;       // its name; for messages
  std::string sub_path;     // below host_path; prepare_sub_paths() resolves it before the runtime sees the mount
  bool operator==(const CriMount&) const = default;
};

struct CriResources {
  int64_t cpu_period = 0;  // microseconds; 0: not limited
  int64_t cpu_quota = 0;
  int64_t cpu_shares = 0;
  int64_t memory_limit = 0;  // bytes; 0: not limited
  int64_t oom_score_adj = 0;
  bool operator==(const CriResources&) const = default;
};

struct CriSecurity {
  std::vector<std::string> add_capabilities;
  std::vector<std::string> drop_capabilities;
  bool privileged = false;
  std::optional<int64_t> run_as_user;
  std::optional<int64_t> run_as_group;
  bool readonly_rootfs = false;
  std::vector<int64_t> supplemental_groups;
  bool no_new_privs = false;
  bool seccomp_unconfined = true;
  bool proc_unmasked = false;  // else what containers have no business with in /proc and /sys is hidden or read-only
  bool operator==(const CriSecurity&) const = default;
};

struct ContainerSpec {
  std::string name;
  uint32_t attempt = 0;
  std::string image;  // the id that image_status() gave
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::string working_dir;
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<CriMount> mounts;
  StringMap labels;
  StringMap annotations;
  std::string log_path;
  bool stdin = false;
  bool stdin_once = false;
  bool tty = false;
  CriResources resources;
  CriSecurity security;
  bool operator==(const ContainerSpec&) const = default;
};

enum class ContainerState : uint8_t { kCreated, kRunning, kExited, kUnknown };

// A container as listed. Times, exit code and reason are filled only by container_status().
struct CriContainer {
  std::string id;
  std::string sandbox_id;
  std::string name;
  uint32_t attempt = 0;
  ContainerState state = ContainerState::kUnknown;
  std::string image;      // as the container asked for it
  std::string image_ref;  // digest or id
  WallTime created_at{};
  WallTime started_at{};
  WallTime finished_at{};
  int32_t exit_code = 0;
  std::string reason;  // Completed, Error, OOMKilled
  std::string message;
  StringMap labels;
  StringMap annotations;
  std::string log_path;
  bool operator==(const CriContainer&) const = default;
};

struct CriImage {
  std::string id;  // sha256:...
  std::vector<std::string> tags;
  std::vector<std::string> digests;
  uint64_t size = 0;
  std::optional<int64_t> uid;  // the user that the image asks for, when it is a number
  std::string username;
};

// What a registry asks for. Empty fields are not sent.
struct RegistryAuth {
  std::string username;
  std::string password;
  std::string identity_token;
  std::string registry_token;
  bool operator==(const RegistryAuth&) const = default;
};

struct ExecResult {
  std::string out;
  std::string err;
  int32_t exit_code = 0;
};

// Which streams a client of exec or attach will open; the runtime waits for all of them.
struct StdStreams {
  bool in = false;
  bool out = false;
  bool err = false;  // never with a terminal, which has one output
  bool tty = false;
  bool operator==(const StdStreams&) const = default;
};

// Errors: kNotFound for what does not exist, kUnavailable while the runtime is away, kTimeout. Removing or stopping
// what is gone already is success. Cancelling a call abandons it; the runtime may still finish it.
class Cri {
 public:
  using Seconds = std::chrono::seconds;
  template <class T>
  using Task = rt::Task<T>;
  virtual ~Cri() = default;

  virtual Task<Result<CriVersion>> version() = 0;
  virtual Task<Result<std::vector<CriCondition>>> status() = 0;

  virtual Task<Result<std::string>> run_sandbox(SandboxSpec spec) = 0;
  virtual Task<Result<>> stop_sandbox(std::string id) = 0;  // kills its containers, gives back its addresses
  virtual Task<Result<>> remove_sandbox(std::string id) = 0;
  virtual Task<Result<SandboxStatus>> sandbox_status(std::string id) = 0;
  // Of one pod, or all when `pod_uid` is empty (by label io.kubernetes.pod.uid); the newest first.
  virtual Task<Result<std::vector<Sandbox>>> list_sandboxes(std::string pod_uid = "") = 0;

  virtual Task<Result<std::string>> create_container(std::string sandbox_id, ContainerSpec spec,
                                                     SandboxSpec sandbox) = 0;
  virtual Task<Result<>> start_container(std::string id) = 0;
  // SIGTERM (or the image's stop signal), SIGKILL after `grace`; returns after the end.
  virtual Task<Result<>> stop_container(std::string id, Seconds grace) = 0;
  virtual Task<Result<>> remove_container(std::string id) = 0;
  virtual Task<Result<CriContainer>> container_status(std::string id) = 0;
  virtual Task<Result<std::vector<CriContainer>>> list_containers(std::string pod_uid = "") = 0;
  virtual Task<Result<>> reopen_log(std::string id) = 0;

  virtual Task<Result<ExecResult>> exec_sync(std::string id, std::vector<std::string> command, Seconds limit) = 0;
  // URLs of the runtime's streaming server, each good for one connection within a minute.
  virtual Task<Result<std::string>> exec(std::string id, std::vector<std::string> command, StdStreams streams) = 0;
  virtual Task<Result<std::string>> attach(std::string id, StdStreams streams) = 0;
  virtual Task<Result<std::string>> port_forward(std::string sandbox_id, std::vector<int32_t> ports) = 0;

  // nullopt when the image is not there.
  virtual Task<Result<std::optional<CriImage>>> image_status(std::string image) = 0;
  // Its id; the error's text is the runtime's.
  virtual Task<Result<std::string>> pull_image(std::string image, std::optional<RegistryAuth> auth) = 0;
  virtual Task<Result<std::vector<CriImage>>> list_images() = 0;

  // Calls `on_event` whenever something may have ended, until the stream breaks or the caller is cancelled.
  // kMethodNotAllowed when the runtime has no such stream: poll instead.
  virtual Task<Result<>> watch_events(std::function<void()> on_event) = 0;
};

}  // namespace fairlead::agent
