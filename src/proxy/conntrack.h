// The kernel's connection tracking over netlink: deletes UDP flows that StaleFlows condemns. TCP is left alone: its
// ends notice by themselves.
#pragma once

#include <memory>
#include <span>

#include "base/ip.h"
#include "base/result.h"
#include "proxy/flows.h"

namespace fairlead::proxy {

class Conntrack {
 public:
  // `netns_fd` < 0: the calling thread's namespace. The sockets stay there.
  static Result<Conntrack> open(int netns_fd = -1);
  Conntrack(Conntrack&&) noexcept;
  Conntrack& operator=(Conntrack&&) noexcept;
  ~Conntrack();

  // Reads all UDP flows of the families and deletes the stale ones; returns how many. Blocks: about 1 ms per thousand
  // flows.
  Result<size_t> remove_stale(const StaleFlows& stale, std::span<const IpFamily> families);

 private:
  struct Impl;
  explicit Conntrack(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::proxy
