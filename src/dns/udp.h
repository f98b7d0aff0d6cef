// UDP sockets of the server: bound so that several workers share a port, and read and written in batches.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/fd.h"
#include "base/ip.h"
#include "base/result.h"

namespace fairlead::dns {

// An address as the kernel takes it.
struct SocketAddress {
  SocketAddress() = default;
  explicit SocketAddress(const Endpoint& endpoint);
  [[nodiscard]] Endpoint endpoint() const;
  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  sockaddr_in6 storage{};  // large enough for both families
  socklen_t size = sizeof(sockaddr_in6);
};

// Where a datagram came from and which of our addresses it was sent to: a reply must leave from there, or the client
// does not recognise it.
struct Peer {
  SocketAddress address;
  bool has_local = false;
  union {
    in_pktinfo v4;
    in6_pktinfo v6;
  } local{};
};

// Non-blocking, SO_REUSEPORT; wildcard sockets report the address asked. Errors name the address. Port 0 is any.
Result<Fd> bind_udp(const Endpoint& endpoint);
// The same for TCP, listening.
Result<Fd> listen_tcp(const Endpoint& endpoint);
Result<Endpoint> local_endpoint(int fd);

// One datagram; false when the kernel would not take it. Any thread.
bool send_udp(int fd, const Peer& peer, std::span<const uint8_t> bytes);

class UdpBatch {
 public:
  static constexpr size_t kMessages = 32;
  static constexpr size_t kRequestSize = 4096;
  static constexpr size_t kReplySize = 4096;

  UdpBatch();
  UdpBatch(const UdpBatch&) = delete;
  UdpBatch& operator=(const UdpBatch&) = delete;

  // Datagrams that wait now, at most kMessages; 0 when there are none.
  size_t receive(int fd);
  [[nodiscard]] std::span<const uint8_t> request(size_t i) const {
    return {requests_.data() + i * kRequestSize, in_[i].msg_len};
  }
  [[nodiscard]] const SocketAddress& from(size_t i) const { return addresses_[i]; }
  // With the local address; costs more than from().
  [[nodiscard]] Peer peer(size_t i) const;
  [[nodiscard]] std::span<uint8_t> reply_buffer(size_t i) { return {replies_.data() + i * kReplySize, kReplySize}; }
  // The first `size` bytes of reply_buffer(i) go back to where request(i) came from.
  void reply(size_t i, size_t size);
  void send(int fd);

 private:
  static constexpr size_t kControl = 64;
  std::vector<uint8_t> requests_;
  std::vector<uint8_t> replies_;
  std::array<SocketAddress, kMessages> addresses_;
  alignas(cmsghdr) std::array<std::array<uint8_t, kControl>, kMessages> control_;
  std::array<iovec, kMessages> in_vectors_;
  std::array<iovec, kMessages> out_vectors_;
  std::array<mmsghdr, kMessages> in_;
  std::array<mmsghdr, kMessages> out_;
  size_t replies_ready_ = 0;
};

}  // namespace fairlead::dns
