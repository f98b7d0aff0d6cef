// What the scheduler knows, and the choice itself: pure. Nodes and the pods that are on them, or are about to be, come
// in one by one and cost what they change; choose() looks at every node.
//
// Filters, in the order in which a node's first failure is reported: unschedulable, node name, taints, node selector
// and affinity, host ports, pod count, cpu, memory and other resources, required pod affinity and anti-affinity,
// topologySpreadConstraints with DoNotSchedule. Scores: fewest pods of the same owner on the node, then preferred node
// affinity, then the largest free share of cpu and memory, then fewest pods, then the name.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/kinds/node.h"
#include "api/kinds/pod.h"

namespace fairlead::controllers {

using NodePtr = std::shared_ptr<const api::Node>;
using PodPtr = std::shared_ptr<const api::Pod>;

// Sums of requests: milli-units for cpu, units for everything else.
using ResourceSums = std::map<std::string, int64_t>;

// What a pod asks for: the sum over its containers, or the largest init container where that is more, plus overhead.
// Sidecars (init containers with restartPolicy Always) count with the containers (KEP-753).
ResourceSums pod_requests(const api::PodSpec& spec);

// Whether `tolerations` tolerate `taint` (the rules of core/v1 Toleration).
bool tolerates(const std::vector<api::Toleration>& tolerations, const api::Taint& taint);

struct Choice {
  std::string node;                     // empty: none fits
  std::map<std::string, int> rejected;  // reason -> number of nodes, when none fits
  // "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable."
  [[nodiscard]] std::string message(size_t nodes) const;
};

class SchedulerCluster {
 public:
  void set_node(NodePtr node);
  void remove_node(const std::string& name);
  // A pod on a node: bound, or assumed to be. Moves it when it was elsewhere.
  void set_pod(const std::string& key, const PodPtr& pod, const std::string& node);
  void remove_pod(const std::string& key);

  [[nodiscard]] Choice choose(const api::Pod& pod) const;
  [[nodiscard]] size_t nodes() const { return node_count_; }

 private:
  struct OnNode {
    NodePtr node;  // null while only pods of it are known
    std::map<std::string, PodPtr> pods;
    ResourceSums used;
    std::multiset<std::string> ports;
    std::map<std::string, int> owners;  // controller uid -> pods
  };
  struct Domains;

  void add_to(OnNode& n, const std::string& key, const PodPtr& pod, int sign);
  [[nodiscard]] std::string first_obstacle(const api::Pod& pod, const ResourceSums& wants, const OnNode& n,
                                           const Domains& domains) const;
  [[nodiscard]] Domains domains_for(const api::Pod& pod) const;

  std::map<std::string, OnNode> by_name_;
  std::map<std::string, std::string> node_of_;  // pod key -> node
  size_t node_count_ = 0;
};

}  // namespace fairlead::controllers
