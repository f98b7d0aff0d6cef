// Questions outside the cluster's zone: asked of the upstream resolvers, each once however many clients wait for it,
// and kept for a while. Bounded in everything; beyond its bounds it refuses, and the caller says SERVFAIL.
//
// Lives on one loop. Query workers hand their questions over through ForwardInbox and read the cache themselves.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "dns/stored_answer.h"
#include "dns/upstream.h"
#include "rt/loop.h"
#include "rt/task_group.h"

namespace fairlead::dns {

struct ForwardConfig {
  std::vector<Endpoint> upstreams;
  size_t max_in_flight = 1000;  // different questions at once, as kubeadm's Corefile has it
  size_t max_waiting = 8192;    // clients
  std::chrono::milliseconds attempt_limit{2000};
  std::chrono::milliseconds total_limit{4500};  // below the five seconds after which resolvers ask again
  std::chrono::seconds cache_limit{30};         // as kubeadm's Corefile has it
  size_t cache_entries = 9984;
  size_t cache_bytes = 8 << 20;
};

struct ForwardStats {
  std::atomic<uint64_t> asked{0};      // attempts at upstreams
  std::atomic<uint64_t> failed{0};     // attempts without an answer
  std::atomic<uint64_t> coalesced{0};  // clients that joined a question already asked
  std::atomic<uint64_t> rejected{0};   // beyond the bounds
};

class Forwarder {
 public:
  // Called once, on the loop; null when there is no answer. The pointer is valid during the call.
  using Done = std::function<void(const StoredAnswer* answer)>;

  Forwarder(rt::Loop& loop, RcuDomain& domain, const Clock& clock, ForwardConfig config);
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;
  ~Forwarder();  // shutdown() first

  [[nodiscard]] bool has_upstreams() const { return !upstreams_.empty(); }
  // Loop only.
  void ask(const Question& question, bool dnssec_ok, bool checking_disabled, Done done);
  // Any thread.
  [[nodiscard]] const AnswerCache& cache() const { return cache_; }
  [[nodiscard]] const ForwardStats& stats() const { return stats_; }

  // Loops (an upstream that asks us back): start_probes() asks each upstream for a random name; if that question comes
  // in here, saw_query() says true and the upstream is left alone until a later probe no longer comes back.
  void start_probes();
  // Any thread.
  bool saw_query(const Query& query);
  [[nodiscard]] bool looping(size_t upstream) const { return upstreams_[upstream].looping.load(); }

  [[nodiscard]] size_t waiting() const { return waiting_; }
  // Waits until nobody waits for an answer any more, at most `limit`.
  rt::Task<> drain(std::chrono::milliseconds limit);
  // Answers everyone still waiting, and whoever asks later, with null.
  rt::Task<> shutdown();

 private:
  struct Upstream {
    Endpoint endpoint;
    Name probe;  // the random name
    std::atomic<bool> looping{false};
    std::atomic<bool> probe_seen{false};
    int failures = 0;  // in a row
    MonoTime avoid_until;
    std::chrono::milliseconds rtt{0};  // smoothed; 0: unknown
  };
  struct InFlight {
    UpstreamQuestion question;
    std::vector<Done> clients;
  };

  rt::Task<> resolve(std::string key);
  rt::Task<> probe(size_t upstream);
  [[nodiscard]] std::vector<size_t> order();
  void finish(const std::string& key, std::unique_ptr<StoredAnswer> answer);

  rt::Loop& loop_;
  const Clock& clock_;
  const ForwardConfig config_;
  std::vector<Upstream> upstreams_;
  AnswerCache cache_;
  ForwardStats stats_;
  std::unordered_map<std::string, InFlight> in_flight_;
  size_t waiting_ = 0;
  bool closed_ = false;
  rt::TaskGroup tasks_;
  rt::Event idle_;
};

}  // namespace fairlead::dns
