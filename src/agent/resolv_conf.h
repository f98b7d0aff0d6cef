// Which name servers the machine offers to pods.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"

namespace fairlead::agent {

// The servers of a resolv.conf(5) that answer elsewhere than on the machine's own loopback, which in a pod is the
// pod's.
std::vector<IpAddress> remote_name_servers(std::string_view resolv_conf);

// /etc/resolv.conf; where that lists no remote server, as with systemd-resolved's 127.0.0.53, the list that
// systemd-resolved itself asks, if that has one. As kubeadm does for the kubelet. `root` is a prefix for tests.
std::string default_resolv_conf(const std::string& root = {});

}  // namespace fairlead::agent
