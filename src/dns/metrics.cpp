#include "dns/metrics.h"

#include <iterator>

#include "dns/forward.h"

namespace fairlead::dns {

namespace {

constexpr std::array<RecordType, 11> kTypeOrder = {
    RecordType::kA,   RecordType::kAaaa, RecordType::kSrv, RecordType::kPtr,   RecordType::kCname, RecordType::kTxt,
    RecordType::kSoa, RecordType::kNs,   RecordType::kMx,  RecordType::kHinfo, RecordType::kAny,
};

// CoreDNS's: from 0.25 ms, doubling, to 8 s; two finer ones in front, because answers here take microseconds.
constexpr std::array<double, 16> kBounds = {0.000015625, 0.0000625, 0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008,
                                            0.016,       0.032,     0.064,   0.128,  0.256, 0.512, 1.024, 2.048};

size_t type_index(RecordType type) {
  for (size_t i = 0; i < kTypeOrder.size(); ++i) {
    if (kTypeOrder[i] == type) return i;
  }
  return kTypeOrder.size();
}

}  // namespace

void Counters::request(Family family, Transport transport, RecordType type) {
  add(requests_[family][transport][type_index(type)]);
}

void Counters::duration(std::chrono::nanoseconds each, uint64_t count) {
  const double seconds = static_cast<double>(each.count()) / 1e9;
  size_t i = 0;
  while (i < kBounds.size() && seconds > kBounds[i]) ++i;
  add(duration_buckets_[i], count);
  add(duration_ns_, static_cast<uint64_t>(each.count()) * count);
}

uint64_t Metrics::requests() const {
  uint64_t sum = 0;
  for (const auto& t : threads_) {
    for (const auto& family : t.requests_) {
      for (const auto& transport : family) {
        for (const auto& c : transport) sum += c.load(std::memory_order_relaxed);
      }
    }
  }
  return sum;
}

std::string Metrics::render(const ForwardStats& forward, size_t cache_entries) const {
  std::string out;
  const auto to = std::back_inserter(out);
  const auto head = [&](std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(to, "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  };
  const auto sum = [&](auto&& get) {
    uint64_t total = 0;
    for (const auto& t : threads_) total += get(t).load(std::memory_order_relaxed);
    return total;
  };
  const std::string where = fmt::format("server=\"{}\",view=\"\",zone=\".\"", server_);

  head("coredns_build_info", "gauge", "A metric with a constant '1' value labeled by version.");
  fmt::format_to(to, "coredns_build_info{{goversion=\"\",revision=\"fairlead\",version=\"{}\"}} 1\n", FAIRLEAD_VERSION);

  head("coredns_dns_requests_total", "counter", "Counter of DNS requests made per zone, protocol and family.");
  for (size_t f = 0; f < 2; ++f) {
    for (size_t p = 0; p < 2; ++p) {
      for (size_t t = 0; t < Counters::kTypes; ++t) {
        const auto n = sum([&](const Counters& c) -> const auto& { return c.requests_[f][p][t]; });
        if (n == 0) continue;
        const auto type = t < kTypeOrder.size() ? dns::to_string(kTypeOrder[t]) : std::string("other");
        fmt::format_to(to, "coredns_dns_requests_total{{family=\"{}\",proto=\"{}\",{},type=\"{}\"}} {}\n", f + 1,
                       p == 0 ? "udp" : "tcp", where, type, n);
      }
    }
  }
  head("coredns_dns_responses_total", "counter", "Counter of response status codes.");
  for (size_t r = 0; r < 17; ++r) {
    const auto n = sum([&](const Counters& c) -> const auto& { return c.responses_[r]; });
    if (n == 0) continue;
    fmt::format_to(to, "coredns_dns_responses_total{{plugin=\"\",rcode=\"{}\",{}}} {}\n",
                   dns::to_string(static_cast<Rcode>(r)), where, n);
  }
  head("coredns_dns_request_duration_seconds", "histogram",
       "Histogram of the time (in seconds) each request took per zone.");
  uint64_t below = 0;
  for (size_t b = 0; b < kBounds.size(); ++b) {
    below += sum([&](const Counters& c) -> const auto& { return c.duration_buckets_[b]; });
    fmt::format_to(to, "coredns_dns_request_duration_seconds_bucket{{{},le=\"{}\"}} {}\n", where, kBounds[b], below);
  }
  below += sum([&](const Counters& c) -> const auto& { return c.duration_buckets_[kBounds.size()]; });
  const auto ns = sum([](const Counters& c) -> const auto& { return c.duration_ns_; });
  fmt::format_to(to, "coredns_dns_request_duration_seconds_bucket{{{},le=\"+Inf\"}} {}\n", where, below);
  fmt::format_to(to, "coredns_dns_request_duration_seconds_sum{{{}}} {}\n", where, static_cast<double>(ns) / 1e9);
  fmt::format_to(to, "coredns_dns_request_duration_seconds_count{{{}}} {}\n", where, below);

  const auto one = [&](std::string_view name, std::string_view type, std::string_view help, std::string_view labels,
                       uint64_t value) {
    head(name, type, help);
    fmt::format_to(to, "{}{{{}}} {}\n", name, labels, value);
  };
  const std::string cache = fmt::format("server=\"{}\",view=\"\",zones=\".\"", server_);
  one("coredns_cache_hits_total", "counter", "The count of cache hits.", cache,
      sum([](const Counters& c) -> const auto& { return c.cache_hits_; }));
  one("coredns_cache_misses_total", "counter", "The count of cache misses.", cache,
      sum([](const Counters& c) -> const auto& { return c.cache_misses_; }));
  one("coredns_cache_entries", "gauge", "The number of elements in the cache.", cache, cache_entries);
  const std::string server = fmt::format("server=\"{}\"", server_);
  one("coredns_forward_max_concurrent_rejects_total", "counter",
      "Counter of the number of queries rejected because the concurrent queries were at maximum.", server,
      forward.rejected.load() + sum([](const Counters& c) -> const auto& { return c.shed_; }));
  one("fairlead_dns_forward_requests_total", "counter", "Questions asked of upstreams.", server, forward.asked.load());
  one("fairlead_dns_forward_failures_total", "counter", "Questions that an upstream did not answer.", server,
      forward.failed.load());
  one("fairlead_dns_forward_coalesced_total", "counter", "Queries that joined a question already asked.", server,
      forward.coalesced.load());
  one("fairlead_dns_malformed_total", "counter", "Packets that are no query.", server,
      sum([](const Counters& c) -> const auto& { return c.malformed_; }));
  return out;
}

}  // namespace fairlead::dns
