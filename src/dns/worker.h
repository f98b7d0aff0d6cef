// One query thread: its own sockets on the shared ports, its own counters; it reads the zone and the cache without
// locks and never waits for anything but packets.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "dns/handler.h"
#include "dns/tcp.h"

namespace fairlead::dns {

// What takes jobs from workers; any thread.
class JobSink {
 public:
  virtual ~JobSink() = default;
  // Takes jobs from the back as far as there is room, and leaves the rest.
  virtual void submit(std::vector<ForwardJob>& jobs) = 0;
};

class Worker {
 public:
  struct Deps {
    Zone& zone;
    Forwarder& forwarder;
    JobSink& jobs;
    Counters& counters;
    const Clock& clock;
    HandlerConfig handler;
    TcpLimits tcp;
  };
  // `udp` and `tcp` are bound and non-blocking.
  static Result<std::unique_ptr<Worker>> create(Deps deps, std::vector<Fd> udp, std::vector<Fd> tcp);
  ~Worker();  // stop() first if started

  void start();
  // Answers what has arrived, then ends. Returns when the thread has.
  void stop();

  // A job's answer; any thread.
  void reply(const ReplyTo& to, std::span<const uint8_t> answer);

 private:
  struct Late {
    uint64_t connection;
    std::vector<uint8_t> bytes;
  };
  Worker(Deps deps, std::vector<Fd> udp, std::vector<Fd> tcp, Fd epoll, Fd wake);
  void run();
  // At most `batches` batches; false when nothing is left to read.
  bool serve_udp(int fd, int batches);
  void take_mail();
  void hand_over();

  Deps deps_;
  std::vector<Fd> udp_;
  std::vector<Fd> tcp_;
  Fd epoll_;
  Fd wake_;
  std::mutex mail_mutex_;
  std::vector<Late> mail_;
  std::atomic<bool> stopping_{false};
  // Of the thread.
  std::unique_ptr<RcuDomain::Reader> reader_;
  Handler handler_;
  UdpBatch batch_;
  std::unique_ptr<TcpConnections> connections_;
  std::vector<ForwardJob> jobs_;
  std::thread thread_;
};

}  // namespace fairlead::dns
