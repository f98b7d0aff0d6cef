// Sends and receives ARP on one interface: a packet socket (packet(7)) of the calling thread's network namespace.
// Needs CAP_NET_RAW.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/result.h"
#include "lb/arp.h"
#include "rt/loop.h"

namespace fairlead::lb {

class ArpSocket {
 public:
  // On the interface that has `address`. kNotFound when none has it.
  static Result<ArpSocket> open(rt::Loop& loop, const IpAddress& address);

  [[nodiscard]] const net::MacAddress& mac() const { return mac_; }
  // The next ARP packet; others are skipped.
  rt::Task<Result<Arp>> receive();
  // Never waits: a packet that finds no room is lost, as on the wire.
  void send(const Arp& packet, const net::MacAddress& to);

 private:
  ArpSocket(rt::asio::posix::stream_descriptor socket, int link, const net::MacAddress& mac)
      : socket_(std::move(socket)), link_(link), mac_(mac) {}

  rt::asio::posix::stream_descriptor socket_;
  int link_;
  net::MacAddress mac_;
};

}  // namespace fairlead::lb
