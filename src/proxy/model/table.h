// What Kubernetes means by its Services, on this node: the value that the model computes and every plane turns into
// kernel or socket state. One ServicePort per port of a Service and address family; immutable once published.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/ip.h"

namespace fairlead::proxy {

// Names one port of one Service in one family.
struct PortKey {
  std::string ns;
  std::string name;
  std::string port;  // the port's name; empty when the Service's only port has none
  Protocol protocol = Protocol::kTcp;
  IpFamily family = IpFamily::kV4;

  auto operator<=>(const PortKey&) const = default;
  [[nodiscard]] std::string service() const { return ns + "/" + name; }
  // "default/web:http", or "default/web": as rules' comments, logs and metrics name it.
  [[nodiscard]] std::string to_string() const;
};
struct PortKeyHash {
  size_t operator()(const PortKey& key) const noexcept;
};

// An endpoint that the slices name. Weight 1 unless the slice's annotation fairlead.io/weights says otherwise.
struct Backend {
  IpAddress address;
  uint16_t port = 0;
  uint16_t weight = 1;
  bool local = false;  // on this node
  bool ready = false;
  bool serving = false;
  bool terminating = false;

  auto operator<=>(const Backend&) const = default;
  [[nodiscard]] Endpoint endpoint() const { return {address, port}; }
};

enum class FrontendKind : uint8_t { kClusterIp, kExternalIp, kLoadBalancer, kNodePort };
enum class Verdict : uint8_t {
  kForward,
  kReject,  // nothing serves: refuse at once
  kDrop,    // policy Local and nothing serves on this node: the client tries another node
};
// Which of the two chosen lists a client is spread over.
enum class BackendSet : uint8_t { kCluster, kLocal };
// Whose source address is replaced by this node's, besides a pod's that reaches itself, whose always is.
enum class Masquerade : uint8_t {
  kOffCluster,  // clients that are not pods of this cluster
  kAlways,
  kNodeItself,  // this node's own processes; pods and outside clients keep their address
};

// An address and port where the Service is reached. `inside` is the verdict for pods of the cluster and processes of
// this node, `outside` for everyone else; they differ only under externalTrafficPolicy: Local.
struct Frontend {
  FrontendKind kind = FrontendKind::kClusterIp;
  IpAddress address;  // unspecified, of the family, for node ports
  uint16_t port = 0;
  Verdict inside = Verdict::kForward;
  Verdict outside = Verdict::kForward;
  BackendSet inside_set = BackendSet::kCluster;
  BackendSet outside_set = BackendSet::kCluster;
  Masquerade masquerade = Masquerade::kOffCluster;
  bool restricted = false;  // only ServicePort::source_ranges may come in; everyone else is dropped

  bool operator==(const Frontend&) const = default;
};

struct ServicePort {
  PortKey key;
  std::vector<Frontend> frontends;  // cluster IP, external IPs, load balancer IPs, node port
  std::vector<Backend> backends;    // all of them, in order of address and port, without duplicates
  // Chosen: indexes into `backends`. Empty also when no frontend uses the list.
  std::vector<uint32_t> cluster;
  std::vector<uint32_t> local;
  std::optional<uint32_t> affinity_seconds;  // session affinity by client address
  std::vector<Cidr> source_ranges;           // of restricted frontends; empty then means nobody
  uint16_t health_check_port = 0;            // spec.healthCheckNodePort of the Service; 0: none
  std::string scheduler;                     // annotation fairlead.io/scheduler; empty: the plane's default

  bool operator==(const ServicePort&) const = default;
  [[nodiscard]] const std::vector<uint32_t>& chosen(BackendSet set) const {
    return set == BackendSet::kCluster ? cluster : local;
  }
  // Whether flows that exist may go on to `endpoint`: it serves, even while it terminates.
  [[nodiscard]] bool serves(const Endpoint& endpoint) const;
};
using ServicePortPtr = std::shared_ptr<const ServicePort>;

// spec.healthCheckNodePort: where a load balancer asks whether this node has endpoints.
struct HealthCheck {
  uint16_t port = 0;
  uint32_t local_ready = 0;
  bool operator==(const HealthCheck&) const = default;
};

struct NodeInfo {
  std::string name;
  std::string zone;  // label topology.kubernetes.io/zone
  std::vector<IpAddress> ips;
  std::vector<Cidr> pod_cidrs;
  bool operator==(const NodeInfo&) const = default;
};

struct ServiceTable {
  std::unordered_map<PortKey, ServicePortPtr, PortKeyHash> ports;
  std::map<std::string, HealthCheck> health_checks;  // by "namespace/name"
  NodeInfo node;
};

// Something in an object that cannot be programmed; the rest of the object is.
struct Problem {
  std::string kind;    // Service, EndpointSlice
  std::string object;  // namespace/name
  std::string field;   // spec.externalIPs[1]
  std::string message;
  auto operator<=>(const Problem&) const = default;
};

// One port changed. Null `before`: it is new; null `after`: it is gone.
struct Change {
  PortKey key;
  ServicePortPtr before;
  ServicePortPtr after;
};
struct HealthChange {
  std::string service;  // namespace/name
  std::optional<HealthCheck> after;
};
struct Delta {
  std::vector<Change> changes;
  std::vector<HealthChange> health;
  std::vector<Problem> problems;  // that did not exist before
  bool node_changed = false;      // ServiceTable::node is not what it was
  [[nodiscard]] bool empty() const { return changes.empty() && health.empty() && problems.empty() && !node_changed; }
};

}  // namespace fairlead::proxy
