// For tests over loopback: an upstream that answers what the test says, and a client.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "dns/message.h"
#include "rt/loop.h"
#include "rt/task_group.h"

namespace fairlead::dns::testing {

// A resolver on a port of its own, UDP and TCP. Every question is given to `answer`; nothing means silence.
class FakeUpstream {
 public:
  using Answer = std::function<std::optional<Message>(const Query& query, bool tcp)>;
  FakeUpstream(rt::Loop& loop, Answer answer);
  ~FakeUpstream();
  [[nodiscard]] Endpoint endpoint() const;
  std::vector<std::string> asked;  // "udp www.example.com. A"
  rt::Task<> shutdown();

 private:
  struct Sockets;
  rt::Task<> serve_udp();
  rt::Task<> serve_tcp();
  std::optional<std::vector<uint8_t>> reply(std::span<const uint8_t> request, bool tcp);
  Answer answer_;
  std::unique_ptr<Sockets> sockets_;
  rt::TaskGroup tasks_;
};

// An answer to `query` with these addresses.
Message answer_with(const Query& query, const std::vector<std::string>& addresses, uint32_t ttl = 300);
Message failure(const Query& query, Rcode rcode);

// One datagram there, one back; nothing after five seconds.
rt::Task<std::optional<std::vector<uint8_t>>> udp_exchange(Endpoint server, std::vector<uint8_t> request);
// Writes `bytes` (with lengths) in one go and reads `answers` messages; fewer when the server closes.
rt::Task<std::vector<std::vector<uint8_t>>> tcp_exchange(Endpoint server, std::vector<uint8_t> bytes, size_t answers);
std::vector<uint8_t> framed(std::span<const uint8_t> message);

}  // namespace fairlead::dns::testing
