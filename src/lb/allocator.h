// Which Service has which address. Pure: what it knows is what it was told of Services.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/kinds/service.h"
#include "lb/pool.h"

namespace fairlead::lb {

inline constexpr std::string_view kLoadBalancerClass = "fairlead.io/lb";

// Of type LoadBalancer, and not left to another implementation by its loadBalancerClass.
bool is_ours(const api::Service& service);

struct Decision {
  std::vector<IpAddress> addresses;  // what its status should say, in the order of its families; empty: none
  std::string problem;               // why it has none or not all: a sentence for an Event
};

class Allocator {
 public:
  explicit Allocator(AddressPool pool) : pool_(std::move(pool)) {}

  // Notes what a Service's status holds already, so that nobody else gets it: for every Service, before the first
  // assign(). The first to claim an address keeps it.
  void learn(const std::string& key, const api::Service& service);
  // Keeps what the Service has and may keep, and finds what is missing: the requested spec.loadBalancerIP, else the
  // lowest free address.
  Decision assign(const std::string& key, const api::Service& service);
  // True when addresses became free, for which others may be waiting.
  bool release(const std::string& key);

  [[nodiscard]] size_t in_use() const { return owner_.size(); }
  [[nodiscard]] const AddressPool& pool() const { return pool_; }

 private:
  bool take(const std::string& key, const IpAddress& address);
  void keep_only(const std::string& key, const std::vector<IpAddress>& kept);

  AddressPool pool_;
  std::unordered_map<IpAddress, std::string> owner_;
  std::map<std::string, std::vector<IpAddress>> held_;
};

}  // namespace fairlead::lb
