// The cluster's zone: Services, EndpointSlices, Namespaces and pods in, answers out, as "Kubernetes DNS-Based Service
// Discovery" 1.1.0 says and, where that is silent, CoreDNS's kubernetes plugin.
//
// One thread writes (the loop that has the informers); any number of threads answer, each under a guard of an
// RcuDomain::Reader. A change costs what changed: one Service's node, the reverse names of its addresses.
//
// Where this departs from CoreDNS: an ExternalName chain that ends nowhere is shown with the rcode of its end; names
// between existing names (_tcp.web.default.svc, dns.<zone>) exist (RFC 8020); port labels need their underscores;
// nothing is below the name of a pod.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ip.h"
#include "dns/message.h"
#include "dns/rcu.h"
#include "dns/service_node.h"

namespace fairlead::dns {

// Names of pods, 10-36-0-1.default.pod.<zone>: none; any address in a namespace that exists; those of pods.
enum class PodsMode : uint8_t { kDisabled, kInsecure, kVerified };

struct ZoneConfig {
  Name domain;        // cluster.local
  uint32_t ttl = 30;  // seconds, also of negative answers; as in kubeadm's Corefile
  PodsMode pods = PodsMode::kInsecure;
  std::string dns_service = "kube-system/kube-dns";  // what NS records name, when it exists
  uint32_t first_serial = 1;                         // of the SOA record; it grows with every change
};

// A small generator for shuffling; not for secrets.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;  // splitmix64
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  size_t below(size_t n) { return static_cast<size_t>(next() % n); }

 private:
  uint64_t state_;
};

struct ZoneReply {
  enum class Outcome : uint8_t {
    kAnswered,  // `size` bytes of message
    kForward,   // not of this zone
    kChase,     // an alias (or several) that leads outside: ask upstreams for chain.back(), answer with all of it
  };
  Outcome outcome = Outcome::kForward;
  Rcode rcode = Rcode::kNoError;
  size_t size = 0;
  std::vector<Name> chain = {};  // kChase: targets, in order
};

class Zone {
 public:
  explicit Zone(ZoneConfig config);
  ~Zone();
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

  // ---- the writer
  void set_service(const api::Service& service);
  void remove_service(std::string_view ns, std::string_view name);
  void set_slice(const api::EndpointSlice& slice);
  void remove_slice(std::string_view ns, std::string_view name);
  void add_namespace(std::string_view name);
  void remove_namespace(std::string_view name);
  // PodsMode::kVerified; a pod may be given again with other addresses, none removes it.
  void set_pod(std::string_view ns, std::string_view name, const std::vector<IpAddress>& addresses);
  // Before this, names of the zone get SERVFAIL: nobody knows yet what exists.
  void set_synced() { synced_.store(true, std::memory_order_release); }
  // Frees what readers have left behind; for quiet moments after changes.
  void collect() { domain_.collect(); }

  [[nodiscard]] size_t services() const { return services_.size(); }

  // ---- readers
  [[nodiscard]] RcuDomain& rcu() { return domain_; }
  [[nodiscard]] bool synced() const { return synced_.load(std::memory_order_acquire); }
  // Under a guard. `buffer` takes the message, of at most `limit` bytes. `reverse_forward`: reverse names that are not
  // the cluster's are kForward; otherwise NXDOMAIN.
  ZoneReply answer(const Query& query, Random& random, std::span<uint8_t> buffer, size_t limit,
                   bool reverse_forward) const;
  [[nodiscard]] const ZoneConfig& config() const { return config_; }

 private:
  friend class ZoneAnswer;

  template <class Node>
  struct ByKey {
    using Key = std::string_view;
    static Key key(const Node& node) { return node.key; }
    static bool equal(Key a, Key b) { return a == b; }
    static uint64_t hash(Key k) { return hash_bytes(k); }
  };
  struct NameNode {  // a namespace ("\007default") or a pod's address ("\007default" and 16 bytes)
    std::string key;
  };
  // What a PTR question for an address is answered with; names are wire labels before ".svc.<zone>".
  struct PtrNode {
    std::string key;  // 16 bytes
    std::vector<std::string> services;
    std::vector<std::string> endpoints;  // only when no Service has the address; may repeat while slices change
  };
  template <class Node>
  using Map = RcuMap<Node, ByKey<Node>>;

  void put_service(ServiceNode node);
  void update_slices(const std::string& service, const Slice* remove, std::shared_ptr<const Slice> add);
  void change_ptr(const IpAddress& address, bool of_service, std::string_view name, bool add);
  void change_cluster_ips(const ServiceNode* before, const ServiceNode& after);
  void change_pod_address(const std::string& key, int by);
  void changed() { serial_.fetch_add(1, std::memory_order_relaxed); }

  const ZoneConfig config_;
  const std::string domain_wire_;  // lower case, with the root
  const size_t domain_labels_;
  const std::string dns_service_key_;
  RcuDomain domain_;
  Map<ServiceNode> services_;
  Map<NameNode> namespaces_;
  Map<NameNode> pods_;
  Map<PtrNode> ptrs_;
  std::unordered_map<std::string, std::shared_ptr<const Slice>> slices_;     // by "namespace/name"
  std::unordered_map<std::string, std::vector<std::string>> pod_addresses_;  // "namespace/name" -> keys in pods_
  std::unordered_map<std::string, int> pod_counts_;                          // pods that share an address
  std::atomic<uint32_t> serial_;
  std::atomic<bool> synced_{false};
};

}  // namespace fairlead::dns
