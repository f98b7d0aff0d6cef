// From a request's bytes to a reply's, the same for UDP and TCP: the zone, then the cache of upstream answers; what
// neither knows becomes a job for the forwarder.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "dns/forward.h"
#include "dns/message.h"
#include "dns/metrics.h"
#include "dns/udp.h"
#include "dns/zone.h"

namespace fairlead::dns {

class Worker;

// Where a late answer goes.
struct ReplyTo {
  Worker* worker = nullptr;
  uint64_t connection = 0;  // TCP; 0: UDP
  int fd = -1;              // UDP: the socket that was asked
  Peer peer;
};

struct ForwardJob {
  Query query;
  std::vector<Name> chain;  // aliases that led out of the zone; upstreams are asked for the last
  ReplyTo to;
  size_t limit = 0;  // bytes of the answer
  MonoTime received;
  Counters::Family family = Counters::kV4;
};

struct HandlerConfig {
  size_t udp_limit = kDefaultUdpSize;  // largest answer over UDP, whatever the client offers
};

// One per thread.
class Handler {
 public:
  Handler(const Zone& zone, Forwarder& forwarder, Counters& counters, HandlerConfig config);

  // The reply's size, 0 for none (not a query, or a job was added to `jobs`). Under a guard of the zone's RCU. `to` is
  // called only for a job: it makes the ReplyTo.
  template <class MakeReplyTo>
  size_t handle(std::span<const uint8_t> request, Counters::Family family, Counters::Transport transport, MonoTime now,
                std::span<uint8_t> buffer, std::vector<ForwardJob>& jobs, MakeReplyTo&& to) {
    const auto [size, forward] = answer(request, family, transport, now, buffer);
    if (forward) jobs.push_back({query_, std::move(chain_), to(), limit_, now, family});
    return size;
  }
  [[nodiscard]] Counters& counters() { return counters_; }

 private:
  struct Outcome {
    size_t size;
    bool forward;
  };
  Outcome answer(std::span<const uint8_t> request, Counters::Family family, Counters::Transport transport, MonoTime now,
                 std::span<uint8_t> buffer);
  Outcome outside(MonoTime now, std::span<uint8_t> buffer);
  size_t error(Rcode rcode, std::span<uint8_t> buffer);

  const Zone& zone_;
  Forwarder& forwarder_;
  Counters& counters_;
  const HandlerConfig config_;
  Random random_;
  // Of the request at hand; kept between requests because they are large.
  Query query_;
  std::vector<Name> chain_;
  size_t limit_ = 0;
};

// The bytes of a job's answer; null gives SERVFAIL.
size_t render_job(const ForwardJob& job, const StoredAnswer* answer, uint32_t zone_ttl, MonoTime now,
                  std::span<uint8_t> buffer, Rcode& rcode);

}  // namespace fairlead::dns
