// Queries per second of one worker over loopback, beside a responder that does nothing but turn packets around.
//
//   dns_bench [SECONDS [RUNS]]
//
// One worker and one generator, each on a processor of its own; a window of 512 queries is kept in flight. Names in
// mixed case: of 10,000 Services, and, in the share that a search list with ndots:5 makes, names that do not exist.
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "dns/server.h"
#include "dns/testing/fixture.h"
#include "dns/udp.h"

namespace fairlead::dns {
namespace {

using Clock = std::chrono::steady_clock;

void pin(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu % std::max(1U, std::thread::hardware_concurrency()), &set);
  (void)::pthread_setaffinity_np(::pthread_self(), sizeof set, &set);
}

std::vector<std::vector<uint8_t>> make_queries(double missing_share) {
  std::vector<std::vector<uint8_t>> out;
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto service = random.below(10'000);
    std::string name = fmt::format("service-{}.namespace-{}.svc.cluster.local", service, service % 100);
    if (static_cast<double>(random.below(1000)) < missing_share * 1000)
      name = "www.example.com.namespace-1.svc.cluster.local";
    for (auto& c : name) {
      if (random.below(2) == 0) c = static_cast<char>(std::toupper(c));
    }
    out.push_back(
        testing::query_bytes(name, i % 2 == 0 ? RecordType::kA : RecordType::kAaaa, 1232, static_cast<uint16_t>(i)));
  }
  return out;
}

void fill(Zone& zone) {
  for (int i = 0; i < 10'000; ++i) {
    zone.set_service(testing::cluster_ip_service(fmt::format("namespace-{}", i % 100), fmt::format("service-{}", i),
                                                 {fmt::format("10.96.{}.{}", i / 250, i % 250)},
                                                 {testing::port("http", "TCP", 80)}));
  }
  for (int i = 0; i < 100; ++i) zone.add_namespace(fmt::format("namespace-{}", i));
  zone.set_synced();
}

double generate(const Endpoint& to, const std::vector<std::vector<uint8_t>>& queries, double seconds) {
  constexpr size_t kSockets = 8;
  constexpr size_t kWindow = 512;
  constexpr size_t kBatch = 32;
  std::vector<Fd> sockets;
  const SocketAddress address(to);
  for (size_t i = 0; i < kSockets; ++i) {
    sockets.emplace_back(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    (void)::connect(sockets.back().get(), address.raw(), address.size);
  }
  std::array<mmsghdr, kBatch> out{};
  std::array<iovec, kBatch> out_vectors{};
  std::array<mmsghdr, kBatch> in{};
  std::array<iovec, kBatch> in_vectors{};
  std::vector<uint8_t> buffer(kBatch * 2048);
  for (size_t i = 0; i < kBatch; ++i) {
    in_vectors[i] = {buffer.data() + i * 2048, 2048};
    in[i].msg_hdr.msg_iov = &in_vectors[i];
    in[i].msg_hdr.msg_iovlen = 1;
    out[i].msg_hdr.msg_iov = &out_vectors[i];
    out[i].msg_hdr.msg_iovlen = 1;
  }
  size_t next = 0;
  uint64_t sent = 0;
  uint64_t received = 0;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  auto last = start;
  while (Clock::now() < end) {
    for (auto& socket : sockets) {
      if (sent - received < kWindow) {
        for (size_t i = 0; i < kBatch; ++i) {
          const auto& q = queries[next++ % queries.size()];
          out_vectors[i] = {const_cast<uint8_t*>(q.data()), q.size()};
        }
        const int n = ::sendmmsg(socket.get(), out.data(), kBatch, 0);
        if (n > 0) sent += static_cast<uint64_t>(n);
      }
      const int n = ::recvmmsg(socket.get(), in.data(), kBatch, MSG_DONTWAIT, nullptr);
      if (n > 0) {
        received += static_cast<uint64_t>(n);
        last = Clock::now();
      }
    }
    // Lost packets would close the window for good.
    if (Clock::now() - last > std::chrono::milliseconds(100)) {
      std::fprintf(stderr, "%llu lost\n", static_cast<unsigned long long>(sent - received));
      received = sent;
      last = Clock::now();
    }
  }
  return static_cast<double>(received) / std::chrono::duration<double>(Clock::now() - start).count();
}

// Turns the question into an answer without looking at it.
void bare_responder(int fd, const std::atomic<bool>& stop) {
  pin(0);
  UdpBatch batch;
  Fd epoll(::epoll_create1(0));
  epoll_event event{.events = EPOLLIN, .data = {}};
  ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event);
  while (!stop.load()) {
    ::epoll_wait(epoll.get(), &event, 1, 100);
    for (;;) {
      const size_t n = batch.receive(fd);
      for (size_t i = 0; i < n; ++i) {
        const auto request = batch.request(i);
        auto reply = batch.reply_buffer(i);
        std::memcpy(reply.data(), request.data(), request.size());
        reply[2] |= 0x80;
        batch.reply(i, request.size() + 16);
      }
      batch.send(fd);
      if (n < UdpBatch::kMessages) break;
    }
  }
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

int run(double seconds, int runs) {
  const Endpoint loopback{IpAddress::v4(INADDR_LOOPBACK), 0};
  std::vector<double> bare;
  std::vector<double> hits;
  std::vector<double> mixed;
  const auto all = make_queries(0);
  const auto search = make_queries(0.6);

  SystemClock clock;
  rt::Loop loop;
  Zone zone({.domain = *Name::parse("cluster.local")});
  fill(zone);
  Forwarder forwarder(loop, zone.rcu(), clock, {});
  Metrics metrics("dns://:53");
  auto fd = *bind_udp(loopback);
  const Endpoint bare_at = *local_endpoint(fd.get());
  std::atomic<bool> stop{false};
  std::thread responder([&] { bare_responder(fd.get(), stop); });
  pin(0);  // inherited by the worker
  auto server = Server::create(loop, zone, forwarder, metrics, clock, {.listen = {loopback}, .workers = 1});
  check(server.has_value(), "server");
  (*server)->start();
  pin(1);
  for (int i = 0; i < runs; ++i) {
    bare.push_back(generate(bare_at, all, seconds));
    hits.push_back(generate((*server)->endpoints()[0], all, seconds));
    mixed.push_back(generate((*server)->endpoints()[0], search, seconds));
    std::printf("run %d: bare %.0f, names that exist %.0f, 60 %% NXDOMAIN %.0f queries/s\n", i + 1, bare.back(),
                hits.back(), mixed.back());
  }
  std::printf("median of %d: bare %.0f, names that exist %.0f, 60 %% NXDOMAIN %.0f queries/s\n", runs, median(bare),
              median(hits), median(mixed));

  // Without sockets: what an answer costs in itself.
  Handler handler(zone, forwarder, metrics.add_thread(), {});
  RcuDomain::Reader reader(zone.rcu());
  std::vector<uint8_t> buffer(4096);
  std::vector<ForwardJob> jobs;
  for (const auto* queries : {&all, &search}) {
    const auto start = Clock::now();
    constexpr int kRounds = 50;
    for (int r = 0; r < kRounds; ++r) {
      const RcuDomain::Guard guard(reader);
      for (const auto& q : *queries) {
        handler.handle(q, Counters::kV4, Counters::kUdp, start, buffer, jobs, [] { return ReplyTo{}; });
      }
    }
    const auto took = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    std::printf("%s: %.0f ns an answer without the network\n", queries == &all ? "names that exist" : "60 % NXDOMAIN",
                took / kRounds / static_cast<double>(queries->size()));
  }
  stop = true;
  responder.join();
  rt::run(loop, (*server)->shutdown(std::chrono::milliseconds(0)));
  return 0;
}

}  // namespace
}  // namespace fairlead::dns

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  const int runs = argc > 2 ? std::atoi(argv[2]) : 5;
  return fairlead::dns::run(seconds, runs);
}
