// Gives Services of type LoadBalancer their addresses: decides with an Allocator, writes status.loadBalancer, says so
// in Events. One at a time in a cluster.
#pragma once

#include <set>
#include <string>

#include "base/clock.h"
#include "client/events.h"
#include "client/informer.h"
#include "client/workqueue.h"
#include "lb/allocator.h"

namespace fairlead::lb {

class Controller {
 public:
  Controller(rt::Loop& loop, client::Api& api, const Clock& clock, client::SharedInformers& informers,
             client::EventRecorder& events, AddressPool pool);
  rt::Task<> run();

 private:
  rt::Task<Result<>> reconcile(std::string key);
  rt::Task<Result<>> write_status(const api::Service& service, std::vector<IpAddress> addresses);
  void release(const std::string& key);

  rt::Loop& loop_;
  client::Api& api_;
  client::EventRecorder& events_;
  client::Informer<api::Service> services_;
  client::WorkQueue queue_;
  Allocator allocator_;
  std::set<std::string> waiting_;  // for an address to become free
};

// The controller with what it needs, until cancelled.
rt::Task<> run_controller(rt::Loop& loop, client::Api& api, const Clock& clock, AddressPool pool);

}  // namespace fairlead::lb
