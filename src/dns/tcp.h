// TCP connections of one worker (RFC 7766): pipelined, answered out of order when some questions have to be forwarded,
// bounded in number, in what each may have outstanding and in time.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "dns/handler.h"

namespace fairlead::dns {

struct TcpLimits {
  size_t connections = 1024;               // of one worker; one more closes the one that has been idle longest
  std::chrono::milliseconds idle{10'000};  // since the last whole question or the last answer taken
  size_t outstanding = 128;                // forwarded questions of one connection
  size_t unsent_bytes = 256 * 1024;        // answers the peer has not taken; more stops reading from it
};

class TcpConnections {
 public:
  // Events of connections carry their number, which is at least kFirst.
  static constexpr uint64_t kFirst = 1 << 16;

  TcpConnections(int epoll, Worker& worker, Handler& handler, RcuDomain::Reader& reader, const Clock& clock,
                 TcpLimits limits);

  void accept(int listener);
  void on_event(uint64_t id, uint32_t events, std::vector<ForwardJob>& jobs);
  // A late answer; nothing happens when the connection is gone.
  void deliver(uint64_t id, std::span<const uint8_t> answer, std::vector<ForwardJob>& jobs);
  void close_idle();
  // Sends what can be sent without waiting and closes all.
  void close_all();
  [[nodiscard]] size_t size() const { return connections_.size(); }

 private:
  struct Connection {
    Fd fd;
    uint64_t id = 0;
    Counters::Family family = Counters::kV4;
    std::vector<uint8_t> in;
    std::vector<uint8_t> out;
    size_t out_at = 0;
    size_t outstanding = 0;
    uint32_t interest = 0;  // epoll events asked for
    bool peer_done = false;
    MonoTime active;
    std::list<uint64_t>::iterator place;  // in by_activity_
  };

  void read(Connection& c);
  void answer_all(Connection& c, std::vector<ForwardJob>& jobs);
  void queue(Connection& c, std::span<const uint8_t> answer);
  // Answers and sends as much as can be, closes what is finished or broken, asks epoll for what is needed next. `c` may
  // be gone afterwards.
  void settle(Connection& c, std::vector<ForwardJob>& jobs);
  void flush(Connection& c);
  void close(Connection& c);
  void touch(Connection& c);
  [[nodiscard]] bool may_read(const Connection& c) const {
    return !c.peer_done && c.outstanding < limits_.outstanding && c.out.size() - c.out_at < limits_.unsent_bytes;
  }

  const int epoll_;
  Worker& worker_;
  Handler& handler_;
  RcuDomain::Reader& reader_;
  const Clock& clock_;
  const TcpLimits limits_;
  std::unordered_map<uint64_t, Connection> connections_;
  std::list<uint64_t> by_activity_;  // longest idle first
  uint64_t next_id_ = kFirst;
  std::vector<uint8_t> buffer_;
};

}  // namespace fairlead::dns
