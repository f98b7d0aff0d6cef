// One node's part of announcing load-balancer addresses on the local network (what MetalLB calls layer 2): answers ARP
// for the addresses whose owner this node is, and tells everyone when it becomes the owner. The traffic that then comes
// is the service proxy's. Killed, it leaves the neighbours' caches as they are, and traffic goes on.
#pragma once

#include <map>
#include <set>
#include <string>

#include "api/kinds/endpointslice.h"
#include "api/kinds/node.h"
#include "api/kinds/service.h"
#include "client/informer.h"
#include "lb/arp_socket.h"
#include "rt/event.h"

namespace fairlead::lb {

struct SpeakerConfig {
  std::string node_name;
  IpAddress node_ip;  // on the interface where it speaks
};

class Speaker {
 public:
  Speaker(rt::Loop& loop, client::SharedInformers& informers, SpeakerConfig config);
  rt::Task<> run();
  // What this node answers for now.
  [[nodiscard]] const std::set<IpAddress>& owned() const { return owned_; }

 private:
  std::string owner(const api::Service& service, const IpAddress& address) const;
  // True when something became ours.
  bool refresh();
  rt::Task<> answer(ArpSocket& socket);
  rt::Task<> follow(ArpSocket& socket);
  void announce(ArpSocket& socket);

  rt::Loop& loop_;
  SpeakerConfig config_;
  client::Informer<api::Service> services_;
  client::Informer<api::Node> nodes_;
  client::Informer<api::EndpointSlice> slices_;
  std::set<std::string> balanced_;  // keys of Services that have such an address
  std::set<IpAddress> owned_;
  std::map<IpAddress, int> to_announce_;  // how often still
  bool stale_ = true;
  rt::Event changed_;
};

}  // namespace fairlead::lb
