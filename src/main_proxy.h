// The service proxy inside another component's process: on a loop and a thread of its own, with an API connection of
// its own.
#pragma once

#include <memory>

#include "commands.h"

namespace fairlead {

class ProxyThread {
 public:
  // Starts at once and, when the proxy cannot start or loses its footing, again after a pause; failures are logged.
  explicit ProxyThread(ProxyOptions options);
  // Ends the proxy; its rules stay in the kernel.
  ~ProxyThread();
  ProxyThread(const ProxyThread&) = delete;
  ProxyThread& operator=(const ProxyThread&) = delete;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead
