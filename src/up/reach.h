// Whether packets get where the cluster needs them. Within the nodes' namespaces nobody else has rules; on the machine
// a firewall may drop what crosses the bridge (once br_netfilter shows it to iptables, as Docker makes it) or what
// comes in from it.
#pragma once

#include <string_view>

#include "base/ip.h"
#include "rt/loop.h"

namespace fairlead::up {

// Whether a datagram from one namespace arrives at `to`, an address of the other. False after two seconds of trying.
rt::Task<bool> datagram_arrives(rt::Loop& loop, int from_netns, int to_netns, IpAddress to);

// Whether `to` accepts a connection from that namespace within two seconds.
rt::Task<bool> accepts_connection(rt::Loop& loop, int from_netns, Endpoint to);

// Pure: whether the FORWARD chain that `iptables -S FORWARD` prints lets through only what it names, and names nothing
// that goes from `interface` to others.
bool forwarding_refused(std::string_view chain, std::string_view interface);
// The same of this machine's chain; false when there is no iptables to ask.
rt::Task<bool> machine_refuses_forwarding(rt::Loop& loop, std::string interface);

}  // namespace fairlead::up
